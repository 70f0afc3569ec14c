#include "loader/refresh.hpp"

#include "pg/time.hpp"
#include "schedule/cron.hpp"

namespace hyperline::loader {

schedule::RefreshRate parse_refresh_rate(const std::string &text) {
	if (schedule::looks_like_cron(text)) {
		return schedule::Cron::parse(text);
	}
	const std::optional<pg::IntervalParts> parts = pg::parse_interval(text);
	if (!parts) {
		throw schedule::invalid_refresh_rate(text);
	}
	return schedule::every(schedule::Interval{parts->months, parts->days, parts->microseconds});
}

namespace {

// Infinite times, which somebody may have written into the table, are cut to what can be computed with.
schedule::Instant to_instant(pg::Timestamp time) {
	constexpr std::int64_t kFarthest = 4'000'000'000'000'000'000;
	const std::int64_t cut = std::min(std::max(time.microseconds, -kFarthest), kFarthest);
	return schedule::Instant(std::chrono::microseconds(cut + pg::kUnixEpochOffset));
}

} // namespace

pg::Timestamp next_due_at(const schedule::RefreshRate &rate, const std::string &time_zone, pg::Timestamp previous,
						  pg::Timestamp now) {
	const schedule::Instant next =
		schedule::next_due(rate, to_instant(previous), to_instant(now), pg::time_zone(time_zone));
	return pg::Timestamp{next.time_since_epoch().count() - pg::kUnixEpochOffset};
}

} // namespace hyperline::loader
