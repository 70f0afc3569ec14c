// Runs: their rows tell the truth at every moment, whatever happens to the process that carries one out.
//
//   queued ──► running ──► succeeded | failed | cancelled | interrupted
//      └──────────────────► cancelled
//
// A run's status is assigned in one function, change_status(). All functions need an open pg::Connection (SPI).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/failure.hpp"
#include "pg/spi.hpp"
#include "store/loaders.hpp"

namespace hyperline::store {

enum class Trigger { schedule, manual, retry, session };
enum class RunStatus { queued, running, succeeded, failed, cancelled, interrupted };

const char *to_text(Trigger trigger);
const char *to_text(RunStatus status);
Trigger trigger_from(const std::string &text);

struct Run {
	std::int64_t id = 0;
	std::int32_t loader_id = 0;
	std::string loader;
	Trigger trigger = Trigger::schedule;
	std::int32_t attempt = 1;
	RunStatus status = RunStatus::queued;
	pg::Timestamp due_at{0};
	std::optional<std::int64_t> pid;
	bool queued_in_this_transaction = false;
};

/// What a batch, or a run, did. rows_read is the sum of the six below it, always.
struct Counts {
	std::int64_t batches = 0;
	std::int64_t inserted = 0;
	std::int64_t updated = 0;
	std::int64_t unchanged = 0;
	std::int64_t stale = 0;
	std::int64_t duplicates = 0;
	std::int64_t rejected = 0;
	std::int64_t rejected_first = 0; ///< of these, what no earlier run had rejected
	std::int64_t customers_created = 0;
	std::int64_t bytes_read = 0;
	std::int64_t moves = 0;

	[[nodiscard]] std::int64_t rows_read() const {
		return inserted + updated + unchanged + stale + duplicates + rejected;
	}
	Counts &operator+=(const Counts &other);
};

/// Queues a run, or finds the one that is queued or running already. A queued one becomes due at once when asked
/// by hand. Returns its id.
std::int64_t queue_run(std::int32_t loader_id, Trigger trigger, std::int32_t attempt, pg::Timestamp due_at);

std::optional<Run> find_run(std::int64_t id);
/// The one that is queued or running, if any.
std::optional<Run> active_run(std::int32_t loader_id);

/// Makes a queued run one of this session, due now.
void take_over(std::int64_t id);
/// Whether the process that the run's row names holds the loader's lock, so that it is at work on it.
bool is_carried_out(const Run &run);
/// Whether that process waits for a lock that this session has.
bool is_held_up_by_this_session(const Run &run);

/// The only place where a run's status changes. Returns false when the run is not `from` (any more).
bool change_status(std::int64_t id, RunStatus from, RunStatus to);

/// Takes a queued run for this process, or makes one that is running from the start (a session's).
/// The caller holds the loader's lock. Returns nullopt when the run is not queued any more.
bool start_run(std::int64_t id, const std::optional<std::string> &watermark_from);

/// How far a loader has read: the cursor field's value, and of the snapshot in which it was read the source's clock and
/// since when its oldest transaction had been open.
struct Watermark {
	std::string value;
	std::optional<pg::Timestamp> time;
	std::optional<pg::Timestamp> open_since;
};

/// What a batch has brought the loader. nullopt: it stays.
struct Progress {
	std::optional<Watermark> watermark;
	std::optional<std::string> settled; ///< see Settling
};

/// Adds a batch to the counts of a running run, and its loader's progress. `statement` keeps its plan for the next
/// time.
void add_counts(std::int64_t id, const Counts &batch, const Progress &progress, pg::Prepared &statement);
/// Notes where the source stood when the run began to read.
void record_position(std::int64_t id, const std::string &position);
/// Sets one member of notes.
void add_note(std::int64_t id, const std::string &name, std::int64_t value);
void add_note(std::int64_t id, const std::string &name, const std::string &value);
/// Notes how `fields`, as JSON, differ from what the loader's query returned in its last run that succeeded:
/// fields_added, fields_removed, fields_retyped. Their order does not matter.
void note_drift(std::int64_t id, std::int32_t loader_id, const std::string &fields);

/// How a run ended, for its loader.
struct Success {
	std::optional<pg::Timestamp> source_time; ///< the source's clock at the start of the read
	std::optional<pg::Timestamp> open_since;  ///< of the oldest transaction that was open then
	std::string source_position;
	std::optional<Watermark> watermark;
	std::optional<pg::Timestamp> reached_at; ///< the source's clock when the watermark was, in the last snapshot
	Settling settling;
	std::optional<pg::Timestamp> complete_until; ///< nullopt: no farther than before
	std::string fields;							 ///< what the query returned, as JSON
	bool read_everything = false;				 ///< the whole query, not only what is new since the last run
};
void finish_succeeded(std::int64_t id, std::int32_t loader_id, const Success &success);
/// failed or cancelled. A cancelled run does not count as a failure of its loader.
void finish_unsuccessful(std::int64_t id, std::int32_t loader_id, RunStatus status, const Failure &failure);

/// Makes a loader due now, if it is due later.
void make_due_at_once(std::int32_t loader_id);

/// A run whose process is gone.
struct InterruptedRun {
	std::int64_t id = 0;
	std::int32_t loader_id = 0;
	std::string loader;
	Trigger trigger = Trigger::schedule;
	std::int32_t attempt = 1;
	Failure failure;
	int in_a_row = 1; ///< so many runs of the loader have ended like this, one after the other
};
/// Marks runs as interrupted whose process is gone: they are running and nobody holds their loader's lock. What is to
/// become of their loaders is the caller's part.
std::vector<InterruptedRun> mark_interrupted();

/// The space of the loaders' locks in pg_locks: the table's own number.
std::uint32_t loader_lock_space();

/// Removes finished runs, and rejected rows that are resolved, older than the retention; at most `limit` of each.
/// Whether there may be more.
bool remove_old(std::int64_t retention_minutes, std::int64_t limit);

} // namespace hyperline::store
