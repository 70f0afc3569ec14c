// The scheduler, one a database: queues runs of loaders that are due, starts runners for queued runs within the limits,
// marks runs that died, and removes old history. What it knows stands in the tables: it may be killed at any moment.
#include <map>
#include <set>

#include "loader/refresh.hpp"
#include "pg/background.hpp"
#include "pg/databases.hpp"
#include "pg/settings.hpp"
#include "pg/shared.hpp"
#include "pg/transaction.hpp"
#include "pg/wait.hpp"
#include "store/queue.hpp"
#include "store/runs.hpp"
#include "worker/decide.hpp"

namespace hyperline::worker {

namespace {

using std::chrono::steady_clock;

// Even when nothing is due: a clock may jump, and what died without a word is looked for.
constexpr std::chrono::seconds kLongestSleep{60};
constexpr std::chrono::hours kRetention{1};
constexpr std::int64_t kDueAtOnce = 100;
constexpr std::int64_t kRemovedAtOnce = 1000;
// A loader whose refresh rate cannot be read (somebody wrote into the table) is looked at again after an hour.
constexpr std::int64_t kUnreadable = 3'600'000'000;

struct InFlight {
	pg::WorkerHandle runner;
	std::int32_t connection_id = 0;
};

class Scheduler {
public:
	explicit Scheduler(int slot) : slot_(slot) {}
	/// Returns when the extension is gone.
	void run();

private:
	bool round();
	void queue_due();
	void queue_one(const store::DueLoader &due, pg::Timestamp now);
	void start_queued();
	bool start(const store::QueuedRun &run);
	void forget_ended();
	void remove_old();
	void note_failure(const std::string &message);
	[[nodiscard]] steady_clock::time_point next_look(const std::optional<pg::Timestamp> &next) const;

