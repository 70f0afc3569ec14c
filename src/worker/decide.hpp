// What the workers decide, apart from how they find out and carry it out. Plain C++: tested without a server.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace hyperline::worker {

/// Whether the setting `databases`, '*' or a comma-separated list, names a database.
bool is_wanted(std::string_view setting, std::string_view database);

/// How long to wait before something that has failed `failures` times in a row is tried again: 1 second, doubled up to
/// a minute.
std::chrono::seconds restart_delay(int failures);

/// A queued run whose time has come.
struct Waiting {
	std::int64_t run_id = 0;
	std::int32_t connection_id = 0;
	std::int32_t max_concurrent_runs = 1; ///< of its connection
};

/// Picks the runs to start: in the order given, which is that of their due times, within both limits. Runs that wait
/// for their connection do not keep others waiting. `running`: by connection; `total`: of the database.
std::vector<std::int64_t> choose_runs(const std::vector<Waiting> &waiting, std::map<std::int32_t, std::int64_t> running,
									  std::int64_t total, std::int64_t max_total);

/// Counts failures in a row, and says when to try again.
class Backoff {
public:
	using Clock = std::chrono::steady_clock;

	void failed(Clock::time_point now) {
		failures_++;
		next_ = now + restart_delay(failures_);
	}
	void succeeded() {
		failures_ = 0;
		next_ = {};
	}
	[[nodiscard]] bool may_try(Clock::time_point now) const { return now >= next_; }
	[[nodiscard]] Clock::time_point next() const { return next_; }
	[[nodiscard]] int failures() const { return failures_; }

private:
	int failures_ = 0;
	Clock::time_point next_{};
};

} // namespace hyperline::worker
