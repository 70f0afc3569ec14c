#include "store/queue.hpp"

#include <algorithm>

namespace hyperline::store {

namespace {

constexpr const char *kDueLoaders = R"(
SELECT l.loader_id, l.name, l.refresh_rate, l.time_zone, l.next_run_at
FROM hyperline.loader l
WHERE NOT l.paused AND l.next_run_at OPERATOR(pg_catalog.<=) $1
  AND NOT EXISTS (
	SELECT FROM hyperline.run r
	WHERE r.loader_id OPERATOR(pg_catalog.=) l.loader_id
	  AND r.status OPERATOR(pg_catalog.=) ANY (ARRAY['queued', 'running']))
ORDER BY l.next_run_at
LIMIT $2
)";

// A loader that somebody's open transaction holds is left for a later round: no other waits for it.
constexpr const char *kThatNobodyHolds = "FOR NO KEY UPDATE OF l SKIP LOCKED";

constexpr const char *kAdvance = R"(
UPDATE hyperline.loader l SET next_run_at = $3
WHERE l.loader_id OPERATOR(pg_catalog.=) $1 AND l.next_run_at OPERATOR(pg_catalog.=) $2 AND NOT l.paused
RETURNING l.loader_id
)";

constexpr const char *kDueLater = R"(
SELECT l.loader_id, l.name, l.refresh_rate, l.time_zone, l.next_run_at
FROM hyperline.loader l
WHERE NOT l.paused AND l.next_run_at OPERATOR(pg_catalog.>) $1 AND l.loader_id OPERATOR(pg_catalog.>) $2
ORDER BY l.loader_id
LIMIT $3
)";

constexpr const char *kQueued = R"(
SELECT r.run_id, l.name, l.connection_id, c.max_concurrent_runs, r.due_at
FROM hyperline.run r
JOIN hyperline.loader l ON l.loader_id OPERATOR(pg_catalog.=) r.loader_id
JOIN hyperline.connection c ON c.connection_id OPERATOR(pg_catalog.=) l.connection_id
WHERE r.status OPERATOR(pg_catalog.=) 'queued' AND r.due_at OPERATOR(pg_catalog.<=) $1
  AND (r.due_at, r.run_id) OPERATOR(pg_catalog.>) ($2::pg_catalog.timestamptz, $3::pg_catalog.int8)
  AND l.connection_id OPERATOR(pg_catalog.<>) ALL ($4::pg_catalog.int4[])
  AND (r.trigger OPERATOR(pg_catalog.=) 'manual' OR NOT $6::pg_catalog.bool)
ORDER BY r.due_at, r.run_id
LIMIT $5
)";

constexpr const char *kMarkAsAskedFor = R"(
UPDATE hyperline.run r SET trigger = 'manual'
WHERE r.run_id OPERATOR(pg_catalog.=) $1 AND r.status OPERATOR(pg_catalog.=) 'queued'
  AND r.trigger OPERATOR(pg_catalog.<>) 'manual'
)";

constexpr const char *kStillQueued = R"(
SELECT r.run_id FROM hyperline.run r
WHERE r.run_id OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.int8[]) AND r.status OPERATOR(pg_catalog.=) 'queued'
)";

// What was queued in the future is of before the clock went back, and what is due beyond the longest delay as well. A
// retry keeps its delay.
#define HYPERLINE_OF_A_LATER_CLOCK                                                                                     \
	"q.status OPERATOR(pg_catalog.=) 'queued' AND q.due_at OPERATOR(pg_catalog.>) $1"                                  \
	" AND (q.due_at OPERATOR(pg_catalog.>) $2 OR q.queued_at OPERATOR(pg_catalog.>) $1)"

constexpr const char *kHurryAll = R"(
UPDATE hyperline.run r
SET due_at = CASE WHEN r.queued_at OPERATOR(pg_catalog.>) $1
		THEN GREATEST($1, $1 OPERATOR(pg_catalog.+) (r.due_at OPERATOR(pg_catalog.-) r.queued_at)) ELSE $1 END,
    queued_at = LEAST(r.queued_at, $1)
