#include "pg/shared.hpp"

#include <algorithm>
#include <csignal>

extern "C" {
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/lwlock.h>
#include <storage/shmem.h>
#include <utils/timestamp.h>
}

namespace hyperline::pg {

namespace {

constexpr const char *kName = "hyperline_connector";

struct Slot {
	Oid database;
	Latch *latch; // of the process that serves it; null: none
	bool has_nothing;
	bool has_extension;
	int holds; // sessions that keep our workers out
	bool gave_way;
	bool was_announced;
	TimestampTz back_at;
};

// A process of ours that is in a database, or about to connect to it.
struct Member {
	int pid; // 0: a free place
	Oid database;
	Latch *latch;
	volatile bool told_to_leave;
};

struct Shared {
	LWLock *lock;
	Latch *launcher;
	TimestampTz short_until;
	TimestampTz said_short_at;
	int capacity;
	int waiting;
	bool is_looking;
	Slot slots[kMostDatabases];
	int most_members;
	Member members[FLEXIBLE_ARRAY_MEMBER];
};

// Set in every process: by fork, or by the first use.
Shared *shared = nullptr;
int own_slot = -1;
Member *own_member = nullptr;
bool own_holds[kMostDatabases];
bool holds_any = false;

Size shared_size() {
	// Each member is a background worker.
	return add_size(offsetof(Shared, members), mul_size(sizeof(Member), static_cast<Size>(max_worker_processes)));
}

void request() {
	RequestAddinShmemSpace(MAXALIGN(shared_size()));
	RequestNamedLWLockTranche(kName, 1);
}

shmem_startup_hook_type previous_startup = nullptr;

void startup() {
	if (previous_startup != nullptr) {
		previous_startup();
	}
	bool found = false;
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = static_cast<Shared *>(ShmemInitStruct(kName, shared_size(), &found));
	if (!found) {
		std::memset(static_cast<void *>(shared), 0, shared_size());
		shared->most_members = max_worker_processes;
		shared->lock = &GetNamedLWLockTranche(kName)->lock;
	}
	LWLockRelease(AddinShmemInitLock);
}

// Called where no ERROR may happen: taking an LWLock raises none while fewer than 200 are held.
void wake_launcher_locked() {
	if (shared->launcher != nullptr) {
		SetLatch(shared->launcher);
	}
}

void leave_launcher(int /* code */, Datum /* argument */) {
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	if (shared->launcher == MyLatch) {
		shared->launcher = nullptr;
	}
	LWLockRelease(shared->lock);
}

void leave_slot(int /* code */, Datum /* argument */) {
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	if (own_slot >= 0 && shared->slots[own_slot].latch == MyLatch) {
		shared->slots[own_slot].latch = nullptr;
		shared->slots[own_slot].was_announced &= shared->slots[own_slot].gave_way;
	}
	wake_launcher_locked();
	LWLockRelease(shared->lock);
}

void leave_database(int /* code */, Datum /* argument */) {
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	own_member->pid = 0;
	own_member = nullptr;
	LWLockRelease(shared->lock);
}

// The slot of a database, one that is free for it, or -1. Under the lock.
int find_slot(Oid database) {
	int slot = -1;
	for (int i = 0; i < kMostDatabases; i++) {
		if (shared->slots[i].database == database) {
			return i;
		}
		if (slot < 0 && !OidIsValid(shared->slots[i].database)) {
			slot = i;
		}
	}
	if (slot >= 0) {
		shared->slots[slot] = Slot{};
		shared->slots[slot].database = database;
	}
	return slot;
}

bool is_held(Oid database) {
	return std::any_of(std::begin(shared->slots), std::end(shared->slots),
					   [=](const Slot &slot) { return slot.database == database && slot.holds > 0; });
}

bool has_member(Oid database) {
	return std::any_of(shared->members, shared->members + shared->most_members,
					   [=](const Member &member) { return member.pid != 0 && member.database == database; });
}

} // namespace

void request_shared_memory() {
	ask_for_shared_memory(request);
	previous_startup = shmem_startup_hook;
	shmem_startup_hook = startup;
}

void become_launcher() {
	call([] {
		before_shmem_exit(leave_launcher, 0);
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		shared->launcher = MyLatch;
		LWLockRelease(shared->lock);
	});
}

void wake_launcher() noexcept {
	if (shared == nullptr) {
		return;
	}
	LWLockAcquire(shared->lock, LW_SHARED);
	wake_launcher_locked();
	LWLockRelease(shared->lock);
}

std::optional<int> slot_for(Oid database) {
	const int found = call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		const int slot = find_slot(database);
		LWLockRelease(shared->lock);
		return slot;
	});
	return found < 0 ? std::nullopt : std::optional(found);
}

