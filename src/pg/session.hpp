// What an SQL-callable function asks of the session that it runs in, and what it does to other sessions.
#pragma once

#include <string>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// The encoding of this database, as PostgreSQL calls it: 'UTF8'.
std::string database_encoding();

/// Whether the transaction keeps one snapshot (REPEATABLE READ, SERIALIZABLE), so that it cannot see what others do.
bool snapshot_is_fixed();

/// Shows `text`, a constant, instead of the running statement, which holds a secret: in pg_stat_activity, and as the
/// STATEMENT of whatever the server itself logs (a FATAL, that a lock was waited for), until the next statement. What
/// called us, whose CONTEXT quotes the statement, is out of sight for the scope.
class HiddenStatement {
public:
	explicit HiddenStatement(const char *text);
	~HiddenStatement();
	HiddenStatement(const HiddenStatement &) = delete;
	HiddenStatement &operator=(const HiddenStatement &) = delete;

private:
	ErrorContextCallback *contexts_;
};

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