FROM (
	SELECT q.run_id FROM hyperline.run q
	WHERE )" HYPERLINE_OF_A_LATER_CLOCK R"(
	FOR NO KEY UPDATE SKIP LOCKED
) late
WHERE r.run_id OPERATOR(pg_catalog.=) late.run_id
)";

constexpr const char *kAnyQueuedLater = R"(
SELECT true FROM hyperline.run q
WHERE )" HYPERLINE_OF_A_LATER_CLOCK R"(
LIMIT 1
)";

constexpr const char *kRunning = R"(
SELECT r.run_id, l.connection_id, r.trigger OPERATOR(pg_catalog.=) 'session'
FROM hyperline.run r
LEFT JOIN hyperline.loader l ON l.loader_id OPERATOR(pg_catalog.=) r.loader_id
WHERE r.status OPERATOR(pg_catalog.=) 'running'
)";

constexpr const char *kNextLoader = R"(
SELECT l.next_run_at FROM hyperline.loader l
WHERE NOT l.paused AND l.next_run_at OPERATOR(pg_catalog.>) $1
ORDER BY l.next_run_at
LIMIT 1
)";

constexpr const char *kNextRun = R"(
SELECT r.due_at FROM hyperline.run r
WHERE r.status OPERATOR(pg_catalog.=) 'queued' AND r.due_at OPERATOR(pg_catalog.>) $1
ORDER BY r.due_at
LIMIT 1
)";

std::vector<ScheduledLoader> read_loaders(const pg::Rows &rows) {
	std::vector<ScheduledLoader> loaders;
	for (std::size_t i = 0; i < rows.size(); i++) {
		loaders.push_back(ScheduledLoader{static_cast<std::int32_t>(rows.number(i, 0)), rows.text(i, 1),
										  rows.text(i, 2), rows.text(i, 3), *rows.optional_time(i, 4)});
	}
	return loaders;
}

// As the input of an array type.
template <typename Numbers>
std::string array_of(const Numbers &numbers) {
	std::string text = "{";
	for (const auto number : numbers) {
		text += (text.size() == 1 ? "" : ",") + std::to_string(number);
	}
	return text + "}";
}

} // namespace

std::vector<ScheduledLoader> due_loaders(pg::Timestamp now, std::int64_t limit) {
	return read_loaders(pg::run((std::string(kDueLoaders) + kThatNobodyHolds).c_str(), {now, limit}));
}

bool any_loader_due(pg::Timestamp now) {
	return !pg::run(kDueLoaders, {now, std::int64_t{1}}).empty();
}

std::vector<ScheduledLoader> loaders_due_later(pg::Timestamp now, std::int32_t after, std::int64_t limit) {
	return read_loaders(pg::run(kDueLater, {now, after, limit}));
}

bool advance(std::int32_t loader_id, pg::Timestamp seen_due_at, pg::Timestamp next_run_at) {
	return !pg::run(kAdvance, {loader_id, seen_due_at, next_run_at}).empty();
}

std::vector<QueuedRun> queued_runs(pg::Timestamp now, pg::Timestamp after_due_at, std::int64_t after_id,
								   const std::set<std::int32_t> &full, Asked which, std::int64_t limit) {
	std::vector<QueuedRun> queued;
	const std::string without = array_of(full);
	const pg::Rows rows = pg::run(kQueued, {now, after_due_at, after_id, without, limit, which == Asked::by_people});
	for (std::size_t i = 0; i < rows.size(); i++) {
		queued.push_back(QueuedRun{rows.number(i, 0), rows.text(i, 1), static_cast<std::int32_t>(rows.number(i, 2)),
								   static_cast<std::int32_t>(rows.number(i, 3)), *rows.optional_time(i, 4)});
	}
	return queued;
}

void mark_as_asked_for(std::int64_t run) {
	pg::run(kMarkAsAskedFor, {run});
}

