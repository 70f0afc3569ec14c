#include "schedule/refresh_rate.hpp"

#include <string>
#include <vector>

namespace hyperline::schedule {

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

// Ten years, however they are given: as 120 months, as days of which some are leap days, or as hours.
constexpr std::int32_t kMostMonths = 120;
constexpr std::int32_t kMostDays = 3660;
constexpr std::int32_t kDaysOfMonth = 30;

// Texts longer than this are not repeated in an error.
constexpr std::size_t kMostShown = 100;

constexpr const char *kHint = "Give an interval such as '30 seconds' or '1 hour', a cron expression such as "
							  "'30 2 * * 1-5' (02:30 from Monday to Friday), or @hourly, @daily, @weekly or @monthly.";

Error refusal(std::string message, std::string detail = {}) {
	return {sqlstate::kInvalidParameterValue, std::move(message), std::move(detail), kHint};
}

bool is_too_long(const Interval &interval) {
	return interval.months > kMostMonths || interval.days > kMostDays || interval.microseconds > kMostDays * kDay ||
		   (std::int64_t{interval.months} * kDaysOfMonth + interval.days) * kDay + interval.microseconds >
			   kMostDays * kDay;
}

} // namespace

Every every(const Interval &interval) {
	if (interval.months < 0 || interval.days < 0 || interval.microseconds < 0) {
		throw refusal("refresh rate must not be negative", "A part of the interval is negative.");
	}
	if (interval.months == 0 && interval.days == 0 && interval.microseconds < kSecond) {
		throw refusal("refresh rate must be at least one second");
	}
	if (is_too_long(interval)) {
		throw refusal("refresh rate must be at most ten years");
	}
	return Every(interval);
}

Error invalid_refresh_rate(std::string_view text) {
	const std::vector<std::string_view> fields = split_fields(text);
	std::string detail;
	if (fields.size() == 1 && fields[0].front() == '@') {
		detail = "There is no such name.";
	} else if (text.find('*') != std::string_view::npos) {
		detail = "A cron expression has five fields, separated by spaces, and this has " +
				 std::to_string(fields.size()) + ".";
	}
	if (text.size() > kMostShown) {
		return refusal("invalid refresh rate", std::move(detail));
	}
	return refusal("invalid refresh rate \"" + std::string(text) + '"', std::move(detail));
}

} // namespace hyperline::schedule
