// What our workers share: which database is served by whose latch. It holds nothing that a restart needs.
//
// Every function may be called without shared memory (the library is not preloaded) and does nothing then.
#pragma once

#include <optional>
#include <vector>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// The most databases that are served in one cluster.
inline constexpr int kMostDatabases = 256;

/// Asks for the memory. Only in _PG_init, under shared_preload_libraries.
void request_shared_memory();

/// Makes this process the launcher, until it ends in any way.
void become_launcher();

/// The slot of a database, taken for it if there is none; nullopt when all are taken.
std::optional<int> slot_for(Oid database);
/// Gives a slot back, of a database that is gone.
void free_slot(int slot);

/// Makes this process the one that serves the slot's database, until it ends in any way; then the launcher is woken.
/// False when another process does already.
bool serve(int slot);
/// Says that the slot's database has no extension: it is not served again before somebody announces it.
void report_nothing_to_serve(int slot);

struct SlotState {
	bool is_served = false;
	bool has_nothing = false; ///< report_nothing_to_serve(), and no announcement since
};
SlotState slot_state(int slot);

/// Tells who serves the database of this process that something changed there; the launcher, if nobody does.
/// Neither throws nor raises: it runs after a commit.
void wake_scheduler() noexcept;

} // namespace hyperline::pg