std::vector<std::int64_t> still_queued(const std::vector<std::int64_t> &runs) {
	std::vector<std::int64_t> queued;
	if (!runs.empty()) {
		const std::string asked = array_of(runs);
		const pg::Rows rows = pg::run(kStillQueued, {asked});
		for (std::size_t i = 0; i < rows.size(); i++) {
			queued.push_back(rows.number(i, 0));
		}
	}
	return queued;
}

std::uint64_t hurry_queued_runs(pg::Timestamp now, pg::Timestamp latest) {
	return pg::run(kHurryAll, {now, latest}).processed;
}

bool any_queued_later(pg::Timestamp now, pg::Timestamp latest) {
	return !pg::run(kAnyQueuedLater, {now, latest}).empty();
}

std::vector<RunningRun> running_runs() {
	std::vector<RunningRun> running;
	const pg::Rows rows = pg::run(kRunning);
	for (std::size_t i = 0; i < rows.size(); i++) {
		RunningRun run{rows.number(i, 0), std::nullopt, rows.boolean(i, 2)};
		if (!rows.is_null(i, 1)) {
			run.connection_id = static_cast<std::int32_t>(rows.number(i, 1));
		}
		running.push_back(run);
	}
	return running;
}

std::optional<pg::Timestamp> next_event(pg::Timestamp now) {
	std::optional<pg::Timestamp> next;
	for (const char *sql : {kNextLoader, kNextRun}) {
		const pg::Rows rows = pg::run(sql, {now});
		if (!rows.empty() && (!next || rows.number(0, 0) < next->microseconds)) {
			next = rows.optional_time(0, 0);
		}
	}
	return next;
}

namespace {

constexpr const char *kExtension = R"(
SELECT e.extversion, d.datallowconn
FROM pg_catalog.pg_extension e, pg_catalog.pg_database d
WHERE e.extname OPERATOR(pg_catalog.=) 'hyperline_connector' AND d.oid OPERATOR(pg_catalog.=) $1::pg_catalog.oid
)";

constexpr const char *kInstallation = R"(
SELECT i.revision, i.database::pg_catalog.int8 FROM hyperline.installation i
)";

constexpr const char *kPauseAll = R"(
UPDATE hyperline.loader l SET paused = true, pause_reason = 'copied' WHERE NOT l.paused
)";

constexpr const char *kCancelAll = R"(
UPDATE hyperline.run r SET status = 'cancelled', finished_at = pg_catalog.clock_timestamp()
WHERE r.status OPERATOR(pg_catalog.=) 'queued'
)";

constexpr const char *kMadeHere = R"(
UPDATE hyperline.installation i SET database = $1::pg_catalog.oid
)";

std::int64_t this_database() {
	return static_cast<std::int64_t>(MyDatabaseId);
}

} // namespace

std::optional<Installation> installation() {
	const pg::Rows extension = pg::run(kExtension, {this_database()});
	if (extension.empty()) {
		return std::nullopt;
	}
	Installation found;
	found.version = extension.text(0, 0);
	found.allows_connections = extension.boolean(0, 1);
	const pg::Rows rows = pg::run(kInstallation);
	if (!rows.empty()) {
		found.revision = rows.number(0, 0);
		found.made_in = rows.number(0, 1);
	}
	return found;
}

void refuse_other_revision() {
	const std::optional<Installation> found = installation();
	if (found && found->revision != kRevision) {
		throw Error(sqlstate::kObjectNotInPrerequisiteState,
					"the extension is of version " + found->version +
						", which needs another library than the one that the server has loaded",
					{},
					found->revision > kRevision
						? "Install the package of that version, and restart the server."
						: "Bring the extension up to date: ALTER EXTENSION hyperline_connector UPDATE.");
	}
}

std::uint64_t pause_copy() {
	pg::run(kCancelAll);
	pg::run(kMadeHere, {this_database()});
	return pg::run(kPauseAll).processed;
}

} // namespace hyperline::store
