// How often a loader runs: an interval, or a cron expression.
//
// From the user's text: `looks_like_cron(text) ? RefreshRate(Cron::parse(text)) : RefreshRate(every(interval))`, where
// PostgreSQL has read the interval (pg::parse_interval); where it could not, invalid_refresh_rate() is what to throw.
#pragma once

#include <string_view>
#include <variant>

#include "pg/failure.hpp"
#include "schedule/cron.hpp"
#include "schedule/time.hpp"

namespace hyperline::schedule {

/// An interval at which a loader may run: from one second to ten years, and no part of it negative.
class Every {
public:
	[[nodiscard]] const Interval &interval() const noexcept { return interval_; }

	bool operator==(const Every &) const = default;

private:
	explicit Every(const Interval &interval) : interval_(interval) {}
	friend Every every(const Interval &interval);

	Interval interval_;
};

/// @throws Error 22023 for an interval that is shorter than a second, longer than ten years, or partly negative.
Every every(const Interval &interval);

using RefreshRate = std::variant<Every, Cron>;

/// The error (22023) for a text that is neither a cron expression nor an interval.
Error invalid_refresh_rate(std::string_view text);

} // namespace hyperline::schedule
