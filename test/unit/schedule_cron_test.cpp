#include "schedule/cron.hpp"

#include "pg/failure.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hyperline::schedule {

namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::year;

// The error of an expression, which must be refused.
Failure refused(std::string_view text) {
	try {
		static_cast<void>(Cron::parse(text));
	} catch (const Error &error) {
		EXPECT_EQ(error.failure().sqlstate, "22023");
		EXPECT_FALSE(error.failure().hint.empty());
		return error.failure();
	}
	ADD_FAILURE() << "accepted: " << text;
	return {};
}

std::string minutes_of(const std::string &field) {
	const Cron cron = Cron::parse(field + " * * * *");
	std::string all;
	for (unsigned i = 0; i < 60; i++) {
		all += cron.has_minute(i) ? std::to_string(i) + " " : "";
	}
	return all;
}

std::string hours_of(const std::string &field) {
	const Cron cron = Cron::parse("0 " + field + " * * *");
	std::string all;
	for (unsigned i = 0; i < 24; i++) {
		all += cron.has_hour(i) ? std::to_string(i) + " " : "";
	}
	return all;
}

// All dates of a year that an expression matches, as month/day.
std::string dates_of(std::string_view text, int of_year) {
	const Cron cron = Cron::parse(text);
	const local_days last{year{of_year} / 12 / 31};
	std::string all;
	for (auto date = cron.first_date(local_days{year{of_year} / 1 / 1}, last); date;
		 date = cron.first_date(*date + days{1}, last)) {
		const std::chrono::year_month_day ymd{*date};
		all += std::to_string(static_cast<unsigned>(ymd.month())) + "/" +
			   std::to_string(static_cast<unsigned>(ymd.day())) + " ";
	}
	return all;
}

// The days of the week of a field. 2 June 2024 is a Sunday.
std::string weekdays_of(const std::string &field) {
	const std::vector<std::string> names{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	const Cron cron = Cron::parse("0 0 * * " + field);
	std::string all;
	for (int i = 0; i < 7; i++) {
		const local_days date = local_days{year{2024} / 6 / 2} + days{i};
		all += cron.first_date(date, date) ? names[static_cast<std::size_t>(i)] + " " : "";
	}
	return all;
}

} // namespace

TEST(Cron, FieldIsANumberAListARangeOrAStep) {
	EXPECT_EQ(minutes_of("7"), "7 ");
	EXPECT_EQ(minutes_of("59,0,30"), "0 30 59 ");
	EXPECT_EQ(minutes_of("08-12"), "8 9 10 11 12 ");
	EXPECT_EQ(minutes_of("*/15"), "0 15 30 45 ");
	EXPECT_EQ(minutes_of("1-30/5"), "1 6 11 16 21 26 ");
	EXPECT_EQ(minutes_of("5/10"), "5 15 25 35 45 55 ");
	EXPECT_EQ(minutes_of("55/10"), "55 ");
	EXPECT_EQ(minutes_of("*/60"), "0 ");
	EXPECT_EQ(minutes_of("1,3-5,20/20"), "1 3 4 5 20 40 ");
	EXPECT_EQ(hours_of("*/6"), "0 6 12 18 ");
	EXPECT_EQ(hours_of("20/2"), "20 22 ");
	EXPECT_EQ(hours_of("9-17/4,23"), "9 13 17 23 ");
	EXPECT_EQ(hours_of("*/24"), "0 ");
}

