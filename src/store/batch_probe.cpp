// What becomes of each row of a batch: the stored events are looked up by key, and what an earlier batch of the run has
// said of the key is taken into account.
#include "store/batch.hpp"

#include "pg/jsonb.hpp"
#include "pg/relation.hpp"
#include "pg/rights.hpp"
#include "store/batch_relation.hpp"

namespace hyperline::store {

namespace {

// Only rows with something to do come back: unchanged ones, seen for the first time, are what is left of the batch.
constexpr const char *kProbe = R"(
SELECT b.row, e.id IS NOT NULL,
       e."timestamp" OPERATOR(pg_catalog.=) b."timestamp" AND e.is_deleted OPERATOR(pg_catalog.=) b.is_deleted
         AND hyperline.identical(e.record, b.record),
       )" HYPERLINE_STORED_IS(">", "false", "true") R"(,
       b.earlier_row IS NOT NULL AND )" HYPERLINE_STORED_IS("<", "true", "false") R"(,
       e.run_id, e."timestamp", e.is_deleted, e.record,
       e.id IS NULL AND EXISTS (
		SELECT FROM hyperline.events o
		WHERE o.id OPERATOR(pg_catalog.=) b.id AND o.event_type OPERATOR(pg_catalog.=) $1
		  AND o.customer_id OPERATOR(pg_catalog.<>) b.customer_id
		  AND o.first_seen_at OPERATOR(pg_catalog.<) $4)
FROM hyperline_batch b
LEFT JOIN hyperline.events e
  ON e.id OPERATOR(pg_catalog.=) b.id
 AND e.customer_id OPERATOR(pg_catalog.=) b.customer_id
 AND e.event_type OPERATOR(pg_catalog.=) $1
WHERE (e."timestamp" OPERATOR(pg_catalog.=) b."timestamp" AND e.is_deleted OPERATOR(pg_catalog.=) b.is_deleted
         AND hyperline.identical(e.record, b.record) AND b.earlier_row IS NULL) IS NOT TRUE
)";

// Asked for before the probe, which runs as the loader's owner: nobody reads the table of runs but the extension.
constexpr const char *kStartOfRun = R"(
SELECT r.started_at FROM hyperline.run r WHERE r.run_id OPERATOR(pg_catalog.=) $1
)";

} // namespace

// What the probe said of one row.
struct Batch::Probed {
	std::uint32_t row;
	std::int64_t run_id;
	std::uint64_t content; ///< of the stored event
	bool found;
	bool same;
	bool stored_is_newer;
	bool batch_is_newer;
	bool moved;
};

namespace {

template <typename Probed>
struct ProbeTarget {
	Probed *rows;
	std::size_t count;
	std::size_t capacity;
	std::uint64_t seed;

	static void take(void *target, const pg::TupleView &row) {
		auto *into = static_cast<ProbeTarget *>(target);
		if (into->count == into->capacity) {
			return;
		}
		const bool found = row.boolean(1);
		into->rows[into->count++] =
			Probed{static_cast<std::uint32_t>(row.number(0)),
				   row.number(5),
				   found ? hash_content(row.value(8), row.number(6), row.boolean(7), into->seed) : 0,
				   found,
				   row.boolean(2),
				   row.boolean(3),
				   row.boolean(4),
				   row.boolean(9)};
	}
};

} // namespace

std::vector<Batch::Probed> Batch::probe() {
	std::vector<Probed> probed(events_.size());
	ProbeTarget<Probed> into{probed.data(), 0, probed.size(), seed_};
	if (!run_started_) {
		run_started_ = pg::run(kStartOfRun, {target_.run_id}).optional_time(0, 0);
	}
	{
		const pg::AsRole as_writer(writer_);
		const bool number = target_.version_order == VersionOrder::number;
		probe_.run(kProbe, {target_.event_type, target_.version_field, number, run_started_},
				   pg::Visitor{ProbeTarget<Probed>::take, &into});
	}
	probed.resize(into.count);
	std::sort(probed.begin(), probed.end(), [](const Probed &a, const Probed &b) { return a.row < b.row; });
	return probed;
}

void Batch::judge(Counts &counts, Judged &judged) {
	const std::vector<Probed> probed = probe();
	counts.unchanged += static_cast<std::int64_t>(events_.size() - probed.size());
	const std::vector<bool> held = hold(probed);
	for (const Probed &row : probed) {
		const PendingEvent &event = events_[row.row];
		if (held[row.row]) {
			set_aside(row.row);
		} else if (row.found) {
			judge_stored(row, event, counts, judged);
		} else {
			judged.inserts.push_back(row.row);
			counts.inserted++;
			counts.moves += row.moved ? 1 : 0;
			if (event.earlier.row != 0) {
				judged.winners.push_back(row.row);
			}
		}
	}
	take_back_winners(judged.winners, counts);
	keep_replaced(judged.replaced, counts);
}

