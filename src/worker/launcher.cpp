// The launcher, one a cluster: sees to it that each database with the extension has a scheduler. It is connected to no
// database, holds no transaction while it sleeps, and keeps nothing that a restart would need.
#include <algorithm>
#include <map>

#include "pg/background.hpp"
#include "pg/database_list.hpp"
#include "pg/databases.hpp"
#include "pg/settings.hpp"
#include "pg/shared.hpp"
#include "pg/wait.hpp"
#include "worker/decide.hpp"

namespace hyperline::worker {

namespace {

using std::chrono::steady_clock;

// New databases announce themselves at CREATE EXTENSION; this is for those that were renamed, restored or opened.
constexpr std::chrono::seconds kLook{60};
// A look into a database that takes longer keeps others waiting no more.
constexpr std::chrono::seconds kLookInside{10};

// A scheduler that is not wanted any more, and that cannot be told so yet.
constexpr std::chrono::seconds kStartingAgain{1};

struct Served {
	std::optional<pg::WorkerHandle> scheduler;
	Backoff backoff;
	steady_clock::time_point started;
	steady_clock::time_point ended;
};

// A database that is to have a scheduler now.
struct Candidate {
	const pg::Database *database;
	int slot;
	Served *served;
	Claim claim;
};

class Launcher {
public:
	[[noreturn]] void run();

private:
	steady_clock::time_point look();
	std::optional<Need> look_after(const pg::Database &database, int slot, Served &served,
								   steady_clock::time_point &next);
	bool is_at_work(const pg::Database &database, const pg::SlotState &state, const Served &served,
					steady_clock::time_point &next);
	void note_end(const pg::SlotState &state, Served &served);
	void start_all(std::vector<Candidate> &candidates, steady_clock::time_point &next);
	bool start(const Candidate &candidate, int workers, bool is_short);
	void forget_missing(const std::vector<pg::Database> &databases);

