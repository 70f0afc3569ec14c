#include "schedule/next_due.hpp"

#include "schedule_zones.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace hyperline::schedule {

namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;

const UtcOffset &no_offset() {
	static const UtcOffset offset = [](std::chrono::sys_seconds) { return seconds{0}; };
	return offset;
}

std::string next_interval(const Interval &interval, const char *previous, const char *now) {
	return show(next_due(every(interval), utc(previous), utc(now), no_offset()));
}

// The due times of an expression after `now`, one after the other.
std::vector<std::string> due_times(const char *zone, const char *cron, const char *now, int count) {
	const UtcOffset offset = system_zone(zone);
	const RefreshRate rate = Cron::parse(cron);
	std::vector<std::string> times;
	Instant due = utc(now);
	for (int i = 0; i < count; i++) {
		due = next_due(rate, due, due, offset);
		times.push_back(show(due).substr(5, 11)); // month to minute
	}
	return times;
}

using Times = std::vector<std::string>;

} // namespace

TEST(NextDue, IntervalStaysAlignedToWhenItWasDue) {
	EXPECT_EQ(next_interval({0, 0, kHour}, "2024-05-01 00:07:13", "2024-05-01 00:07:13"), "2024-05-01 01:07:13");
	EXPECT_EQ(next_interval({0, 0, kHour}, "2024-05-01 00:07:13", "2024-05-01 00:59:59"), "2024-05-01 01:07:13");
	EXPECT_EQ(next_interval({0, 0, kHour}, "2024-05-01 00:07:13", "2024-05-01 01:07:12"), "2024-05-01 01:07:13");
	EXPECT_EQ(next_interval({0, 0, 7 * kSecond}, "2024-05-01 00:00:00", "2024-05-01 00:00:06"), "2024-05-01 00:00:07");
	EXPECT_EQ(next_interval({0, 0, kSecond + 1}, "2024-05-01 00:00:00", "2024-05-01 00:00:02"),
			  "2024-05-01 00:00:02.000002");
}

TEST(NextDue, MissedIntervalsAreMadeUpByOneRun) {
	EXPECT_EQ(next_interval({0, 0, kHour}, "2024-05-01 00:07:13", "2024-05-01 01:07:13"), "2024-05-01 02:07:13");
	EXPECT_EQ(next_interval({0, 0, kHour}, "2024-05-01 00:07:13", "2024-06-03 17:30:00"), "2024-06-03 18:07:13");
	EXPECT_EQ(next_interval({0, 0, kSecond}, "1970-01-01 00:00:00", "2024-06-03 17:30:00"), "2024-06-03 17:30:01");
	EXPECT_EQ(next_interval({0, 1, 0}, "1970-01-01 03:00:00", "2024-06-03 17:30:00"), "2024-06-04 03:00:00");
	EXPECT_EQ(next_interval({1, 0, 0}, "1970-01-31 03:00:00", "2024-06-03 17:30:00"), "2024-06-30 03:00:00");
}

