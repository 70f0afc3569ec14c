// Cron expressions: which minutes of which days, as a wall clock shows them. What instants these are is for
// next_due.hpp.
//
// Five fields: minute, hour, day of month, month, day of week. A field is a list of `*`, numbers, ranges (`1-5`) and
// these with a step (`*/15`, `1-30/5`, `5/10`: from 5 to the end); months and days of the week have names too. Rules
// that are nowhere written down are those of Vixie's cron (crontab(5)), which pg_cron has as well.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace hyperline::schedule {

/// The longest cron expression, in bytes.
inline constexpr std::size_t kMaxCronLength = 1000;

class Cron {
public:
	/// Reads an expression, or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually.
	///
	/// Stricter than Vixie's, where that would hide a mistake: a step that is larger than the field, a range that goes
	/// down and an expression that never fires (30 February) are refused. A range of days of the week may end on Sunday
	/// by name, by 7 or by 0 (`FRI-SUN`). @throws Error 22023.
	static Cron parse(std::string_view text);

	/// The first date from `from` to `last`, both included, that the last three fields match; nullopt: none of them.
	/// When neither the day of the month nor the day of the week begins with `*`, one of the two has to match, else
	/// both.
	[[nodiscard]] std::optional<std::chrono::local_days> first_date(std::chrono::local_days from,
																	std::chrono::local_days last) const;

	/// Whether the hour field names the hour (0 to 23).
	[[nodiscard]] bool has_hour(unsigned hour) const noexcept { return (hours_ >> hour & 1) != 0; }

	/// Whether the minute field names the minute (0 to 59).
	[[nodiscard]] bool has_minute(unsigned minute) const noexcept { return (minutes_ >> minute & 1) != 0; }

	/// Whether the hour field begins with `*`: such an expression means "again and again", and it is due whenever the
	/// clock shows one of its minutes. Any other names times of the day, of which each comes once.
	[[nodiscard]] bool any_hour() const noexcept { return any_hour_; }

	bool operator==(const Cron &) const = default;

private:
	Cron() = default;
	[[nodiscard]] bool has_date(std::chrono::year_month_day date) const;
	[[nodiscard]] bool ever_has_a_date() const;

	std::uint64_t minutes_ = 0;	 // bit n: n
	std::uint64_t hours_ = 0;	 // bit n: n
	std::uint64_t days_ = 0;	 // bit n: n, from 1
	std::uint64_t months_ = 0;	 // bit n: n, from 1
	std::uint64_t weekdays_ = 0; // bit 0: Sunday
	bool any_hour_ = false;		 // the field begins with *
	bool any_day_ = false;		 // the field begins with *
	bool any_weekday_ = false;	 // the field begins with *
};

/// Whether a refresh rate is meant as a cron expression (right or wrong), and not as an interval: one of the names that
/// Cron::parse() knows, or five fields of which the first has digits and `*,-/` only and the second is not a word, as
/// it is in the interval '1 day 2 hours 3'.
bool looks_like_cron(std::string_view text);

/// The parts of a text between white space (ASCII).
std::vector<std::string_view> split_fields(std::string_view text);

} // namespace hyperline::schedule
