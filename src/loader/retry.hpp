// Which failures a retry may mend.
#pragma once

#include <string_view>

#include "pg/failure.hpp"

namespace hyperline::loader {

/// Whether a run that failed like this may succeed when it is tried again soon: connections that broke,
/// servers that restart or are out of resources, conflicts and time-outs, a replica that lags. Not: a wrong password, a
/// query that does not parse, a missing field (threats-and-faults.md, 2.4).
bool worth_retrying(const Failure &failure);

/// Whether a local transaction that ended with this SQLSTATE is worth beginning again at once: others were in its way.
bool passes_by_itself(std::string_view sqlstate);

} // namespace hyperline::loader
