#include "store/runs.hpp"

#include "pg/transaction.hpp"
#include "store/loaders.hpp"
#include "store/own_insert.hpp"

extern "C" {
#include <access/transam.h>
}

namespace hyperline::store {

const char *to_text(Trigger trigger) {
	switch (trigger) {
	case Trigger::schedule:
		return "schedule";
	case Trigger::manual:
		return "manual";
	case Trigger::retry:
		return "retry";
	case Trigger::session:
		return "session";
	}
	return "";
}

const char *to_text(RunStatus status) {
	switch (status) {
	case RunStatus::queued:
		return "queued";
	case RunStatus::running:
		return "running";
	case RunStatus::succeeded:
		return "succeeded";
	case RunStatus::failed:
		return "failed";
	case RunStatus::cancelled:
		return "cancelled";
	case RunStatus::interrupted:
		return "interrupted";
	}
	return "";
}

Counts &Counts::operator+=(const Counts &other) {
	batches += other.batches;
	inserted += other.inserted;
	updated += other.updated;
	unchanged += other.unchanged;
	stale += other.stale;
	duplicates += other.duplicates;
	rejected += other.rejected;
	customers_created += other.customers_created;
	bytes_read += other.bytes_read;
	moves += other.moves;
	return *this;
}

Trigger trigger_from(const std::string &text) {
	for (const Trigger trigger : {Trigger::manual, Trigger::retry, Trigger::session}) {
		if (text == to_text(trigger)) {
			return trigger;
		}
	}
	return Trigger::schedule;
}

namespace {

RunStatus status_from(const std::string &text) {
	for (const RunStatus status :
		 {RunStatus::running, RunStatus::succeeded, RunStatus::failed, RunStatus::cancelled, RunStatus::interrupted}) {
		if (text == to_text(status)) {
			return status;
		}
	}
	return RunStatus::queued;
}

constexpr const char *kQueue = R"(
INSERT INTO hyperline.run (loader_id, loader, event_type, trigger, attempt, status, due_at)
SELECT l.loader_id, l.name, l.event_type, $2, $3, 'queued', $4
FROM hyperline.loader l
WHERE l.loader_id OPERATOR(pg_catalog.=) $1
ON CONFLICT (loader_id) WHERE status OPERATOR(pg_catalog.=) ANY (ARRAY['queued', 'running']) DO NOTHING
RETURNING run_id
)";

// A retry that waits for its time goes at once when somebody asks for a run.
constexpr const char *kHurry = R"(
UPDATE hyperline.run r SET due_at = LEAST(r.due_at, $2)
WHERE r.run_id OPERATOR(pg_catalog.=) $1 AND r.status OPERATOR(pg_catalog.=) 'queued'
)";

constexpr const char *kFind = R"(
SELECT r.run_id, r.loader_id, r.loader, r.trigger, r.attempt, r.status, r.due_at, r.pid,
       r.xmin::pg_catalog.text::pg_catalog.int8
FROM hyperline.run r
WHERE r.run_id OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kActive = R"(
SELECT r.run_id FROM hyperline.run r
WHERE r.loader_id OPERATOR(pg_catalog.=) $1 AND r.status OPERATOR(pg_catalog.=) ANY (ARRAY['queued', 'running'])
)";

} // namespace

std::int64_t queue_run(std::int32_t loader_id, Trigger trigger, std::int32_t attempt, pg::Timestamp due_at) {
	// An active run is looked for before the loader is held: who ends one changes its row first, then its loader.
	for (const bool held : {false, true}) {
		if (held) {
			hold_loader(loader_id);
		}
		const pg::Rows active = pg::run(kActive, {loader_id});
		if (!active.empty()) {
			const std::int64_t id = active.number(0, 0);
			if (trigger == Trigger::manual) {
				pg::run(kHurry, {id, due_at});
				pg::mark_for_commit();
			}
			return id;
		}
	}
	const OwnInsert own;
	const pg::Rows queued = pg::run(kQueue, {loader_id, to_text(trigger), attempt, due_at});
	if (queued.empty()) {
		throw Error(sqlstate::kObjectInUse, "could not queue a run: the loader was dropped, or its runs were changed",
					"Another session did that at the same time.", "Look at hyperline.loaders, and try again.");
	}
	pg::mark_for_commit();
	return queued.number(0, 0);
}

