#include "store/loaders.hpp"

#include "pg/background.hpp"
#include "pg/rights.hpp"
#include "pg/time.hpp"
#include "pg/transaction.hpp"
#include "store/names.hpp"
#include "store/runs.hpp"
#include "store/own_insert.hpp"
#include "store/writer.hpp"

namespace hyperline::store {

namespace {

constexpr const char *kSelect = R"(
SELECT l.loader_id, l.name, l.connection_id, l.event_type, l.query, l.refresh_rate, l.time_zone, l.cursor_field,
       l.lookback, l.version_field, l.paused, l.next_run_at, l.watermark, l.last_refreshed_at, l.source_position,
       l.consecutive_failures, l.generation, l.max_rejected, l.fields::pg_catalog.text,
       l.open_since, l.watermark_time, l.watermark_open_since, l.owner, l.settled, l.mark, l.mark_time, l.broke_off
FROM hyperline.loader l
WHERE ($1::pg_catalog.text IS NOT NULL AND l.name OPERATOR(pg_catalog.=) $1)
   OR ($2::pg_catalog.int4 IS NOT NULL AND l.loader_id OPERATOR(pg_catalog.=) $2)
)";

Loader read(const pg::Rows &rows) {
	Loader loader;
	loader.id = static_cast<std::int32_t>(rows.number(0, 0));
	loader.name = rows.text(0, 1);
	loader.connection_id = static_cast<std::int32_t>(rows.number(0, 2));
	loader.event_type = rows.text(0, 3);
	loader.query = rows.text(0, 4);
	loader.refresh_rate = rows.text(0, 5);
	loader.time_zone = rows.text(0, 6);
	loader.cursor_field = rows.optional_text(0, 7);
	loader.lookback = rows.text(0, 8);
	loader.version_field = rows.optional_text(0, 9);
	loader.paused = rows.boolean(0, 10);
	loader.next_run_at = *rows.optional_time(0, 11);
	loader.watermark = rows.optional_text(0, 12);
	loader.last_refreshed_at = rows.optional_time(0, 13);
	loader.source_position = rows.optional_text(0, 14);
	loader.consecutive_failures = static_cast<std::int32_t>(rows.number(0, 15));
	loader.generation = static_cast<std::int32_t>(rows.number(0, 16));
	loader.max_rejected = static_cast<std::int32_t>(rows.number(0, 17));
	loader.fields = rows.optional_text(0, 18);
	loader.open_since = rows.optional_time(0, 19);
	loader.watermark_time = rows.optional_time(0, 20);
	loader.watermark_open_since = rows.optional_time(0, 21);
	loader.owner = rows.text(0, 22);
	loader.settling.settled = rows.optional_text(0, 23);
	loader.settling.mark = rows.optional_text(0, 24);
	loader.settling.mark_time = rows.optional_time(0, 25);
	loader.broke_off = rows.boolean(0, 26);
	return loader;
}

constexpr const char *kNames = "SELECT l.name FROM hyperline.loader l ORDER BY l.name LIMIT 10000";

} // namespace

Loader find_loader(const std::string &name) {
	const pg::Rows rows = pg::run(kSelect, {name, pg::Param::null_int()});
	if (rows.empty()) {
		throw unknown_name("loader", name, kNames, "The view hyperline.loaders lists the loaders.");
	}
	return read(rows);
}

std::optional<Loader> get_loader(std::int32_t id) {
	const pg::Rows rows = pg::run(kSelect, {pg::Param(std::optional<std::string>()), id});
	if (rows.empty()) {
		return std::nullopt;
	}
	return read(rows);
}

namespace {

// What the check of a foreign key would do (see schema/tables.sql): until the end of the transaction nobody drops it,
// nor gives it another url. After a wait it returns the row as it is then.
constexpr const char *kHoldConnection = R"(
SELECT c.url, c.owner FROM hyperline.connection c
WHERE c.connection_id OPERATOR(pg_catalog.=) $1
FOR KEY SHARE
)";

