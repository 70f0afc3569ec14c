// Locks: session-level advisory ones, the kind that lives until it is released or the process ends; and tables, which
// are held until the transaction ends.
#pragma once

#include <cstdint>
#include <span>

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

enum class TableHold : std::uint8_t {
	reading, ///< ACCESS SHARE: it stays the table that it is, and cannot be made another kind of thing
	writing	 ///< ROW EXCLUSIVE: what belongs to it stays, too (owner, triggers, policies, constraints, indexes)
};

/// Holds the tables of that schema that have those names, as far as they are there, until the transaction ends. Waits
/// for whoever changes them. Throws Error.
void hold_tables(const char *schema, std::span<const char *const> names, TableHold hold);

} // namespace hyperline::pg
