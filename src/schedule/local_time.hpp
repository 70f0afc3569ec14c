// From the wall clock of a time zone to instants, by the zone's offsets alone.
//
// Holds for every zone of the tz database: shifts of half an hour (Australia/Lord_Howe), offsets with seconds, a day
// skipped or lived twice (Pacific/Apia, Pacific/Kwajalein), changes that follow each other within hours. What it
// assumes: an offset changes by no more than a day, and holds for an hour or longer (in the tz database the shortest
// holds for 95 hours, Africa/Freetown in 1939).
#pragma once

#include <chrono>
#include <vector>

#include "schedule/time.hpp"

namespace hyperline::schedule {

/// Which instant is meant by a time that the clocks show twice. One that they never show (clocks were put forward over
/// it) is always read with the offset that was in force before, as PostgreSQL does: 02:30 becomes 03:30 summer time.
enum class Occurrence : std::uint8_t {
	first,
	last, ///< PostgreSQL's choice
};

/// A time during which the offset is the same: from `begin` to just before `end`.
struct Stretch {
	std::chrono::sys_seconds begin;
	std::chrono::sys_seconds end;
	std::chrono::seconds offset;
};

/// The time at which the clocks of a zone may show a local time between two, and the changes of its offset in it.
class LocalWindow {
public:
	/// For local times from `first` to `last`, which may be equal. Asks `offset` about 55 times, and 24 times more for
	/// each day between the two.
	LocalWindow(const UtcOffset &offset, std::chrono::local_seconds first, std::chrono::local_seconds last);

	/// Neither `local` nor a later time of the window stands for an instant before this one.
	[[nodiscard]] std::chrono::sys_seconds earliest(std::chrono::local_seconds local) const;

	/// In order and without holes; never empty.
	[[nodiscard]] const std::vector<Stretch> &stretches() const noexcept { return stretches_; }

	/// The one instant that a local time of the window stands for.
	[[nodiscard]] std::chrono::sys_seconds instant_of(std::chrono::local_seconds local, Occurrence which) const;

private:
	std::vector<Stretch> stretches_;
};

/// The instant at which the clocks of a stretch would show `local`; the stretch may not reach to it.
inline std::chrono::sys_seconds by_clock_of(const Stretch &stretch, std::chrono::local_seconds local) noexcept {
	return std::chrono::sys_seconds{local.time_since_epoch() - stretch.offset};
}

/// Whether the stretch contains an instant.
inline bool contains(const Stretch &stretch, std::chrono::sys_seconds instant) noexcept {
	return stretch.begin <= instant && instant < stretch.end;
}

/// What the clocks show at an instant.
std::chrono::local_time<std::chrono::microseconds> local_of(const UtcOffset &offset, Instant instant);

/// The instant of a local time, as PostgreSQL converts a timestamp to timestamptz (Occurrence::last).
Instant instant_of(const UtcOffset &offset, std::chrono::local_time<std::chrono::microseconds> local);

} // namespace hyperline::schedule
