#include "schedule/local_time.hpp"

#include <algorithm>

namespace hyperline::schedule {

using std::chrono::hours;
using std::chrono::local_seconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

namespace {

// How far an offset may be from the one at the same reading of the clock in UTC: a day for a zone that crosses the date
// line, and an hour or two of summer time.
constexpr hours kMostChange{26};

// An offset holds at least as long; see the header.
constexpr hours kShortestStretch{1};

// More than any zone has (PostgreSQL accepts POSIX zones of up to a week), so that nothing can overflow.
constexpr hours kLargestOffset{24 * 7};

seconds offset_at(const UtcOffset &offset, sys_seconds instant) {
	return std::clamp<seconds>(offset(instant), -kLargestOffset, kLargestOffset);
}

// The first instant after `begin` whose offset is not that of `begin`; at `end` it is not.
sys_seconds find_change(const UtcOffset &offset, seconds at_begin, sys_seconds begin, sys_seconds end) {
	while (end - begin > seconds{1}) {
		const sys_seconds middle = begin + (end - begin) / 2;
		if (offset_at(offset, middle) == at_begin) {
			begin = middle;
		} else {
			end = middle;
		}
	}
	return end;
}

} // namespace

LocalWindow::LocalWindow(const UtcOffset &offset, local_seconds first, local_seconds last) {
	const seconds typical = offset_at(offset, sys_seconds{first.time_since_epoch()});
	const sys_seconds begin = sys_seconds{first.time_since_epoch() - typical} - kMostChange;
	const sys_seconds end = sys_seconds{last.time_since_epoch() - typical} + kMostChange;

	stretches_.push_back({begin, end, offset_at(offset, begin)});
	for (sys_seconds known = begin; known < end;) {
		const sys_seconds next = std::min<sys_seconds>(known + kShortestStretch, end);
		const seconds at_next = offset_at(offset, next);
		while (stretches_.back().offset != at_next) {
			const sys_seconds change = find_change(offset, stretches_.back().offset, known, next);
			stretches_.back().end = change;
			stretches_.push_back({change, end, offset_at(offset, change)});
			known = change;
		}
		known = next;
	}
}

sys_seconds LocalWindow::earliest(local_seconds local) const {
	sys_seconds earliest = sys_seconds::max();
	for (const Stretch &stretch : stretches_) {
		earliest = std::min(earliest, by_clock_of(stretch, local));
	}
	return earliest;
}

sys_seconds LocalWindow::instant_of(local_seconds local, Occurrence which) const {
	const Stretch *found = nullptr;
	for (const Stretch &stretch : stretches_) {
		if (contains(stretch, by_clock_of(stretch, local))) {
			found = &stretch;
			if (which == Occurrence::first) {
				break;
			}
		}
	}
	if (found != nullptr) {
		return by_clock_of(*found, local);
	}
	// The clocks are put forward over this time where one stretch is over before they show it and the next begins after
	// they would have.
	for (std::size_t i = 1; i < stretches_.size(); i++) {
		const Stretch &before = stretches_[i - 1];
		if (by_clock_of(before, local) >= before.end && by_clock_of(stretches_[i], local) < before.end) {
			return by_clock_of(before, local);
		}
	}
	return by_clock_of(stretches_.front(), local); // not a time of this window
}

std::chrono::local_time<std::chrono::microseconds> local_of(const UtcOffset &offset, Instant instant) {
	const seconds east = offset_at(offset, std::chrono::floor<seconds>(instant));
	return std::chrono::local_time<std::chrono::microseconds>{instant.time_since_epoch() + east};
}

Instant instant_of(const UtcOffset &offset, std::chrono::local_time<std::chrono::microseconds> local) {
	const local_seconds second = std::chrono::floor<seconds>(local);
	const LocalWindow window(offset, second, second);
	return window.instant_of(second, Occurrence::last) + (local - second);
}

} // namespace hyperline::schedule
