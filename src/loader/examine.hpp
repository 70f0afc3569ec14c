// A query at its source before a loader has it: described, and all that its user should know of it found.
#pragma once

#include <vector>

#include "event/findings.hpp"
#include "source/provider.hpp"

namespace hyperline::loader {

/// What the text of a query and the source's plan for it tell. `source` has begun, and `fields` are what it has
/// described; `options` are of the loader, if there is one. Throws what the source says of the query.
std::vector<event::Finding> examine(source::Source &source, const source::Query &query,
									const std::vector<source::Field> &fields, const event::MappingOptions &options);

/// A WARNING for each finding that is not an error.
void warn_of(const std::vector<event::Finding> &findings);

} // namespace hyperline::loader
