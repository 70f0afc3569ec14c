#include "store/rejected.hpp"

#include "pg/relation.hpp"
#include "store/batch.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
#include <utils/builtins.h>
}

namespace hyperline::store {

namespace {

Datum make_text(std::string_view text) {
	return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

// A row is the same in another run when its reason and its key are; where the key is what is wrong, when its content
// is, of which a large one is not printed: that may take six times its size. What the statements below begin with,
// `given`, says of each row its field, its code, and what is kept of it.
#define HYPERLINE_KNOWN                                                                                                \
	", known AS ("                                                                                                     \
	"	SELECT g.*, pg_catalog.sha256(pg_catalog.convert_to("                                                            \
	"	  CASE WHEN g.code OPERATOR(pg_catalog.<>) 'duplicate_key'"                                                      \
	"	        AND (g.\"row\" OPERATOR(pg_catalog.->>) 'id') OPERATOR(pg_catalog.<>) ''"                                \
	"	        AND (g.\"row\" OPERATOR(pg_catalog.->>) 'customerId') OPERATOR(pg_catalog.<>) ''"                        \
	"	       THEN pg_catalog.jsonb_build_array(g.code, g.field, g.\"row\" OPERATOR(pg_catalog.->>) 'id',"              \
	"	                                         g.\"row\" OPERATOR(pg_catalog.->>) 'customerId')"                       \
	"	       WHEN pg_catalog.pg_column_size(g.\"row\") OPERATOR(pg_catalog.>) 16777216"                                \
	"	       THEN pg_catalog.jsonb_build_array(g.code, g.field, pg_catalog.jsonb_hash_extended(g.\"row\", 1),"         \
	"	                                         pg_catalog.jsonb_hash_extended(g.\"row\", 2))"                          \
	"	       ELSE pg_catalog.jsonb_build_array(g.code, g.field, g.\"row\")"                                            \
	"	  END::pg_catalog.text, 'UTF8')) AS identity"                                                                    \
	"	FROM given g)"

// An event as a row of its own, as it is kept.
#define HYPERLINE_AS_ROW(alias)                                                                                        \
	"pg_catalog.jsonb_build_object('id', " alias ".id, 'customerId', " alias ".customer_id, 'timestamp', " alias       \
	".\"timestamp\") OPERATOR(pg_catalog.||) " alias ".record"

// Of several such rows in one run each is kept, told apart by `occurrence`, counted on from what the run's earlier
// batches have kept; but of one key's rows with one content only the last, and where rows come `again`, what was kept
// of them before. Returns how many were kept before, or are what is stored, and how many were never rejected before.
//
// Here and below each given row leads to what was kept of it by one index. Workers join by indexes only, and without
// statistics the planner takes another index or begins at the other side, which costs the square of the number of rows:
// nothing is joined with itself, OFFSET 0 keeps a subquery what it is, and it has only the key of its index in its
// WHERE.
constexpr const char *kKeep = HYPERLINE_KNOWN R"(
, kept AS (
	SELECT m.*, pg_catalog.max(m.found) OVER (PARTITION BY m.identity) AS occurrences
	FROM (
		SELECT n.*, CASE WHEN n.place OPERATOR(pg_catalog.=) 1 THEN (
			SELECT pg_catalog.count(*) FILTER (WHERE x.run_id OPERATOR(pg_catalog.=) $1 AND x.resolved_at IS NULL)
			FROM hyperline.rejected_rows x
			WHERE x.loader_id OPERATOR(pg_catalog.=) $3 AND x.identity OPERATOR(pg_catalog.=) n.identity) END AS found
		FROM (SELECT k.*, pg_catalog.row_number() OVER (PARTITION BY k.identity) AS place FROM known k) n
	) m
), written AS (
	INSERT INTO hyperline.rejected_rows AS x (run_id, loader, loader_id, row_number, field, code, message, "row",
	                                          identity, occurrence)
	SELECT $1, $2, $3, k.row_number, k.field, k.code, k.message, k."row", k.identity,
	       CASE WHEN k.code OPERATOR(pg_catalog.=) 'duplicate_key' THEN 1
	            ELSE k.occurrences OPERATOR(pg_catalog.+)
	                 pg_catalog.row_number() OVER (PARTITION BY k.identity ORDER BY k.row_number)
	       END
	FROM kept k
	WHERE NOT k.is_stored AND NOT (k.again AND k.occurrences OPERATOR(pg_catalog.>) 0)
	ORDER BY k.identity, k.row_number
	ON CONFLICT (loader_id, identity, occurrence) DO UPDATE
	SET run_id = excluded.run_id, loader = excluded.loader, message = excluded.message, "row" = excluded."row",
	    row_number = CASE WHEN x.run_id OPERATOR(pg_catalog.=) excluded.run_id
	                      THEN GREATEST(x.row_number, excluded.row_number)
	                      ELSE excluded.row_number END,
	    rejected_at = excluded.rejected_at, last_rejected_at = excluded.last_rejected_at,
	    times = x.times OPERATOR(pg_catalog.+)
	            CASE WHEN x.run_id OPERATOR(pg_catalog.=) excluded.run_id AND x.resolved_at IS NULL THEN 0 ELSE 1 END,
	    resolved_at = NULL
	RETURNING x.times
)
SELECT pg_catalog.count(*),
       (SELECT pg_catalog.count(*) FROM written w WHERE w.times OPERATOR(pg_catalog.=) 1)
FROM kept k
WHERE k.is_stored OR (k.again OR k.code OPERATOR(pg_catalog.=) 'duplicate_key') AND k.occurrences OPERATOR(pg_catalog.>) 0
)";

constexpr const char *kRejected = R"(
WITH given AS (
	SELECT x.row_number, NULLIF(x.field, '') AS field, x.code, x.message,
	       CASE WHEN x.id IS NULL THEN x.record ELSE )" HYPERLINE_AS_ROW("x") R"( END AS "row",
	       x.unless_stored AND EXISTS (
			SELECT FROM hyperline.events e
			WHERE e.id OPERATOR(pg_catalog.=) x.id AND e.customer_id OPERATOR(pg_catalog.=) x.customer_id
			  AND e.event_type OPERATOR(pg_catalog.=) $4 AND e."timestamp" OPERATOR(pg_catalog.=) x."timestamp"
			  AND hyperline.identical(e.record, x.record)) AS is_stored,
	       $5 AND x.code OPERATOR(pg_catalog.<>) 'duplicate_key' AS again
	FROM hyperline_rejected x
)
)";

constexpr const char *kReplaced = R"(
WITH given AS (
	SELECT b.earlier_row AS row_number, 'id'::pg_catalog.text AS field, $5::pg_catalog.text AS code,
	       $6::pg_catalog.text AS message, )" HYPERLINE_AS_ROW("e") R"( AS "row", false AS is_stored,
	       false AS again
	FROM hyperline_replaced b
	CROSS JOIN LATERAL (
		SELECT e.id, e.customer_id, e."timestamp", e.record FROM hyperline.events e
		WHERE e.id OPERATOR(pg_catalog.=) b.id
		  AND e.customer_id OPERATOR(pg_catalog.=) b.customer_id
		  AND e.event_type OPERATOR(pg_catalog.=) $4
		OFFSET 0) e
)
)";