	std::map<Oid, Served> served_;
	Backoff no_slot_;
	Seldom too_many_;
	bool is_looking_ = false; // into a database that is not known to have the extension: into one at a time
};

bool Launcher::start(const Candidate &candidate, int workers, bool is_short) {
	const pg::Database &database = *candidate.database;
	const Need need = candidate.claim.need;
	if (need != Need::serve) {
		pg::report_looking(true); // before it takes a slot
	}
	candidate.served->scheduler =
		pg::start_worker("hyperline scheduler: " + database.name, "hyperline scheduler", "hyperline_scheduler_main",
						 pg::WorkerArguments{database.oid, 0, candidate.slot, 0});
	candidate.served->started = steady_clock::now();
	if (candidate.served->scheduler) {
		is_looking_ = is_looking_ || need != Need::serve;
		no_slot_.succeeded();
		return true;
	}
	pg::report_looking(is_looking_);
	if (need == Need::look_again) {
		candidate.served->ended = candidate.served->started; // not now
		return false;
	}
	no_slot_.failed(candidate.served->started);
	if (others_make_room(need, no_slot_.failures(), is_short) && pg::report_shortage(workers)) {
		pg::warn(
			"could not start the hyperline scheduler of database \"" + database.name + "\"",
			"No slot for a background worker is free. The databases take turns.",
			"Raise max_worker_processes: each database with loaders takes one, and each run. Or name the databases "
			"with loaders in hyperline_connector.databases.");
	}
	return false;
}

// When slots are short, as many are left for runners.
void Launcher::start_all(std::vector<Candidate> &candidates, steady_clock::time_point &next) {
	const pg::Sharing sharing = pg::sharing();
	std::sort(candidates.begin(), candidates.end(),
			  [&](const Candidate &a, const Candidate &b) { return comes_before(a.claim, b.claim, sharing.is_short); });
	auto schedulers = static_cast<int>(std::count_if(served_.begin(), served_.end(), [](const auto &served) {
		return served.second.scheduler.has_value(); // those that have ended were forgotten
	}));
	int waiting = 0;
	bool has_room = no_slot_.may_try(steady_clock::now());
	for (const Candidate &candidate : candidates) {
		if (candidate.claim.need != Need::serve && is_looking_) {
			continue; // its turn comes when that look has ended
		}
		has_room = has_room && (!sharing.is_short || schedulers < most_schedulers(sharing.capacity)) &&
				   start(candidate, schedulers, sharing.is_short);
		schedulers += has_room ? 1 : 0;
		waiting += !has_room && others_make_room(candidate.claim.need, no_slot_.failures(), sharing.is_short) ? 1 : 0;
	}
	pg::report_waiting(waiting);
	if (no_slot_.next() > steady_clock::now()) {
		next = std::min(next, no_slot_.next());
	}
}

// Whether it has a scheduler, which is not wanted any more, perhaps.
bool Launcher::is_at_work(const pg::Database &database, const pg::SlotState &state, const Served &served,
						  steady_clock::time_point &next) {
	if (!served.scheduler || served.scheduler->state() == pg::WorkerHandle::State::stopped) {
		return false;
	}
	const steady_clock::time_point now = steady_clock::now();
	if (!pg::is_wanted(pg::settings.databases, database.name) && !pg::tell_scheduler_to_leave(database.oid)) {
		next = std::min(next, now + kStartingAgain); // it is about to start, or to end
	}
	if (!state.has_extension && now < served.started + kLookInside) {
		is_looking_ = true;
		next = std::min(next, served.started + kLookInside);
	}
	return true;
}

void Launcher::note_end(const pg::SlotState &state, Served &served) {
	const steady_clock::time_point now = steady_clock::now();
	constexpr std::chrono::minutes kLongLife{1};
	if (state.has_nothing || state.gave_way || now - served.started > kLongLife) {
		served.backoff.succeeded();
	}
	served.scheduler.reset();
	served.ended = now;
	no_slot_.hurry(); // there is one more now
	if (!state.has_nothing && !state.gave_way) {
		served.backoff.failed(now);
	}
}

// Why it is to have a scheduler now; nullopt: it is not.
std::optional<Need> Launcher::look_after(const pg::Database &database, int slot, Served &served,
										 steady_clock::time_point &next) {
	const pg::SlotState state = pg::slot_state(slot);
	if (is_at_work(database, state, served, next)) {
		return std::nullopt;
	}
	if (served.scheduler) {
		note_end(state, served);
	}
	if (!pg::is_wanted(pg::settings.databases, database.name) || state.is_served || state.is_held) {
		return std::nullopt;
	}
	const steady_clock::time_point now = steady_clock::now();
	if (const auto again = served.ended + look_again_after(database.oid); state.has_nothing && now < again) {
		next = std::min(next, again);
		return std::nullopt;
	}
	const std::chrono::microseconds rest{state.gave_way ? state.back_at - pg::now() : 0};
	if (rest.count() > 0 && rest <= kLook) { // longer: the clock was set back
		next = std::min(next, now + rest);
		return std::nullopt;
	}
	if (!served.backoff.may_try(now)) {
		next = std::min(next, served.backoff.next());
		return std::nullopt;
	}
	return state.has_extension ? Need::serve : state.has_nothing ? Need::look_again : Need::look;
}

void Launcher::forget_missing(const std::vector<pg::Database> &databases) {
	std::vector<Oid> there;
	there.reserve(databases.size());
	for (const pg::Database &database : databases) {
		there.push_back(database.oid);
	}
	for (auto served = served_.begin(); served != served_.end();) {
		const bool is_there = std::find(there.begin(), there.end(), served->first) != there.end();
		const std::optional<pg::WorkerHandle> &scheduler = served->second.scheduler;
		const bool has_ended = !scheduler || scheduler->state() == pg::WorkerHandle::State::stopped;
		if (!is_there && !has_ended) {
			// The database allows no connections any more, as a scheduler that is about to start finds out by itself.
			pg::tell_scheduler_to_leave(served->first);
		}
		served = is_there || !has_ended ? std::next(served) : served_.erase(served);
	}
	pg::keep_slots_of(there);
}

steady_clock::time_point Launcher::look() {
	steady_clock::time_point next = steady_clock::now() + kLook;
	const std::vector<pg::Database> databases = pg::list_databases();
	forget_missing(databases);
	std::vector<Candidate> candidates;
	is_looking_ = false;
	for (const pg::Database &database : databases) {
		if (!pg::is_wanted(pg::settings.databases, database.name) && !served_.contains(database.oid)) {
			continue;
		}
		const std::optional<int> slot = pg::slot_for(database.oid);
		if (slot) {
			Served &served = served_[database.oid];
			if (const std::optional<Need> need = look_after(database, *slot, served, next)) {
				candidates.push_back(Candidate{&database, *slot, &served, Claim{*need, served.ended}});
			}
		} else if (too_many_.again(steady_clock::now())) {
			pg::warn("the cluster has too many databases for hyperline_connector",
					 "It serves " + std::to_string(pg::kMostDatabases) + " at the most.",
					 "Name those with loaders in hyperline_connector.databases.");
		}
	}
	pg::report_looking(is_looking_);
	start_all(candidates, next);
	return next;
}

void Launcher::run() {
	for (;;) {
		pg::wait(-1, false, false, look());
	}
}

} // namespace

} // namespace hyperline::worker

extern "C" {
PGDLLEXPORT void hyperline_launcher_main(Datum /* argument */);

void hyperline_launcher_main(Datum /* argument */) {
	hyperline::pg::entry([] {
		hyperline::pg::begin_worker(hyperline::pg::WorkerKind::launcher);
		hyperline::pg::connect_worker(InvalidOid);
		hyperline::pg::become_launcher();
		hyperline::worker::Launcher().run();
	});
}
}
