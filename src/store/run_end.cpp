// How runs end: what their loader learns of it, runs whose process is gone, and the history's end.
#include "store/runs.hpp"

#include "pg/lock.hpp"
#include "pg/transaction.hpp"
#include "store/rejected.hpp"
#include "store/loaders.hpp"

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
    fields = $6::pg_catalog.jsonb,
    last_refreshed_at = COALESCE($2, l.last_refreshed_at),
    open_since = COALESCE($3, l.open_since),
    source_position = COALESCE(NULLIF($4, ''), l.source_position),
    watermark = COALESCE($5, l.watermark),
    watermark_time = CASE WHEN COALESCE($5, l.watermark) IS NOT NULL THEN COALESCE($11, l.watermark_time) END,
    broke_off = false,
    watermark_open_since = CASE WHEN COALESCE($5, l.watermark) IS NOT NULL THEN COALESCE($3, l.watermark_open_since) END,
    complete_until = CASE WHEN EXISTS (
		SELECT FROM hyperline.rejected_rows x
		WHERE x.loader_id OPERATOR(pg_catalog.=) l.loader_id AND x.resolved_at IS NULL)
	THEN l.complete_until ELSE COALESCE($7, l.complete_until) END,
    settled = $8,
    mark = $9,
    mark_time = $10
WHERE l.loader_id OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kNoteWatermark = R"(
UPDATE hyperline.run r SET watermark_to = $2 WHERE r.run_id OPERATOR(pg_catalog.=) $1
)";

} // namespace

void finish_succeeded(std::int64_t id, std::int32_t loader_id, const Success &success) {
	if (!change_status(id, RunStatus::running, RunStatus::succeeded)) {
		throw Error(sqlstate::kObjectNotInPrerequisiteState, "the run was ended by somebody else",
					"Its row in hyperline.run does not say that it is running.",
					"Change runs with hyperline.cancel_run() only.");
	}
	if (success.read_everything) {
		resolve_rejected_before(loader_id, id);
	}
	const std::optional<std::string> watermark =
		success.watermark ? std::optional(success.watermark->value) : std::nullopt;
	pg::run(kSucceed, {loader_id, success.source_time, success.open_since, success.source_position, watermark,
					   success.fields, success.complete_until, success.settling.settled, success.settling.mark,
					   success.settling.mark_time, success.reached_at});
	if (watermark) {
		pg::run(kNoteWatermark, {id, *watermark});
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

void note_error(std::int64_t id, const Failure &failure) {
	pg::run(kNoteError, {id, failure.sqlstate, failure.message,
						 join_lines(failure.detail, failure.hint.empty() ? "" : "HINT: " + failure.hint)});
}

} // namespace

void finish_unsuccessful(std::int64_t id, std::int32_t loader_id, RunStatus status, const Failure &failure) {
	if (!change_status(id, RunStatus::running, status)) {
		return; // marked as interrupted already, by who found the loader's lock free
	}
	note_error(id, failure);
	if (status == RunStatus::failed) {
		pg::run(kFail, {loader_id, failure.message});
	}
}

namespace {

constexpr const char *kRunning = R"(
SELECT r.run_id, r.loader_id, r.loader, r.trigger, r.attempt FROM hyperline.run r WHERE r.status OPERATOR(pg_catalog.=) 'running'
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

namespace {

constexpr const char *kInterruptedError = "the process that carried out the run ended before the run did";
constexpr const char *kInterruptedDetail =
	"The server went down, or the process was terminated. What the run's batches had committed is stored.";

constexpr const char *kLastRuns = R"(
SELECT r.status FROM hyperline.run r
WHERE r.loader_id OPERATOR(pg_catalog.=) $1
ORDER BY r.run_id DESC
LIMIT 10
)";

int interruptions_in_a_row(std::int32_t loader_id) {
	const pg::Rows last = pg::run(kLastRuns, {loader_id});
	int interruptions = 0;
	for (std::size_t i = 0; i < last.size() && last.text(i, 0) == to_text(RunStatus::interrupted); i++) {
		interruptions++;
	}
	return interruptions;
}

} // namespace

std::vector<InterruptedRun> mark_interrupted() {
	std::vector<InterruptedRun> marked;
	const std::uint32_t space = loader_lock_space();
	const pg::Rows rows = pg::run(kRunning);
	for (std::size_t i = 0; i < rows.size(); i++) {
		InterruptedRun run;
		run.id = rows.number(i, 0);
		run.loader_id = static_cast<std::int32_t>(rows.number(i, 1));
		run.loader = rows.text(i, 2);
		run.trigger = trigger_from(rows.text(i, 3));
		run.attempt = static_cast<std::int32_t>(rows.number(i, 4));
		// Who carries a run out holds its loader's lock from before the run is marked as running until after its end is
		// committed.
		const pg::SessionLock lock(space, static_cast<std::uint32_t>(run.loader_id));
		if (lock.held() && try_to_hold_loader(run.loader_id) &&
			change_status(run.id, RunStatus::running, RunStatus::interrupted)) {
			run.failure = Failure{"57P01", kInterruptedError, kInterruptedDetail, {}};
			note_error(run.id, run.failure);
			run.in_a_row = interruptions_in_a_row(run.loader_id);
			marked.push_back(run);
		}
	}
	return marked;
}

namespace {

// The last run of a loader stays, however long ago it was: it says what has become of the loader.
constexpr const char *kRemoveRuns = R"(
WITH old AS (
	SELECT r.run_id FROM hyperline.run r
	WHERE r.finished_at OPERATOR(pg_catalog.<) (
		pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)
		pg_catalog.make_interval(mins => $1::pg_catalog.int4))
	  AND (EXISTS (
			SELECT FROM hyperline.run n
			WHERE n.loader_id OPERATOR(pg_catalog.=) r.loader_id AND n.run_id OPERATOR(pg_catalog.>) r.run_id)
	       OR NOT EXISTS (SELECT FROM hyperline.loader l WHERE l.loader_id OPERATOR(pg_catalog.=) r.loader_id))
	ORDER BY r.finished_at
	LIMIT $2
), removed AS (
	DELETE FROM hyperline.run r USING old o WHERE r.run_id OPERATOR(pg_catalog.=) o.run_id RETURNING 1
)
SELECT pg_catalog.count(*) FROM removed
)";

} // namespace

bool remove_old(std::int64_t retention_minutes, std::int64_t limit) {
	const std::int64_t runs = pg::run(kRemoveRuns, {retention_minutes, limit}).number(0, 0);
	return remove_old_rejected(retention_minutes, limit) == limit || runs == limit;
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
  AND k.objsubid::pg_catalog.int4 OPERATOR(pg_catalog.=) $3
  AND k.pid OPERATOR(pg_catalog.=) $4
  AND k.granted
)";

constexpr const char *kHeldUp = R"(
SELECT WHERE pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) ANY (pg_catalog.pg_blocking_pids($1))
)";

} // namespace

void take_over(std::int64_t id) {
	pg::run(kTakeOver, {id});
}

bool is_carried_out(const Run &run) {
	return run.pid && pg::run(kCarriedOut,
							  {static_cast<std::int64_t>(loader_lock_space()), static_cast<std::int64_t>(run.loader_id),
							   static_cast<int>(pg::kLockKind), static_cast<int>(*run.pid)})
							  .processed > 0;
}

bool is_held_up_by_this_session(const Run &run) {
	return run.pid && pg::run(kHeldUp, {static_cast<int>(*run.pid)}).processed > 0;
}

} // namespace hyperline::store