constexpr const char *kTakenBack = R"(
WITH given AS (
	SELECT 'id'::pg_catalog.text AS field, $3::pg_catalog.text AS code, )" HYPERLINE_AS_ROW("b") R"( AS "row"
	FROM hyperline_winners b
)
)" HYPERLINE_KNOWN R"(
, found AS MATERIALIZED (
	SELECT x.place, x.times
	FROM known k
	CROSS JOIN LATERAL (
		SELECT x.ctid AS place, x.times, x.run_id, x.resolved_at FROM hyperline.rejected_rows x
		WHERE x.loader_id OPERATOR(pg_catalog.=) $2 AND x.identity OPERATOR(pg_catalog.=) k.identity
		OFFSET 0) x
	WHERE x.run_id OPERATOR(pg_catalog.=) $1 AND x.resolved_at IS NULL
), removed AS (
	DELETE FROM hyperline.rejected_rows x USING found f
	WHERE x.ctid OPERATOR(pg_catalog.=) f.place AND f.times OPERATOR(pg_catalog.=) 1
	RETURNING 1
), resolved AS (
	UPDATE hyperline.rejected_rows x
	SET times = x.times OPERATOR(pg_catalog.-) 1, resolved_at = pg_catalog.now()
	FROM found f
	WHERE x.ctid OPERATOR(pg_catalog.=) f.place AND f.times OPERATOR(pg_catalog.>) 1
	RETURNING 1
)
SELECT (SELECT pg_catalog.count(*) FROM removed) OPERATOR(pg_catalog.+) (SELECT pg_catalog.count(*) FROM resolved)
)";

