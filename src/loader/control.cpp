#include "loader/control.hpp"

#include <algorithm>
#include <chrono>

#include "loader/interrupted.hpp"
#include "loader/run.hpp"
#include "pg/background.hpp"
#include "pg/databases.hpp"
#include "pg/failure.hpp"
#include "pg/session.hpp"
#include "pg/settings.hpp"
#include "pg/wait.hpp"
#include "store/queue.hpp"
#include "store/runs.hpp"
#include "store/writer.hpp"

namespace hyperline::loader {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kShortestPoll{10};
constexpr milliseconds kLongestPoll{500};
// For a cancelled run to have its end recorded.
constexpr std::chrono::seconds kCancelPatience{5};

// Asks more and more seldom.
class Poll {
public:
	explicit Poll(pg::Deadline deadline) : deadline_(deadline) {}
	/// Waits; false when the deadline has come.
	bool again() {
		const pg::Deadline now = steady_clock::now();
		if (now >= deadline_) {
			return false;
		}
		const pg::Deadline until = std::min(deadline_, now + pause_);
		while (pg::wait(-1, false, false, until) != pg::Woken::deadline) {
		}
		pause_ = std::min(pause_ * 2, kLongestPoll);
		return true;
	}

private:
	pg::Deadline deadline_;
	milliseconds pause_ = kShortestPoll;
};

bool is_active(const store::Run &run) {
	return run.status == store::RunStatus::queued || run.status == store::RunStatus::running;
}

store::Run get_run(std::int64_t id) {
	std::optional<store::Run> run = store::find_run(id);
	if (!run) {
		throw Error(sqlstate::kUndefinedObject, "run " + std::to_string(id) + " does not exist", {},
					"The view hyperline.loader_runs lists the runs; old ones are removed after "
					"hyperline_connector.run_retention.");
	}
	return *std::move(run);
}

constexpr const char *kWithoutWorkers =
	"Add hyperline_connector to shared_preload_libraries and restart the server, or run the loader in this session: "
	"CALL hyperline.refresh_loader(...).";

constexpr const char *kNotNamed = "Name the database in hyperline_connector.databases and reload the settings, or run "
								  "the loader in this session: CALL "
								  "hyperline.refresh_loader(...).";

void refuse_endless_wait(const store::Run &run) {
	if (run.queued_in_this_transaction) {
		throw Error(sqlstate::kObjectNotInPrerequisiteState,
					"run " + std::to_string(run.id) + " was queued in this transaction and cannot start before its end",
					"Nobody else can see it yet.", "Commit first, then wait for it in another statement.");
	}
	if (pg::snapshot_is_fixed()) {
		throw Error(sqlstate::kObjectNotInPrerequisiteState,
					"a run cannot be waited for in a REPEATABLE READ or SERIALIZABLE transaction",
					"Such a transaction does not see how the run ends.",
					"Wait for it in a READ COMMITTED transaction.");
	}
	if (run.status == store::RunStatus::queued && !pg::is_preloaded()) {
		throw Error(sqlstate::kObjectNotInPrerequisiteState,
					"run " + std::to_string(run.id) + " does not start: this server has no background worker",
					"hyperline_connector is not in shared_preload_libraries.", kWithoutWorkers);
	}
}

// The setting may have been changed a moment ago: it is a reason to look for, not one to refuse the wait.
Error not_in_time(const store::Run &run) {
	const std::string id = std::to_string(run.id);
	const bool waits_for_worker = run.status == store::RunStatus::queued && !pg::is_named();
	return Error(sqlstate::kQueryCanceled, "run " + id + " of loader \"" + run.loader + "\" has not ended in time",
				 std::string("It is ") + store::to_text(run.status) +
					 (waits_for_worker ? ", and hyperline_connector.databases does not name this database." : "."),
				 waits_for_worker ? kNotNamed
								  : "It goes on. Wait longer, look at it in hyperline.loader_runs, or stop it with "
									"hyperline.cancel_run(" +
										id + ").");
}

// Tells once for which run a session waits, as soon as that can be seen: one of a session that has not committed
// cannot. The locks of retry_rejected() are kept until its transaction ends, so that a run which waits for one of them
// does not end before.
class Wait {
public:
	explicit Wait(const std::string &loader) : loader_(loader) {}
	void look() {
		const std::optional<store::Run> run = store::active_run(store::find_loader(loader_).id);
		if (!run || run->status != store::RunStatus::running) {
			return;
		}
		const std::string id = std::to_string(run->id);
		if (store::is_held_up_by_this_session(*run)) {
			throw Error(
				sqlstate::kObjectNotInPrerequisiteState,
				"run " + id + " of loader \"" + loader_ + "\" waits for the end of this transaction",
				"What the transaction has changed before is in the way of the run, for whose end it would wait.",
				"Commit first, then call hyperline.retry_rejected() in another statement.");
		}
		if (!is_told_) {
			pg::notice("waiting for run " + id + " of loader \"" + loader_ + "\"", {},
					   "Its end is waited for; hyperline.cancel_run(" + id + ") ends it sooner.");
			is_told_ = true;
		}
	}

private:
	const std::string &loader_;
	bool is_told_ = false;
};

} // namespace

