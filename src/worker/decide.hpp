// What the workers decide, apart from how they find out and carry it out. Plain C++: tested without a server.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pg/sharing.hpp"

namespace hyperline::worker {

/// How long to wait before something that has failed `failures` times in a row is tried again: 1 second, doubled up to
/// a minute.
std::chrono::seconds restart_delay(int failures);

/// Whether the clock was set back between two looks at it: it went on by less than the time that has passed.
bool clock_went_back(std::chrono::microseconds by_clock, std::chrono::nanoseconds passed);

/// Whether the n-th failure in a row of a loader is worth a line in the log: the 1st, 2nd, 4th, 8th ... All of them
/// stand in loader_runs.
bool worth_a_line(std::int64_t failures_in_a_row);

/// How many databases may have a scheduler at a time when slots for workers are short: each of these schedulers needs
/// one for a runner as well.
int most_schedulers(int capacity);

/// Whether a scheduler ends for the sake of others, to come back later: when slots are short and it has nothing to do
/// for a while; when it could not start a runner and there are too many schedulers; when others wait and it has served
/// its turn.
bool gives_way(const pg::Sharing &sharing, bool is_idle, bool could_not_start, std::chrono::nanoseconds served);

/// Why a database is to have a scheduler: the extension is known to be there; nobody has looked yet since the server
/// started; there was none when somebody looked. A look is a scheduler that ends at once when it finds nothing.
enum class Need { serve, look, look_again };

/// A database that is to have a scheduler now.
struct Claim {
	Need need = Need::serve;
	std::chrono::steady_clock::time_point since; ///< it has had none since then
};

/// Whether one goes before the other: those that are known to have the extension, then first looks. While slots are
/// short these two take turns, for loaders may wait there as well.
bool comes_before(const Claim &a, const Claim &b, bool is_short);

/// Whether others are to make room for it, when there was no slot so many times in a row: what is only looked at waits
/// for slots that are busy for a while, and never takes one that somebody else could use.
bool others_make_room(Need need, int failures, bool is_short);

/// After how long a database without the extension is looked at again: 5 to 10 minutes, by its number, so that not
/// all of them are at once.
std::chrono::seconds look_again_after(std::uint32_t database);

/// How long it may go on while others wait.
inline constexpr std::chrono::seconds kTurn{3};

/// A queued run whose time has come.
struct Waiting {
	std::int64_t run_id = 0;
	std::int32_t connection_id = 0;
	std::int32_t max_concurrent_runs = 1; ///< of its connection
};

/// Picks the runs to start, within the limits of the database and of each connection. Runs are offered in the order of
/// their due times; one that waits for its connection does not keep others waiting.
class Chooser {
public:
	/// `running`: by connection; `free`: how many more may run in the database.
	Chooser(std::map<std::int32_t, std::int64_t> running, std::int64_t free)
		: running_(std::move(running)), free_(free) {}

	/// Whether any more could be chosen.
	[[nodiscard]] bool has_room() const { return free_ > 0; }
	/// Whether this one is chosen.
	bool offer(const Waiting &run);
	/// Connections that were found to be at their limit.
	[[nodiscard]] const std::set<std::int32_t> &full() const { return full_; }

private:
	std::map<std::int32_t, std::int64_t> running_;
	std::int64_t free_;
	std::set<std::int32_t> full_;
};

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
	/// May be tried at once, but it has not succeeded yet.
	void hurry() { next_ = {}; }
	[[nodiscard]] bool may_try(Clock::time_point now) const { return now >= next_; }
	[[nodiscard]] Clock::time_point next() const { return next_; }
	[[nodiscard]] int failures() const { return failures_; }

private:
	int failures_ = 0;
	Clock::time_point next_{};
};

/// Keeps the log from saying the same thing over and over: yes at the first time, then once an hour at the most.
class Seldom {
public:
	using Clock = std::chrono::steady_clock;

	bool again(Clock::time_point now) {
		if (said_ && now < last_ + std::chrono::hours{1}) {
			return false;
		}
		said_ = true;
		last_ = now;
		return true;
	}

private:
	bool said_ = false;
	Clock::time_point last_{};
};

} // namespace hyperline::worker
