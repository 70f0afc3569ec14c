#include "pg/lock.hpp"

#include "pg/memory.hpp"
#include "pg/shared.hpp"

extern "C" {
#include <catalog/namespace.h>
#include <nodes/makefuncs.h>
#include <storage/ipc.h>
#include <storage/lock.h>
}

namespace hyperline::pg {

namespace {

LOCKTAG make_tag(std::uint32_t space, std::uint32_t number) {
	LOCKTAG tag;
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, space, number, kLockKind);
	return tag;
}

int locks_held = 0;
bool watches_exit = false;

// The transaction manager has released the lock by now.
void at_exit(int /* code */, Datum /* argument */) {
	if (locks_held > 0) {
		wake_scheduler();
	}
}

} // namespace

SessionLock::SessionLock(std::uint32_t space, std::uint32_t number)
	: space_(space), number_(number), held_(call([=] {
		  if (!watches_exit) {
			  on_shmem_exit(at_exit, 0);
			  watches_exit = true;
		  }
		  const LOCKTAG tag = make_tag(space, number);
		  return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
	  })) {
	locks_held += held_ ? 1 : 0;
}

SessionLock::~SessionLock() {
	release();
}

void SessionLock::release() noexcept {
	if (held_) {
		held_ = false;
		locks_held--;
		const LOCKTAG tag = make_tag(space_, number_);
		LockRelease(&tag, ExclusiveLock, true);
	}
}

void hold_tables(const char *schema, std::span<const char *const> names, TableHold hold) {
	const OwnedContext scratch("hyperline names");
	const CurrentContext current(scratch.get());
	const char *const *name = names.data();
	const std::size_t count = names.size();
	const LOCKMODE mode = hold == TableHold::reading ? AccessShareLock : RowExclusiveLock;
	call([=] {
		for (std::size_t i = 0; i < count; i++) {
			RangeVar *table = makeRangeVar(pstrdup(schema), pstrdup(name[i]), -1);
			(void)RangeVarGetRelidExtended(table, mode, RVR_MISSING_OK, nullptr, nullptr);
		}
	});
}

} // namespace hyperline::pg
