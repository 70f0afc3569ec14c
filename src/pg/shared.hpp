// What our workers share: which database is served by whose latch, which of our processes are in which database, and
// which databases have to be left. It holds nothing that a restart needs.
//
// Every function may be called without shared memory (the library is not preloaded) and does nothing then.
#pragma once

#include <optional>
#include <vector>

#include "pg/gate.hpp"
#include "pg/sharing.hpp"

namespace hyperline::pg {

/// The most databases that are served in one cluster.
inline constexpr int kMostDatabases = 256;

/// Asks for the memory. Only in _PG_init, under shared_preload_libraries.
void request_shared_memory();

/// Makes this process the launcher, until it ends in any way.
void become_launcher();
/// Wakes the launcher, if there is one. Neither throws nor raises.
void wake_launcher() noexcept;

/// The slot of a database, taken for it if there is none; nullopt when all are taken.
std::optional<int> slot_for(Oid database);
/// Gives back the slots of all databases but these, unless somebody is still in one. For the launcher.
void keep_slots_of(const std::vector<Oid> &databases);

/// Says that this process, a scheduler or a runner, is about to connect to a database; until it ends in any way, then
/// the launcher is woken. False when the database has to be left: then it must not connect.
bool join(Oid database);
/// Whether this process has been told to leave its database. Cheap.
bool told_to_leave() noexcept;

/// Makes this process the one that serves the slot's database, until it ends in any way.
/// False when another process does already.
bool serve(int slot);
/// Says that the slot's database has the extension, to the launcher too.
void report_extension(int slot);
/// Says that it has none: it is not served again before somebody announces it, or looks into it again.
void report_nothing_to_serve(int slot);

struct SlotState {
	bool is_served = false;
	bool has_nothing = false;	///< report_nothing_to_serve(), and no announcement since
	bool has_extension = false; ///< report_extension() or an announcement, and no report_nothing_to_serve() since
	bool is_held = false;		///< no worker may enter it now
	bool gave_way = false;		///< its last scheduler ended by give_way()
	std::int64_t back_at = 0;	///< when that one wants to be back, in microseconds as pg::now()
};
SlotState slot_state(int slot);

/// Notes that there is no slot for one more worker, while `workers` of ours are known to have one; for the next ten
/// minutes the databases share what there is. True when it is worth a line in the log: once an hour. Nothing of this
/// while a database is looked into: the slot that this takes is free again in a moment.
bool report_shortage(int workers);
/// Whether a scheduler is looking for the extension in a database that is not known to have it. For the launcher.
void report_looking(bool is_looking);
Sharing sharing();
/// So many databases wait for a scheduler. For the launcher.
void report_waiting(int databases);
/// Says that the slot's scheduler is about to end, so that others can start workers, and when it wants to be back.
void give_way(int slot, std::int64_t back_at);
/// Whether nobody has said yet that the slot's database is served; ends that gave way do not count.
bool is_first_to_serve(int slot);

/// Keeps our workers out of a database until release_holds(). A session holds each database once at the most.
/// Only inside pg::call().
void hold_database(Oid database);
/// Tells our workers in a database to leave it, as SIGTERM when `by_force`; returns how many there are yet.
/// Only inside pg::call().
int tell_to_leave(Oid database, bool by_force);
/// Tells the scheduler of a database to leave it when it next waits or looks for interrupts; false when there is none.
bool tell_scheduler_to_leave(Oid database);
/// Ends what this process holds, and wakes the launcher if that was anything. Neither throws nor raises: it runs at
/// the end of transactions.
void release_holds() noexcept;

/// Tells who serves the database of this process that something changed there; the launcher, if nobody does.
/// Neither throws nor raises: it runs after a commit.
void wake_scheduler() noexcept;

} // namespace hyperline::pg