TEST(Cron, DaysOfTheWeekGoFromSundayAsZeroToSundayAsSeven) {
	EXPECT_EQ(weekdays_of("0"), "Sun ");
	EXPECT_EQ(weekdays_of("7"), "Sun ");
	EXPECT_EQ(weekdays_of("SUN"), "Sun ");
	EXPECT_EQ(weekdays_of("1-5"), "Mon Tue Wed Thu Fri ");
	EXPECT_EQ(weekdays_of("mon-Fri"), "Mon Tue Wed Thu Fri ");
	EXPECT_EQ(weekdays_of("5-7"), "Sun Fri Sat ");
	EXPECT_EQ(weekdays_of("FRI-SUN"), "Sun Fri Sat ");
	EXPECT_EQ(weekdays_of("5-0"), "Sun Fri Sat ");
	EXPECT_EQ(weekdays_of("sun-tue"), "Sun Mon Tue ");
	EXPECT_EQ(weekdays_of("0-7"), "Sun Mon Tue Wed Thu Fri Sat ");
	EXPECT_EQ(weekdays_of("0-0"), "Sun ");
	EXPECT_EQ(weekdays_of("*/2"), "Sun Tue Thu Sat ");
	EXPECT_EQ(weekdays_of("1/2"), "Mon Wed Fri ");
	EXPECT_EQ(weekdays_of("7/2"), "Sun ");
	EXPECT_EQ(weekdays_of("wed,SAT"), "Wed Sat ");
	EXPECT_EQ(weekdays_of("*"), "Sun Mon Tue Wed Thu Fri Sat ");
}

TEST(Cron, MonthsHaveNamesAndLengths) {
	EXPECT_EQ(dates_of("0 0 31 * *", 2023), "1/31 3/31 5/31 7/31 8/31 10/31 12/31 ");
	EXPECT_EQ(dates_of("0 0 1 JAN,jun-AUG *", 2023), "1/1 6/1 7/1 8/1 ");
	EXPECT_EQ(dates_of("0 0 1 */5 *", 2023), "1/1 6/1 11/1 ");
	EXPECT_EQ(dates_of("0 0 29 2 *", 2023), "");
	EXPECT_EQ(dates_of("0 0 29 2 *", 2024), "2/29 ");
	EXPECT_EQ(dates_of("0 0 29 2 *", 2100), "");
	EXPECT_EQ(dates_of("0 0 28-30 2,4 *", 2023), "2/28 4/28 4/29 4/30 ");
}

TEST(Cron, EitherDayIsEnoughWhenBothAreRestricted) {
	// Fridays, and the 13th, a Thursday
	EXPECT_EQ(dates_of("0 0 13 6 5", 2024), "6/7 6/13 6/14 6/21 6/28 ");
	EXPECT_EQ(dates_of("0 0 13 6 *", 2024), "6/13 ");
	EXPECT_EQ(dates_of("0 0 * 6 5", 2024), "6/7 6/14 6/21 6/28 ");
	// A field that begins with * does not count as restricted, so that both have to match: the 1st, 11th and 21st are
	// a Saturday, a Tuesday and a Friday.
	EXPECT_EQ(dates_of("0 0 */10 6 5", 2024), "6/21 ");
	EXPECT_EQ(dates_of("0 0 11,21 6 */5", 2024), "6/21 ");
	EXPECT_EQ(dates_of("0 0 31 2 1", 2023), "2/6 2/13 2/20 2/27 ");
}

TEST(Cron, NamesStandForExpressions) {
	EXPECT_EQ(Cron::parse("@hourly"), Cron::parse("0 * * * *"));
	EXPECT_EQ(Cron::parse("@Daily"), Cron::parse("0 0 * * *"));
	EXPECT_EQ(Cron::parse("@MIDNIGHT"), Cron::parse("0 0 * * *"));
	EXPECT_EQ(Cron::parse(" @weekly\t"), Cron::parse("0 0 * * 0"));
	EXPECT_EQ(Cron::parse("@monthly"), Cron::parse("0 0 1 * *"));
	EXPECT_EQ(Cron::parse("@yearly"), Cron::parse("0 0 1 1 *"));
	EXPECT_EQ(Cron::parse("@annually"), Cron::parse("0 0 1 1 *"));
	EXPECT_NE(Cron::parse("@daily"), Cron::parse("@weekly"));
	EXPECT_EQ(Cron::parse("0 0 * * 7"), Cron::parse("@weekly"));
	EXPECT_EQ(Cron::parse("\t 0  0\n1 1   * "), Cron::parse("@yearly"));
}