// What PostgreSQL 15 says with SET timezone: anchor + interval * times.
TEST(NextDue, CalendarIntervalsAreWhatPostgresqlAdds) {
	struct Case {
		const char *zone;
		const char *anchor;
		Interval interval;
		int times;
		const char *sum;
	};
	const std::vector<Case> cases{
		{"UTC", "2024-01-31 00:00:00", {1, 0, 0}, 1, "2024-02-29 00:00:00"},
		{"UTC", "2024-01-31 00:00:00", {1, 0, 0}, 2, "2024-03-31 00:00:00"},
		{"UTC", "2024-01-31 00:00:00", {1, 0, 0}, 13, "2025-02-28 00:00:00"},
		{"UTC", "2024-02-29 12:00:00", {12, 0, 0}, 1, "2025-02-28 12:00:00"},
		{"UTC", "2024-02-29 12:00:00", {12, 0, 0}, 4, "2028-02-29 12:00:00"},
		{"UTC", "2023-12-31 23:59:59", {1, 1, 1000000}, 2, "2024-03-03 00:00:01"},
		{"UTC", "2024-01-01 00:00:00", {0, 1, 0}, 1000, "2026-09-27 00:00:00"},
		{"America/New_York", "2024-03-09 07:30:00", {0, 1, 0}, 1, "2024-03-10 07:30:00"},
		{"America/New_York", "2024-03-09 07:30:00", {0, 1, 0}, 2, "2024-03-11 06:30:00"},
		{"America/New_York", "2024-11-02 05:30:00", {0, 1, 0}, 1, "2024-11-03 06:30:00"},
		{"America/New_York", "2024-11-02 05:30:00", {0, 1, 0}, 2, "2024-11-04 06:30:00"},
		{"America/New_York", "2024-11-03 05:30:00", {0, 1, 0}, 1, "2024-11-04 06:30:00"},
		{"America/New_York", "2024-11-03 06:30:00", {0, 1, 0}, 1, "2024-11-04 06:30:00"},
		{"America/New_York", "2024-02-10 07:30:00", {1, 0, 0}, 1, "2024-03-10 07:30:00"},
		{"America/New_York", "2024-02-10 07:30:00", {1, 1, 0}, 1, "2024-03-11 07:30:00"},
		{"America/New_York", "2024-02-09 07:30:00", {1, 1, 3600000000}, 1, "2024-03-10 08:30:00"},
		{"America/New_York", "2024-01-31 17:00:00", {1, 0, 0}, 6, "2024-07-31 16:00:00"},
		{"America/New_York", "2020-02-29 17:00:00", {12, 0, 0}, 7, "2027-02-28 17:00:00"},
		{"Europe/Berlin", "2024-03-30 01:30:00", {0, 1, 0}, 1, "2024-03-31 01:30:00"},
		{"Europe/Berlin", "2024-10-26 00:30:00", {0, 1, 0}, 1, "2024-10-27 01:30:00"},
		{"Europe/Berlin", "2024-10-26 00:30:00", {0, 1, 0}, 2, "2024-10-28 01:30:00"},
		{"Europe/Berlin", "2024-01-01 23:00:00", {0, 7, 0}, 20, "2024-05-20 22:00:00"},
		{"Australia/Lord_Howe", "2024-10-04 15:45:00", {0, 1, 0}, 1, "2024-10-05 15:45:00"},
		{"Australia/Lord_Howe", "2024-04-05 14:45:00", {0, 1, 0}, 1, "2024-04-06 15:15:00"},
		{"Australia/Lord_Howe", "2024-04-05 14:45:00", {0, 1, 0}, 2, "2024-04-07 15:15:00"},
		{"Pacific/Apia", "2011-12-29 20:00:00", {0, 1, 0}, 1, "2011-12-30 20:00:00"},
		{"Pacific/Apia", "2011-12-29 20:00:00", {0, 1, 0}, 3, "2011-12-31 20:00:00"},
		{"Pacific/Apia", "2011-11-30 20:00:00", {1, 0, 0}, 1, "2011-12-30 20:00:00"},
		{"Pacific/Kwajalein", "1969-09-28 20:00:00", {0, 1, 0}, 1, "1969-09-30 19:00:00"},
		{"Pacific/Kwajalein", "1969-09-28 20:00:00", {0, 1, 0}, 2, "1969-10-01 19:00:00"},
		{"Pacific/Kwajalein", "1969-09-28 20:00:00", {0, 1, 0}, 3, "1969-10-02 19:00:00"},
		{"America/Sao_Paulo", "2018-11-03 03:15:00", {0, 1, 0}, 1, "2018-11-04 03:15:00"},
		{"America/Sao_Paulo", "2018-02-17 01:30:00", {0, 1, 0}, 1, "2018-02-18 02:30:00"},
		{"Africa/Monrovia", "1972-01-05 12:00:00", {0, 1, 0}, 2, "1972-01-07 11:15:30"},
		{"Asia/Kolkata", "2024-01-31 18:29:59", {1, 0, 0}, 1, "2024-02-29 18:29:59"},
		{"Asia/Kolkata", "2024-01-31 18:30:00", {1, 0, 0}, 1, "2024-02-29 18:30:00"},
	};
	for (const Case &c : cases) {
		const Instant sum = utc(c.sum);
		const UtcOffset offset = system_zone(c.zone);
		const RefreshRate rate = every(c.interval);
		EXPECT_EQ(show(next_due(rate, utc(c.anchor), sum - microseconds{1}, offset)), c.sum)
			<< c.zone << " " << c.anchor << " " << c.times;
		EXPECT_GT(next_due(rate, utc(c.anchor), sum, offset), sum);
	}
}

