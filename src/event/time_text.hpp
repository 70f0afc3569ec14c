// Times as PostgreSQL prints them with DateStyle ISO and TimeZone UTC: read to the microsecond, and written as
// to_jsonb() writes them.
#pragma once

#include <cstdint>
#include <string_view>

namespace hyperline::event {

enum class TimeStatus : std::uint8_t { ok, infinite, out_of_range, invalid };

struct ParsedTime {
	TimeStatus status = TimeStatus::invalid;
	std::int64_t microseconds = 0; ///< since 2000-01-01 00:00:00 UTC; a time without a zone is read as UTC
};

/// Reads '2024-02-29', '2024-02-29 12:00:00.5', '2024-02-29 12:00:00+05:30', each also with ' BC', and infinities.
/// out_of_range: no PostgreSQL timestamptz holds it (4713 BC to 294276 AD).
ParsedTime parse_time(std::string_view text);

/// Writes a timestamp or timestamptz as to_jsonb() does, into `out`, which has room for kLongestTime bytes. Returns the
/// length; 0 when `text` does not look like one.
inline constexpr std::size_t kLongestTime = 64;
std::size_t write_json_time(std::string_view text, char *out);

} // namespace hyperline::event
