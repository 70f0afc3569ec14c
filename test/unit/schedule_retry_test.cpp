#include "schedule/retry.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

namespace hyperline::schedule {

namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kMostAttempts = std::numeric_limits<int>::max();
constexpr Instant kNow{std::chrono::sys_days{std::chrono::year{2024} / 5 / 1}};

} // namespace

TEST(RetryDelay, DoublesWithEachFailureUpToAnHour) {
	EXPECT_EQ(retry_delay(1, seconds{10}, 0.5), seconds{10});
	EXPECT_EQ(retry_delay(2, seconds{10}, 0.5), seconds{20});
	EXPECT_EQ(retry_delay(3, seconds{10}, 0.5), seconds{40});
	EXPECT_EQ(retry_delay(9, seconds{10}, 0.5), seconds{2560});
	EXPECT_EQ(retry_delay(10, seconds{10}, 0.5), hours{1});
	EXPECT_EQ(retry_delay(11, seconds{10}, 0.5), hours{1});
}

TEST(RetryDelay, JitterMovesItByAFifth) {
	EXPECT_EQ(retry_delay(1, seconds{10}, 0.0), seconds{8});
	EXPECT_EQ(retry_delay(1, seconds{10}, 1.0), seconds{12});
	EXPECT_EQ(retry_delay(2, seconds{10}, 0.25), seconds{18});
	EXPECT_EQ(retry_delay(20, seconds{10}, 0.0), minutes{48});
	EXPECT_EQ(retry_delay(20, seconds{10}, 1.0), hours{1});
}

TEST(RetryDelay, AbsurdArgumentsGiveADelayBetweenNothingAndAnHour) {
	EXPECT_EQ(retry_delay(kMostAttempts, microseconds::max(), 1.0), hours{1});
	EXPECT_EQ(retry_delay(kMostAttempts, microseconds{1}, 0.5), hours{1});
	EXPECT_EQ(retry_delay(kMostAttempts, microseconds{0}, 0.5), seconds{0});
	EXPECT_EQ(retry_delay(3, microseconds::min(), 0.5), seconds{0});
	EXPECT_EQ(retry_delay(0, seconds{10}, 0.5), seconds{10});
	EXPECT_EQ(retry_delay(std::numeric_limits<int>::min(), seconds{10}, 0.5), seconds{10});
	EXPECT_EQ(retry_delay(1, seconds{10}, 7.0), seconds{12});
	EXPECT_EQ(retry_delay(1, seconds{10}, -7.0), seconds{8});
	EXPECT_EQ(retry_delay(1, seconds{10}, std::numeric_limits<double>::quiet_NaN()), seconds{10});
	EXPECT_EQ(retry_delay(1, seconds{10}, std::numeric_limits<double>::infinity()), seconds{12});
}

TEST(NextRetry, ComesAfterTheDelay) {
	EXPECT_EQ(next_retry(1, 5, seconds{10}, 0.5, kNow, kNow + hours{1}), kNow + seconds{10});
	EXPECT_EQ(next_retry(5, 5, seconds{10}, 0.5, kNow, kNow + hours{1}), kNow + seconds{160});
	EXPECT_EQ(next_retry(1, 5, seconds{10}, 0.0, kNow, Instant::max()), kNow + seconds{8});
}

TEST(NextRetry, IsNoMoreAfterTheLastRetry) {
	EXPECT_EQ(next_retry(6, 5, seconds{10}, 0.5, kNow, kNow + hours{1}), std::nullopt);
	EXPECT_EQ(next_retry(1, 0, seconds{10}, 0.5, kNow, kNow + hours{1}), std::nullopt);
	EXPECT_EQ(next_retry(kMostAttempts, 5, seconds{10}, 0.5, kNow, kNow + hours{1}), std::nullopt);
}

TEST(NextRetry, NeverComesAtOrAfterTheNextDueTime) {
	EXPECT_EQ(next_retry(1, 5, seconds{10}, 0.5, kNow, kNow + seconds{10}), std::nullopt);
	EXPECT_EQ(next_retry(1, 5, seconds{10}, 0.5, kNow, kNow + seconds{10} + microseconds{1}), kNow + seconds{10});
	EXPECT_EQ(next_retry(1, 5, seconds{10}, 0.5, kNow, kNow + milliseconds{1}), std::nullopt);
	EXPECT_EQ(next_retry(1, 5, seconds{10}, 0.5, kNow, kNow), std::nullopt);
	EXPECT_EQ(next_retry(1, 5, seconds{10}, 0.5, kNow, kNow - hours{1}), std::nullopt);
	EXPECT_EQ(next_retry(1, 5, seconds{10}, 0.5, Instant::max(), Instant::max()), std::nullopt);
	EXPECT_EQ(next_retry(1, 5, seconds{10}, 0.5, Instant::max() - seconds{5}, Instant::max()), std::nullopt);
	EXPECT_EQ(next_retry(1, 5, seconds{10}, 0.5, Instant::min(), Instant::max()), Instant::min() + seconds{10});
}

TEST(DelayAfterInterruptions, LetsALoaderThatBringsTheServerDownWait) {
	std::vector<long> delays;
	for (int interruptions = 0; interruptions <= 9; interruptions++) {
		delays.push_back(delay_after_interruptions(interruptions).count());
	}
	EXPECT_EQ(delays, (std::vector<long>{0, 0, 0, 0, 10, 20, 40, 60, 60, 60}));
	EXPECT_EQ(delay_after_interruptions(1'000'000).count(), 60);
}

} // namespace hyperline::schedule