TEST(Cron, OnlyAnHourThatBeginsWithAStarIsAnyHour) {
	EXPECT_TRUE(Cron::parse("*/15 * * * *").any_hour());
	EXPECT_TRUE(Cron::parse("0 */2 * * *").any_hour());
	EXPECT_TRUE(Cron::parse("@hourly").any_hour());
	EXPECT_FALSE(Cron::parse("0 0-23 * * *").any_hour());
	EXPECT_FALSE(Cron::parse("* 2 * * *").any_hour());
	EXPECT_FALSE(Cron::parse("0 0/2 * * *").any_hour());
}

TEST(Cron, ErrorSaysWhichFieldIsWrongAndHow) {
	const std::vector<std::pair<const char *, const char *>> cases{
		{"60 * * * *", R"(The first field, the minute, is "60": it must be between 0 and 59.)"},
		{"0 25 * * *", R"(The second field, the hour, is "25": it must be between 0 and 23.)"},
		{"0 0 0 * *", R"(The third field, the day of the month, is "0": it must be between 1 and 31.)"},
		{"0 0 1 13 *", R"(The fourth field, the month, is "13": it must be between 1 and 12.)"},
		{"0 0 * * 8", R"(The fifth field, the day of the week, is "8": it must be between 0 and 7.)"},
		{"0 99999999999999999999 * * *",
		 R"(The second field, the hour, is "99999999999999999999": it must be between 0 and 23.)"},
		{"0 1,24,2 * * *", R"(The second field, the hour, is "1,24,2": "24" must be between 0 and 23.)"},
		{"0 20-24 * * *", R"(The second field, the hour, is "20-24": "24" must be between 0 and 23.)"},
		{"0 2am * * *",
		 R"(The second field, the hour, is "2am": it must be "*", a number between 0 and 23, or a range of these.)"},
		{"0 0 L * *", R"(The third field, the day of the month, is "L": it must be "*", a number between 1 and 31, or )"
					  R"(a range of these.)"},
		{"0 0 1 MAI *", R"(The fourth field, the month, is "MAI": it must be "*", a number between 1 and 12, a name )"
						R"(from JAN to DEC, or a range of these.)"},
		{"0 0 * * monday", R"(The fifth field, the day of the week, is "monday": it must be "*", a number between 0 )"
						   R"(and 7, a name from SUN to SAT, or a range of these.)"},
		{"0 0 * * JAN", R"(The fifth field, the day of the week, is "JAN": it must be "*", a number between 0 and 7, )"
						R"(a name from SUN to SAT, or a range of these.)"},
		{"0 0 ? * *", R"(The third field, the day of the month, is "?": it must be "*", a number between 1 and 31, or )"
					  R"(a range of these.)"},
		{"+5 0 * * *", R"(The first field, the minute, is "+5": it must be "*", a number between 0 and 59, or a range )"
					   R"(of these.)"},
		{"-5 * * * *", R"(The first field, the minute, is "-5": it must be a range such as 1-5.)"},
		{"5- * * * *", R"(The first field, the minute, is "5-": it must be a range such as 1-5.)"},
		{"1-2-3 * * * *", R"(The first field, the minute, is "1-2-3": it must be a range such as 1-5.)"},
		{"*-5 * * * *", R"(The first field, the minute, is "*-5": it must be a range such as 1-5.)"},
		{"0 0 * * 1,TUE-*",
		 R"(The fifth field, the day of the week, is "1,TUE-*": "TUE-*" must be a range such as 1-5 )"
		 R"(or MON-FRI.)"},
		{"30-10 * * * *",
		 R"(The first field, the minute, is "30-10": it is a range that goes down; split it in two, joined by a comma.)"},
		{"0 0 * * FRI-MON",
		 R"(The fifth field, the day of the week, is "FRI-MON": it is a range that goes down; split )"
		 R"(it in two, joined by a comma.)"},
		{"*/0 * * * *", R"(The first field, the minute, is "*/0": it must have a step between 1 and 60 after "/".)"},
		{"*/90 * * * *", R"(The first field, the minute, is "*/90": it must have a step between 1 and 60 after "/".)"},
		{"*/ * * * *", R"(The first field, the minute, is "*/": it must have a step between 1 and 60 after "/".)"},
		{"*/2/3 * * * *",
		 R"(The first field, the minute, is "*/2/3": it must have a step between 1 and 60 after "/".)"},
		{"0 0 * * */8",
		 R"(The fifth field, the day of the week, is "*/8": it must have a step between 1 and 7 after "/".)"},
		{"1,,2 * * * *", R"(The first field, the minute, is "1,,2": it must have something between the commas of a )"
						 R"(list, and at both its ends.)"},
		{"1, * * * *", R"(The first field, the minute, is "1,": it must have something between the commas of a list, )"
					   R"(and at both its ends.)"},
		{"0 0 2 * * *", "It must have five fields, separated by spaces, and it has 6."},
		{"* * * *", "It must have five fields, separated by spaces, and it has 4."},
		{"", "It must have five fields, separated by spaces, and it has 0."},
		{"@reboot", "There is no such name."},
	};
	for (const auto &[text, detail] : cases) {
		const Failure failure = refused(text);
		EXPECT_EQ(failure.message, "invalid cron expression \"" + std::string(text) + "\"");
		EXPECT_EQ(failure.detail, detail);
	}
}

