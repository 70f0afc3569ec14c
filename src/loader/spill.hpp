// The file that a run spills to: one of PostgreSQL's temporary files.
#pragma once

#include <memory>

#include "loader/seen_keys.hpp"

namespace hyperline::loader {

std::unique_ptr<Spill> open_spill();

} // namespace hyperline::loader
