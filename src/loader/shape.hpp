// The shape of a query's result: its fields' names and types, as they are kept between runs.
#pragma once

#include <string>
#include <vector>

#include "source/field.hpp"

namespace hyperline::loader {

/// As JSON, in the query's order: [{"name": "id", "type": "bigint"}, ...].
std::string shape_of(const std::vector<source::Field> &fields);

/// Whether rows of both print the same way.
bool is_same_shape(const std::vector<source::Field> &a, const std::vector<source::Field> &b);

} // namespace hyperline::loader
