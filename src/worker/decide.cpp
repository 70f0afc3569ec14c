#include "worker/decide.hpp"

#include <algorithm>

namespace hyperline::worker {

std::chrono::seconds restart_delay(int failures) {
	constexpr int kDoublings = 6;
	constexpr std::chrono::seconds kLongest{60};
	if (failures <= 0) {
		return std::chrono::seconds{0};
	}
	return std::min(kLongest, std::chrono::seconds{std::int64_t{1} << std::min(failures - 1, kDoublings)});
}

bool clock_went_back(std::chrono::microseconds by_clock, std::chrono::nanoseconds passed) {
	constexpr std::chrono::seconds kInaccuracy{1};
	return by_clock + kInaccuracy < passed;
}

bool worth_a_line(std::int64_t failures_in_a_row) {
	return (failures_in_a_row & (failures_in_a_row - 1)) == 0;
}

int most_schedulers(int capacity) {
	return std::max(1, capacity / 2);
}

bool gives_way(const pg::Sharing &sharing, bool is_idle, bool could_not_start, std::chrono::nanoseconds served) {
	if (!sharing.is_short || (sharing.waiting == 0 && sharing.serving <= 1)) {
		return false;
	}
	return is_idle || (could_not_start && sharing.serving > most_schedulers(sharing.capacity)) ||
		   (sharing.waiting > 0 && served >= kTurn);
}

bool comes_before(const Claim &a, const Claim &b, bool is_short) {
	const auto rank = [=](Need need) {
		return need == Need::serve ? 0 : need == Need::look_again ? 2 : is_short ? 0 : 1;
	};
	return rank(a.need) != rank(b.need) ? rank(a.need) < rank(b.need) : a.since < b.since;
}

bool others_make_room(Need need, int failures, bool is_short) {
	constexpr int kBusyForAWhile = 4; // 7 seconds, see restart_delay()
	return need == Need::serve || (need == Need::look && (is_short || failures >= kBusyForAWhile));
}

std::chrono::seconds look_again_after(std::uint32_t database) {
	constexpr std::uint32_t kShortest = 300;
	constexpr std::uint32_t kSpread = 301;
	constexpr std::uint32_t kMix = 2'654'435'761U; // of Knuth's: neighbours are far apart
	return std::chrono::seconds{kShortest + (database * kMix >> 8U) % kSpread};
}

bool Chooser::offer(const Waiting &run) {
	std::int64_t &of_connection = running_[run.connection_id];
	if (of_connection >= run.max_concurrent_runs) {
		full_.insert(run.connection_id);
		return false;
	}
	if (!has_room()) {
		return false;
	}
	of_connection++;
	free_--;
	return true;
}

} // namespace hyperline::worker
