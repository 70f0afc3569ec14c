// What a source would do to read a query.
#pragma once

#include "source/libpq.hpp"
#include "source/provider.hpp"

namespace hyperline::source {

/// Asks for it with EXPLAIN, in the transaction that is open. Throws what the source says of the query.
Plan plan_of(PqConnection &connection, const ReadPlan &plan);

} // namespace hyperline::source
