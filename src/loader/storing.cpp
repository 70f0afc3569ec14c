#include "loader/storing.hpp"

#include "loader/retry.hpp"
#include "pg/quote.hpp"
#include "pg/wait.hpp"
#include "source/scrub.hpp"
#include "store/rejected.hpp"

namespace hyperline::loader {

namespace {

// How often a batch is stored again when something was in its way, and the pause before it.
constexpr int kStoreAttempts = 10;
constexpr std::chrono::milliseconds kStorePause{50};

} // namespace

bool Storing::try_to_store(store::Batch &batch, const store::Progress &progress, bool read_before) {
	std::int64_t rejected_in_batch = 0;
	try {
		transactions_.run([&] {
			pg::commit_without_waiting(); // the end of the run waits for all of them
			switch (store::permission_to_store(loader_, permission_)) {
			case store::Permission::dropped:
				throw Stopped("the loader was dropped");
			case store::Permission::changed:
				throw Stopped("the loader was changed; it is due again with its new settings");
			case store::Permission::paused:
				stop_after_batch_ = true; // it is stored, and no further one
				break;
			case store::Permission::go_on:
				break;
			}
			const store::Counts counts = batch.store(writer_.find_and_hold(loader_));
			store::add_counts(run_id_, counts, progress, add_counts_);
			rejected_in_batch = read_before ? counts.rejected_first : counts.rejected;
			if (!position_.empty()) {
				store::note_position(loader_.id, position_);
			}
		});
		position_.clear();
		rejected_ += rejected_in_batch;
		return true;
	} catch (const pg::Error &error) {
		if (!passes_by_itself(error.sqlstate())) {
			throw;
		}
		in_the_way_ = error.failure();
	} catch (const Stopped &) {
		throw;
	} catch (const Error &error) {
		if (!passes_by_itself(error.failure().sqlstate)) {
			throw;
		}
		in_the_way_ = error.failure();
	}
	return false;
}

// What was stored stays, and so do the rejected rows: they are what is looked at now.
void Storing::refuse_many_rejected() {
	if (rejected_ <= loader_.max_rejected) {
		return;
	}
	store::CommonestReason commonest;
	transactions_.run([&] { commonest = store::commonest_reason(loader_.id, run_id_); });
	throw Error(
		sqlstate::kDataException,
		"too many rows were rejected, " + std::to_string(commonest.rows) + " of them for " + commonest.code + ": " +
			commonest.message,
		"The run rejected " + store::count_of_rows(rejected_) + ", and max_rejected is " +
			std::to_string(loader_.max_rejected) + ". Row " + std::to_string(commonest.row_number) +
			" is the first of the commonest kind. What the run has stored stays.",
		"Look at them: SELECT * FROM hyperline.rejected_rows WHERE loader = " + pg::quote_literal(loader_.name) +
			" AND resolved_at IS NULL. Mend the query or the source's data, or let the loader reject more: "
			"hyperline.alter_loader(" +
			pg::quote_literal(loader_.name) + ", max_rejected => ...).");
}

void Storing::store(store::Batch &batch, const store::Progress &progress, bool read_before) {
	for (int attempt = 1; !try_to_store(batch, progress, read_before); attempt++) {
		if (attempt == kStoreAttempts) {
			throw Error(in_the_way_.sqlstate,
						"could not store a batch in " + std::to_string(kStoreAttempts) + " attempts",
						"In the last one: " + source::one_line(in_the_way_.message) + ".",
						"See in pg_locks who holds locks on hyperline.events, hyperline.all_customers or "
						"hyperline.loader, what else writes there, and whether a trigger, a rule or a policy keeps "
						"rows out.");
		}
		const pg::Deadline until = std::chrono::steady_clock::now() + kStorePause * attempt;
		while (pg::wait(-1, false, false, until) != pg::Woken::deadline) {
		}
	}
	batch.committed();
	refuse_many_rejected();
	if (stop_after_batch_) {
		throw Stopped("the loader was paused; it is due again when it is resumed");
	}
}

} // namespace hyperline::loader
