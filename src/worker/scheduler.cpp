// The scheduler, one a database: queues runs of loaders that are due, starts runners for queued runs within the limits,
// marks runs that died, and removes old history. What it knows stands in the tables: it may be killed at any moment.
#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "loader/interrupted.hpp"
#include "pg/background.hpp"
#include "pg/databases.hpp"
#include "pg/settings.hpp"
#include "pg/shared.hpp"
#include "pg/transaction.hpp"
#include "pg/wait.hpp"
#include "store/foreign_code.hpp"
#include "store/queue.hpp"
#include "store/runs.hpp"
#include "worker/decide.hpp"
#include "worker/failure_line.hpp"
#include "worker/timetable.hpp"

namespace hyperline::worker {

namespace {

using std::chrono::steady_clock;

// Even when nothing is due: a clock may jump, and what died without a word is looked for.
constexpr std::chrono::seconds kLongestSleep{60};
constexpr std::chrono::seconds kHeldAgain{1};
constexpr std::chrono::minutes kMostSeldomRemoval{60};
constexpr std::int64_t kRunsAtOnce = 100;
constexpr std::int64_t kRemovedAtOnce = 1000;
// A runner whose run has ended frees its slot as soon as the machine lets it. One that takes longer keeps a slot that
// is missing.
constexpr std::chrono::seconds kLeaving{10};

struct InFlight {
	pg::WorkerHandle runner;
	std::int32_t connection_id = 0;
};

class Scheduler {
public:
	explicit Scheduler(int slot) : slot_(slot) {}
	/// Returns when there is nothing to schedule in this database any more, or nothing now and others need its place.
	enum class End { nothing, gave_way };
	End run();

private:
	enum class Found { work, nothing, other_revision };

	Found round();
	Found look_around();
	void say_started(const store::Installation &installation);
	void say_interrupted(const std::vector<store::InterruptedRun> &runs);
	void start_queued();
	std::vector<store::QueuedRun> choose(pg::Timestamp now);
	Chooser make_chooser();
	bool start(const store::QueuedRun &run);
	bool one_is_leaving();
	void forget_ended();
	/// One portion a round: what is due meanwhile does not wait for the rest.
	void remove_old();
	void note_failure(const Failure &failure);
	bool may_start(std::int64_t run) const;
	bool makes_room();
	[[nodiscard]] steady_clock::time_point next_look() const;

