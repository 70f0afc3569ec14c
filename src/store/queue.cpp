#include "store/queue.hpp"

namespace hyperline::store {

namespace {

constexpr const char *kDue = R"(
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

constexpr const char *kAdvance = R"(
UPDATE hyperline.loader l SET next_run_at = $3
WHERE l.loader_id OPERATOR(pg_catalog.=) $1 AND l.next_run_at OPERATOR(pg_catalog.=) $2 AND NOT l.paused
RETURNING l.loader_id
)";

constexpr const char *kQueued = R"(
SELECT r.run_id, r.loader_id, l.name, l.connection_id, c.max_concurrent_runs
FROM hyperline.run r
JOIN hyperline.loader l ON l.loader_id OPERATOR(pg_catalog.=) r.loader_id
JOIN hyperline.connection c ON c.connection_id OPERATOR(pg_catalog.=) l.connection_id
WHERE r.status OPERATOR(pg_catalog.=) 'queued' AND r.due_at OPERATOR(pg_catalog.<=) $1
ORDER BY r.due_at, r.run_id
LIMIT 1000
)";

constexpr const char *kRunning = R"(
SELECT l.connection_id, pg_catalog.count(*)
FROM hyperline.run r
JOIN hyperline.loader l ON l.loader_id OPERATOR(pg_catalog.=) r.loader_id
WHERE r.status OPERATOR(pg_catalog.=) 'running'
GROUP BY l.connection_id
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

constexpr const char *kInstalled = R"(
SELECT e.extversion FROM pg_catalog.pg_extension e WHERE e.extname OPERATOR(pg_catalog.=) 'hyperline_connector'
)";

} // namespace

std::vector<DueLoader> due_loaders(pg::Timestamp now, std::int64_t limit) {
	std::vector<DueLoader> due;
	const pg::Rows rows = pg::run(kDue, {now, limit});
	for (std::size_t i = 0; i < rows.size(); i++) {
		due.push_back(DueLoader{static_cast<std::int32_t>(rows.number(i, 0)), rows.text(i, 1), rows.text(i, 2),
								rows.text(i, 3), *rows.optional_time(i, 4)});
	}
	return due;
}

bool advance(std::int32_t loader_id, pg::Timestamp seen_due_at, pg::Timestamp next_run_at) {
	return !pg::run(kAdvance, {loader_id, seen_due_at, next_run_at}).empty();
}

std::vector<QueuedRun> queued_runs(pg::Timestamp now) {
	std::vector<QueuedRun> queued;
	const pg::Rows rows = pg::run(kQueued, {now});
	for (std::size_t i = 0; i < rows.size(); i++) {
		queued.push_back(QueuedRun{rows.number(i, 0), static_cast<std::int32_t>(rows.number(i, 1)), rows.text(i, 2),
								   static_cast<std::int32_t>(rows.number(i, 3)),
								   static_cast<std::int32_t>(rows.number(i, 4))});
	}
	return queued;
}

std::vector<RunningRuns> running_runs() {
	std::vector<RunningRuns> running;
	const pg::Rows rows = pg::run(kRunning);
	for (std::size_t i = 0; i < rows.size(); i++) {
		running.push_back(RunningRuns{static_cast<std::int32_t>(rows.number(i, 0)), rows.number(i, 1)});
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

std::optional<std::string> installed_version() {
	const pg::Rows rows = pg::run(kInstalled);
	if (rows.empty()) {
		return std::nullopt;
	}
	return rows.text(0, 0);
}

} // namespace hyperline::store