// What was open when the run began: batches resolve rejected rows as they store events of their keys, and reject them
// again.
#define HYPERLINE_WAS_OPEN                                                                                             \
	"x.loader_id OPERATOR(pg_catalog.=) $2 AND x.code OPERATOR(pg_catalog.=) $3"                                       \
	" AND CASE WHEN x.run_id OPERATOR(pg_catalog.=) $1 THEN x.times OPERATOR(pg_catalog.>) 1"                          \
	"     ELSE x.resolved_at IS NULL OR x.resolved_at OPERATOR(pg_catalog.>=)"                                         \
	"	(SELECT r.started_at FROM hyperline.run r WHERE r.run_id OPERATOR(pg_catalog.=) $1) END"

constexpr const char *kAnyOverruled = R"(
SELECT EXISTS (SELECT FROM hyperline.rejected_rows x WHERE )" HYPERLINE_WAS_OPEN R"()
)";

constexpr const char *kOverruled = R"(
WITH given AS (
	SELECT b.row AS place, 'id'::pg_catalog.text AS field, $3::pg_catalog.text AS code,
	       )" HYPERLINE_AS_ROW("b") R"( AS "row"
	FROM hyperline_updates b
)
)" HYPERLINE_KNOWN R"(
SELECT k.place FROM known k
WHERE EXISTS (
	SELECT FROM hyperline.rejected_rows x
	WHERE x.identity OPERATOR(pg_catalog.=) k.identity AND )" HYPERLINE_WAS_OPEN R"(
	OFFSET 0)
)";

#undef HYPERLINE_WAS_OPEN
#undef HYPERLINE_AS_ROW
#undef HYPERLINE_KNOWN

constexpr pg::RelationColumn kRejectColumns[] = {
	{"row_number", INT8OID},	{"field", TEXTOID}, {"code", TEXTOID},		  {"message", TEXTOID},
	{"record", JSONBOID},		{"id", TEXTOID},	{"customer_id", TEXTOID}, {"timestamp", TIMESTAMPTZOID},
	{"unless_stored", BOOLOID},
};

} // namespace

RejectedStore::Kept RejectedStore::keep(const BatchTarget &target, const std::vector<PendingReject> &rejected,
										std::size_t memory_bytes) {
	if (rejected.empty()) {
		return {};
	}
	pg::Relation relation(kRejectColumns, memory_bytes);
	const PendingReject *first = rejected.data();
	const std::size_t count = rejected.size();
	pg::call([&] {
		for (std::size_t i = 0; i < count; i++) {
			const PendingReject &row = first[i];
			Datum values[] = {Int64GetDatum(static_cast<int64>(row.row_number)),
							  make_text(row.field),
							  make_text(row.code),
							  make_text(row.message),
							  pg::Relation::by_reference(row.row),
							  row.was_event ? make_text(row.id) : 0,
							  row.was_event ? make_text(row.customer_id) : 0,
							  Int64GetDatum(row.timestamp),
							  BoolGetDatum(row.unless_stored)};
			bool nulls[] = {false, false, false, false, false, !row.was_event, !row.was_event, !row.was_event, false};
			relation.put(values, nulls);
		}
	});
	relation.attach("hyperline_rejected");
	const pg::Rows kept =
		keep_.run((std::string(kRejected) + kKeep).c_str(),
				  {target.run_id, target.loader, target.loader_id, target.event_type, target.reads_again});
	return Kept{kept.number(0, 0), kept.number(0, 1)};
}

std::int64_t RejectedStore::keep_replaced(const BatchTarget &target) {
	return keep_replaced_
		.run((std::string(kReplaced) + kKeep).c_str(),
			 {target.run_id, target.loader, target.loader_id, target.event_type, kDuplicateKey, kDuplicateMessage})
		.number(0, 0);
}

std::int64_t RejectedStore::take_back_winners(const BatchTarget &target) {
	return take_back_.run(kTakenBack, {target.run_id, target.loader_id, kDuplicateKey}).number(0, 0);
}

bool RejectedStore::any_overruled_before(const BatchTarget &target) {
	return pg::run(kAnyOverruled, {target.run_id, target.loader_id, kDuplicateKey}).boolean(0, 0);
}