	int slot_;
	store::Guarded<pg::WorkerTransactions> transactions_;
	Timetable timetable_{transactions_};
	std::map<std::int64_t, InFlight> in_flight_;
	std::vector<std::int64_t> ended_;			// runs whose runner has ended since the last look at them
	std::map<std::int64_t, Backoff> unstarted_; // runs whose runner ended before it took them
	Backoff no_slot_;
	steady_clock::time_point no_slot_since_;
	bool could_not_start_ = false; // in this round
	const steady_clock::time_point began_ = steady_clock::now();
	Backoff failures_;
	std::string last_failure_;
	bool said_started_ = false;
	bool said_revision_ = false;
	steady_clock::time_point next_removal_;
	int last_retention_ = 0;
	bool more_to_remove_ = false;
	std::optional<pg::Timestamp> next_;
	bool some_held_ = false; // by open transactions of others, whose end nobody announces
};

void Scheduler::forget_ended() {
	for (auto flying = in_flight_.begin(); flying != in_flight_.end();) {
		if (flying->second.runner.state() == pg::WorkerHandle::State::stopped) {
			ended_.push_back(flying->first);
			flying = in_flight_.erase(flying);
			no_slot_.hurry(); // there is one more now
		} else {
			++flying;
		}
	}
}

void Scheduler::say_started(const store::Installation &installation) {
	if (!said_started_) {
		said_started_ = true;
		const std::string database = pg::current_database();
		if (pg::is_first_to_serve(slot_)) {
			pg::log_line("hyperline scheduler started for database \"" + database + "\", version " +
						 installation.version);
		}
		pg::set_farewell("hyperline scheduler for database \"" + database + "\" ends");
	}
}

void Scheduler::say_interrupted(const std::vector<store::InterruptedRun> &runs) {
	for (const store::InterruptedRun &run : runs) {
		pg::log_line("run " + std::to_string(run.id) + " of loader \"" + run.loader +
					 "\" was interrupted: " + run.failure.message + " (SQLSTATE " + run.failure.sqlstate +
					 (run.trigger == store::Trigger::session ? "); its session has ended"
															 : "); the loader runs again by itself") +
					 (run.in_a_row > 1
						  ? "; its last " + std::to_string(run.in_a_row) +
								" runs have ended like this: if it is what brings the server down, stop it "
								"with hyperline.pause_loader()"
						  : ""));
	}
}

Scheduler::Found Scheduler::look_around() {
	std::optional<store::Installation> installation;
	std::vector<store::InterruptedRun> interrupted;
	std::uint64_t paused = 0;
	transactions_.run([&] {
		installation = store::installation();
		if (!installation || !installation->allows_connections || installation->revision != store::kRevision) {
			return;
		}
		say_started(*installation);
		if (installation->made_in != static_cast<std::int64_t>(MyDatabaseId)) {
			paused = store::pause_copy();
		}
		interrupted = loader::recover_interrupted();
	});
	if (!installation || !installation->allows_connections) {
		return Found::nothing;
	}
	if (installation->revision != store::kRevision) {
		if (!said_revision_) {
			said_revision_ = true;
			pg::warn(
				"no loader runs: version " + installation->version +
					" of the extension needs another library than the one that the server has loaded",
				{},
				"Restart the server to load the library that is installed; if it is the newer one, ALTER EXTENSION "
				"hyperline_connector UPDATE.");
		}
		return Found::other_revision;
	}
	said_revision_ = false;
	if (paused > 0) {
		pg::log_line("this database is a copy: its " + std::to_string(paused) +
					 " loaders are paused; resume those that are to run here with hyperline.resume_loader()");
	}
	say_interrupted(interrupted);
	return Found::work;
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
	const steady_clock::time_point now = steady_clock::now();
	no_slot_since_ = no_slot_.failures() == 0 ? now : no_slot_since_;
	no_slot_.failed(now);
	could_not_start_ = true;
	if (now < no_slot_since_ + kLeaving && one_is_leaving()) {
		return false; // its end calls this process
	}
	if (pg::report_shortage(0)) {
		pg::warn("could not start a runner for loader \"" + run.loader + "\"",
				 "No slot for a background worker is free. The run stays queued, and is tried again.",
				 "Raise max_worker_processes: each database with loaders takes one, and each run. Or lower "
				 "hyperline_connector.max_running_loaders, or name the databases with loaders in "
				 "hyperline_connector.databases.");
	}
	return false;
}

// Whether a runner whose run has ended has its slot still.
bool Scheduler::one_is_leaving() {
	std::set<std::int64_t> busy;
	transactions_.run([&] {
		std::vector<std::int64_t> started;
		for (const auto &[run, flying] : in_flight_) {
			started.push_back(run);
		}
		for (const std::int64_t run : store::still_queued(started)) {
			busy.insert(run);
		}
		for (const store::RunningRun &run : store::running_runs()) {
			busy.insert(run.id);
		}
	});
	return std::any_of(in_flight_.begin(), in_flight_.end(),
					   [&](const auto &flying) { return !busy.contains(flying.first); });
}

bool Scheduler::may_start(std::int64_t run) const {
	if (in_flight_.contains(run)) {
		return false;
	}
	const auto unstarted = unstarted_.find(run);
	return unstarted == unstarted_.end() || unstarted->second.may_try(steady_clock::now());
}

// What runs now, whoever has started it, and what is starting. Runs of sessions count for their connections, not for
// the workers of the database.
Chooser Scheduler::make_chooser() {
	std::map<std::int32_t, std::int64_t> by_connection;
	std::set<std::int64_t> seen;
	std::int64_t workers = 0;
	for (const store::RunningRun &run : store::running_runs()) {
		seen.insert(run.id);
		workers += run.in_session ? 0 : 1;
		if (run.connection_id) {
			by_connection[*run.connection_id]++;
		}
	}
	for (const auto &[run, flying] : in_flight_) {
		if (!seen.contains(run)) {
			workers++;
			by_connection[flying.connection_id]++;
		}
	}
	return {std::move(by_connection), pg::settings.max_running_loaders - workers};
}

std::vector<store::QueuedRun> Scheduler::choose(pg::Timestamp now) {
	std::vector<store::QueuedRun> chosen;
	Chooser chooser = make_chooser();
	const store::Asked which = pg::settings.enabled ? store::Asked::by_anything : store::Asked::by_people;
	pg::Timestamp last_due{std::numeric_limits<std::int64_t>::min()}; // -infinity
	std::int64_t last_id = 0;
	for (std::size_t found = kRunsAtOnce; found == kRunsAtOnce && chooser.has_room();) {
		const std::vector<store::QueuedRun> page =
			store::queued_runs(now, last_due, last_id, chooser.full(), which, kRunsAtOnce);
		for (const store::QueuedRun &run : page) {
			last_due = run.due_at;
			last_id = run.id;
			if (may_start(run.id) && chooser.offer(Waiting{run.id, run.connection_id, run.max_concurrent_runs})) {
				chosen.push_back(run);
			}
		}
		found = page.size();
	}
	return chosen;
}

void Scheduler::start_queued() {
	std::vector<store::QueuedRun> chosen;
	const steady_clock::time_point now = steady_clock::now();
	transactions_.run([&] {
		for (const std::int64_t run : store::still_queued(ended_)) {
			unstarted_[run].failed(now);
		}
		const pg::Timestamp time{pg::now()};
		if (no_slot_.may_try(now)) {
			chosen = choose(time);
		}
		// While scheduling is off nothing comes but what is asked for, which is due at once.
		next_ = pg::settings.enabled ? store::next_event(time) : std::nullopt;
	});
	ended_.clear();
	constexpr std::chrono::minutes kForget{2}; // longer than any delay: it has started meanwhile, or it is gone
	std::erase_if(unstarted_, [&](const auto &entry) { return now > entry.second.next() + kForget; });
	for (const store::QueuedRun &run : chosen) {
		if (!start(run)) {
			break;
		}
	}
}

void Scheduler::remove_old() {
	const steady_clock::time_point now = steady_clock::now();
	const int retention = pg::settings.run_retention_minutes;
	if (retention == 0 || (retention == last_retention_ && now < next_removal_ && !more_to_remove_)) {
		more_to_remove_ = false;
		return;
	}
	last_retention_ = retention;
	next_removal_ = now + std::clamp(std::chrono::minutes(retention / 10), std::chrono::minutes{1}, kMostSeldomRemoval);
	more_to_remove_ = false; // should it fail, it is tried again when it is due
	transactions_.run([&] { more_to_remove_ = store::remove_old(retention, kRemovedAtOnce); });
}

Scheduler::Found Scheduler::round() {
	could_not_start_ = false;
	forget_ended();
	const Found found = look_around();
	if (found != Found::nothing) {
		pg::report_extension(slot_);
	}
	if (found != Found::work) {
		next_.reset();
		return found;
	}
	some_held_ = !timetable_.watch_the_clock();
	if (pg::settings.enabled) {
		some_held_ = !timetable_.queue_due() || some_held_;
	}
	start_queued();
	remove_old();
	return found;
}

steady_clock::time_point Scheduler::next_look() const {
	const steady_clock::time_point now = steady_clock::now();
	steady_clock::time_point until = more_to_remove_ ? now : now + kLongestSleep;
	if (next_) {
		constexpr std::int64_t kLongest = 60'000'000;
		const std::int64_t now_there = pg::now();
		const std::int64_t left = next_->microseconds > now_there + kLongest
									  ? kLongest
									  : std::max<std::int64_t>(0, next_->microseconds - now_there);
		until = std::min(until, now + std::chrono::microseconds(left));
	}
	if (some_held_) {
		until = std::min<steady_clock::time_point>(until, now + kHeldAgain);
	}
	// What may be tried already was, in this round, or it waits for another run to end.
	for (const auto &[run, backoff] : unstarted_) {
		until = backoff.next() > now ? std::min(until, backoff.next()) : until;
	}
	if (const pg::Sharing shared = pg::sharing(); shared.is_short && shared.waiting > 0 && began_ + kTurn > now) {
		until = std::min<steady_clock::time_point>(until, began_ + kTurn);
	}
	return no_slot_.next() > now ? std::min(until, no_slot_.next()) : until;
}

// A run that goes on meanwhile ends by itself, and its end calls the scheduler back.
bool Scheduler::makes_room() {
	constexpr std::chrono::seconds kWorthIt{2};
	const steady_clock::time_point now = steady_clock::now();
	const steady_clock::time_point next = next_look();
	const bool is_idle = !could_not_start_ && in_flight_.empty() && next > now + kWorthIt;
	if (!gives_way(pg::sharing(), is_idle, could_not_start_, now - began_)) {
		return false;
	}
	const auto rest = is_idle ? std::chrono::ceil<std::chrono::microseconds>(next - now) : std::chrono::microseconds(0);
	pg::give_way(slot_, pg::now() + rest.count());
	return true;
}

void Scheduler::note_failure(const Failure &failure) {
	failures_.failed(steady_clock::now());
	if (failure.message != last_failure_) {
		last_failure_ = failure.message;
		pg::log_line("the hyperline scheduler could not do its work, and tries again: " + failure_line(failure));
	}
}

Scheduler::End Scheduler::run() {
	for (;;) {
		pg::show_activity("scheduling");
		std::optional<Failure> failure;
		bool rolled_back = true;
		try {
			const Found found = round();
			if (found == Found::nothing) {
				if (said_started_) {
					pg::log_line("hyperline scheduler ends: the extension was dropped, or the database is closed");
				}
				return End::nothing;
			}
			if (found == Found::work && makes_room()) {
				return End::gave_way;
			}
			failures_.succeeded();
			last_failure_.clear();
			pg::show_idle(found == Found::work ? "" : "no loader runs: the server has loaded another library");
		} catch (const pg::Error &error) {
			failure = error.failure();
			rolled_back = false;
		} catch (const Error &error) {
			failure = error.failure();
		}
		if (!rolled_back) {
			transactions_.rollback();
		}
		if (failure) {
			note_failure(*failure);
			pg::show_idle("");
		}
		pg::wait(-1, false, false, failures_.failures() > 0 ? failures_.next() : next_look());
	}
}

} // namespace

} // namespace hyperline::worker

extern "C" {
PGDLLEXPORT void hyperline_scheduler_main(Datum /* argument */);

void hyperline_scheduler_main(Datum /* argument */) {
	hyperline::pg::entry([] {
		namespace pg = hyperline::pg;
		pg::begin_worker(pg::WorkerKind::scheduler);
		const pg::WorkerArguments arguments = pg::worker_arguments();
		if (!pg::join(arguments.database)) {
			return;
		}
		pg::connect_worker(arguments.database);
		pg::secure_worker_session();
		pg::prefer_indexes();
		if (!pg::serve(arguments.slot)) {
			return;
		}
		using hyperline::worker::Scheduler;
		if (Scheduler(arguments.slot).run() == Scheduler::End::nothing) {
			pg::report_nothing_to_serve(arguments.slot);
		}
	});
}
}
