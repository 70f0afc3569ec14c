// What an SQL-callable function asks of the session that it runs in, and what it does to other sessions.
#pragma once

#include <string>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// The encoding of this database, as PostgreSQL calls it: 'UTF8'.
std::string database_encoding();

/// Whether the transaction keeps one snapshot (REPEATABLE READ, SERIALIZABLE), so that it cannot see what others do.
bool snapshot_is_fixed();

/// Replaces the running statement in pg_stat_activity by `text`: it holds a secret. Until the next statement.
void show_instead_of_statement(const char *text);

/// Cancels what the process `pid` does, as pg_cancel_backend() would; false when there is no such process.
/// May be used for processes that hold a lock of ours only: nobody's rights are checked here.
bool cancel_process(int pid);

/// While it lives, a cancel waits; one that has come meanwhile is forgotten with it, for it came too late.
class CancelHold {
public:
	CancelHold() noexcept;
	~CancelHold();
	CancelHold(const CancelHold &) = delete;
	CancelHold &operator=(const CancelHold &) = delete;
};

} // namespace hyperline::pg
