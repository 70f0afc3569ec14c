// What the log says of a failure.
#pragma once

#include <string>

#include "pg/failure.hpp"

namespace hyperline::worker {

/// Its message, SQLSTATE, DETAIL, what is for the log only, and HINT, in one line without control characters.
std::string failure_line(const Failure &failure);

} // namespace hyperline::worker
