// Intervals and time zones as PostgreSQL understands them, for rooms that compute with them in plain C++.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// A PostgreSQL interval.
struct IntervalParts {
	std::int32_t months;
	std::int32_t days;
	std::int64_t microseconds;
};

/// Reads an interval as PostgreSQL does; nullopt when it is not one. Reads nothing from the catalogs.
std::optional<IntervalParts> parse_interval(const std::string &text);

/// The offset from UTC in force at an instant in the zone `name`; throws 22023 when there is no such zone.
std::function<std::chrono::seconds(std::chrono::sys_seconds)> time_zone(const std::string &name);

/// 1970 against 2000, in microseconds.
inline constexpr std::int64_t kUnixEpochOffset = 946'684'800'000'000;

/// `microseconds` since 2000-01-01 UTC, a time that PostgreSQL can have, as text at UTC: '2024-02-29 12:00:00.123+00',
/// or 'infinity', '-infinity'.
std::string format_utc(std::int64_t microseconds);

} // namespace hyperline::pg