void hold_connection(const Connection &as_read) {
	const pg::Rows now = pg::run(kHoldConnection, {as_read.id});
	if (now.empty()) {
		throw Error(sqlstate::kUndefinedObject, "the connection of the loader was dropped",
					"Another session did that at the same time.", "Look at hyperline.connections, and try again.");
	}
	if (now.text(0, 0) != as_read.url || now.text(0, 1) != as_read.owner) {
		throw Error(sqlstate::kObjectNotInPrerequisiteState,
					"connection \"" + as_read.name + "\" has got another url or owner",
					"Another session changed it at the same time.", "Look at hyperline.connections, and try again.");
	}
}

constexpr const char *kInsert = R"(
INSERT INTO hyperline.loader (name, connection_id, event_type, query, refresh_rate, time_zone, cursor_field, lookback,
                              version_field, paused, next_run_at, max_rejected, owner)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8::pg_catalog.interval, $9, $10, $11, $12, $13)
ON CONFLICT (name) DO NOTHING
RETURNING loader_id
)";

} // namespace

void insert_loader(const Loader &loader, const Connection &connection) {
	hold_connection(connection);
	const OwnInsert own;
	const pg::Rows rows =
		pg::run(kInsert, {loader.name, loader.connection_id, loader.event_type, loader.query, loader.refresh_rate,
						  loader.time_zone, loader.cursor_field, loader.lookback, loader.version_field, loader.paused,
						  loader.next_run_at, loader.max_rejected, loader.owner});
	if (rows.empty()) {
		throw name_taken("loader", loader.name);
	}
	pg::mark_for_commit();
}

namespace {

constexpr const char *kNameTaken = R"(
SELECT l.loader_id FROM hyperline.loader l
WHERE l.name OPERATOR(pg_catalog.=) $1 AND l.loader_id OPERATOR(pg_catalog.<>) $2
)";

constexpr const char *kUpdate = R"(
UPDATE hyperline.loader l
SET name = $2, connection_id = $3, query = $4, refresh_rate = $5, time_zone = $6, cursor_field = $7,
    lookback = $8::pg_catalog.interval, version_field = $9, next_run_at = $10,
    max_rejected = $11,
    fields = CASE WHEN l.query OPERATOR(pg_catalog.=) $4 THEN l.fields END,
    owner = $12,
    generation = l.generation OPERATOR(pg_catalog.+)
	CASE WHEN l.name OPERATOR(pg_catalog.=) $2 AND l.owner OPERATOR(pg_catalog.=) $12 THEN 0 ELSE 1 END
WHERE l.loader_id OPERATOR(pg_catalog.=) $1
)";

// As the history of its runs has it, and as people look for it.
constexpr const char *kRenameRejected = R"(
UPDATE hyperline.rejected_rows x SET loader = $2
WHERE x.loader_id OPERATOR(pg_catalog.=) $1 AND x.loader OPERATOR(pg_catalog.<>) $2
)";

constexpr const char *kForget = R"(
UPDATE hyperline.loader l
SET watermark = NULL, last_refreshed_at = NULL, source_position = NULL,
    open_since = NULL, watermark_time = NULL, watermark_open_since = NULL,
    settled = NULL, mark = NULL, mark_time = NULL, broke_off = false,
    generation = l.generation OPERATOR(pg_catalog.+) 1
WHERE l.loader_id OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kStartAgain = R"(
UPDATE hyperline.loader l
SET watermark = NULL, last_refreshed_at = NULL, source_position = $2,
    open_since = NULL, watermark_time = NULL, watermark_open_since = NULL,
    settled = NULL, mark = NULL, mark_time = NULL, broke_off = false
WHERE l.loader_id OPERATOR(pg_catalog.=) $1
)";

} // namespace

void update_loader(const Loader &loader, const Connection &connection, bool read_everything) {
	if (!pg::run(kNameTaken, {loader.name, loader.id}).empty()) {
		throw name_taken("loader", loader.name);
	}
	hold_connection(connection);
	pg::run(kUpdate, {loader.id, loader.name, loader.connection_id, loader.query, loader.refresh_rate, loader.time_zone,
					  loader.cursor_field, loader.lookback, loader.version_field, loader.next_run_at,
					  loader.max_rejected, loader.owner});
	pg::run(kRenameRejected, {loader.id, loader.name});
	if (read_everything) {
		pg::run(kForget, {loader.id});
	}
	pg::mark_for_commit();
}

