// Cron expressions and intervals over years in several zones, against the second implementation of schedule_oracle.hpp.
#include "schedule/next_due.hpp"

#include "schedule_oracle.hpp"
#include "schedule_zones.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace hyperline::schedule {

namespace {

using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Minute kDay = 1440;

// How many instants of one kind are tried for each expression.
constexpr std::size_t kTries = 40;

Instant at(Minute minute) {
	return Instant{minutes{minute}};
}

struct ZoneYear {
	std::string zone;
	int year;
	std::size_t changes; // of the offset in that year: shows that the zone is there and was read
};

std::ostream &operator<<(std::ostream &out, const ZoneYear &zone_year) {
	return out << zone_year.zone << " " << zone_year.year;
}

// Expressions of every kind; many have times at which some zone changes its clocks.
const std::vector<std::string> &fixed_expressions() {
	static const std::vector<std::string> expressions{
		"* * * * *",		 "*/15 * * * *",	   "7/20 * * * *",		 "0 * * * *",		  "59 * * * *",
		"0 */2 * * *",		 "30 */1 * * *",	   "45 */6 * * 1-5",	 "*/5 * 1 * *",		  "* * 29 2 *",
		"* * 31 12 *",		 "*/10 * 30 12 *",	   "0 0 * * *",			 "30 0 * * *",		  "1 0 * * *",
		"0 1 * * *",		 "30 1 * * *",		   "59 1 * * *",		 "0 2 * * *",		  "15 2 * * *",
		"30 2 * * *",		 "59 2 * * *",		   "0 3 * * *",			 "30 3 * * *",		  "15,45 1-3 * * *",
		"*/7 0-4 * * *",	 "* 2 * * *",		   "* 23 * * *",		 "30 23 * * *",		  "0 0-23 * * *",
		"*/30 0-23/3 * * *", "0 2 * * SUN",		   "0 0 * * FRI-SUN",	 "30 2 1 * *",		  "0 12 13 * 5",
		"0 0 29 2 *",		 "30 2 8-14 MAR SUN",  "30 1 */7 4,10-11 *", "0 3 31 */2 *",	  "0 0 1 1 *",
		"30 2 30 12 *",		 "0,30 0 29-31 12 *",  "0 22/1 28-31 * *",	 "0 9-17 * * 1-5",	  "5 4 * * 0",
		"0 0 1,15 * WED",	 "*/2 1 * 3-4,9-11 0", "30 12 * 2-3 */2",	 "59 23 31 12 SUN,7",
	};
	return expressions;
}

std::string random_field(std::mt19937 &random, int least, int most) {
	const auto pick = [&](int from, int to) {
		return from + static_cast<int>(random() % static_cast<unsigned>(to - from + 1));
	};
	const auto text = [](int value) { return std::to_string(value); };
	std::string field;
	for (int items = pick(1, 3); items > 0; items--) {
		const int from = pick(least, most);
		const int step = pick(1, most - least + 1);
		field += field.empty() ? "" : ",";
		switch (pick(0, 5)) {
		case 0:
			field += text(from);
			break;
		case 1:
			field += text(from) + "-" + text(pick(from, most));
			break;
		case 2:
			field += text(from) + "-" + text(pick(from, most)) + "/" + text(step);
			break;
		case 3:
			field += text(from) + "/" + text(step);
			break;
		case 4:
			field += "*/" + text(step);
			break;
		default:
			return "*";
		}
	}
	return field;
}

std::vector<std::string> all_expressions() {
	std::vector<std::string> expressions = fixed_expressions();
	std::mt19937 random(4); // always the same
	for (int i = 0; i < 25; i++) {
		expressions.push_back(random_field(random, 0, 59) + " " + random_field(random, 0, 23) + " " +
							  random_field(random, 1, 28) + " " + random_field(random, 1, 12) + " " +
							  random_field(random, 0, 6));
	}
	return expressions;
}

// Compares next_due() at `now` with the list, which ends at notes.end() less two days.
void expect_next(const RefreshRate &rate, const std::vector<Minute> &due, Minute end, Instant now,
				 const UtcOffset &offset) {
	const auto later = [](Instant instant, Minute minute) { return instant < at(minute); };
	const auto found = std::upper_bound(due.begin(), due.end(), now, later);
	const Instant previous = found == due.begin() ? now : std::min(now, at(*(found - 1)));
	const Instant next = next_due(rate, previous, now, offset);
	if (found != due.end() && *found < end) {
		EXPECT_EQ(show(next), show(at(*found))) << "now is " << show(now);
	} else {
		EXPECT_GE(show(next), show(at(end))) << "now is " << show(now);
	}
}

// Tries `now` at due instants (all of them, if there are few), near changes of the clock, and anywhere; and goes from
// one due time to the next around each change.
void compare(const std::string &expression, const ClockNotes &notes, const UtcOffset &offset, std::mt19937 &random) {
	SCOPED_TRACE(expression);
	const RefreshRate rate = Cron::parse(expression);
	const Minute begin = notes.begin() + 2 * kDay;
	const Minute end = notes.end() - 2 * kDay;
	const std::vector<Minute> due = due_minutes(expression, notes);
	const std::size_t every_nth = due.size() / kTries + 1;
	for (std::size_t i = random() % every_nth; i < due.size(); i += every_nth) {
		if (due[i] >= begin && due[i] < end) {
			expect_next(rate, due, end, at(due[i]), offset);
			expect_next(rate, due, end, at(due[i]) - microseconds{1}, offset);
		}
	}
	for (const Minute change : notes.changes()) {
		for (std::size_t i = 0; i < kTries; i++) {
			const Minute reach = i % 2 == 0 ? 90 : 3 * kDay / 2;
			const Minute now = change - reach + static_cast<Minute>(random() % static_cast<unsigned>(2 * reach));
			expect_next(rate, due, end, at(now) + seconds{random() % 60}, offset);
		}
		Instant now = at(change - 150);
		auto expected = std::lower_bound(due.begin(), due.end(), change - 149);
		for (int i = 0; i < 40 && expected != due.end() && *expected < end; i++, expected++) {
			now = next_due(rate, now, now, offset);
			EXPECT_EQ(show(now), show(at(*expected)));
		}
	}
	for (std::size_t i = 0; i < kTries; i++) {
		const auto range = static_cast<std::uint64_t>(end - begin) * 60;
		expect_next(rate, due, end, at(begin) + seconds{random() % range}, offset);
	}
}

Minute new_year(int year) {
	return std::chrono::floor<minutes>(utc(std::to_string(year) + "-01-01 00:00:00")).time_since_epoch().count();
}

class Years : public testing::TestWithParam<ZoneYear> {
protected:
	Years()
		: notes_(system_zone(GetParam().zone), new_year(GetParam().year) - 2 * kDay,
				 new_year(GetParam().year + 1) + 2 * kDay) {
		EXPECT_EQ(notes_.changes().size(), GetParam().changes);
	}