void keep_slots_of(const std::vector<Oid> &databases) {
	call([&] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		for (Slot &slot : shared->slots) {
			if (OidIsValid(slot.database) && slot.latch == nullptr && slot.holds == 0 && !has_member(slot.database) &&
				std::find(databases.begin(), databases.end(), slot.database) == databases.end()) {
				slot = Slot{};
			}
		}
		LWLockRelease(shared->lock);
	});
}

bool join(Oid database) {
	return call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		Member *place = nullptr;
		if (!is_held(database)) {
			place = std::find_if(shared->members, shared->members + shared->most_members,
								 [](const Member &member) { return member.pid == 0; });
			if (place != shared->members + shared->most_members) {
				place->pid = MyProcPid;
				place->database = database;
				place->latch = MyLatch;
				place->told_to_leave = false;
				own_member = place;
			}
		}
		LWLockRelease(shared->lock);
		if (own_member != nullptr) {
			before_shmem_exit(leave_database, 0);
		}
		return own_member != nullptr;
	});
}

bool told_to_leave() noexcept {
	return own_member != nullptr && own_member->told_to_leave;
}

bool serve(int slot) {
	return call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		const bool is_free = shared->slots[slot].database == MyDatabaseId && shared->slots[slot].latch == nullptr;
		if (is_free) {
			shared->slots[slot].latch = MyLatch;
			shared->slots[slot].has_nothing = false;
			shared->slots[slot].gave_way = false;
		}
		LWLockRelease(shared->lock);
		if (is_free) {
			own_slot = slot;
			before_shmem_exit(leave_slot, 0);
		}
		return is_free;
	});
}

void report_extension(int slot) {
	call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		if (!shared->slots[slot].has_extension) {
			shared->slots[slot].has_extension = true;
			wake_launcher_locked();
		}
		LWLockRelease(shared->lock);
	});
}

void report_nothing_to_serve(int slot) {
	call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		// A latch that is set may be an announcement that came after the last look.
		shared->slots[slot].has_nothing = !MyLatch->is_set;
		shared->slots[slot].has_extension = shared->slots[slot].has_extension && MyLatch->is_set;
		LWLockRelease(shared->lock);
	});
}

SlotState slot_state(int slot) {
	SlotState state;
	call([&] {
		LWLockAcquire(shared->lock, LW_SHARED);
		state.is_served = shared->slots[slot].latch != nullptr;
		state.has_nothing = shared->slots[slot].has_nothing;
		state.has_extension = shared->slots[slot].has_extension;
		state.is_held = shared->slots[slot].holds > 0;
		state.gave_way = shared->slots[slot].gave_way;
		state.back_at = shared->slots[slot].back_at;
		LWLockRelease(shared->lock);
	});
	return state;
}

namespace {

constexpr TimestampTz kShortage = 600'000'000;
constexpr TimestampTz kSilence = 3'600'000'000;

// Of a time in the future that was noted with a clock which may have been set back since.
bool is_still_to_come(TimestampTz time, TimestampTz now, TimestampTz longest) {
	return time > now && time <= now + longest;
}

void wake_schedulers_locked() {
	for (const Slot &slot : shared->slots) {
		if (slot.latch != nullptr) {
			SetLatch(slot.latch);
		}
	}
}

} // namespace