namespace {

constexpr const char *kSetPaused = R"(
UPDATE hyperline.loader l SET paused = $2, pause_reason = NULL
WHERE l.loader_id OPERATOR(pg_catalog.=) $1 AND l.paused OPERATOR(pg_catalog.<>) $2
)";

constexpr const char *kDueAgain = R"(
UPDATE hyperline.loader l SET next_run_at = LEAST(l.next_run_at, $2)
WHERE l.loader_id OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kHold = R"(
SELECT l.loader_id FROM hyperline.loader l WHERE l.loader_id OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE
)";

constexpr const char *kTryToHold = R"(
SELECT l.loader_id FROM hyperline.loader l WHERE l.loader_id OPERATOR(pg_catalog.=) $1 FOR NO KEY UPDATE SKIP LOCKED
)";

constexpr const char *kExists = R"(
SELECT l.loader_id FROM hyperline.loader l WHERE l.loader_id OPERATOR(pg_catalog.=) $1
)";

// Of the queued run, if there is one; returns it when this has cancelled it.
std::optional<Run> cancel_queued(std::int32_t loader_id) {
	std::optional<Run> run = active_run(loader_id);
	if (run && run->status == RunStatus::queued && change_status(run->id, RunStatus::queued, RunStatus::cancelled)) {
		return run;
	}
	return std::nullopt;
}

} // namespace

void hold_loader(std::int32_t id) {
	pg::run(kHold, {id});
}

bool try_to_hold_loader(std::int32_t id) {
	return !pg::run(kTryToHold, {id}).empty() || pg::run(kExists, {id}).empty();
}

void set_paused(const std::string &name, bool paused) {
	const Loader loader = find_loader(name);
	hold_loader(loader.id);
	pg::run(kSetPaused, {loader.id, paused});
	// A run of the schedule that waits stops with the schedule, and is due again when that goes on.
	if (const std::optional<Run> run = paused ? active_run(loader.id) : std::nullopt;
		run && run->trigger != Trigger::manual && cancel_queued(loader.id)) {
		pg::run(kDueAgain, {loader.id, run->due_at});
	}
	pg::mark_for_commit();
}

void forget_progress(const std::string &name) {
	const Loader loader = find_loader(name);
	pg::run(kForget, {loader.id});
	pg::mark_for_commit();
}

namespace {

constexpr const char *kNotePosition = R"(
UPDATE hyperline.loader l SET source_position = $2 WHERE l.loader_id OPERATOR(pg_catalog.=) $1
)";

} // namespace

void note_position(std::int32_t id, const std::string &source_position) {
	pg::run(kNotePosition, {id, source_position});
}

void start_again(Loader &loader, const std::string &source_position) {
	pg::run(kStartAgain, {loader.id, source_position});
	loader.watermark.reset();
	loader.last_refreshed_at.reset();
	loader.source_position = source_position;
	loader.open_since.reset();
	loader.watermark_time.reset();
	loader.watermark_open_since.reset();
	loader.settling = {};
	loader.broke_off = false;
}

namespace {

constexpr const char *kDelete = R"(
DELETE FROM hyperline.loader l WHERE l.loader_id OPERATOR(pg_catalog.=) $1
)";

// Nobody will mend them any more: they go with the history.
constexpr const char *kResolveRejected = R"(
UPDATE hyperline.rejected_rows x SET resolved_at = pg_catalog.now()
WHERE x.loader_id OPERATOR(pg_catalog.=) $1 AND x.resolved_at IS NULL
)";

constexpr const char *kOtherLoaders = R"(
SELECT l.name FROM hyperline.loader l
WHERE l.event_type OPERATOR(pg_catalog.=) $1 AND l.loader_id OPERATOR(pg_catalog.<>) $2
ORDER BY l.name LIMIT 1
)";

constexpr const char *kAnyEvent = R"(
SELECT 1 FROM hyperline.events e WHERE e.event_type OPERATOR(pg_catalog.=) $1 LIMIT 1
)";

