// Who may do what: three levels, given to roles as ordinary privileges, so that \dp shows them, dumps keep them,
// members of a role have what the role has, and dropping a role says what it still holds.
//
// All functions need an open pg::Connection (SPI).
#pragma once

#include <string>

#include "pg/gate.hpp"

namespace hyperline::store {

/// Gives a role exactly the rights of a level: "reader", "operator" or "admin". Throws 22023 for another word and
/// for the extension's owner, 42704 for a role that does not exist.
void grant_access(Oid role, const std::string &level);

/// Takes from a role all that it has in the schema of its own. Throws 22023 for the extension's owner, 42704 for a role
/// that does not exist.
void revoke_access(Oid role);

} // namespace hyperline::store
