// When a failed run is tried again: after a delay that doubles each time, but never after the loader is due anyway.
#pragma once

#include <chrono>
#include <optional>

#include "schedule/time.hpp"

namespace hyperline::schedule {

/// The longest delay before a retry.
inline constexpr std::chrono::microseconds kLongestRetryDelay = std::chrono::hours{1};

/// How long to wait after so many failures in a row: `base` after the first, twice as long after each other one, moved
/// by up to a fifth to either side, and never longer than kLongestRetryDelay.
///
/// @param failed_attempts counts from 1; anything lower is 1.
/// @param base the setting hyperline_connector.retry_delay; a negative one is 0.
/// @param jitter a random number from 0 (a fifth less) to 1 (a fifth more); 0.5 moves nothing.
std::chrono::microseconds retry_delay(int failed_attempts, std::chrono::microseconds base, double jitter);

/// When to try again a run that has failed `failed_attempts` times in a row, counting from 1.
///
/// nullopt when that is not to be: there were `max_retries` retries already, or the loader is due (`next_due`) before
/// the retry or at the same time, so that its next run is the retry. The other parameters are those of retry_delay().
std::optional<Instant> next_retry(int failed_attempts, int max_retries, std::chrono::microseconds base, double jitter,
								  Instant now, Instant next_due);

/// How long a loader waits after `interruptions` runs in a row whose process or server went down under them. Not at
/// all after the first ones: that was not its fault. After more it may well be what brings the server down, and
/// somebody must find the time to pause it: 10 seconds, doubled up to a minute.
std::chrono::seconds delay_after_interruptions(int interruptions);

} // namespace hyperline::schedule