constexpr const char *kDeleteEvents = R"(
WITH deleted AS (
	DELETE FROM hyperline.events e WHERE e.event_type OPERATOR(pg_catalog.=) $1 RETURNING 1
)
SELECT pg_catalog.count(*) FROM deleted
)";

} // namespace

void refuse_shared_events(const Loader &loader) {
	const pg::Rows others = pg::run(kOtherLoaders, {loader.event_type, loader.id});
	if (!others.empty()) {
		throw Error(sqlstate::kObjectInUse,
					"the events of type \"" + loader.event_type + "\" cannot be deleted with loader \"" + loader.name +
						"\"",
					"Loader \"" + others.text(0, 0) + "\" stores events of that type too.",
					"Drop the loader without its events, or drop the other loader first.");
	}
}

void delete_loader(const Loader &loader) {
	hold_loader(loader.id); // nobody queues a run from now on
	cancel_queued(loader.id);
	pg::run(kResolveRejected, {loader.id});
	pg::run(kDelete, {loader.id});
	pg::mark_for_commit();
}

DeletedEvents delete_events(const std::string &event_type, Oid deleter) {
	DeletedEvents deleted;
	defer_nothing();
	{
		const pg::AsRole as_deleter(deleter);
		deleted.count = static_cast<std::uint64_t>(pg::run(kDeleteEvents, {event_type}).number(0, 0));
	}
	deleted.some_remain = !pg::run(kAnyEvent, {event_type}).empty();
	return deleted;
}

namespace {

// A key share lock: settings may change meanwhile, but the loader is there until the batch has committed.
constexpr const char *kPermission = R"(
SELECT l.paused, l.generation FROM hyperline.loader l WHERE l.loader_id OPERATOR(pg_catalog.=) $1 FOR KEY SHARE
)";

} // namespace

Permission permission_to_store(const Loader &as_read, pg::Prepared &statement) {
	const pg::Rows rows = statement.run(kPermission, {as_read.id});
	if (rows.empty()) {
		return Permission::dropped;
	}
	if (rows.number(0, 1) != as_read.generation) {
		return Permission::changed;
	}
	return rows.boolean(0, 0) && !as_read.paused ? Permission::paused : Permission::go_on;
}

namespace {

// least() would pass over a NULL, and a loader that has never succeeded must hold the gate.
constexpr const char *kCompleteUntil = R"(
SELECT CASE WHEN pg_catalog.bool_and(l.complete_until IS NOT NULL) THEN pg_catalog.min(l.complete_until) END,
       pg_catalog.count(*)
FROM hyperline.loader l
WHERE l.event_type OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kEventTypes = R"(
SELECT DISTINCT l.event_type FROM hyperline.loader l ORDER BY 1
)";

constexpr const char *kLessLookback = R"(
SELECT $1 OPERATOR(pg_catalog.-) $2::pg_catalog.interval
)";

} // namespace

std::optional<pg::Timestamp> complete_until(const std::string &event_type) {
	const pg::Rows rows = pg::run(kCompleteUntil, {event_type});
	if (rows.number(0, 1) == 0) {
		pg::warn("no loader has event type \"" + event_type + "\"",
				 "Nothing is known of when its events are complete: the result is NULL.",
				 advice_for_unknown(event_type, kEventTypes,
									"Give the event type of a loader; hyperline.loaders has them all."));
	}
	return rows.optional_time(0, 0);
}

pg::Timestamp less_lookback(pg::Timestamp time, const std::string &lookback) {
	return *pg::run(kLessLookback, {time, lookback}).optional_time(0, 0);
}

std::string refreshed_since_literal(const Loader &loader) {
	if (!loader.last_refreshed_at) {
		return kSinceEver;
	}
	pg::Timestamp since = *loader.last_refreshed_at;
	if (loader.open_since && loader.open_since->microseconds < since.microseconds) {
		since = *loader.open_since;
	}
	return "'" + pg::format_utc(less_lookback(since, loader.lookback).microseconds) + "'::timestamptz";
}

} // namespace hyperline::store
