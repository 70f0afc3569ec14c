// Whether an answer that was read from the system catalogs can still be right. PostgreSQL tells each process what
// others have committed to them (utils/inval.h); its own caches go by that, too.
#pragma once

#include <cstdint>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// How often this process has been told of a change to any table or what belongs to it (columns, indexes, triggers,
/// policies, rules, constraints, privileges), or to any role, membership, schema, function, operator, type or domain's
/// constraint of this database. While the number stays the same so does what the catalogs say of them, but for what an
/// extension is made of. Takes in what is waiting to be told. Inside a transaction. Throws Error.
std::uint64_t catalog_changes();

} // namespace hyperline::pg
