// A batch of events on its way into the tables. Rows come in as event/ made them; when the batch is full it is sorted
// by key, rows of one key are resolved, and everything is written by a few statements in the transaction that is open:
// customers first, then events, each in the order of its key, as every writer does (else they deadlock).
//
// Unchanged events are found by looking the keys up, before anything is locked or written. Where no event of the type
// can be there yet nothing is looked up: should one be there after all, the key's index says so, and the batch is
// stored again with a look.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "store/customers.hpp"
#include "store/rejected.hpp"
#include "store/runs.hpp"

namespace hyperline::store {

/// How two versions of an event compare: as numerics, or byte by byte (which is right for ISO times and uuid v7).
enum class VersionOrder { number, text };

/// What a batch needs to know of its run.
struct BatchTarget {
	std::int64_t run_id = 0;
	std::int32_t loader_id = 0;
	std::string loader;
	std::string event_type;
	std::optional<std::string> version_field;
	VersionOrder version_order = VersionOrder::text;
};

/// A row that waits to be stored. What it points to lives in the batch's memory context.
struct PendingEvent {
	std::string_view id;
	std::string_view customer_id;
	std::string_view version;
	Datum id_datum;
	Datum customer_datum;
	Datum record;
	std::int64_t timestamp;
	std::uint64_t row_number;
	std::uint64_t earlier_row; ///< the row of this run that had the same key, in an earlier batch; 0: none
	bool earlier_is_stale;	   ///< that row was older than what is stored
	bool is_deleted;
	bool has_version;
};

/// Marks a row number that is remembered: the row was stale.
inline constexpr std::uint64_t kStaleRow = std::uint64_t{1} << 47U;

/// Sets the `earlier_row` of each of a few rows to what was remembered of their keys, and remembers their row numbers,
/// of 48 bits.
using SeenBefore = std::function<void(PendingEvent *rows, std::size_t count)>;

class Batch {
public:
	explicit Batch(BatchTarget target);

	/// Takes in what was mapped from a few rows; one gate for all of them. `bytes` is what the source sent for them.
	void add(const std::vector<event::Event> &events, const std::vector<event::RejectedRow> &rejected,
			 const std::vector<event::Token> &tokens, std::size_t bytes, const SeenBefore &seen_before);

	[[nodiscard]] std::size_t rows() const noexcept { return rows_; }
	/// What it holds in memory, with what reading and storing it takes: a copy of all small records; and of a large
	/// one, one at a time, libpq's buffer, the line that it arrived in, a copy, a compressed one, and what malloc keeps
	/// of them.
	[[nodiscard]] std::size_t memory() const { return context_.bytes() + copied_ + largest_ * kCopiesOfLarge; }

	/// Writes it all and returns what was done. May be called again for the same rows after its transaction was rolled
	/// back. Throws Error 40001 when other writers came between; then the same batch should be stored again.
	Counts store();
	/// After the commit.
	void committed();
	/// The keys that were remembered are forgotten: there is nothing left to correct of them.
	void forget_keys() noexcept { corrections_.clear(); }

private:
	static constexpr std::size_t kCopiesOfLarge = 6;

	void take_customers(const std::vector<event::Event> &events);
	void sort_by_key();
	void resolve_keys();
	void reject_duplicate(const PendingEvent &loser, const std::string &code, const std::string &message);
	[[nodiscard]] bool older(const PendingEvent &a, const PendingEvent &b) const;
	void store_events(Counts &counts);
	[[nodiscard]] bool all_are_new();
	void probe(Counts &counts, std::vector<std::uint32_t> &inserts, std::vector<std::uint32_t> &updates);
	void keep_replaced(const std::vector<std::uint32_t> &replaced);
	void remember_instead(const PendingEvent &row, std::uint64_t number);
	void correct(const SeenBefore &seen_before);
	void insert(std::size_t rows);
	void insert(const std::vector<std::uint32_t> &rows);
	void update(const std::vector<std::uint32_t> &rows);

	BatchTarget target_;
	pg::OwnedContext context_{"hyperline batch"};
	std::vector<PendingEvent> events_;
	std::vector<PendingReject> rejected_;
	std::vector<NamedCustomer> customers_;
	KnownCustomers known_;
	CustomerStore customer_store_;
	std::size_t rows_ = 0;
	std::size_t copied_ = 0;  // bytes of what is copied as a whole when the batch is stored
	std::size_t largest_ = 0; // bytes of the largest record that is not
	std::int64_t bytes_ = 0;
	std::int64_t duplicates_ = 0;
	bool resolved_ = false;
	bool any_seen_before_ = false;
	std::optional<bool> type_is_new_; // whether no event of the type can be there but those of this run
	bool inserted_unseen_ = false;	  // this batch was tried without a look
	// What is to be remembered of keys instead of the row that had it last: known once the batch is stored.
	struct Correction {
		std::string id;
		std::string customer_id;
		std::uint64_t row;
	};
	std::vector<Correction> corrections_;
	std::size_t corrections_of_groups_ = 0; // those that resolve_keys() made
	pg::Prepared probe_;
	pg::Prepared insert_;
	pg::Prepared update_;
	RejectedStore rejected_store_;
};

} // namespace hyperline::store