// Apia has no 30 December 2011: its time is that of the 31st, and one run is for both.
TEST(NextDue, DayThatTheZoneSkippedIsNotRunTwice) {
	const UtcOffset apia = system_zone("Pacific/Apia");
	Instant due = utc("2011-12-28 20:00:00");
	Times times;
	for (int i = 0; i < 4; i++) {
		due = next_due(every({0, 1, 0}), utc("2011-12-28 20:00:00"), due, apia);
		times.push_back(show(due));
	}
	EXPECT_EQ(times,
			  (Times{"2011-12-29 20:00:00", "2011-12-30 20:00:00", "2011-12-31 20:00:00", "2012-01-01 20:00:00"}));
}

TEST(NextDue, ClockThatWentBackALittleDoesNotRepeatARun) {
	EXPECT_EQ(next_interval({0, 0, kHour}, "2024-05-01 10:00:00", "2024-05-01 09:59:58"), "2024-05-01 11:00:00");
	EXPECT_EQ(next_interval({0, 0, kHour}, "2024-05-01 10:00:00", "2024-05-01 09:00:00"), "2024-05-01 11:00:00");
	EXPECT_EQ(next_interval({1, 0, 0}, "2024-05-01 10:00:00", "2024-04-20 00:00:00"), "2024-06-01 10:00:00");
	const RefreshRate nightly = Cron::parse("30 2 * * *");
	EXPECT_EQ(show(next_due(nightly, utc("2024-05-01 02:30:00"), utc("2024-05-01 02:29:58"), no_offset())),
			  "2024-05-02 02:30:00");
	EXPECT_EQ(show(next_due(nightly, utc("2024-05-01 01:00:00"), utc("2024-04-30 23:00:00"), no_offset())),
			  "2024-05-01 02:30:00");
}

TEST(NextDue, ClockThatWentFarBackDoesNotStopTheLoader) {
	EXPECT_EQ(next_interval({0, 0, kHour}, "2024-05-01 10:07:00", "2024-05-01 09:06:59"), "2024-05-01 09:07:00");
	EXPECT_EQ(next_interval({0, 0, kHour}, "2034-05-01 10:07:00", "2024-05-01 09:30:00"), "2024-05-01 10:07:00");
	EXPECT_EQ(next_interval({0, 0, kHour}, "2034-05-01 10:07:00", "2024-05-01 10:07:00"), "2024-05-01 11:07:00");
	EXPECT_EQ(next_interval({0, 1, 0}, "2034-05-01 10:07:00", "2024-05-01 09:30:00"), "2024-05-01 10:07:00");
	EXPECT_EQ(next_interval({1, 0, 0}, "2034-05-31 10:07:00", "2024-02-10 09:30:00"), "2024-02-29 10:07:00");
	EXPECT_EQ(
		show(next_due(Cron::parse("30 2 * * *"), utc("2034-05-01 02:30:00"), utc("2024-05-01 02:00:00"), no_offset())),
		"2024-05-01 02:30:00");
}

