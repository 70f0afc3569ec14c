// What this room computes with: instants, intervals, and time zones.
//
// A zone is nothing but its offset from UTC at each instant; in the server that is PostgreSQL's own (pg/time.hpp), so
// that a schedule agrees with what the user sees in SQL. No function of this room reads a clock: the caller says what
// time it is, so that a test can say so too.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace hyperline::schedule {

/// A point in time, as PostgreSQL's timestamptz counts it, but from 1970.
using Instant = std::chrono::sys_time<std::chrono::microseconds>;

/// A PostgreSQL interval: months and days are those of the calendar, microseconds are elapsed time.
struct Interval {
	std::int32_t months = 0;
	std::int32_t days = 0;
	std::int64_t microseconds = 0;

	bool operator==(const Interval &) const = default;
};

/// Seconds east of UTC in force at an instant, in the time zone of a loader. Must not be empty, and must answer the
/// same at each call; what it throws is passed on.
using UtcOffset = std::function<std::chrono::seconds(std::chrono::sys_seconds)>;

} // namespace hyperline::schedule