std::optional<Run> find_run(std::int64_t id) {
	const pg::Rows rows = pg::run(kFind, {id});
	if (rows.empty()) {
		return std::nullopt;
	}
	Run run;
	run.id = rows.number(0, 0);
	run.loader_id = static_cast<std::int32_t>(rows.number(0, 1));
	run.loader = rows.text(0, 2);
	run.trigger = trigger_from(rows.text(0, 3));
	run.attempt = static_cast<std::int32_t>(rows.number(0, 4));
	run.status = status_from(rows.text(0, 5));
	run.due_at = *rows.optional_time(0, 6);
	if (!rows.is_null(0, 7)) {
		run.pid = rows.number(0, 7);
	}
	const auto xmin = static_cast<TransactionId>(rows.number(0, 8));
	run.queued_in_this_transaction =
		run.status == RunStatus::queued && pg::call([=] { return TransactionIdIsCurrentTransactionId(xmin); });
	return run;
}

std::optional<Run> active_run(std::int32_t loader_id) {
	const pg::Rows rows = pg::run(kActive, {loader_id});
	if (rows.empty()) {
		return std::nullopt;
	}
	return find_run(rows.number(0, 0));
}

namespace {

constexpr const char *kChangeStatus = R"(
UPDATE hyperline.run r
SET status = $3,
    started_at = CASE WHEN $3 OPERATOR(pg_catalog.=) 'running' THEN pg_catalog.clock_timestamp() ELSE r.started_at END,
    pid = CASE WHEN $3 OPERATOR(pg_catalog.=) 'running' THEN pg_catalog.pg_backend_pid() END,
    finished_at = CASE WHEN $3 OPERATOR(pg_catalog.<>) 'running' THEN pg_catalog.clock_timestamp() END
WHERE r.run_id OPERATOR(pg_catalog.=) $1 AND r.status OPERATOR(pg_catalog.=) $2
RETURNING r.run_id
)";

bool allowed(RunStatus from, RunStatus to) {
	switch (from) {
	case RunStatus::queued:
		return to == RunStatus::running || to == RunStatus::cancelled;
	case RunStatus::running:
		return to != RunStatus::queued && to != RunStatus::running;
	default:
		return false;
	}
}

} // namespace

bool change_status(std::int64_t id, RunStatus from, RunStatus to) {
	if (!allowed(from, to)) {
		throw Error(sqlstate::kInternalError,
					std::string("a run cannot go from ") + to_text(from) + " to " + to_text(to));
	}
	pg::mark_for_commit();
	return !pg::run(kChangeStatus, {id, to_text(from), to_text(to)}).empty();
}

namespace {

constexpr const char *kNoteStart = R"(
WITH started AS (
	UPDATE hyperline.run r SET watermark_from = $2
	WHERE r.run_id OPERATOR(pg_catalog.=) $1
	RETURNING r.loader_id
)
UPDATE hyperline.loader l SET last_run_at = pg_catalog.clock_timestamp()
FROM started s
WHERE l.loader_id OPERATOR(pg_catalog.=) s.loader_id
)";

constexpr const char *kAddCounts = R"(
UPDATE hyperline.run r
SET batches = r.batches OPERATOR(pg_catalog.+) $2::pg_catalog.int4,
    rows_read = r.rows_read OPERATOR(pg_catalog.+) $3,
    inserted = r.inserted OPERATOR(pg_catalog.+) $4,
    updated = r.updated OPERATOR(pg_catalog.+) $5,
    unchanged = r.unchanged OPERATOR(pg_catalog.+) $6,
    stale = r.stale OPERATOR(pg_catalog.+) $7,
    duplicates = r.duplicates OPERATOR(pg_catalog.+) $8,
    rejected = r.rejected OPERATOR(pg_catalog.+) $9,
    customers_created = r.customers_created OPERATOR(pg_catalog.+) $10,
    bytes_read = r.bytes_read OPERATOR(pg_catalog.+) $11,
    watermark_to = COALESCE($12, r.watermark_to)
WHERE r.run_id OPERATOR(pg_catalog.=) $1 AND r.status OPERATOR(pg_catalog.=) 'running'
RETURNING r.run_id
)";

constexpr const char *kMoveWatermark = R"(
UPDATE hyperline.loader l SET watermark = $2, watermark_time = $3, watermark_open_since = $4, broke_off = true
FROM hyperline.run r
WHERE r.run_id OPERATOR(pg_catalog.=) $1 AND l.loader_id OPERATOR(pg_catalog.=) r.loader_id
)";

