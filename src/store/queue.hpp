// What the scheduler asks for: loaders that are due, runs that may start, and when to look again. Each statement reads
// an index from its beginning and stops: none grows with the number of loaders.
//
// All functions need an open pg::Connection (SPI).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/spi.hpp"

namespace hyperline::store {

struct DueLoader {
	std::int32_t id = 0;
	std::string name;
	std::string refresh_rate;
	std::string time_zone;
	pg::Timestamp due_at{0};
};

/// Loaders whose time has come and that have no run queued or running, first due first; at most `limit`.
std::vector<DueLoader> due_loaders(pg::Timestamp now, std::int64_t limit);

/// Sets when a loader is due next. Only from the schedule: `seen_due_at` is what due_loaders() said, and a loader that
/// was changed meanwhile is left alone (false).
bool advance(std::int32_t loader_id, pg::Timestamp seen_due_at, pg::Timestamp next_run_at);

struct QueuedRun {
	std::int64_t id = 0;
	std::int32_t loader_id = 0;
	std::string loader;
	std::int32_t connection_id = 0;
	std::int32_t max_concurrent_runs = 2;
};

/// Queued runs whose time has come, first due first.
std::vector<QueuedRun> queued_runs(pg::Timestamp now);

/// How many runs are running, by connection.
struct RunningRuns {
	std::int32_t connection_id = 0;
	std::int64_t runs = 0;
};
std::vector<RunningRuns> running_runs();

/// The earliest time after `now` at which a loader becomes due or a queued run may start; nullopt: none.
std::optional<pg::Timestamp> next_event(pg::Timestamp now);

/// Whether the extension is installed in this database, and in which version; nullopt: not.
std::optional<std::string> installed_version();

} // namespace hyperline::store
