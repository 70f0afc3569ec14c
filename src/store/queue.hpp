// What the scheduler asks for: loaders that are due, runs that may start, and when to look again. Each statement reads
// an index from its beginning and stops: none grows with the number of loaders.
//
// All functions need an open pg::Connection (SPI).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pg/spi.hpp"

namespace hyperline::store {

/// A loader and its schedule.
struct ScheduledLoader {
	std::int32_t id = 0;
	std::string name;
	std::string refresh_rate;
	std::string time_zone;
	pg::Timestamp due_at{0};
};

/// Loaders whose time has come and that have no run queued or running, first due first; at most `limit`. They are held
/// until the transaction ends; those that somebody else holds are left out.
std::vector<ScheduledLoader> due_loaders(pg::Timestamp now, std::int64_t limit);

/// Whether there is such a loader, held by somebody or not.
bool any_loader_due(pg::Timestamp now);

/// Loaders that are not paused and due later than `now`, those of the lowest numbers after `after`; at most `limit`.
/// This one does read all loaders, page by page, and holds none: for when the clock went back.
std::vector<ScheduledLoader> loaders_due_later(pg::Timestamp now, std::int32_t after, std::int64_t limit);

/// Sets when a loader is due next, since a run stands for the time that it was due at: `seen_due_at` is what was read,
/// and a loader that was changed meanwhile is left alone (false).
bool advance(std::int32_t loader_id, pg::Timestamp seen_due_at, pg::Timestamp next_run_at);

struct QueuedRun {
	std::int64_t id = 0;
	std::string loader;
	std::int32_t connection_id = 0;
	std::int32_t max_concurrent_runs = 2;
	pg::Timestamp due_at{0};
};

/// Which queued runs: those that somebody asked for are all that runs while scheduling is off.
enum class Asked { by_anything, by_people };

/// Queued runs whose time has come, first due first, that come after (after_due_at, after_id) and are not of the
/// connections `full`; at most `limit`. It reads past the runs of those connections, and no further than it must.
std::vector<QueuedRun> queued_runs(pg::Timestamp now, pg::Timestamp after_due_at, std::int64_t after_id,
								   const std::set<std::int32_t> &full, Asked which, std::int64_t limit);

/// A queued run of the schedule, or a retry, for which somebody has asked: it is his from now on.
void mark_as_asked_for(std::int64_t run);

/// Those of `runs` that are still queued.
std::vector<std::int64_t> still_queued(const std::vector<std::int64_t> &runs);

/// Queued runs that are due later than `latest`, or were queued later than `now`, become due as they would be had they
/// been queued `now`: the clock went back. Returns how many; those that somebody else holds are left out.
std::uint64_t hurry_queued_runs(pg::Timestamp now, pg::Timestamp latest);

/// Whether there is such a run, held by somebody or not.
bool any_queued_later(pg::Timestamp now, pg::Timestamp latest);

struct RunningRun {
	std::int64_t id = 0;
	std::optional<std::int32_t> connection_id; ///< none: its loader was dropped
	bool in_session = false;
};
std::vector<RunningRun> running_runs();

/// The earliest time after `now` at which a loader becomes due or a queued run may start; nullopt: none.
std::optional<pg::Timestamp> next_event(pg::Timestamp now);

/// What a worker has to know of the database before it does anything there.
struct Installation {
	std::string version;
	std::int64_t revision = 0;		///< of the tables and functions, see kRevision
	std::int64_t made_in = 0;		///< the number of the database in which CREATE EXTENSION ran
	bool allows_connections = true; ///< the database
};

/// The revision of the extension's script that this library works with. A script that changes what the library uses
/// writes another one into hyperline.installation; the workers of an older library, which the server has loaded until
/// it is restarted, then leave everything alone.
inline constexpr std::int64_t kRevision = 1;

/// nullopt: the extension is not installed in this database.
std::optional<Installation> installation();

/// Throws 55000 when the extension's script and the library do not belong together.
void refuse_other_revision();

/// Pauses everything in a database that is a copy of the one in which the extension was created, and notes that it is
/// one. Returns how many loaders it has paused.
std::uint64_t pause_copy();

} // namespace hyperline::store