constexpr const char *kSettle = R"(
UPDATE hyperline.loader l SET settled = $2
FROM hyperline.run r
WHERE r.run_id OPERATOR(pg_catalog.=) $1 AND l.loader_id OPERATOR(pg_catalog.=) r.loader_id
)";

} // namespace

bool start_run(std::int64_t id, const std::optional<std::string> &watermark_from) {
	if (!change_status(id, RunStatus::queued, RunStatus::running)) {
		return false;
	}
	pg::run(kNoteStart, {id, watermark_from});
	return true;
}

void add_counts(std::int64_t id, const Counts &batch, const Progress &progress, pg::Prepared &statement) {
	const std::optional<Watermark> &watermark = progress.watermark;
	const std::optional<std::string> value = watermark ? std::optional(watermark->value) : std::nullopt;
	const pg::Rows rows = statement.run(kAddCounts, {id, batch.batches, batch.rows_read(), batch.inserted,
													 batch.updated, batch.unchanged, batch.stale, batch.duplicates,
													 batch.rejected, batch.customers_created, batch.bytes_read, value});
	if (rows.empty()) {
		throw Error(sqlstate::kObjectNotInPrerequisiteState, "the run was ended by somebody else",
					"Its row in hyperline.run does not say that it is running.",
					"Change runs with hyperline.cancel_run() only.");
	}
	if (watermark) {
		pg::run(kMoveWatermark, {id, watermark->value, watermark->time, watermark->open_since});
	}
	if (progress.settled) {
		pg::run(kSettle, {id, *progress.settled});
	}
	if (batch.moves > 0) {
		add_note(id, "moves", batch.moves);
	}
}

namespace {

constexpr const char *kRecordPosition = R"(
UPDATE hyperline.run r SET source_position = NULLIF($2, '') WHERE r.run_id OPERATOR(pg_catalog.=) $1
)";

// A number is added to what stands there.
constexpr const char *kAddNumber = R"(
UPDATE hyperline.run r
SET notes = COALESCE(r.notes, '{}') OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object(
	$2, COALESCE((r.notes OPERATOR(pg_catalog.->>) $2)::pg_catalog.int8, 0) OPERATOR(pg_catalog.+) $3)
WHERE r.run_id OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kAddText = R"(
UPDATE hyperline.run r
SET notes = COALESCE(r.notes, '{}') OPERATOR(pg_catalog.||) pg_catalog.jsonb_build_object($2, $3)
WHERE r.run_id OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kNoteDrift = R"(
UPDATE hyperline.run r
SET notes = COALESCE(r.notes, '{}') OPERATOR(pg_catalog.||) d.drift
FROM (
	SELECT pg_catalog.jsonb_strip_nulls(pg_catalog.jsonb_build_object(
		'fields_added', pg_catalog.jsonb_object_agg(n.name, n.type) FILTER (WHERE o.name IS NULL),
		'fields_removed', pg_catalog.jsonb_object_agg(o.name, o.type) FILTER (WHERE n.name IS NULL),
		'fields_retyped', pg_catalog.jsonb_object_agg(n.name, pg_catalog.jsonb_build_object('from', o.type, 'to', n.type))
			FILTER (WHERE o.type OPERATOR(pg_catalog.<>) n.type))) AS drift
	FROM pg_catalog.jsonb_to_recordset((
		SELECT l.fields FROM hyperline.loader l WHERE l.loader_id OPERATOR(pg_catalog.=) $2)) AS o(name pg_catalog.text, type pg_catalog.text)
	FULL JOIN pg_catalog.jsonb_to_recordset($3::pg_catalog.jsonb) AS n(name pg_catalog.text, type pg_catalog.text)
	  ON n.name OPERATOR(pg_catalog.=) o.name
	HAVING pg_catalog.count(o.name) OPERATOR(pg_catalog.>) 0
) d
WHERE r.run_id OPERATOR(pg_catalog.=) $1 AND d.drift OPERATOR(pg_catalog.<>) '{}'
)";

} // namespace

void record_position(std::int64_t id, const std::string &position) {
	pg::run(kRecordPosition, {id, position});
}

void add_note(std::int64_t id, const std::string &name, std::int64_t value) {
	pg::run(kAddNumber, {id, name, value});
}

void add_note(std::int64_t id, const std::string &name, const std::string &value) {
	pg::run(kAddText, {id, name, value});
}

void note_drift(std::int64_t id, std::int32_t loader_id, const std::string &fields) {
	pg::run(kNoteDrift, {id, loader_id, fields});
}

} // namespace hyperline::store