std::vector<std::uint32_t> RejectedStore::overruled_before(const BatchTarget &target) {
	const pg::Rows rows = overruled_.run(kOverruled, {target.run_id, target.loader_id, kDuplicateKey});
	std::vector<std::uint32_t> places;
	for (std::size_t i = 0; i < rows.size(); i++) {
		places.push_back(static_cast<std::uint32_t>(rows.number(i, 0)));
	}
	return places;
}

namespace {

constexpr const char *kAnyOpen = R"(
SELECT EXISTS (
	SELECT FROM hyperline.rejected_rows x
	WHERE x.loader_id OPERATOR(pg_catalog.=) $1 AND x.resolved_at IS NULL AND x.run_id OPERATOR(pg_catalog.<>) $2)
)";

// A row whose customer was what is wrong is mended by the event that is new under its id. The loader and the id lead to
// the row, through an index that holds open rows only; an id may be too long for an index, so it holds its hash.
constexpr const char *kResolve = R"(
WITH mended AS MATERIALIZED (
	SELECT x.place
	FROM hyperline_batch b
	CROSS JOIN LATERAL (
		SELECT x.ctid AS place, x.run_id, x.field, x."row" OPERATOR(pg_catalog.->>) 'id' AS id,
		       x."row" OPERATOR(pg_catalog.->>) 'customerId' AS customer_id
		FROM hyperline.rejected_rows x
		WHERE x.loader_id OPERATOR(pg_catalog.=) $1 AND x.resolved_at IS NULL
		  AND pg_catalog.hashtextextended(x."row" OPERATOR(pg_catalog.->>) 'id', 0)
		      OPERATOR(pg_catalog.=) pg_catalog.hashtextextended(b.id, 0)
		OFFSET 0) x
	WHERE x.run_id OPERATOR(pg_catalog.<>) $2 AND x.id OPERATOR(pg_catalog.=) b.id
	  AND (x.customer_id OPERATOR(pg_catalog.=) b.customer_id
	       OR x.field OPERATOR(pg_catalog.=) 'customerId'
	          AND NOT EXISTS (
				SELECT FROM hyperline.events e
				WHERE e.id OPERATOR(pg_catalog.=) b.id
				  AND e.customer_id OPERATOR(pg_catalog.=) b.customer_id
				  AND e.event_type OPERATOR(pg_catalog.=) $3
				OFFSET 0))
)
UPDATE hyperline.rejected_rows x SET resolved_at = pg_catalog.now()
FROM mended m
WHERE x.ctid OPERATOR(pg_catalog.=) m.place
)";

} // namespace

void RejectedStore::resolve(const BatchTarget &target) {
	if (any_open_.run(kAnyOpen, {target.loader_id, target.run_id}).boolean(0, 0)) {
		resolve_.run(kResolve, {target.loader_id, target.run_id, target.event_type});
	}
}

namespace {

constexpr const char *kResolveBefore = R"(
UPDATE hyperline.rejected_rows x SET resolved_at = pg_catalog.now()
WHERE x.loader_id OPERATOR(pg_catalog.=) $1 AND x.resolved_at IS NULL AND x.run_id OPERATOR(pg_catalog.<>) $2
)";

constexpr const char *kCommonest = R"(
SELECT x.code, (pg_catalog.array_agg(x.message ORDER BY x.row_number))[1], pg_catalog.min(x.row_number),
       pg_catalog.count(*)
FROM hyperline.rejected_rows x
WHERE x.loader_id OPERATOR(pg_catalog.=) $1 AND x.run_id OPERATOR(pg_catalog.=) $2
GROUP BY x.code, x.field
ORDER BY pg_catalog.count(*) DESC, pg_catalog.min(x.row_number)
LIMIT 1
)";

// Open rows hold the gate for invoices, so that nobody but a dropped loader takes them away unresolved.
constexpr const char *kRemove = R"(
WITH old AS (
	SELECT x.ctid FROM hyperline.rejected_rows x
	WHERE (x.resolved_at IS NOT NULL
	       OR NOT EXISTS (SELECT FROM hyperline.loader l WHERE l.loader_id OPERATOR(pg_catalog.=) x.loader_id))
	  AND COALESCE(x.resolved_at, x.last_rejected_at) OPERATOR(pg_catalog.<) (
		pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-)
		pg_catalog.make_interval(mins => $1::pg_catalog.int4))
	ORDER BY x.resolved_at NULLS LAST
	LIMIT $2
)
DELETE FROM hyperline.rejected_rows x USING old o WHERE x.ctid OPERATOR(pg_catalog.=) o.ctid
)";

} // namespace

