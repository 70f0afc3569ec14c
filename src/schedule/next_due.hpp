// When a loader is due next.
//
// Intervals are aligned to when the loader was due, not to when its run ended, and whatever was missed is one run. A
// cron expression is turned into instants in the loader's time zone:
// - Times of the day ("30 2 * * *"): each comes exactly once. One that the clocks skip is taken with the offset before
//   the change, so 02:30 is 03:30 summer time; of one that they show twice, the first counts.
// - With an hour field that begins with `*` ("*/15 * * * *"): due whenever the clock shows such a minute, so that a run
//   every quarter of an hour stays that on the days when clocks change.
// The result is always after `now`, and about two steps after it at most, whatever the clock did before.
#pragma once

#include "schedule/refresh_rate.hpp"
#include "schedule/time.hpp"

namespace hyperline::schedule {

/// The first instant after `now`, and after `previous_due`, at which a loader is due.
///
/// Interval: previous_due + k * interval, for the smallest whole k >= 1 that is after `now`. Months and days are
/// counted on the calendar of the zone as `timestamptz + interval` counts them (the last day of the month where it has
/// no such day, then days, then elapsed time), from previous_due in one step: 31 January and one month is 28 February,
/// and two are 31 March. Only a caller who passes on the result as the next previous_due goes on from the 28th, as
/// PostgreSQL does when it adds months one by one; one who passes the first due time of all stays at the 31st.
///
/// previous_due in the future (the clock went back): by up to one step, it is still what the result comes after. By
/// more than that, it says only how the rate is aligned (k may be zero or negative), and the result is at most one step
/// after `now`. A step of a cron expression ends where it is due next.
///
/// @param previous_due when the loader was due; any value.
/// @param now any value. After the year 9999 nothing is due any more (Instant::max()), and what is before the year 1
/// is taken for its beginning.
/// @param offset the offset of the loader's time zone; asked some hundred times.
Instant next_due(const RefreshRate &rate, Instant previous_due, Instant now, const UtcOffset &offset);

} // namespace hyperline::schedule