	ClockNotes notes_;
	// The zone, read from the notes where they have it: that is faster.
	UtcOffset offset_ = [this, zone = system_zone(GetParam().zone)](std::chrono::sys_seconds instant) {
		const Minute minute = std::chrono::floor<minutes>(instant.time_since_epoch()).count();
		return minute >= notes_.begin() && minute < notes_.end() ? seconds{minutes{notes_.shown_at(minute) - minute}}
																 : zone(instant);
	};
};

} // namespace

TEST_P(Years, CronIsDueWhenASecondImplementationSays) {
	std::mt19937 random(static_cast<unsigned>(GetParam().year));
	for (const std::string &expression : all_expressions()) {
		compare(expression, notes_, offset_, random);
	}
}

// anchor + k * interval, looked for one k after the other.
TEST_P(Years, CalendarIntervalIsTheFirstMultipleAfterNow) {
	std::mt19937 random(static_cast<unsigned>(GetParam().year));
	const auto at_local = [&](Minute local) { return at(notes_.last(local)); };
	for (int i = 0; i < 300; i++) {
		const Interval interval{0, static_cast<std::int32_t>(1 + random() % 20),
								i % 2 == 0 ? 0 : static_cast<std::int64_t>(random() % 86400) * 1'000'000};
		Minute anchor = notes_.begin() + 2 * kDay + static_cast<Minute>(random() % (90 * kDay));
		if (!notes_.changes().empty() && i % 3 == 0) {
			anchor = notes_.changes()[random() % notes_.changes().size()] -
					 static_cast<Minute>(1 + random() % 5) * interval.days * kDay +
					 static_cast<Minute>(random() % 180) - 90;
			anchor = std::max(anchor, notes_.begin() + 2 * kDay);
		}
		const Instant now = at(anchor) + seconds{random() % (kDay * 60 * 150)};
		Instant expected = at(anchor);
		for (int k = 1; expected <= now; k++) {
			const Minute local = notes_.shown_at(anchor) + Minute{k} * interval.days * kDay;
			if (local + 2 * kDay >= notes_.end()) {
				expected = Instant::max();
				break;
			}
			expected = at_local(local) + microseconds{interval.microseconds * k};
		}
		if (expected != Instant::max()) {
			EXPECT_EQ(show(next_due(every(interval), at(anchor), now, offset_)), show(expected))
				<< "every " << interval.days << " days and " << interval.microseconds << " us from " << show(at(anchor))
				<< ", now is " << show(now);
		}
	}
}