bool report_shortage(int workers) {
	return call([=] {
		const TimestampTz now = GetCurrentTimestamp();
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		if (shared->is_looking) {
			LWLockRelease(shared->lock);
			return false;
		}
		const bool is_new = !is_still_to_come(shared->short_until, now, kShortage);
		const auto members = static_cast<int>(std::count_if(shared->members, shared->members + shared->most_members,
															[](const Member &member) { return member.pid != 0; }));
		shared->capacity = std::max({is_new ? 0 : shared->capacity, workers, members});
		shared->short_until = now + kShortage;
		if (is_new) {
			wake_launcher_locked();
			wake_schedulers_locked();
		}
		const bool say = !is_still_to_come(shared->said_short_at + kSilence, now, kSilence);
		if (say) {
			shared->said_short_at = now;
		}
		LWLockRelease(shared->lock);
		return say;
	});
}

void report_looking(bool is_looking) {
	call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		shared->is_looking = is_looking;
		LWLockRelease(shared->lock);
	});
}

Sharing sharing() {
	Sharing found;
	call([&] {
		const TimestampTz now = GetCurrentTimestamp();
		LWLockAcquire(shared->lock, LW_SHARED);
		found.is_short = is_still_to_come(shared->short_until, now, kShortage);
		found.waiting = shared->waiting;
		found.capacity = shared->capacity;
		for (const Slot &slot : shared->slots) {
			found.serving += slot.latch != nullptr ? 1 : 0;
		}
		LWLockRelease(shared->lock);
	});
	return found;
}

void report_waiting(int databases) {
	call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		if (databases > 0 && shared->waiting == 0) {
			wake_schedulers_locked(); // who has nothing to do makes room
		}
		shared->waiting = databases;
		LWLockRelease(shared->lock);
	});
}

void give_way(int slot, std::int64_t back_at) {
	call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		shared->slots[slot].gave_way = true;
		// A latch that is set may be a change that came after the last look.
		shared->slots[slot].back_at = MyLatch->is_set ? 0 : back_at;
		LWLockRelease(shared->lock);
	});
}

bool is_first_to_serve(int slot) {
	return call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		const bool is_first = !shared->slots[slot].was_announced;
		shared->slots[slot].was_announced = true;
		LWLockRelease(shared->lock);
		return is_first;
	});
}

void hold_database(Oid database) {
	if (shared == nullptr) {
		return;
	}
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	const int slot = find_slot(database);
	if (slot >= 0 && !own_holds[slot]) {
		own_holds[slot] = true;
		holds_any = true;
		shared->slots[slot].holds++;
	}
	LWLockRelease(shared->lock);
}

int tell_to_leave(Oid database, bool by_force) {
	int left = 0;
	if (shared == nullptr) {
		return left;
	}
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < shared->most_members; i++) {
		Member &member = shared->members[i];
		if (member.pid != 0 && member.database == database) {
			left++;
			member.told_to_leave = true;
			SetLatch(member.latch);
			if (by_force) {
				kill(member.pid, SIGTERM);
			}
		}
	}
	LWLockRelease(shared->lock);
	return left;
}

bool tell_scheduler_to_leave(Oid database) {
	return call([=] {
		bool told = false;
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		for (const Slot &slot : shared->slots) {
			for (int i = 0; slot.latch != nullptr && slot.database == database && i < shared->most_members; i++) {
				Member &member = shared->members[i];
				if (member.pid != 0 && member.latch == slot.latch) {
					member.told_to_leave = true;
					SetLatch(member.latch);
					told = true;
				}
			}
		}
		LWLockRelease(shared->lock);
		return told;
	});
}

void release_holds() noexcept {
	if (!holds_any) {
		return;
	}
	holds_any = false;
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < kMostDatabases; i++) {
		if (own_holds[i]) {
			own_holds[i] = false;
			shared->slots[i].holds--;
			shared->slots[i].has_nothing = false; // what it holds may be another thing now
		}
	}
	wake_launcher_locked();
	LWLockRelease(shared->lock);
}

void wake_scheduler() noexcept {
	if (shared == nullptr) {
		return;
	}
	LWLockAcquire(shared->lock, LW_EXCLUSIVE);
	bool is_served = false;
	for (Slot &slot : shared->slots) {
		if (slot.database == MyDatabaseId) {
			slot.has_nothing = false;
			slot.has_extension = true;
			slot.back_at = 0;
			if (slot.latch != nullptr) {
				SetLatch(slot.latch);
				is_served = true;
			}
		}
	}
	if (!is_served) {
		wake_launcher_locked();
	}
	LWLockRelease(shared->lock);
}

} // namespace hyperline::pg
