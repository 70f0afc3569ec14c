// The launcher, one a cluster: sees to it that each database with the extension has a scheduler. It is connected to no
// database, holds no transaction while it sleeps, and keeps nothing that a restart would need.
#include <algorithm>
#include <map>

#include "pg/background.hpp"
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
// A database without the extension is looked into again only this often.
constexpr std::chrono::minutes kLookInside{10};

struct Served {
	int slot = -1;
	std::optional<pg::WorkerHandle> scheduler;
	Backoff backoff;
	steady_clock::time_point started;
	steady_clock::time_point looked_inside;
};

class Launcher {
public:
	[[noreturn]] void run();

private:
	steady_clock::time_point look();
	void look_after(const pg::Database &database, Served &served, steady_clock::time_point &next);
	void start(const pg::Database &database, Served &served);
	void forget_missing(const std::vector<pg::Database> &databases);

	std::map<Oid, Served> served_;
	bool said_no_slot_ = false;
	bool said_too_many_ = false;
};

void Launcher::start(const pg::Database &database, Served &served) {
	served.scheduler =
		pg::start_worker("hyperline scheduler: " + database.name, "hyperline scheduler", "hyperline_scheduler_main",
						 pg::WorkerArguments{database.oid, 0, served.slot, 0});
	served.started = steady_clock::now();
	if (served.scheduler) {
		said_no_slot_ = false;
		return;
	}
	served.backoff.failed(served.started);
	if (!said_no_slot_) {
		said_no_slot_ = true;
		pg::warn("could not start the hyperline scheduler of database \"" + database.name + "\"",
				 "No slot for a background worker is free.", "Raise max_worker_processes; it is tried again.");
	}
}

void Launcher::look_after(const pg::Database &database, Served &served, steady_clock::time_point &next) {
	const steady_clock::time_point now = steady_clock::now();
	const bool wanted = is_wanted(pg::settings.databases, database.name);
	const pg::SlotState state = pg::slot_state(served.slot);
	if (served.scheduler && served.scheduler->state() != pg::WorkerHandle::State::stopped) {
		if (!wanted) {
			served.scheduler->terminate();
		}
		return;
	}
	if (served.scheduler) { // it has ended
		served.scheduler.reset();
		constexpr std::chrono::minutes kLongLife{1};
		if (state.has_nothing || now - served.started > kLongLife) {
			served.backoff.succeeded();
		}
		served.looked_inside = now;
		if (!state.has_nothing) {
			served.backoff.failed(now);
		}
	}
	if (!wanted || state.is_served || (state.has_nothing && now < served.looked_inside + kLookInside)) {
		return;
	}
	if (served.backoff.may_try(now)) {
		start(database, served);
	}
	if (!served.scheduler) {
		next = std::min(next, served.backoff.next());
	}
}

void Launcher::forget_missing(const std::vector<pg::Database> &databases) {
	for (auto served = served_.begin(); served != served_.end();) {
		const bool is_there = std::any_of(databases.begin(), databases.end(),
										  [&](const pg::Database &database) { return database.oid == served->first; });
		if (!is_there &&
			(!served->second.scheduler || served->second.scheduler->state() == pg::WorkerHandle::State::stopped)) {
			pg::free_slot(served->second.slot);
			served = served_.erase(served);
		} else {
			++served;
		}
	}
}

steady_clock::time_point Launcher::look() {
	steady_clock::time_point next = steady_clock::now() + kLook;
	const std::vector<pg::Database> databases = pg::list_databases();
	forget_missing(databases);
	for (const pg::Database &database : databases) {
		auto found = served_.find(database.oid);
		if (found == served_.end()) {
			const std::optional<int> slot = pg::slot_for(database.oid);
			if (!slot) {
				if (!said_too_many_) {
					said_too_many_ = true;
					pg::warn("the cluster has too many databases for hyperline_connector", {},
							 "Name those with loaders in hyperline_connector.databases.");
				}
				continue;
			}
			found = served_.emplace(database.oid, Served{}).first;
			found->second.slot = *slot;
		}
		look_after(database, found->second, next);
	}
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
		hyperline::pg::begin_worker();
		hyperline::pg::connect_worker(InvalidOid);
		hyperline::pg::become_launcher();
		hyperline::worker::Launcher().run();
	});
}
}
