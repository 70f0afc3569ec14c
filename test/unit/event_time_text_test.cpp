// Times to the microsecond, and as to_jsonb() writes them.
#include <array>

#include <gtest/gtest.h>

#include "event/time_text.hpp"

namespace hyperline::event {
namespace {

std::int64_t micros(std::string_view text) {
	const ParsedTime time = parse_time(text);
	EXPECT_EQ(time.status, TimeStatus::ok) << text;
	return time.microseconds;
}

std::string json(std::string_view text) {
	std::array<char, kLongestTime> out{};
	return {out.data(), write_json_time(text, out.data())};
}

TEST(EventTimeText, CountsMicrosecondsFrom2000) {
	EXPECT_EQ(micros("2000-01-01"), 0);
	EXPECT_EQ(micros("2000-01-01 00:00:00.000001+00"), 1);
	EXPECT_EQ(micros("1999-12-31 23:59:59.5"), -500'000);
	EXPECT_EQ(micros("2024-02-29 12:00:00+00"), 762'523'200'000'000); // extract(epoch ...) - 946684800
	EXPECT_EQ(micros("2000-01-01 05:30:00+05:30"), 0);
	EXPECT_EQ(micros("1999-12-31 16:00:00-08"), 0);
	EXPECT_EQ(micros("2000-01-01 00:00:15-00:00:15"), 30'000'000);
	EXPECT_EQ(micros("1999-12-31 24:00:00"), 0);
}

TEST(EventTimeText, ReadsFarYears) {
	EXPECT_EQ(micros("0001-01-01 BC"), -63'113'904'000'000'000) << "730,485 days";
	EXPECT_EQ(micros("0001-01-01 00:00:00+00 BC"), micros("0001-01-01 BC"));
	EXPECT_EQ(parse_time("294276-12-31 23:59:59.999999+00").status, TimeStatus::ok);
	EXPECT_EQ(parse_time("294277-01-01 00:00:00+00").status, TimeStatus::out_of_range);
	EXPECT_EQ(parse_time("5874897-12-31").status, TimeStatus::out_of_range);
	EXPECT_EQ(parse_time("4713-01-01 BC").status, TimeStatus::ok);
	EXPECT_EQ(parse_time("4715-01-01 BC").status, TimeStatus::out_of_range);
}

TEST(EventTimeText, TellsInfinityFromNonsense) {
	EXPECT_EQ(parse_time("infinity").status, TimeStatus::infinite);
	EXPECT_EQ(parse_time("-infinity").status, TimeStatus::infinite);
	for (const char *text :
		 {"", "x", "2024", "2024-13-01", "2023-02-29", "2024-01-01 25:00:00", "2024-01-01 00:00",
		  "2024-01-01 00:00:00.", "2024-01-01 00:00:00+0", "2024-01-01 00:00:00+00 AD", "01/02/2024"}) {
		EXPECT_EQ(parse_time(text).status, TimeStatus::invalid) << text;
	}
}

TEST(EventTimeText, WritesWhatToJsonbWrites) {
	EXPECT_EQ(json("2024-02-29"), "2024-02-29");
	EXPECT_EQ(json("0044-03-15 BC"), "0044-03-15 BC");
	EXPECT_EQ(json("2024-02-29 12:00:00.123456"), "2024-02-29T12:00:00.123456");
	EXPECT_EQ(json("2024-02-29 12:00:00+00"), "2024-02-29T12:00:00+00:00");
	EXPECT_EQ(json("2024-02-29 12:00:00+05:30"), "2024-02-29T12:00:00+05:30");
	EXPECT_EQ(json("0044-03-15 12:00:00+00 BC"), "0044-03-15T12:00:00+00:00 BC");
	EXPECT_EQ(json("0044-03-15 12:00:00 BC"), "0044-03-15T12:00:00 BC");
	EXPECT_EQ(json("infinity"), "infinity");
}

} // namespace
} // namespace hyperline::event
