// With whose rights something runs.
//
// The tables belong to the extension's owner and are closed to everybody else: a function that people call does its
// work with the owner's rights, after PostgreSQL has checked that the caller may execute it. This is what SECURITY
// DEFINER does, but for two things: the caller is known exactly (under SECURITY DEFINER only the session's user is,
// which is somebody else when the function is called by another SECURITY DEFINER function), and it works in a procedure
// that commits.
//
// Code that users attach to a table (triggers, policies, rules) runs as the role that writes, never as more: AsRole.
#pragma once

#include <optional>
#include <string>

#include "pg/gate.hpp"

namespace hyperline::pg {

inline constexpr const char *kExtension = "hyperline_connector";

/// The role that called the function that runs; the current role when there is none.
Oid caller();
bool caller_is_superuser();
std::string caller_name();

/// The role with whose rights statements run now.
Oid current_role();

/// The owner of the function that `fcinfo` calls.
Oid function_owner(FunctionCallInfo fcinfo);

/// The owner of the extension in this database; 0 when the extension is not there. Only inside a gate.
Oid extension_owner();

/// The owner of the extension's functions, with whose rights they do their work, as workers do; 0 when the extension is
/// not there. Only inside a gate.
Oid functions_owner();

/// nullopt when there is no such role.
std::optional<Oid> find_role(const std::string &name);
std::optional<std::string> role_name(Oid role);
bool is_superuser_role(Oid role);
/// Whether `member` may do what `role` may: it is that role, a member of it, or a superuser.
bool has_rights_of(Oid member, Oid role);

/// Whether the caller may do what the role of that name may. False when there is none.
bool caller_may_act_as(const std::string &role);

/// An identifier, quoted if need be.
std::string quote_identifier(const std::string &name);

/// Makes a function's owner the current user, for a scope, and notes who called. An abort does the same as the
/// destructor.
class AsOwner {
public:
	explicit AsOwner(Oid owner) noexcept;
	~AsOwner();
	AsOwner(const AsOwner &) = delete;
	AsOwner &operator=(const AsOwner &) = delete;

private:
	Oid user_ = InvalidOid;
	int security_ = 0;
	Oid caller_;
};

/// Makes `role` the current user, for a scope, in a way that code which runs as that role cannot leave: it cannot
/// change the role, nor leave anything in the session (settings, temporary tables, deferred triggers) for what runs
/// after it with other rights. After logical replication's SwitchToUntrustedUser() (PostgreSQL 1e10d49b65). Inside a
/// transaction.
class AsRole {
public:
	explicit AsRole(Oid role);
	~AsRole();
	AsRole(const AsRole &) = delete;
	AsRole &operator=(const AsRole &) = delete;

protected:
	AsRole(Oid role, int restriction);

private:
	Oid user_ = InvalidOid;
	int security_ = 0;
	int nesting_ = 0;
	int exceptions_;
};

/// Makes the role that commits the current user, for a scope: the session's, as SET ROLE has left it, whatever
/// functions are on the way; in a worker the one that its transaction has (pg/transaction.hpp). What the session itself
/// has left to be done runs in it, as it would at the commit and never with more rights. It keeps no role and no
/// setting. Inside a transaction.
class AsCommitter : private AsRole {
public:
	AsCommitter();
	~AsCommitter();
	AsCommitter(const AsCommitter &) = delete;
	AsCommitter &operator=(const AsCommitter &) = delete;

private:
	Oid caller_;
};

} // namespace hyperline::pg

/// Defines an SQL-callable function whose body is C++ and runs with the rights of the function's owner:
/// HYPERLINE_FUNCTION(hyperline_x) { ... return Datum; }
#define HYPERLINE_FUNCTION_WITH(name, visibility)                                                                      \
	static Datum name##_with_rights(FunctionCallInfo fcinfo);                                                          \
	HYPERLINE_PLAIN_FUNCTION_WITH(name, visibility) {                                                                  \
		const ::hyperline::pg::AsOwner as_owner(::hyperline::pg::function_owner(fcinfo));                              \
		return name##_with_rights(fcinfo);                                                                             \
	}                                                                                                                  \
	static Datum name##_with_rights([[maybe_unused]] FunctionCallInfo fcinfo)

#define HYPERLINE_FUNCTION(name) HYPERLINE_FUNCTION_WITH(name, ::hyperline::pg::Statement::shown)
