// One run, from the opening of its source to just before its end is recorded: rows are read, mapped, and stored batch
// by batch.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "event/mapper.hpp"
#include "loader/seen_keys.hpp"
#include "loader/storing.hpp"
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
	Reading(const store::Run &run, const store::Loader &loader, const store::Connection &connection,
			pg::Transactions &transactions);

	/// Reads everything there is to read and stores it; returns what is to be recorded of it.
	store::Success read_and_store();
	/// Whether the source could be opened; if not, why it failed is the connection's last error.
	[[nodiscard]] bool opened() const noexcept { return opened_; }

private:
	void open();
	void refuse_stale_source(const source::Snapshot &snapshot);
	void read(const source::ReadPlan &plan);
	void take_in(const source::Chunk &chunk);
	void note_keys(store::PendingEvent *rows, std::size_t count);
	void note_cursor();
	bool full() const;

	const store::Run &run_;
	const store::Loader &loader_;
	const store::Connection &connection_;
	pg::Transactions &transactions_;
	std::unique_ptr<source::Source> source_;
	std::unique_ptr<event::Mapper> mapper_;
	event::Output mapped_;
	std::unique_ptr<store::Batch> batch_;
	SeenKeys seen_;
	std::vector<SeenKeys::Key> keys_;
	Storing storing_;
	std::optional<std::string> cursor_reached_;
	bool ordered_by_cursor_ = false;
	bool opened_ = false;
};

} // namespace hyperline::loader
