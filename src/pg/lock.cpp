#include "pg/lock.hpp"

extern "C" {
#include <storage/lock.h>
}

namespace hyperline::pg {

namespace {

// The tag that pg_advisory_lock(int4, int4) uses, so that pg_locks shows it the usual way.
LOCKTAG make_tag(std::uint32_t space, std::uint32_t number) {
	LOCKTAG tag;
	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, space, number, 2);
	return tag;
}

} // namespace

SessionLock::SessionLock(std::uint32_t space, std::uint32_t number)
	: space_(space), number_(number), held_(call([=] {
		  const LOCKTAG tag = make_tag(space, number);
		  return LockAcquire(&tag, ExclusiveLock, true, true) != LOCKACQUIRE_NOT_AVAIL;
	  })) {
}

SessionLock::~SessionLock() {
	release();
}

void SessionLock::release() noexcept {
	if (held_) {
		held_ = false;
		const LOCKTAG tag = make_tag(space_, number_);
		LockRelease(&tag, ExclusiveLock, true);
	}
}

} // namespace hyperline::pg