std::int64_t run_loader(const std::string &name) {
	const store::Loader loader = store::find_loader(name);
	if (const std::optional<store::Run> run = store::active_run(loader.id);
		run && run->status == store::RunStatus::running && !store::is_carried_out(*run)) {
		recover_interrupted(); // its process is gone: it is not the run that was asked for
	}
	const std::int64_t id = store::queue_run(loader.id, store::Trigger::manual, 1, pg::Timestamp{pg::now()});
	store::mark_as_asked_for(id);
	if (!pg::is_preloaded()) {
		pg::warn("run " + std::to_string(id) + " is queued, but this server has no background worker",
				 "hyperline_connector is not in shared_preload_libraries.", kWithoutWorkers);
	} else if (!pg::is_named()) {
		pg::warn("run " + std::to_string(id) + " is queued, but this database has no background worker",
				 "hyperline_connector.databases does not name it.", kNotNamed);
	}
	return id;
}

void refresh_loader(const std::string &name, pg::Transactions &transactions) {
	transactions.run([] { store::refuse_other_revision(); });
	const auto run = [&] {
		Poll poll(pg::Deadline::max());
		Wait wait(name);
		Outcome outcome = execute_in_session(name, transactions);
		while (!outcome.started) {
			transactions.run([&] { wait.look(); });
			poll.again();
			outcome = execute_in_session(name, transactions);
		}
		return outcome;
	};
	Outcome outcome = run();
	// Another run reads large rows cut; for a worker it is the retry.
	if (outcome.failure.sqlstate == sqlstate::kRowTooLarge) {
		outcome = run();
	}
	if (outcome.status != store::RunStatus::succeeded) {
		throw Error(outcome.failure);
	}
}

std::int64_t retry_rejected(const std::string &name, pg::Transactions &transactions) {
	transactions.run([] { store::refuse_other_revision(); });
	Poll poll(pg::Deadline::max());
	Wait wait(name);
	std::optional<std::int64_t> stored = retry_rejected_in_session(name, transactions);
	while (!stored) {
		transactions.run([&] { wait.look(); });
		poll.again();
		stored = retry_rejected_in_session(name, transactions);
	}
	return *stored;
}

std::string wait_for_run(std::int64_t run_id, const pg::IntervalParts &timeout) {
	constexpr std::int64_t kDay = 86'400'000'000;
	constexpr std::int64_t kLongest = 10'000 * kDay; // beyond that a clock would overflow; nobody waits as long
	constexpr std::int32_t kMonthDays = 30;
	if (timeout.months < 0 || timeout.days < 0 || timeout.microseconds < 0) {
		throw Error(sqlstate::kInvalidParameterValue, "the time-out must not be negative", {},
					"Give how long to wait, such as '10 minutes'; '0' looks once.");
	}
	const std::int64_t days = static_cast<std::int64_t>(timeout.months) * kMonthDays + timeout.days;
	const std::int64_t span =
		std::min(kLongest, std::min<std::int64_t>(days, 10'000) * kDay + std::min(timeout.microseconds, kLongest));
	Poll poll(steady_clock::now() + std::chrono::microseconds(span));
	for (;;) {
		const store::Run run = get_run(run_id);
		if (!is_active(run)) {
			return store::to_text(run.status);
		}
		refuse_endless_wait(run);
		if (!poll.again()) {
			throw not_in_time(run);
		}
	}
}

bool cancel_run(std::int64_t run_id) {
	store::Run run = get_run(run_id);
	if (run.status == store::RunStatus::queued &&
		store::change_status(run_id, run.status, store::RunStatus::cancelled)) {
		return true;
	}
	run = get_run(run_id); // it may have started meanwhile
	if (!is_active(run)) {
		return false;
	}
	// Only while it holds the loader's lock: a process that has finished the run may do something else by now.
	if (!store::is_carried_out(run) || !pg::cancel_process(static_cast<int>(*run.pid))) {
		recover_interrupted();
		return false;
	}
	if (!pg::snapshot_is_fixed()) {
		Poll poll(steady_clock::now() + kCancelPatience);
		for (run = get_run(run_id); is_active(run) && poll.again(); run = get_run(run_id)) {
		}
		return is_active(run) || run.status == store::RunStatus::cancelled; // else it has ended by itself
	}
	return true;
}

namespace {

void cancel_running(const store::Loader &loader) {
	const std::optional<store::Run> run = store::active_run(loader.id);
	if (run && run->status == store::RunStatus::running) {
		cancel_run(run->id);
	}
}

} // namespace

void drop_loader(const std::string &name, bool delete_events) {
	const store::Loader loader = store::find_loader(name);
	cancel_running(loader);
	if (delete_events) {
		const Oid deleter = store::find_deleter();
		store::refuse_shared_events(loader);
		store::delete_loader(loader);
		cancel_running(loader); // one that has begun before the loader was held
		const store::DeletedEvents deleted = store::delete_events(loader.event_type, deleter);
		pg::notice("events of type \"" + loader.event_type + "\" deleted: " + std::to_string(deleted.count),
				   deleted.some_remain ? "There are more: row-level security or a trigger kept them." : "");
	} else {
		store::delete_loader(loader);
		cancel_running(loader);
	}
}

} // namespace hyperline::loader