TEST(NextDue, NextIntervalIsAheadByAtMostOneStepWhateverTheClockDid) {
	std::mt19937_64 random(20240501);
	const UtcOffset berlin = system_zone("Europe/Berlin");
	const Instant base = utc("2024-05-01 00:00:00");
	for (int i = 0; i < 2000; i++) {
		const Interval interval{static_cast<std::int32_t>(random() % 3), static_cast<std::int32_t>(random() % 10),
								kSecond + static_cast<std::int64_t>(random() % (48 * kHour))};
		const microseconds most =
			days{31} * interval.months + days{interval.days} + hours{2} + microseconds{interval.microseconds};
		const Instant now = base + microseconds{static_cast<std::int64_t>(random() % (8760 * kHour))};
		const Instant previous =
			base + microseconds{static_cast<std::int64_t>(random() % (87600 * kHour))} - days{1825};
		const Instant next = next_due(every(interval), previous, now, berlin);
		EXPECT_GT(next, now);
		EXPECT_LE(next, std::max(now, previous <= now + most ? previous : now) + most) << show(previous) << show(now);
	}
}

TEST(NextDue, AbsurdTimesNeitherOverflowNorSpin) {
	const std::vector<RefreshRate> rates{every({0, 0, kSecond}),	every({0, 0, kHour * 24 * 3653}),
										 every({0, 1, 0}),			every({1, 0, 0}),
										 every({120, 0, 0}),		every({1, 1, 1}),
										 Cron::parse("* * * * *"),	Cron::parse("0 0 29 2 *"),
										 Cron::parse("30 2 * * *"), Cron::parse("0 0 29 2 */7")};
	const std::vector<Instant> instants{Instant::min(),
										Instant::min() + microseconds{1},
										utc("0001-01-01 00:00:00"),
										utc("1500-02-28 23:59:59"),
										Instant{},
										utc("2024-02-29 00:00:00"),
										utc("9999-12-31 23:59:59"),
										utc("9999-12-31 23:59:59") + seconds{1},
										Instant::max() - microseconds{1},
										Instant::max()};
	const std::vector<UtcOffset> zones{no_offset(),
									   system_zone("Europe/Berlin"),
									   [](std::chrono::sys_seconds) { return seconds::max(); },
									   [](std::chrono::sys_seconds) { return seconds::min(); },
									   [](std::chrono::sys_seconds) { return hours{167}; },
									   [](std::chrono::sys_seconds) { return -hours{167}; }};
	for (const UtcOffset &zone : zones) {
		for (const RefreshRate &rate : rates) {
			for (const Instant previous : instants) {
				for (const Instant now : instants) {
					const Instant next = next_due(rate, previous, now, zone);
					if (now > utc("9999-12-31 23:59:59") + seconds{1} - microseconds{1}) {
						EXPECT_EQ(next, Instant::max());
					} else {
						EXPECT_GT(next, now);
						EXPECT_LT(next, std::max(now, utc("0001-01-01 00:00:00")) + days{3700} * 12);
					}
				}
			}
		}
	}
}

TEST(NextDue, CronComesAfterNowAndNotAtIt) {
	const RefreshRate rate = Cron::parse("*/15 * * * *");
	const auto next = [&](Instant now) { return show(next_due(rate, now, now, no_offset())); };
	EXPECT_EQ(next(utc("2024-05-01 10:14:59")), "2024-05-01 10:15:00");
	EXPECT_EQ(next(utc("2024-05-01 10:15:00")), "2024-05-01 10:30:00");
	EXPECT_EQ(next(utc("2024-05-01 10:15:00") - microseconds{1}), "2024-05-01 10:15:00");
	EXPECT_EQ(next(utc("2024-05-01 10:15:00") + microseconds{1}), "2024-05-01 10:30:00");
	EXPECT_EQ(next(utc("1969-12-31 23:59:59")), "1970-01-01 00:00:00");
}

