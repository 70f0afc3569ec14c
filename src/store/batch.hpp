// A batch of events on its way into the tables. Rows come in as event/ made them; when the batch is full it is sorted
// by key, rows of one key are resolved, and everything is written by a few statements in the transaction that is open:
// customers first, then events, each in the order of its key, as every writer does (else they deadlock).
//
// Unchanged events are found by looking the keys up, before anything is locked or written. Where no event of the type
// can be there yet nothing is looked up: should one be there after all, the key's index says so, and the batch is
// stored again with a look.
//
// Of the rows of one key in a run, whatever batches they come in, one is stored: that of the highest version, else the
// one read last. Each other content is a rejected row, once, and each further row with a content a duplicate. What is
// stale, or likely to be overruled again as in the last run, waits for the end of the run, since only then it is known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "store/customers.hpp"
#include "store/pending.hpp"
#include "store/rejected.hpp"
#include "store/runs.hpp"
#include "store/weighing.hpp"
#include "store/set_aside.hpp"

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
	bool by_cursor = false;	  ///< what a batch has stored is not read again should the run break off
	bool reads_again = false; ///< it has: of rejected rows it may read some again
};

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

	/// Writes it all, events as the role `writer`, and returns what was done. May be called again for the same rows
	/// after its transaction was rolled back. Throws Error 40001 when other writers came between; then the same batch
	/// should be stored again.
	Counts store(Oid writer);
	/// Tells `weighing` of its rows instead of storing them. Nothing is written; they are compared with what `reader`
	/// sees.
	void weigh(Weighing &weighing, Oid reader);
	/// After the commit, or after it was weighed.
	void committed();
	/// The run has broken off and goes on: the keys that were remembered are forgotten, so that there is nothing left
	/// to correct of them, and a rejected row that was kept before is the same one.
	void read_again() noexcept {
		corrections_.clear();
		target_.reads_again = true;
	}

	/// At the end of a run, or before keys are forgotten: takes in some of the rows that were set aside, while the
	/// batch has fewer than `rows` rows and less than `memory` bytes, but for the rows of one key; they are stored for
	/// good. False when there are none. Call until it says so, storing what it took each time.
	bool take_back(std::size_t rows, std::size_t memory, const SeenBefore &seen_before);

private:
	static constexpr std::size_t kCopiesOfLarge = 6;

	void take_customers(const std::vector<event::Event> &events);
	void look_up(PendingEvent *rows, std::size_t count, const SeenBefore &seen_before);
	void sort_by_key();
	void resolve_keys();
	void resolve_key(std::size_t first, std::size_t last, std::size_t winner);
	void reject_duplicate(const PendingEvent &loser, bool unless_stored);
	[[nodiscard]] bool older(const PendingEvent &a, const PendingEvent &b) const;
	void store_events(Counts &counts);
	[[nodiscard]] bool all_are_new();
	struct Probed;
	/// What is to be done with rows of the batch.
	struct Judged {
		std::vector<std::uint32_t> inserts;
		std::vector<std::uint32_t> updates;
		std::vector<std::uint32_t>
			replaced; ///< of the updates: what is stored is of this run, and becomes a rejected row
		std::vector<std::uint32_t> winners; ///< of their keys' rows; others came before
	};
	std::vector<Probed> probe();
	void judge(Counts &counts, Judged &judged);
	void judge_stored(const Probed &probed, const PendingEvent &event, Counts &counts, Judged &judged);
	void replace(const Probed &probed, const PendingEvent &event, Counts &counts, Judged &judged);
	std::vector<bool> hold(const std::vector<Probed> &probed);
	void keep_replaced(const std::vector<std::uint32_t> &replaced, Counts &counts);
	void take_back_winners(const std::vector<std::uint32_t> &winners, Counts &counts);
	void set_aside(std::uint32_t row);
	void remember_instead(const PendingEvent &row, const EarlierRow &instead);
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
		EarlierRow instead;
	};
	std::vector<Correction> corrections_;
	std::size_t corrections_of_groups_ = 0; // those that resolve_keys() made
	SetAside set_aside_;
	std::vector<std::uint32_t> to_set_aside_; // of this batch, once it is committed
	bool taking_back_ = false;
	std::optional<bool> any_overruled_; // whether earlier runs' duplicates are open
	std::uint64_t seed_;				// of hashes of contents
	Oid writer_ = InvalidOid;
	std::optional<pg::Timestamp> run_started_;
	pg::Prepared plan_by_key_;
	pg::Prepared probe_;
	pg::Prepared weigh_;
	pg::Prepared insert_;
	pg::Prepared update_;
	RejectedStore rejected_store_;
};

} // namespace hyperline::store
