// What the workers decide: which databases, which runs, and how long to wait.
#include <gtest/gtest.h>

#include "worker/decide.hpp"

namespace hyperline::worker {
namespace {

TEST(WorkerDecide, ServesTheDatabasesThatAreNamed) {
	EXPECT_TRUE(is_wanted("*", "billing"));
	EXPECT_TRUE(is_wanted("a, billing ,b", "billing"));
	EXPECT_TRUE(is_wanted("billing", "billing"));
	EXPECT_FALSE(is_wanted("billing2,bill", "billing"));
	EXPECT_FALSE(is_wanted("", "billing"));
}

TEST(WorkerDecide, WaitsLongerAfterEachFailureUpToAMinute) {
	EXPECT_EQ(restart_delay(0).count(), 0);
	EXPECT_EQ(restart_delay(1).count(), 1);
	EXPECT_EQ(restart_delay(2).count(), 2);
	EXPECT_EQ(restart_delay(6).count(), 32);
	EXPECT_EQ(restart_delay(7).count(), 60);
	EXPECT_EQ(restart_delay(1'000'000).count(), 60);
}

TEST(WorkerDecide, StartsRunsInTheirOrderWithinBothLimits) {
	const std::vector<Waiting> waiting{{1, 1, 2}, {2, 1, 2}, {3, 1, 2}, {4, 2, 1}, {5, 2, 1}, {6, 3, 1}};
	EXPECT_EQ(choose_runs(waiting, {}, 0, 100), (std::vector<std::int64_t>{1, 2, 4, 6}));
	EXPECT_EQ(choose_runs(waiting, {}, 0, 3), (std::vector<std::int64_t>{1, 2, 4}));
	EXPECT_EQ(choose_runs(waiting, {{1, 2}}, 2, 4), (std::vector<std::int64_t>{4, 6}))
		<< "a slow connection keeps nobody waiting";
	EXPECT_TRUE(choose_runs(waiting, {}, 4, 4).empty());
}

TEST(WorkerDecide, TriesAgainWhenItsDelayIsOver) {
	Backoff backoff;
	const Backoff::Clock::time_point start{};
	const auto now = start + std::chrono::hours(1);
	EXPECT_TRUE(backoff.may_try(now));
	backoff.failed(now);
	EXPECT_FALSE(backoff.may_try(now));
	EXPECT_TRUE(backoff.may_try(now + std::chrono::seconds(1)));
	backoff.failed(now);
	EXPECT_FALSE(backoff.may_try(now + std::chrono::seconds(1)));
	backoff.succeeded();
	EXPECT_TRUE(backoff.may_try(now));
}

} // namespace
} // namespace hyperline::worker
