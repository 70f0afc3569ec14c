#include "pg/shared.hpp"

extern "C" {
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/lwlock.h>
#include <storage/shmem.h>
}

namespace hyperline::pg {

namespace {

constexpr const char *kName = "hyperline_connector";

struct Slot {
	Oid database;
	Latch *latch; // of the process that serves it; null: none
	bool has_nothing;
};

struct Shared {
	LWLock *lock;
	Latch *launcher;
	Slot slots[kMostDatabases];
};

// Set in every process: by fork, or by the first use.
Shared *shared = nullptr;
int own_slot = -1;

void request() {
	RequestAddinShmemSpace(MAXALIGN(sizeof(Shared)));
	RequestNamedLWLockTranche(kName, 1);
}

shmem_startup_hook_type previous_startup = nullptr;

void startup() {
	if (previous_startup != nullptr) {
		previous_startup();
	}
	bool found = false;
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	shared = static_cast<Shared *>(ShmemInitStruct(kName, sizeof(Shared), &found));
	if (!found) {
		std::memset(static_cast<void *>(shared), 0, sizeof(Shared));
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
	}
	wake_launcher_locked();
	LWLockRelease(shared->lock);
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

std::optional<int> slot_for(Oid database) {
	const int found = call([=] {
		int slot = -1;
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		for (int i = 0; i < kMostDatabases; i++) {
			if (shared->slots[i].database == database) {
				slot = i;
				break;
			}
			if (slot < 0 && !OidIsValid(shared->slots[i].database)) {
				slot = i;
			}
		}
		if (slot >= 0 && shared->slots[slot].database != database) {
			shared->slots[slot] = Slot{database, nullptr, false};
		}
		LWLockRelease(shared->lock);
		return slot;
	});
	return found < 0 ? std::nullopt : std::optional(found);
}

void free_slot(int slot) {
	call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		if (shared->slots[slot].latch == nullptr) {
			shared->slots[slot] = Slot{InvalidOid, nullptr, false};
		}
		LWLockRelease(shared->lock);
	});
}

bool serve(int slot) {
	return call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		const bool is_free = shared->slots[slot].database == MyDatabaseId && shared->slots[slot].latch == nullptr;
		if (is_free) {
			shared->slots[slot].latch = MyLatch;
			shared->slots[slot].has_nothing = false;
		}
		LWLockRelease(shared->lock);
		if (is_free) {
			own_slot = slot;
			before_shmem_exit(leave_slot, 0);
		}
		return is_free;
	});
}

void report_nothing_to_serve(int slot) {
	call([=] {
		LWLockAcquire(shared->lock, LW_EXCLUSIVE);
		// A latch that is set may be an announcement that came after the last look.
		shared->slots[slot].has_nothing = !MyLatch->is_set;
		LWLockRelease(shared->lock);
	});
}

SlotState slot_state(int slot) {
	SlotState state;
	call([&] {
		LWLockAcquire(shared->lock, LW_SHARED);
		state.is_served = shared->slots[slot].latch != nullptr;
		state.has_nothing = shared->slots[slot].has_nothing;
		LWLockRelease(shared->lock);
	});
	return state;
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