void resolve_rejected_before(std::int32_t loader_id, std::int64_t run_id) {
	pg::run(kResolveBefore, {loader_id, run_id});
}

namespace {

constexpr const char *kOpenIds = R"(
SELECT DISTINCT ON (pg_catalog.hashtextextended(x."row" OPERATOR(pg_catalog.->>) 'id', 0),
                    x."row" OPERATOR(pg_catalog.->>) 'id')
       pg_catalog.hashtextextended(x."row" OPERATOR(pg_catalog.->>) 'id', 0), x."row" OPERATOR(pg_catalog.->>) 'id'
FROM hyperline.rejected_rows x
WHERE x.loader_id OPERATOR(pg_catalog.=) $1 AND x.resolved_at IS NULL
  AND pg_catalog.hashtextextended(x."row" OPERATOR(pg_catalog.->>) 'id', 0) OPERATOR(pg_catalog.>=) $2
  AND (x."row" OPERATOR(pg_catalog.->>) 'id') OPERATOR(pg_catalog.<>) ''
ORDER BY 1, 2
LIMIT $3
)";

constexpr const char *kTooLarge = R"(
SELECT EXISTS (
		SELECT FROM hyperline.rejected_rows x
		WHERE x.loader_id OPERATOR(pg_catalog.=) $1 AND x.code OPERATOR(pg_catalog.=) 'too_large_to_send'
		  AND x.resolved_at IS NULL)
    OR EXISTS (
		SELECT FROM hyperline.run r
		WHERE r.loader_id OPERATOR(pg_catalog.=) $1 AND r.sqlstate OPERATOR(pg_catalog.=) $2
		  AND r.run_id OPERATOR(pg_catalog.>) COALESCE((
			SELECT s.run_id FROM hyperline.run s
			WHERE s.loader_id OPERATOR(pg_catalog.=) $1 AND s.status OPERATOR(pg_catalog.=) 'succeeded'
			ORDER BY s.run_id DESC LIMIT 1), 0))
)";

constexpr const char *kSummary = R"(
SELECT pg_catalog.count(*) FILTER (WHERE x.resolved_at OPERATOR(pg_catalog.=) pg_catalog.now()),
       pg_catalog.count(*) FILTER (WHERE x.resolved_at IS NULL
                                     AND COALESCE(x."row" OPERATOR(pg_catalog.->>) 'id', '') OPERATOR(pg_catalog.=) '')
FROM hyperline.rejected_rows x
WHERE x.loader_id OPERATOR(pg_catalog.=) $1
)";

} // namespace

bool has_rows_too_large(std::int32_t loader_id) {
	return pg::run(kTooLarge, {loader_id, sqlstate::kRowTooLarge}).boolean(0, 0);
}

std::vector<std::string> open_rejected_ids(std::int32_t loader_id, std::int64_t &from, std::int64_t limit) {
	const pg::Rows rows = pg::run(kOpenIds, {loader_id, from, limit});
	std::vector<std::string> ids;
	for (std::size_t i = 0; i < rows.size(); i++) {
		ids.push_back(rows.text(i, 1));
	}
	if (!rows.empty()) {
		from = rows.number(rows.size() - 1, 0) + 1;
	}
	return ids;
}

RejectedSummary summarize_rejected(std::int32_t loader_id) {
	const pg::Rows rows = pg::run(kSummary, {loader_id});
	return RejectedSummary{rows.number(0, 0), rows.number(0, 1)};
}

std::string count_of_rows(std::int64_t rows) {
	return rows == 1 ? "1 row" : std::to_string(rows) + " rows";
}

CommonestReason commonest_reason(std::int32_t loader_id, std::int64_t run_id) {
	const pg::Rows rows = pg::run(kCommonest, {loader_id, run_id});
	if (rows.empty()) {
		return {};
	}
	return CommonestReason{rows.text(0, 0), rows.text(0, 1), rows.number(0, 2), rows.number(0, 3)};
}

std::int64_t remove_old_rejected(std::int64_t retention_minutes, std::int64_t limit) {
	return static_cast<std::int64_t>(pg::run(kRemove, {retention_minutes, limit}).processed);
}

} // namespace hyperline::store