TEST(NextDue, RareCronIsFoundYearsAhead) {
	const auto next = [&](const char *cron, const char *now) {
		return show(next_due(Cron::parse(cron), utc(now), utc(now), no_offset()));
	};
	EXPECT_EQ(next("0 0 29 2 *", "2024-02-29 00:00:00"), "2028-02-29 00:00:00");
	EXPECT_EQ(next("0 0 29 2 *", "2096-02-29 00:00:00"), "2104-02-29 00:00:00");
	EXPECT_EQ(next("* * 29 2 *", "2096-02-29 23:59:00"), "2104-02-29 00:00:00");
	EXPECT_EQ(next("0 12 29 2 */7", "2024-02-29 00:00:00"), "2032-02-29 12:00:00");
	EXPECT_EQ(next("0 12 29 2 */7", "2088-02-29 12:00:00"), "2128-02-29 12:00:00");
	EXPECT_EQ(next("59 23 31 12 *", "2024-12-31 23:59:00"), "2025-12-31 23:59:00");
}

TEST(NextDue, NightlyRunNeitherVanishesNorDoublesWhenClocksChange) {
	// 02:30 does not exist on 10 March: it is 03:30 summer time.
	EXPECT_EQ(due_times("America/New_York", "30 2 * * *", "2024-03-08 12:00:00", 3),
			  (Times{"03-09 07:30", "03-10 07:30", "03-11 06:30"}));
	// 01:30 comes twice on 3 November: the first counts.
	EXPECT_EQ(due_times("America/New_York", "30 1 * * *", "2024-11-01 12:00:00", 3),
			  (Times{"11-02 05:30", "11-03 05:30", "11-04 06:30"}));
	EXPECT_EQ(due_times("Europe/Berlin", "30 2 * * *", "2024-03-29 12:00:00", 3),
			  (Times{"03-30 01:30", "03-31 01:30", "04-01 00:30"}));
	EXPECT_EQ(due_times("Europe/Berlin", "30 2 * * *", "2024-10-25 12:00:00", 3),
			  (Times{"10-26 00:30", "10-27 00:30", "10-28 01:30"}));
	EXPECT_EQ(due_times("Asia/Kolkata", "30 2 * * *", "2024-03-29 12:00:00", 2), (Times{"03-29 21:00", "03-30 21:00"}));
}

TEST(NextDue, MidnightRunComesOnceWhereClocksChangeAtMidnight) {
	// 00:00 to 00:59 did not exist on 4 November 2018, and 23:00 to 23:59 came twice on 17 February.
	EXPECT_EQ(due_times("America/Sao_Paulo", "@daily", "2018-11-02 12:00:00", 3),
			  (Times{"11-03 03:00", "11-04 03:00", "11-05 02:00"}));
	EXPECT_EQ(due_times("America/Sao_Paulo", "@daily", "2018-02-16 12:00:00", 3),
			  (Times{"02-17 02:00", "02-18 03:00", "02-19 03:00"}));
	EXPECT_EQ(due_times("America/Sao_Paulo", "30 23 * * *", "2018-02-16 12:00:00", 3),
			  (Times{"02-17 01:30", "02-18 01:30", "02-19 02:30"}));
	// The same, a minute after midnight, so that half of one day comes after the next one has begun.
	EXPECT_EQ(due_times("America/St_Johns", "0 0 * * *", "2006-10-28 12:00:00", 3),
			  (Times{"10-29 02:30", "10-30 03:30", "10-31 03:30"}));
	EXPECT_EQ(due_times("America/St_Johns", "30 23 * * *", "2006-10-27 12:00:00", 3),
			  (Times{"10-28 02:00", "10-29 02:00", "10-30 03:00"}));
}

TEST(NextDue, HalfAnHourOfSummerTimeMovesRunsByHalfAnHour) {
	EXPECT_EQ(due_times("Australia/Lord_Howe", "15 2 * * *", "2024-10-04 12:00:00", 3),
			  (Times{"10-04 15:45", "10-05 15:45", "10-06 15:15"}));
	EXPECT_EQ(due_times("Australia/Lord_Howe", "45 1 * * *", "2024-04-05 12:00:00", 3),
			  (Times{"04-05 14:45", "04-06 14:45", "04-07 15:15"}));
}

