// Session-level advisory locks, the kind that lives until it is released or the process ends.
#pragma once

#include <cstdint>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// What pg_locks shows as objsubid. pg_advisory_lock() has 1 and 2, and everybody may call it: no SQL reaches this one.
constexpr std::uint16_t kLockKind = 18508;

/// The lock (space, number) of this database, held by the session, or not held when somebody else has it.
/// Released with its owner; by the server when the process ends in any way, and then the scheduler is woken, which
/// looks after what the process has left undone.
class SessionLock {
public:
	SessionLock(std::uint32_t space, std::uint32_t number);
	~SessionLock();
	SessionLock(const SessionLock &) = delete;
	SessionLock &operator=(const SessionLock &) = delete;

	[[nodiscard]] bool held() const noexcept { return held_; }
	void release() noexcept;

private:
	std::uint32_t space_;
	std::uint32_t number_;
	bool held_;
};

} // namespace hyperline::pg
