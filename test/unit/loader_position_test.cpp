// Where a source stands, and how far a cursor has come.
#include "loader/cursor.hpp"
#include "loader/position.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace hyperline::loader {
namespace {

using source::ValueKind;

TEST(LoaderPosition, ASourceThatWentBackIsBehind) {
	EXPECT_EQ(compare_positions("7/1/0/100", "7/1/0/100"), Progress::onwards);
	EXPECT_EQ(compare_positions("7/1/0/100", "7/1/0/101"), Progress::onwards);
	EXPECT_EQ(compare_positions("7/1/0/100", "7/1/0/FF"), Progress::behind);
	EXPECT_EQ(compare_positions("7/1/1/0", "7/1/0/FFFFFFFF"), Progress::behind);
	EXPECT_EQ(compare_positions("7/2/0/100", "7/1/0/200"), Progress::behind) << "an old primary that came back";
	EXPECT_EQ(compare_positions("7/1/0/100", "7/2/0/FF"), Progress::behind) << "a restore, or a promotion that lost";
}

TEST(LoaderPosition, AnotherHistoryAndAnotherSourceAreTold) {
	EXPECT_EQ(compare_positions("7/1/0/100", "7/2/0/100"), Progress::other_timeline);
	EXPECT_EQ(compare_positions("7/1/0/100", "8/1/0/1"), Progress::other_source);
	EXPECT_EQ(compare_positions("7/9/0/100", "8/1/0/1"), Progress::other_source);
	EXPECT_EQ(compare_positions("7/1/0/100/5", "7/1/0/200/16384"), Progress::other_source) << "another database";
	EXPECT_EQ(compare_positions("7/1/0/100/5", "7/1/0/FF/5"), Progress::behind);
	EXPECT_EQ(compare_positions("7/1/0/100/5", "7/1/0/200/5"), Progress::onwards);
}

TEST(LoaderPosition, WhatIsNoPositionIsUnknown) {
	for (const char *text : {"", "7", "7/1", "7/1/0", "7/x/0/1", "7/1/0/G", "/1/0/1", "7/1/0/1/"}) {
		EXPECT_EQ(compare_positions("7/1/0/1", text), Progress::unknown) << text;
		EXPECT_EQ(compare_positions(text, "7/1/0/1"), Progress::unknown) << text;
	}
}

TEST(LoaderCursor, TimesCompareAsTimes) {
	const auto before = [](const char *a, const char *b) { return is_before(a, b, Order::time); };
	EXPECT_TRUE(before("2026-01-01 12:00:00+00", "2026-01-01 12:00:00.000001+00"));
	EXPECT_TRUE(before("9999-12-31 00:00:00+00", "10000-01-01 00:00:00+00"));
	EXPECT_TRUE(before("0044-03-15 00:00:00+00 BC", "0001-01-01 00:00:00+00"));
	EXPECT_TRUE(before("0045-03-15 00:00:00+00 BC", "0044-03-15 00:00:00+00 BC"));
	EXPECT_FALSE(before("2026-01-01 12:00:00+00", "2026-01-01 12:00:00+00"));
	EXPECT_TRUE(is_before("2026-01-01", "2026-01-02", Order::time));
}

TEST(LoaderCursor, NumbersCompareDigitForDigit) {
	const std::vector<const char *> ascending = {"-1000000000000000000000000000000",
												 "-10.5",
												 "-10.25",
												 "-9",
												 "-0.001",
												 "0",
												 "0.0000000000000000000000000001",
												 "0.9",
												 "9",
												 "9.999",
												 "10",
												 "9007199254740992",
												 "9007199254740993",
												 "9007199254740993.1"};
	for (std::size_t i = 0; i < ascending.size(); i++) {
		for (std::size_t j = 0; j < ascending.size(); j++) {
			EXPECT_EQ(is_before(ascending[i], ascending[j], Order::number), i < j)
				<< ascending[i] << " " << ascending[j];
		}
	}
	EXPECT_TRUE(is_before("9", "10", Order::number));
	EXPECT_FALSE(is_before("1.50", "1.5", Order::number));
	EXPECT_FALSE(is_before("1.5", "1.50", Order::number));
	EXPECT_TRUE(is_before("9", "1e+20", Order::number));
	EXPECT_TRUE(is_before("1e-05", "0.001", Order::number));
	EXPECT_FALSE(is_before("1e+20", "1e+20", Order::number));
}

TEST(LoaderCursor, TextsCompareByteByByte) {
	EXPECT_TRUE(is_before("B", "a", Order::bytes));
	EXPECT_TRUE(is_before("10", "9", Order::bytes));
	EXPECT_TRUE(is_before("z", "\xc3\xa4", Order::bytes));
	EXPECT_FALSE(is_before("a", "a", Order::bytes));
}

TEST(LoaderCursor, AnUnknownOrderSaysNothing) {
	EXPECT_FALSE(is_before("a", "b", Order::source));
	EXPECT_FALSE(is_before("b", "a", Order::source));
	source::Field field;
	const auto order_of_type = [&](const char *type, ValueKind kind, bool has_collation = false) {
		field.type_name = type;
		field.kind = kind;
		field.has_collation = has_collation;
		return order_of(field);
	};
	EXPECT_EQ(order_of_type("date", ValueKind::date), Order::time);
	EXPECT_EQ(order_of_type("bigint", ValueKind::integer), Order::number);
	EXPECT_EQ(order_of_type("xid8", ValueKind::text), Order::number) << "its text is one of digits";
	EXPECT_EQ(order_of_type("uuid", ValueKind::text), Order::bytes);
	EXPECT_EQ(order_of_type("character varying(20)", ValueKind::text, true), Order::bytes);
	EXPECT_EQ(order_of_type("citext", ValueKind::text, true), Order::source);
	EXPECT_EQ(order_of_type("pg_lsn", ValueKind::text), Order::source) << "0/9 comes before 0/10";
	EXPECT_EQ(order_of_type("mood", ValueKind::text), Order::source) << "an enum";
}

TEST(LoaderCursor, NothingComesAfterInfinity) {
	EXPECT_FALSE(is_finite("infinity", ValueKind::timestamptz));
	EXPECT_FALSE(is_finite("-infinity", ValueKind::date));
	EXPECT_TRUE(is_finite("2026-01-01", ValueKind::date));
	EXPECT_FALSE(is_finite("NaN", ValueKind::number));
	EXPECT_FALSE(is_finite("Infinity", ValueKind::number));
	EXPECT_FALSE(is_finite("-Infinity", ValueKind::number));
	EXPECT_TRUE(is_finite("1e300", ValueKind::number));
	EXPECT_TRUE(is_finite("infinity", ValueKind::text)) << "a text is only a text";
}

} // namespace
} // namespace hyperline::loader