// Which rows would change what is stored, though the last run rejected them because another one of their key was read
// after them: most likely that one comes again, so that nothing is to be written. A run by cursor does not read them
// again should it break off here.
std::vector<bool> Batch::hold(const std::vector<Probed> &probed) {
	std::vector<bool> held(events_.size());
	std::vector<std::uint32_t> changes;
	for (const Probed &row : probed) {
		if (row.found && !row.same && !row.stored_is_newer) {
			changes.push_back(row.row);
		}
	}
	if (changes.empty() || taking_back_ || target_.by_cursor || !set_aside_.has_room(changes.size())) {
		return held;
	}
	if (!any_overruled_) {
		any_overruled_ = RejectedStore::any_overruled_before(target_);
	}
	if (*any_overruled_) {
		pg::Relation relation(kEventColumns, context_.bytes());
		fill(relation, events_, &changes);
		relation.attach("hyperline_updates");
		for (const std::uint32_t row : rejected_store_.overruled_before(target_)) {
			held[row] = true;
		}
	}
	return held;
}

void Batch::judge_stored(const Probed &probed, const PendingEvent &event, Counts &counts, Judged &judged) {
	// Whether what is stored is an earlier row of this run: it wrote it, or found it like that. Else another session
	// has written since.
	const bool overwritten = (event.earlier.row & kOverwritten) != 0;
	const bool ours = event.came_before() &&
					  (probed.run_id == target_.run_id || (!overwritten && probed.content == event.earlier.content));
	if (probed.same && ours) {
		counts.duplicates++;
		const std::uint64_t last = std::max(event.row_number, event.earlier_number());
		remember_instead(event, overwritten ? EarlierRow{last | kOverwritten, event.earlier.content}
											: EarlierRow{last, event.content});
	} else if (probed.same) {
		counts.unchanged++;
		if (event.earlier.row != 0) {
			judged.winners.push_back(probed.row);
		}
	} else if (probed.stored_is_newer && !ours) {
		if (taking_back_ || !set_aside_.has_room(to_set_aside_.size())) {
			counts.stale++;
			if (event.earlier.row != 0) {
				judged.winners.push_back(probed.row);
			}
			remember_instead(event, EarlierRow{event.row_number | kSetAside, event.content});
		} else {
			set_aside(probed.row);
		}
	} else if (ours &&
			   (probed.stored_is_newer || (event.row_number < event.earlier_number() && !probed.batch_is_newer))) {
		reject_duplicate(event, false);
		remember_instead(event, event.earlier);
	} else if (ours) {
		replace(probed, event, counts, judged);
	} else {
		judged.updates.push_back(probed.row);
		counts.updated++;
		remember_instead(event, EarlierRow{event.row_number | kOverwritten, probed.content});
		if (event.earlier.row != 0) {
			judged.winners.push_back(probed.row);
		}
	}
}

// The stored version makes room, and is kept among the rejected. What the event was before the run tells whether the
// run has changed it.
void Batch::replace(const Probed &probed, const PendingEvent &event, Counts &counts, Judged &judged) {
	judged.replaced.push_back(probed.row);
	judged.updates.push_back(probed.row);
	judged.winners.push_back(probed.row);
	const bool overwritten = (event.earlier.row & kOverwritten) != 0;
	if (probed.run_id == target_.run_id && !overwritten) {
		return; // a new event
	}
	const std::uint64_t before = overwritten ? event.earlier.content : probed.content;
	(probed.content == before ? counts.unchanged : counts.updated)--;
	(event.content == before ? counts.unchanged : counts.updated)++;
	remember_instead(event, EarlierRow{event.row_number | kOverwritten, before});
}

// What is remembered of the key is what it was, if it came before.
void Batch::set_aside(std::uint32_t row) {
	const PendingEvent &event = events_[row];
	to_set_aside_.push_back(row);
	remember_instead(event,
					 event.came_before() ? event.earlier : EarlierRow{event.row_number | kSetAside, event.content});
}

void Batch::take_back_winners(const std::vector<std::uint32_t> &winners, Counts &counts) {
	if (winners.empty()) {
		return;
	}
	pg::Relation relation(kEventColumns, context_.bytes());
	fill(relation, events_, &winners);
	relation.attach("hyperline_winners");
	const std::int64_t taken_back = rejected_store_.take_back_winners(target_);
	counts.rejected -= taken_back;
	counts.duplicates += taken_back;
}

void Batch::keep_replaced(const std::vector<std::uint32_t> &replaced, Counts &counts) {
	if (replaced.empty()) {
		return;
	}
	pg::Relation relation(kEventColumns, context_.bytes());
	fill(relation, events_, &replaced);
	relation.attach("hyperline_replaced");
	const std::int64_t kept_before = rejected_store_.keep_replaced(target_);
	counts.duplicates += kept_before;
	counts.rejected += static_cast<std::int64_t>(replaced.size()) - kept_before;
}

} // namespace hyperline::store
