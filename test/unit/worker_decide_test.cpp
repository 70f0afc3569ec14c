// What the workers decide: which databases, which runs, and how long to wait.
#include <gtest/gtest.h>

#include "pg/database_list.hpp"
#include "worker/decide.hpp"

namespace hyperline::worker {
namespace {

TEST(WorkerDecide, ServesTheDatabasesThatAreNamed) {
	EXPECT_TRUE(pg::is_wanted("*", "billing"));
	EXPECT_TRUE(pg::is_wanted("a, billing ,b", "billing"));
	EXPECT_TRUE(pg::is_wanted("billing", "billing"));
	EXPECT_FALSE(pg::is_wanted("billing2,bill", "billing"));
	EXPECT_FALSE(pg::is_wanted("", "billing"));
}

TEST(WorkerDecide, WaitsLongerAfterEachFailureUpToAMinute) {
	EXPECT_EQ(restart_delay(0).count(), 0);
	EXPECT_EQ(restart_delay(1).count(), 1);
	EXPECT_EQ(restart_delay(2).count(), 2);
	EXPECT_EQ(restart_delay(6).count(), 32);
	EXPECT_EQ(restart_delay(7).count(), 60);
	EXPECT_EQ(restart_delay(1'000'000).count(), 60);
}

std::vector<std::int64_t> choose(const std::vector<Waiting> &waiting, Chooser chooser) {
	std::vector<std::int64_t> chosen;
	for (const Waiting &run : waiting) {
		if (chooser.offer(run)) {
			chosen.push_back(run.run_id);
		}
	}
	return chosen;
}

TEST(WorkerDecide, StartsRunsInTheirOrderWithinBothLimits) {
	const std::vector<Waiting> waiting{{1, 1, 2}, {2, 1, 2}, {3, 1, 2}, {4, 2, 1}, {5, 2, 1}, {6, 3, 1}};
	EXPECT_EQ(choose(waiting, Chooser({}, 100)), (std::vector<std::int64_t>{1, 2, 4, 6}));
	EXPECT_EQ(choose(waiting, Chooser({}, 3)), (std::vector<std::int64_t>{1, 2, 4}));
	EXPECT_EQ(choose(waiting, Chooser({{1, 2}}, 2)), (std::vector<std::int64_t>{4, 6}))
		<< "a slow connection keeps nobody waiting";
	EXPECT_TRUE(choose(waiting, Chooser({}, 0)).empty());
	EXPECT_TRUE(choose(waiting, Chooser({}, -3)).empty()) << "the limit was lowered";
}

TEST(WorkerDecide, KnowsWhichConnectionsAreAtTheirLimit) {
	Chooser chooser({{1, 2}}, 1);
	EXPECT_FALSE(chooser.offer({1, 1, 2}));
	EXPECT_TRUE(chooser.has_room());
	EXPECT_TRUE(chooser.offer({2, 2, 1}));
	EXPECT_FALSE(chooser.has_room());
	EXPECT_EQ(chooser.full(), (std::set<std::int32_t>{1}));
}

TEST(WorkerDecide, LeavesSlotsForRunnersWhenTheyAreShort) {
	EXPECT_EQ(most_schedulers(0), 1);
	EXPECT_EQ(most_schedulers(1), 1);
	EXPECT_EQ(most_schedulers(2), 1);
	EXPECT_EQ(most_schedulers(7), 3);
}

TEST(WorkerDecide, MakesRoomForOthersOnlyWhenSlotsAreShort) {
	using namespace std::chrono_literals;
	const pg::Sharing plenty{false, 5, 6, 6};
	EXPECT_FALSE(gives_way(plenty, true, true, 1h)) << "long ago";
	const pg::Sharing alone{true, 0, 1, 4};
	EXPECT_FALSE(gives_way(alone, true, true, 1h)) << "there is nobody else";
	const pg::Sharing others{true, 5, 3, 6};
	EXPECT_TRUE(gives_way(others, true, false, 0s)) << "it has nothing to do";
	EXPECT_FALSE(gives_way(others, false, false, kTurn - 1s));
	EXPECT_TRUE(gives_way(others, false, false, kTurn)) << "its turn is over";
	EXPECT_FALSE(gives_way(others, false, true, 0s)) << "half of the slots are for runners already";
	const pg::Sharing crowded{true, 0, 6, 6};
	EXPECT_TRUE(gives_way(crowded, false, true, 0s)) << "else no runner could ever start";
	EXPECT_FALSE(gives_way(crowded, false, false, 1h)) << "nobody waits";
}

TEST(WorkerDecide, LooksIntoOtherDatabasesAfterThoseThatAreToBeServed) {
	using namespace std::chrono_literals;
	const std::chrono::steady_clock::time_point now{100h};
	const Claim served{Need::serve, now};
	const Claim served_long_ago{Need::serve, now - 1h};
	const Claim look{Need::look, now - 2h};
	const Claim again{Need::look_again, now - 3h};
	for (const bool is_short : {false, true}) {
		EXPECT_TRUE(comes_before(served_long_ago, served, is_short));
		EXPECT_FALSE(comes_before(served, served_long_ago, is_short));
		EXPECT_FALSE(comes_before(served, served, is_short));
		EXPECT_TRUE(comes_before(served, again, is_short));
		EXPECT_TRUE(comes_before(look, again, is_short));
		EXPECT_FALSE(comes_before(again, look, is_short));
	}
	EXPECT_TRUE(comes_before(served, look, false));
	EXPECT_TRUE(comes_before(look, served, true)) << "loaders may wait there as well";
}

TEST(WorkerDecide, MakesRoomForALookOnlyWhenSlotsStayBusy) {
	for (const bool is_short : {false, true}) {
		EXPECT_TRUE(others_make_room(Need::serve, 1, is_short));
		EXPECT_FALSE(others_make_room(Need::look_again, 100, is_short));
		EXPECT_EQ(others_make_room(Need::look, 1, is_short), is_short);
		EXPECT_TRUE(others_make_room(Need::look, 4, is_short));
	}
}

TEST(WorkerDecide, SpreadsFurtherLooks) {
	std::set<std::int64_t> delays;
	for (std::uint32_t database = 16384; database < 16384 + 100; database++) {
		const std::chrono::seconds delay = look_again_after(database);
		EXPECT_GE(delay, std::chrono::minutes{5});
		EXPECT_LE(delay, std::chrono::minutes{10});
		delays.insert(delay.count());
	}
	EXPECT_GT(delays.size(), 80U);
}

TEST(WorkerDecide, SeesAClockThatWasSetBack) {
	using namespace std::chrono_literals;
	EXPECT_FALSE(clock_went_back(60s, 60s));
	EXPECT_FALSE(clock_went_back(59500ms, 60s)) << "clocks are slowed down a little all the time";
	EXPECT_TRUE(clock_went_back(-24h, 60s));
	EXPECT_TRUE(clock_went_back(0s, 60s)) << "set back by the time that has passed";
	EXPECT_FALSE(clock_went_back(24h, 60s)) << "set forward: what is due is found as ever";
}

TEST(WorkerDecide, LogsFailuresInARowMoreAndMoreSeldom) {
	std::vector<std::int64_t> logged;
	for (std::int64_t failures = 1; failures <= 100; failures++) {
		if (worth_a_line(failures)) {
			logged.push_back(failures);
		}
	}
	EXPECT_EQ(logged, (std::vector<std::int64_t>{1, 2, 4, 8, 16, 32, 64}));
}

TEST(WorkerDecide, SaysTheSameOnceAnHour) {
	Seldom seldom;
	const Seldom::Clock::time_point start{};
	EXPECT_TRUE(seldom.again(start));
	EXPECT_FALSE(seldom.again(start + std::chrono::minutes(59)));
	EXPECT_TRUE(seldom.again(start + std::chrono::minutes(60)));
	EXPECT_FALSE(seldom.again(start + std::chrono::minutes(61)));
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
	backoff.hurry();
	EXPECT_TRUE(backoff.may_try(now));
	EXPECT_EQ(backoff.failures(), 2);
	backoff.succeeded();
	EXPECT_TRUE(backoff.may_try(now));
	EXPECT_EQ(backoff.failures(), 0);
}

} // namespace
} // namespace hyperline::worker
