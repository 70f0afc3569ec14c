#include "schedule/refresh_rate.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace hyperline::schedule {

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kHour = 3600 * kSecond;
constexpr std::int32_t kMost32 = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t kLeast32 = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kMost64 = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast64 = std::numeric_limits<std::int64_t>::min();

// The message of an interval that must be refused.
std::string refused(const Interval &interval) {
	try {
		static_cast<void>(every(interval));
	} catch (const Error &error) {
		EXPECT_EQ(error.failure().sqlstate, "22023");
		for (const char *form : {"'30 seconds'", "'30 2 * * 1-5'", "@hourly"}) {
			EXPECT_NE(error.failure().hint.find(form), std::string::npos);
		}
		return error.failure().message;
	}
	return "accepted";
}

} // namespace

TEST(Every, IntervalsFromASecondToTenYearsAreKept) {
	for (const Interval &interval : std::vector<Interval>{{0, 0, kSecond},
														  {0, 0, kHour},
														  {0, 1, 0},
														  {1, 0, 0},
														  {0, 1, 1},
														  {1, 2, 3},
														  {120, 0, 0},
														  {0, 3653, 0},
														  {0, 0, kHour * 24 * 3653}}) {
		EXPECT_EQ(every(interval).interval(), interval);
	}
}

TEST(Every, ShortIntervalIsRefused) {
	EXPECT_EQ(refused({0, 0, kSecond - 1}), "refresh rate must be at least one second");
	EXPECT_EQ(refused({}), "refresh rate must be at least one second");
}

TEST(Every, NegativeOrMixedIntervalIsRefused) {
	for (const Interval &interval : std::vector<Interval>{{0, 0, -kSecond},
														  {0, -1, 0},
														  {-1, 0, 0},
														  {1, -1, 0},
														  {0, 1, -kHour},
														  {-1, 40, 0},
														  {kLeast32, kLeast32, kLeast64}}) {
		EXPECT_EQ(refused(interval), "refresh rate must not be negative");
	}
}

TEST(Every, IntervalAboveTenYearsIsRefused) {
	for (const Interval &interval : std::vector<Interval>{{121, 0, 0},
														  {0, 3661, 0},
														  {0, 0, kHour * 24 * 3660 + 1},
														  {119, 100, 0},
														  {60, 0, kHour * 24 * 1900},
														  {kMost32, 0, 0},
														  {0, kMost32, 0},
														  {0, 0, kMost64},
														  {120, 3660, kMost64},
														  {kMost32, kMost32, kMost64}}) {
		EXPECT_EQ(refused(interval), "refresh rate must be at most ten years");
	}
}

TEST(InvalidRefreshRate, ErrorShowsTheTextAndTheThreeForms) {
	const std::vector<std::pair<std::string, std::string>> cases{
		{"sometimes", ""},
		{"", ""},
		{"@weakly", "There is no such name."},
		{"0 0 2 * * *", "A cron expression has five fields, separated by spaces, and this has 6."},
		{"*/5", "A cron expression has five fields, separated by spaces, and this has 1."},
	};
	for (const auto &[text, detail] : cases) {
		const Failure failure = invalid_refresh_rate(text).failure();
		EXPECT_EQ(failure.sqlstate, "22023");
		EXPECT_EQ(failure.message, "invalid refresh rate \"" + text + "\"");
		EXPECT_EQ(failure.detail, detail);
		for (const char *form : {"'30 seconds'", "'30 2 * * 1-5'", "@hourly"}) {
			EXPECT_NE(failure.hint.find(form), std::string::npos);
		}
	}
	EXPECT_EQ(invalid_refresh_rate(std::string(101, 'x')).failure().message, "invalid refresh rate");
}

} // namespace hyperline::schedule