INSTANTIATE_TEST_SUITE_P(Zones, Years,
						 testing::Values(ZoneYear{"UTC", 2024, 0}, ZoneYear{"Asia/Kolkata", 2024, 0},
										 ZoneYear{"America/New_York", 2024, 2}, ZoneYear{"Europe/Berlin", 2024, 2},
										 ZoneYear{"Australia/Lord_Howe", 2024, 2},
										 ZoneYear{"America/St_Johns", 2006, 2}, ZoneYear{"America/Sao_Paulo", 2017, 2},
										 ZoneYear{"America/Sao_Paulo", 2018, 2}, ZoneYear{"Africa/Casablanca", 2024, 2},
										 ZoneYear{"Pacific/Apia", 2011, 3}, ZoneYear{"Pacific/Kwajalein", 1969, 1},
										 ZoneYear{"Africa/Tunis", 1943, 4}),
						 [](const testing::TestParamInfo<ZoneYear> &tested) {
							 std::string name = tested.param.zone + std::to_string(tested.param.year);
							 std::erase_if(name, [](char c) { return c == '/' || c == '_'; });
							 return name;
						 });

// Stricter than any real zone: changes follow each other after a little more than an hour, to and fro, or after ten
// minutes, forth and forth.
TEST(CloseChanges, AreAllSeen) {
	const Minute begin = new_year(2024);
	const std::vector<std::pair<Minute, int>> offsets{
		{begin + 5 * kDay, 60},			{begin + 5 * kDay + 61, 0},		{begin + 5 * kDay + 130, 90},
		{begin + 5 * kDay + 200, 0},	{begin + 9 * kDay + 30, -30},	{begin + 9 * kDay + 95, 30},
		{begin + 12 * kDay, 14 * 60},	{begin + 12 * kDay + 90, -600}, {begin + 12 * kDay + 151, -570},
		{begin + 15 * kDay + 10, -540}, {begin + 15 * kDay + 20, -493},
	};
	const UtcOffset offset = [&](std::chrono::sys_seconds instant) {
		int east = 0;
		for (const auto &[from, minutes_east] : offsets) {
			east = instant >= at(from) ? minutes_east : east;
		}
		return minutes{east};
	};
	const ClockNotes notes(offset, begin, begin + 20 * kDay);
	EXPECT_EQ(notes.changes().size(), offsets.size());
	std::mt19937 random(1);
	for (const std::string &expression : all_expressions()) {
		compare(expression, notes, offset, random);
	}
}

} // namespace hyperline::schedule
