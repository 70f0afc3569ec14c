#include "schedule/retry.hpp"

#include <algorithm>

namespace hyperline::schedule {

using std::chrono::microseconds;

std::chrono::microseconds retry_delay(int failed_attempts, microseconds base, double jitter) {
	microseconds delay = std::clamp(base, microseconds{0}, kLongestRetryDelay);
	for (int i = 1; i < failed_attempts && delay > microseconds{0} && delay < kLongestRetryDelay; i++) {
		delay = std::min(delay * 2, kLongestRetryDelay);
	}
	// Also true of what is not a number.
	if (!(jitter >= 0.0 && jitter <= 1.0)) {
		jitter = jitter > 1.0 ? 1.0 : (jitter < 0.0 ? 0.0 : 0.5);
	}
	const double factor = 0.8 + 0.4 * jitter;
	const microseconds moved{static_cast<microseconds::rep>(static_cast<double>(delay.count()) * factor)};
	return std::min(moved, kLongestRetryDelay);
}

std::optional<Instant> next_retry(int failed_attempts, int max_retries, microseconds base, double jitter, Instant now,
								  Instant next_due) {
	if (failed_attempts > max_retries || next_due <= now) {
		return std::nullopt;
	}
	const microseconds delay = retry_delay(failed_attempts, base, jitter);
	if (now > Instant::max() - delay || now + delay >= next_due) {
		return std::nullopt;
	}
	return now + delay;
}

std::chrono::seconds delay_after_interruptions(int interruptions) {
	constexpr int kNotItsFault = 3;
	constexpr std::chrono::seconds kFirst{10};
	constexpr std::chrono::seconds kLongest{60};
	if (interruptions <= kNotItsFault) {
		return std::chrono::seconds{0};
	}
	return std::min(kLongest, kFirst * (1 << std::min(interruptions - kNotItsFault - 1, 3)));
}

} // namespace hyperline::schedule