TEST(NextDue, QuartersOfAnHourStayQuartersOfAnHour) {
	EXPECT_EQ(due_times("America/New_York", "*/15 * * * *", "2024-03-10 06:30:00", 4),
			  (Times{"03-10 06:45", "03-10 07:00", "03-10 07:15", "03-10 07:30"}));
	EXPECT_EQ(due_times("America/New_York", "@hourly", "2024-11-03 04:30:00", 4),
			  (Times{"11-03 05:00", "11-03 06:00", "11-03 07:00", "11-03 08:00"}));
	EXPECT_EQ(due_times("Australia/Lord_Howe", "*/30 * * * *", "2024-04-06 14:00:00", 4),
			  (Times{"04-06 14:30", "04-06 15:00", "04-06 15:30", "04-06 16:00"}));
	// Times of the day that cover the whole day are still times of the day: 01:00 to 01:59 count once.
	EXPECT_EQ(due_times("America/New_York", "0 0-23 * * *", "2024-11-03 04:30:00", 3),
			  (Times{"11-03 05:00", "11-03 07:00", "11-03 08:00"}));
}

TEST(NextDue, SkippedDayHasNoRunsOfItsOwn) {
	// Apia, 30 December 2011: its 02:30 is that of the 31st by the new clock.
	EXPECT_EQ(due_times("Pacific/Apia", "30 2 * * *", "2011-12-28 20:00:00", 3),
			  (Times{"12-29 12:30", "12-30 12:30", "12-31 12:30"}));
	EXPECT_EQ(due_times("Pacific/Apia", "30 2 30 12 *", "2011-12-28 20:00:00", 2),
			  (Times{"12-30 12:30", "12-29 12:30"}));
	EXPECT_EQ(due_times("Pacific/Apia", "30 * 30 12 *", "2011-12-28 20:00:00", 1), (Times{"12-29 10:30"}));
	EXPECT_EQ(due_times("Pacific/Apia", "0 */12 * * *", "2011-12-29 12:00:00", 3),
			  (Times{"12-29 22:00", "12-30 10:00", "12-30 22:00"}));
}

TEST(NextDue, OffsetsWithSecondsAreExact) {
	// Monrovia was 44 minutes and 30 seconds behind UTC until 7 January 1972, 00:00.
	const UtcOffset monrovia = system_zone("Africa/Monrovia");
	const RefreshRate daily = Cron::parse("0 0 * * *");
	Instant due = utc("1972-01-05 12:00:00");
	Times times;
	for (int i = 0; i < 3; i++) {
		due = next_due(daily, due, due, monrovia);
		times.push_back(show(due));
	}
	// Midnight of the 7th was skipped up to 00:44:30.
	EXPECT_EQ(times, (Times{"1972-01-06 00:44:30", "1972-01-07 00:44:30", "1972-01-08 00:00:00"}));
	due = next_due(Cron::parse("* * * * *"), utc("1972-01-07 00:43:30"), utc("1972-01-07 00:43:30"), monrovia);
	EXPECT_EQ(show(due), "1972-01-07 00:45:00");
}

TEST(NextDue, ZonesFarFromUtcWork) {
	const auto next = [](hours offset, const char *cron) {
		const Instant now = utc("2024-05-01 00:30:00");
		return show(next_due(Cron::parse(cron), now, now, [=](std::chrono::sys_seconds) { return offset; }));
	};
	EXPECT_EQ(next(hours{14}, "0 15 * * *"), "2024-05-01 01:00:00");
	EXPECT_EQ(next(hours{-12}, "0 13 * * *"), "2024-05-01 01:00:00");
	EXPECT_EQ(next(hours{100}, "0 5 * * *"), "2024-05-01 01:00:00");
	EXPECT_EQ(next(hours{-100}, "*/20 21 26 4 *"), "2024-05-01 01:00:00");
}

} // namespace hyperline::schedule
