// A loader's refresh rate as text, and when it is due next.
#pragma once

#include <string>

#include "pg/spi.hpp"
#include "schedule/next_due.hpp"
#include "schedule/refresh_rate.hpp"

namespace hyperline::loader {

/// Reads an interval of at least a second, a cron expression, or @hourly and its kind. Throws 22023 with what is wrong.
schedule::RefreshRate parse_refresh_rate(const std::string &text);

/// When a loader that was due at `previous` is due next, after `now`. Throws 22023 for an unknown time zone.
pg::Timestamp next_due_at(const schedule::RefreshRate &rate, const std::string &time_zone, pg::Timestamp previous,
						  pg::Timestamp now);

} // namespace hyperline::loader
