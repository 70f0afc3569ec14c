// How runs end: what their loader learns of it, runs whose process is gone, and the history's end.
#include "store/runs.hpp"

#include "pg/transaction.hpp"
#include "store/rejected.hpp"

extern "C" {
#include <catalog/namespace.h>
#include <utils/lsyscache.h>
}

namespace hyperline::store {

namespace {

// The settings may have been changed while the run was under way: then how far it read says nothing about them.
constexpr const char *kSucceed = R"(
UPDATE hyperline.loader l
SET last_success_at = pg_catalog.clock_timestamp(),
    last_error = NULL,
    consecutive_failures = 0,
    last_refreshed_at = $2,
    source_position = $3,
    watermark = COALESCE($4, l.watermark),
    complete_until = CASE WHEN EXISTS (
		SELECT FROM hyperline.rejected_rows x
		WHERE x.loader_id OPERATOR(pg_catalog.=) l.loader_id AND x.resolved_at IS NULL)
	THEN l.complete_until ELSE $2 END
WHERE l.loader_id OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kNoteWatermark = R"(
UPDATE hyperline.run r SET watermark_to = $2 WHERE r.run_id OPERATOR(pg_catalog.=) $1
)";

} // namespace

void finish_succeeded(std::int64_t id, std::int32_t loader_id, const Success &success) {
	if (!change_status(id, RunStatus::running, RunStatus::succeeded)) {
		throw Error(sqlstate::kObjectNotInPrerequisiteState, "the run was ended by somebody else");
	}
	if (success.read_everything) {
		resolve_rejected_before(loader_id, id);
	}
	pg::run(kSucceed, {loader_id, success.source_time, success.source_position, success.watermark});
	if (success.watermark) {
		pg::run(kNoteWatermark, {id, *success.watermark});
	}
}

namespace {

constexpr const char *kNoteError = R"(
UPDATE hyperline.run r SET sqlstate = $2, error = $3, error_detail = NULLIF($4, '')
WHERE r.run_id OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kFail = R"(
UPDATE hyperline.loader l
SET last_error = $2, consecutive_failures = l.consecutive_failures OPERATOR(pg_catalog.+) 1
WHERE l.loader_id OPERATOR(pg_catalog.=) $1
)";

std::string join_lines(const std::string &a, const std::string &b) {
	return a.empty() || b.empty() ? a + b : a + "\n" + b;
}

} // namespace

void finish_unsuccessful(std::int64_t id, std::int32_t loader_id, RunStatus status, const Failure &failure) {
	if (!change_status(id, RunStatus::running, status)) {
		return; // marked as interrupted already, by who found the loader's lock free
	}
	pg::run(kNoteError, {id, failure.sqlstate, failure.message,
						 join_lines(failure.detail, failure.hint.empty() ? "" : "HINT: " + failure.hint)});
	if (status == RunStatus::failed) {
		pg::run(kFail, {loader_id, failure.message});
	}
}

namespace {

// A session lock of pg_locks: (database, space, loader). Who carries a run out holds it from before the run is
// marked as running until after its end is committed.
constexpr const char *kAbandoned = R"(
SELECT r.run_id, r.loader_id
FROM hyperline.run r
WHERE r.status OPERATOR(pg_catalog.=) 'running'
  AND NOT EXISTS (
	SELECT FROM pg_catalog.pg_locks k
	WHERE k.locktype OPERATOR(pg_catalog.=) 'advisory'
	  AND k.database OPERATOR(pg_catalog.=) (
		SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
	  AND k.classid OPERATOR(pg_catalog.=) $1::pg_catalog.oid
	  AND k.objid::pg_catalog.int8 OPERATOR(pg_catalog.=) r.loader_id
	  AND k.granted)
FOR UPDATE OF r SKIP LOCKED
)";

constexpr const char *kDueAtOnce = R"(
UPDATE hyperline.loader l SET next_run_at = LEAST(l.next_run_at, pg_catalog.clock_timestamp())
WHERE l.loader_id OPERATOR(pg_catalog.=) $1
)";

} // namespace

void make_due_at_once(std::int32_t loader_id) {
	pg::run(kDueAtOnce, {loader_id});
	pg::mark_for_commit();
}

std::uint32_t loader_lock_space() {
	return pg::call([] {
		const Oid schema = get_namespace_oid("hyperline", false);
		return static_cast<std::uint32_t>(get_relname_relid("loader", schema));
	});
}

std::vector<std::int64_t> mark_interrupted(std::uint32_t lock_space) {
	std::vector<std::int64_t> marked;
	const pg::Rows rows = pg::run(kAbandoned, {static_cast<std::int64_t>(lock_space)});
	for (std::size_t i = 0; i < rows.size(); i++) {
		const std::int64_t id = rows.number(i, 0);
		if (change_status(id, RunStatus::running, RunStatus::interrupted)) {
			pg::run(kNoteError, {id, "57P01", "the process that carried out the run ended before the run did",
								 "The server went down, or the process was terminated. What the run's batches had "
								 "committed is stored; the loader runs again at once."});
			make_due_at_once(static_cast<std::int32_t>(rows.number(i, 1)));
			marked.push_back(id);
		}
	}
	return marked;
}

namespace {

constexpr const char *kRemoveRuns = R"(
WITH old AS (
	SELECT r.run_id FROM hyperline.run r
	WHERE r.finished_at OPERATOR(pg_catalog.<) (
		pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)
		pg_catalog.make_interval(mins => $1::pg_catalog.int4))
	ORDER BY r.finished_at
	LIMIT $2
), removed AS (
	DELETE FROM hyperline.run r USING old o WHERE r.run_id OPERATOR(pg_catalog.=) o.run_id RETURNING 1
)
SELECT pg_catalog.count(*) FROM removed
)";

} // namespace

std::int64_t remove_old_runs(std::int64_t retention_minutes, std::int64_t limit) {
	if (retention_minutes == 0) {
		return 0;
	}
	remove_old_rejected(retention_minutes, limit);
	return pg::run(kRemoveRuns, {retention_minutes, limit}).number(0, 0);
}

namespace {

constexpr const char *kTakeOver = R"(
UPDATE hyperline.run r SET trigger = 'session', due_at = LEAST(r.due_at, pg_catalog.clock_timestamp())
WHERE r.run_id OPERATOR(pg_catalog.=) $1 AND r.status OPERATOR(pg_catalog.=) 'queued'
)";

constexpr const char *kCarriedOut = R"(
SELECT FROM pg_catalog.pg_locks k
WHERE k.locktype OPERATOR(pg_catalog.=) 'advisory'
  AND k.database OPERATOR(pg_catalog.=) (
	SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database())
  AND k.classid OPERATOR(pg_catalog.=) $1::pg_catalog.int8::pg_catalog.oid
  AND k.objid::pg_catalog.int8 OPERATOR(pg_catalog.=) $2
  AND k.pid OPERATOR(pg_catalog.=) $3
  AND k.granted
)";

} // namespace

void take_over(std::int64_t id) {
	pg::run(kTakeOver, {id});
}

bool is_carried_out(const Run &run) {
	return run.pid && pg::run(kCarriedOut, {static_cast<std::int64_t>(loader_lock_space()),
											static_cast<std::int64_t>(run.loader_id), static_cast<int>(*run.pid)})
							  .processed > 0;
}

} // namespace hyperline::store
