// One run, from the opening of its source to just before its end is recorded: rows are read, mapped, and stored batch
// by batch.
//
// With a cursor field the run goes on by itself when the source breaks off: what has arrived is stored, and a new
// connection reads on from there, in a snapshot of its own. A row that has changed meanwhile comes again, farther on in
// the cursor's order; rows of the watermark's very value come again too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/mapper.hpp"
#include "loader/cursor.hpp"
#include "loader/seen_keys.hpp"
#include "loader/settling.hpp"
#include "loader/storing.hpp"
#include "pg/memory.hpp"
#include "pg/transaction.hpp"
#include "source/provider.hpp"
#include "store/batch.hpp"
#include "store/connections.hpp"
#include "store/loaders.hpp"
#include "store/runs.hpp"

namespace hyperline::loader {

class Reading {
public:
	/// What is given outlives it. The run is running, and this process holds its loader's lock.
	Reading(const store::Run &run, store::Loader loader, const store::Connection &connection,
			pg::Transactions &transactions);

	/// Reads everything there is to read and stores it; returns what is to be recorded of it.
	store::Success read_and_store();
	/// Reads the rows that the loader has rejected and not resolved, by their ids, and stores those that fit now.
	void retry_rejected();
	/// Whether the source could not be opened: then why it failed is the connection's last error.
	[[nodiscard]] bool failed_to_open() const noexcept { return opening_ && !opened_; }

private:
	void prepare();
	void open();
	void begin();
	void compare_with_last_run();
	void describe();
	void find_start();
	[[nodiscard]] bool uses_placeholder() const;
	void stream();
	void read(source::ReadPlan &plan);
	bool next(source::Chunk &chunk);
	void repeat_notices();
	void take_in(const source::Chunk &chunk);
	void note_keys(store::PendingEvent *rows, std::size_t count);
	void note_cursor();
	[[nodiscard]] std::optional<store::Watermark> watermark() const;
	[[nodiscard]] store::Progress progress() const;
	[[nodiscard]] store::Success success() const;
	void store_batch();
	void store_set_aside();
	void go_on_after(Failure fault);
	[[noreturn]] void read_everything_after(const Failure &fault);
	void reopen();

	const pg::ReusedMemory reused_memory_; // first: it ends when all that follows is freed
	const store::Run &run_;
	store::Loader loader_;
	const store::Connection &connection_;
	pg::Transactions &transactions_;
	std::unique_ptr<source::Source> source_;
	source::Snapshot first_;  ///< as of when the run's result is complete
	source::Snapshot latest_; ///< of the connection that is open
	Start start_;
	Order order_ = Order::source; ///< of the cursor field
	source::Query query_;
	std::vector<source::Field> fields_;
	std::string shape_; ///< of the fields
	std::unique_ptr<event::Mapper> mapper_;
	event::Output mapped_;
	std::unique_ptr<store::Batch> batch_;
	SeenKeys seen_;
	std::vector<SeenKeys::Key> keys_;
	Storing storing_;
	std::uint64_t rows_ = 0;						   ///< read so far
	std::optional<std::string> cursor_at_;			   ///< of the last row that has one to go on from
	std::optional<std::string> cursor_reached_;		   ///< the same, once it is not before the watermark
	std::optional<std::string> stored_up_to_;		   ///< where a new connection goes on
	std::optional<std::string> stored_up_to_at_fault_; ///< the same at the last fault
	int tries_ = 0;									   ///< since it moved last
	int repeated_ = 0;								   ///< notices of the source
	bool ordered_by_cursor_ = false;
	bool nulls_read_ = false;
	bool cuts_large_rows_ = false; ///< for one was too large to be sent
	bool opening_ = false;
	bool opened_ = false;
};

} // namespace hyperline::loader