	int slot_;
	pg::WorkerTransactions transactions_;
	std::map<std::int64_t, InFlight> in_flight_;
	std::map<std::int64_t, Backoff> unstarted_; // runs whose runner ended before it took them
	std::set<std::int32_t> unreadable_;
	Backoff no_slot_;
	Backoff failures_;
	std::string last_failure_;
	bool said_started_ = false;
	steady_clock::time_point last_removal_;
	std::optional<pg::Timestamp> next_;
};

void Scheduler::forget_ended() {
	for (auto flying = in_flight_.begin(); flying != in_flight_.end();) {
		if (flying->second.runner.state() == pg::WorkerHandle::State::stopped) {
			unstarted_[flying->first].failed(steady_clock::now()); // forgotten below unless it is still queued
			flying = in_flight_.erase(flying);
		} else {
			++flying;
		}
	}
}

void Scheduler::queue_one(const store::DueLoader &due, pg::Timestamp now) {
	pg::Timestamp next{now.microseconds + kUnreadable};
	bool readable = true;
	try {
		next = loader::next_due_at(loader::parse_refresh_rate(due.refresh_rate), due.time_zone, due.due_at, now);
	} catch (const Error &error) {
		readable = false;
		if (unreadable_.insert(due.id).second) {
			pg::log_line("loader \"" + due.name + "\" cannot be scheduled: " + error.failure().message +
						 "; mend it with hyperline.alter_loader()");
		}
	}
	if (store::advance(due.id, due.due_at, next) && readable) {
		unreadable_.erase(due.id);
		store::queue_run(due.id, store::Trigger::schedule, 1, due.due_at);
	}
}

void Scheduler::queue_due() {
	std::size_t found = kDueAtOnce;
	while (found == kDueAtOnce) {
		transactions_.run([&] {
			const pg::Timestamp now{pg::now()};
			const std::vector<store::DueLoader> due = store::due_loaders(now, kDueAtOnce);
			for (const store::DueLoader &loader : due) {
				queue_one(loader, now);
			}
			found = due.size();
		});
	}
}

bool Scheduler::start(const store::QueuedRun &run) {
	std::optional<pg::WorkerHandle> runner =
		pg::start_worker("hyperline runner: " + run.loader, "hyperline runner", "hyperline_runner_main",
						 pg::WorkerArguments{MyDatabaseId, run.id, slot_, 0});
	if (runner) {
		in_flight_.insert_or_assign(run.id, InFlight{*std::move(runner), run.connection_id});
		no_slot_.succeeded();
		return true;
	}
	if (no_slot_.failures() == 0) {
		pg::warn("could not start a runner for loader \"" + run.loader + "\"",
				 "No slot for a background worker is free. The run stays queued.",
				 "Raise max_worker_processes, or lower hyperline_connector.max_running_loaders.");
	}
	no_slot_.failed(steady_clock::now());
	return false;
}

void Scheduler::start_queued() {
	std::vector<store::QueuedRun> queued;
	std::map<std::int32_t, std::int64_t> running;
	transactions_.run([&] {
		queued = store::queued_runs(pg::Timestamp{pg::now()});
		for (const store::RunningRuns &of_connection : store::running_runs()) {
			running[of_connection.connection_id] = of_connection.runs;
		}
		next_ = store::next_event(pg::Timestamp{pg::now()});
	});
	const steady_clock::time_point now = steady_clock::now();
	std::map<std::int64_t, const store::QueuedRun *> by_id;
	std::map<std::int64_t, Backoff> still_unstarted;
	std::vector<Waiting> waiting;
	for (const store::QueuedRun &run : queued) {
		const auto unstarted = unstarted_.find(run.id);
		if (unstarted != unstarted_.end()) {
			still_unstarted.insert(*unstarted);
		}
		if (in_flight_.contains(run.id)) {
			running[run.connection_id]++; // its runner is starting
		} else if (unstarted == unstarted_.end() || unstarted->second.may_try(now)) {
			by_id[run.id] = &run;
			waiting.push_back(Waiting{run.id, run.connection_id, run.max_concurrent_runs});
		}
	}
	unstarted_ = std::move(still_unstarted);
	if (!no_slot_.may_try(now)) {
		return;
	}
	for (const std::int64_t id : choose_runs(waiting, running, static_cast<std::int64_t>(in_flight_.size()),
											 pg::settings.max_running_loaders)) {
		if (!start(*by_id.at(id))) {
			break;
		}
	}
}

void Scheduler::remove_old() {
	const steady_clock::time_point now = steady_clock::now();
	if (pg::settings.run_retention_minutes == 0 ||
		(last_removal_ != steady_clock::time_point{} && now - last_removal_ < kRetention)) {
		return;
	}
	last_removal_ = now;
	std::int64_t removed = kRemovedAtOnce;
	while (removed == kRemovedAtOnce) {
		transactions_.run(
			[&] { removed = store::remove_old_runs(pg::settings.run_retention_minutes, kRemovedAtOnce); });
		pg::check_interrupts();
	}
}

bool Scheduler::round() {
	bool installed = false;
	forget_ended();
	transactions_.run([&] {
		installed = store::installed_version().has_value();
		if (installed) {
			store::mark_interrupted(store::loader_lock_space());
		}
	});
	if (!installed) {
		return false;
	}
	if (pg::settings.enabled) {
		queue_due();
	}
	start_queued();
	remove_old();
	return true;
}

steady_clock::time_point Scheduler::next_look(const std::optional<pg::Timestamp> &next) const {
	const steady_clock::time_point now = steady_clock::now();
	steady_clock::time_point until = now + kLongestSleep;
	if (next) {
		constexpr std::int64_t kLongest = 60'000'000;
		const std::int64_t now_there = pg::now();
		const std::int64_t left = next->microseconds > now_there + kLongest
									  ? kLongest
									  : std::max<std::int64_t>(0, next->microseconds - now_there);
		until = std::min(until, now + std::chrono::microseconds(left));
	}
	for (const auto &[run, backoff] : unstarted_) {
		until = std::min(until, std::max(now, backoff.next()));
	}
	if (no_slot_.failures() > 0) {
		until = std::min(until, std::max(now, no_slot_.next()));
	}
	return until;
}

void Scheduler::note_failure(const std::string &message) {
	failures_.failed(steady_clock::now());
	if (message != last_failure_) {
		last_failure_ = message;
		pg::log_line("the hyperline scheduler could not do its work, and tries again: " + message);
	}
}

void Scheduler::run() {
	for (;;) {
		pg::show_activity("scheduling");
		std::string failure;
		bool rolled_back = true;
		try {
			if (!round()) {
				if (said_started_) {
					pg::log_line("hyperline scheduler ends: the extension was dropped");
				}
				return;
			}
			if (!said_started_) {
				said_started_ = true;
				std::string database;
				transactions_.run([&] { database = pg::current_database(); });
				pg::log_line("hyperline scheduler started for database \"" + database + "\"");
			}
			failures_.succeeded();
			last_failure_.clear();
		} catch (const pg::Error &error) {
			failure = error.what();
			rolled_back = false;
		} catch (const Error &error) {
			failure = error.failure().message;
		}
		if (!rolled_back) {
			transactions_.rollback();
		}
		if (!failure.empty()) {
			note_failure(failure);
		}
		pg::show_idle();
		pg::wait(-1, false, false, failures_.failures() > 0 ? failures_.next() : next_look(next_));
	}
}

} // namespace

} // namespace hyperline::worker

extern "C" {
PGDLLEXPORT void hyperline_scheduler_main(Datum /* argument */);

void hyperline_scheduler_main(Datum /* argument */) {
	hyperline::pg::entry([] {
		namespace pg = hyperline::pg;
		pg::begin_worker();
		const pg::WorkerArguments arguments = pg::worker_arguments();
		pg::connect_worker(arguments.database);
		pg::secure_worker_session();
		if (!pg::serve(arguments.slot)) {
			return;
		}
		hyperline::worker::Scheduler(arguments.slot).run();
		pg::report_nothing_to_serve(arguments.slot);
	});
}
}