TEST(Cron, ExpressionThatNeverFiresIsRefused) {
	EXPECT_EQ(
		refused("0 0 30 2 *").detail,
		"It would never fire: the third field, the day of the month, is \"30\", and the fourth field, the month, is "
		"\"2\", which has no such day.");
	for (const char *text : {"0 0 30-31 FEB *", "0 0 31 4,6,9,11 *", "* * 31 2 *", "0 0 30 2 */2", "0 0 31 feb */7"}) {
		EXPECT_NE(refused(text).detail.find("never fire"), std::string::npos) << text;
	}
	for (const char *text :
		 {"0 0 29 2 *", "0 0 31 */2 *", "0 0 30 2 1", "0 0 30 2 0-6", "0 0 29 2 */7", "0 0 31 2-3 *"}) {
		EXPECT_NO_THROW(static_cast<void>(Cron::parse(text))) << text;
	}
}

TEST(Cron, LongExpressionIsRefusedWithoutBeingRepeated) {
	std::string minutes = "0";
	while (minutes.size() < 900) {
		minutes += ",59";
	}
	EXPECT_EQ(minutes_of(minutes), "0 59 ");
	const Failure failure = refused(minutes + std::string(100, ' ') + "* * * *");
	EXPECT_EQ(failure.message, "cron expression is too long");
	EXPECT_EQ(failure.detail.find("59"), std::string::npos);
}

TEST(Cron, AnyBytesAreReadOrRefused) {
	for (int c = 0; c < 256; c++) {
		const std::string text = std::string(1, static_cast<char>(c)) + " * * * *";
		if (c >= '0' && c <= '9') {
			EXPECT_NO_THROW(static_cast<void>(Cron::parse(text)));
		} else if (c == '*') {
			EXPECT_NO_THROW(static_cast<void>(Cron::parse(text)));
		} else {
			EXPECT_FALSE(refused(text).detail.empty());
		}
	}
}

TEST(LooksLikeCron, ExpressionsAndTheirNamesDo) {
	for (const char *text : {"* * * * *", "0 0 1 1 0", " 5,10-20/5\t* * * * ", "@daily", "@HOURLY", " @Weekly ",
							 "0 2am * * *", "99 99 99 99 99", "*/5 x1 y z w", "- - - - -"}) {
		EXPECT_TRUE(looks_like_cron(text)) << text;
	}
}

TEST(LooksLikeCron, IntervalsDoNot) {
	for (const char *text : {"",
							 " ",
							 "1 hour",
							 "30 seconds",
							 "1 day 2 hours",
							 "1 day 2 hours 3",
							 "1 mon 2 days 3",
							 "P1D",
							 "01:30:00",
							 "1",
							 "@ 1 hour",
							 "@",
							 "@ 1 day 2 hours",
							 "@never",
							 "@hourly2",
							 "* * * *",
							 "0 0 0 * * *",
							 "a b c d e",
							 "1h * * * *",
							 "every 5 minutes or so"}) {
		EXPECT_FALSE(looks_like_cron(text)) << text;
	}
}

} // namespace hyperline::schedule
