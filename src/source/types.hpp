// The types of a query's columns, as the source names them and as their values are to be read.
#pragma once

#include <vector>

#include "source/field.hpp"
#include "source/libpq.hpp"

namespace hyperline::source {

/// Fills in all but the names of `fields`, the columns of `described`. Domains are resolved to what they are made of.
/// Throws 08P01 for an answer that does not fit.
void look_up_types(PqConnection &connection, std::vector<Field> &fields, const PGresult *described);

} // namespace hyperline::source
