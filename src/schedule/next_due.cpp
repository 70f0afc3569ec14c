#include "schedule/next_due.hpp"

#include "schedule/local_time.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace hyperline::schedule {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::local_days;
using std::chrono::local_time;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;
using std::chrono::years;

namespace {

// Between these, no arithmetic of this file overflows.
constexpr Instant kEarliest = sys_days{year{1} / 1 / 1};
constexpr Instant kLatest = sys_days{year{10000} / 1 / 1} - microseconds{1};

// The calendar repeats itself after that time, days of the week included.
constexpr years kCalendarCycle{400};

// Dates whose offsets are looked up together.
constexpr days kDaysAtOnce{3};

// ---- Intervals ----

// The mean month of the calendar: 146097 days are 4800 months.
constexpr microseconds kMeanMonth = std::chrono::months{1};

// How far a number of calendar months and days may be from the same number of mean ones: months are uneven by less than
// four days (and by as much for the month we start in), days by an offset's change.
constexpr microseconds kUneven = days{10};

bool is_calendar(const Interval &interval) {
	return interval.months != 0 || interval.days != 0;
}

Instant add_months(Instant instant, std::int64_t count, const UtcOffset &offset) {
	const local_time<microseconds> local = local_of(offset, instant);
	const local_days date = floor<days>(local);
	year_month_day moved = year_month_day{date} + std::chrono::months{count};
	if (!moved.ok()) {
		moved = moved.year() / moved.month() / std::chrono::last;
	}
	return instant_of(offset, local_days{moved} + (local - date));
}

Instant add_days(Instant instant, std::int64_t count, const UtcOffset &offset) {
	return instant_of(offset, local_of(offset, instant) + days{count});
}

// anchor + times * interval, as PostgreSQL's timestamptz_pl_interval() adds in this zone. Never decreases with `times`.
Instant add(Instant anchor, const Interval &interval, std::int64_t times, const UtcOffset &offset) {
	Instant sum = anchor;
	if (interval.months != 0) {
		sum = add_months(sum, interval.months * times, offset);
	}
	if (interval.days != 0) {
		sum = add_days(sum, interval.days * times, offset);
	}
	return sum + microseconds{interval.microseconds * times};
}

std::int64_t floor_divide(microseconds dividend, microseconds divisor) {
	const std::int64_t quotient = dividend / divisor;
	return dividend % divisor < microseconds{0} ? quotient - 1 : quotient;
}

// The smallest number of times, negative ones too, after which `anchor` is past `now`.
std::int64_t times_to_pass(Instant anchor, const Interval &interval, Instant now, const UtcOffset &offset) {
	const microseconds mean = interval.months * kMeanMonth + days{interval.days} + microseconds{interval.microseconds};
	if (!is_calendar(interval)) {
		return floor_divide(now - anchor, mean) + 1;
	}
	std::int64_t too_few = floor_divide(now - anchor - kUneven, mean);
	std::int64_t enough = floor_divide(now - anchor + kUneven, mean) + 1;
	while (enough - too_few > 1) {
		const std::int64_t middle = too_few + (enough - too_few) / 2;
		(add(anchor, interval, middle, offset) > now ? enough : too_few) = middle;
	}
	return enough;
}

Instant next_of(const Every &every, Instant previous_due, Instant now, const UtcOffset &offset) {
	const Interval &interval = every.interval();
	std::int64_t times = times_to_pass(previous_due, interval, now, offset);
	if (times < 1 && previous_due <= add(now, interval, 1, offset)) {
		times = 1;
	}
	return add(previous_due, interval, times, offset);
}

// ---- Cron ----

// The earliest of the instants after `after` that the minutes of `date` stand for.
std::optional<Instant> first_on(const Cron &cron, local_days date, const LocalWindow &window, Instant after) {
	std::optional<Instant> first;
	const auto consider = [&](Instant instant) {
		if (instant > after && (!first || instant < *first)) {
			first = instant;
		}
	};
	for (unsigned hour = 0; hour < 24; hour++) {
		for (unsigned minute = 0; cron.has_hour(hour) && minute < 60; minute++) {
			if (!cron.has_minute(minute)) {
				continue;
			}
			const std::chrono::local_seconds local = date + hours{hour} + minutes{minute};
			if (!cron.any_hour()) {
				consider(window.instant_of(local, Occurrence::first));
				continue;
			}
			for (const Stretch &stretch : window.stretches()) {
				const std::chrono::sys_seconds instant = by_clock_of(stretch, local);
				if (contains(stretch, instant)) {
					consider(instant);
				}
			}
		}
	}
	return first;
}

// Goes from matching date to matching date, as long as one may have an earlier instant than the dates before it. That
// is seldom the case after the first instant was found: where clocks are put back over midnight. It begins a day early,
// for they may be put back, or forward, by a day.
Instant first_after(const Cron &cron, Instant after, const UtcOffset &offset) {
	const local_days start = floor<days>(local_of(offset, after)) - days{1};
	const local_days last = start + floor<days>(kCalendarCycle + years{1});
	local_days covered = start + kDaysAtOnce;
	LocalWindow window(offset, start, covered);
	std::optional<Instant> found;
	for (std::optional<local_days> date = cron.first_date(start, last); date;
		 date = cron.first_date(*date + days{1}, last)) {
		if (*date >= covered) {
			covered = *date + kDaysAtOnce;
			window = LocalWindow(offset, *date, covered);
		}
		if (found && window.earliest(*date) >= *found) {
			break;
		}
		const std::optional<Instant> first = first_on(cron, *date, window, after);
		if (first && (!found || *first < *found)) {
			found = first;
		}
	}
	return found.value_or(Instant::max());
}

Instant next_of(const Cron &cron, Instant previous_due, Instant now, const UtcOffset &offset) {
	const Instant next = first_after(cron, now, offset);
	return previous_due > now && previous_due <= next ? first_after(cron, previous_due, offset) : next;
}

} // namespace

Instant next_due(const RefreshRate &rate, Instant previous_due, Instant now, const UtcOffset &offset) {
	if (now > kLatest) {
		return Instant::max();
	}
	const Instant previous = std::clamp(previous_due, kEarliest, kLatest);
	const Instant from = std::max(now, kEarliest);
	return std::visit([&](const auto &kind) { return next_of(kind, previous, from, offset); }, rate);
}

} // namespace hyperline::schedule
