// The statements that write a batch. See batch.cpp for how it is taken in.
#include "store/batch.hpp"

#include "pg/relation.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
#include <utils/builtins.h>
}

namespace hyperline::store {

namespace {

Datum make_text(std::string_view text) {
	return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

// For the rest of the transaction: a batch is joined by looking its keys up in the index, in the batch's order,
// whatever the statistics say of the tables or guess of the batch. A time prints the same in every session.
constexpr const char *kPlanByKey = R"(
SELECT pg_catalog.set_config('enable_hashjoin', 'off', true),
       pg_catalog.set_config('enable_mergejoin', 'off', true),
       pg_catalog.set_config('enable_seqscan', 'off', true),
       pg_catalog.set_config('enable_bitmapscan', 'off', true),
       pg_catalog.set_config('enable_material', 'off', true),
       pg_catalog.set_config('jit', 'off', true),
       pg_catalog.set_config('plan_cache_mode', 'force_generic_plan', true),
       pg_catalog.set_config('TimeZone', 'UTC', true)
)";

constexpr pg::RelationColumn kEventColumns[] = {
	{"row", INT4OID},	  {"id", TEXTOID},		   {"customer_id", TEXTOID}, {"timestamp", TIMESTAMPTZOID},
	{"record", JSONBOID}, {"is_deleted", BOOLOID}, {"version", TEXTOID},	 {"earlier_row", INT8OID},
};

// All events, or those that `rows` names.
void fill(pg::Relation &relation, const std::vector<PendingEvent> &events, const std::vector<std::uint32_t> *rows) {
	const PendingEvent *first = events.data();
	const std::uint32_t *chosen = rows != nullptr ? rows->data() : nullptr;
	const std::size_t count = rows != nullptr ? rows->size() : events.size();
	pg::call([&] {
		for (std::size_t i = 0; i < count; i++) {
			const std::uint32_t number = chosen != nullptr ? chosen[i] : static_cast<std::uint32_t>(i);
			const PendingEvent &event = first[number];
			Datum values[] = {Int32GetDatum(static_cast<int32>(number)),
							  event.id_datum,
							  event.customer_datum,
							  Int64GetDatum(event.timestamp),
							  event.record,
							  BoolGetDatum(event.is_deleted),
							  event.has_version ? make_text(event.version) : 0,
							  Int64GetDatum(static_cast<int64>(event.earlier_row))};
			bool nulls[] = {false, false, false, false, false, false, !event.has_version, event.earlier_row == 0};
			relation.put(values, nulls);
		}
	});
}

// Whether the stored event is newer than the batch's row. $2 names the version field, $3 tells whether it is a number.
// A row without a version is older than any that has one.
#define HYPERLINE_STORED_IS_NEWER                                                                                      \
	"CASE WHEN $2::pg_catalog.text IS NULL THEN false"                                                                 \
	"     WHEN $2 OPERATOR(pg_catalog.=) 'timestamp'"                                                                  \
	"     THEN e.\"timestamp\" OPERATOR(pg_catalog.>) b.\"timestamp\""                                                 \
	"     WHEN (e.record OPERATOR(pg_catalog.->>) $2) IS NULL THEN false"                                              \
	"     WHEN b.version IS NULL THEN true"                                                                            \
	"     WHEN $3 AND pg_catalog.jsonb_typeof(e.record OPERATOR(pg_catalog.->) $2) OPERATOR(pg_catalog.=) 'number'"    \
	"     THEN (e.record OPERATOR(pg_catalog.->>) $2)::pg_catalog.numeric"                                             \
	"          OPERATOR(pg_catalog.>) b.version::pg_catalog.numeric"                                                   \
	"     ELSE (e.record OPERATOR(pg_catalog.->>) $2) COLLATE pg_catalog.\"C\" OPERATOR(pg_catalog.>) b.version"       \
	" END"

// Only rows with something to do come back: unchanged ones, seen for the first time, are what is left of the batch.
constexpr const char *kProbe = R"(
SELECT b.row, e.found, e.same, e.newer, e.run_id,
       e.found IS NULL AND EXISTS (
		SELECT FROM hyperline.events o
		WHERE o.id OPERATOR(pg_catalog.=) b.id AND o.event_type OPERATOR(pg_catalog.=) $1
		  AND o.customer_id OPERATOR(pg_catalog.<>) b.customer_id)
FROM hyperline_batch b
LEFT JOIN LATERAL (
	SELECT true AS found,
	       e."timestamp" OPERATOR(pg_catalog.=) b."timestamp"
	         AND e.is_deleted OPERATOR(pg_catalog.=) b.is_deleted
	         AND hyperline.identical(e.record, b.record) AS same,
	       )" HYPERLINE_STORED_IS_NEWER R"( AS newer,
	       e.run_id
	FROM hyperline.events e
	WHERE e.id OPERATOR(pg_catalog.=) b.id
	  AND e.customer_id OPERATOR(pg_catalog.=) b.customer_id
	  AND e.event_type OPERATOR(pg_catalog.=) $1
	LIMIT 1
) e ON true
WHERE NOT COALESCE(e.same AND b.earlier_row IS NULL, false)
)";

// What the probe said of one row.
struct Probed {
	std::uint32_t row;
	std::int64_t run_id;
	bool found;
	bool same;
	bool newer;
	bool moved;
};

struct ProbeTarget {
	Probed *rows;
	std::size_t count;
	std::size_t capacity;
};

void take_probed(void *target, const pg::TupleView &row) {
	auto *into = static_cast<ProbeTarget *>(target);
	if (into->count < into->capacity) {
		into->rows[into->count++] = Probed{static_cast<std::uint32_t>(row.number(0)),
										   row.number(4),
										   row.boolean(1),
										   row.boolean(2),
										   row.boolean(3),
										   row.boolean(5)};
	}
}

} // namespace

void Batch::probe(Counts &counts, std::vector<std::uint32_t> &inserts, std::vector<std::uint32_t> &updates) {
	std::vector<Probed> probed(events_.size());
	ProbeTarget into{probed.data(), 0, probed.size()};
	probe_.run(kProbe, {target_.event_type, target_.version_field, target_.version_order == VersionOrder::number},
			   pg::Visitor{take_probed, &into});
	probed.resize(into.count);
	counts.unchanged += static_cast<std::int64_t>(events_.size() - probed.size());
	std::sort(probed.begin(), probed.end(), [](const Probed &a, const Probed &b) { return a.row < b.row; });
	std::vector<std::uint32_t> replaced;
	for (const Probed &row : probed) {
		const bool again = events_[row.row].earlier_row != 0;
		if (!row.found) {
			inserts.push_back(row.row);
			counts.inserted++;
			counts.moves += row.moved ? 1 : 0;
		} else if (row.same) {
			counts.duplicates++; // of an earlier batch's row; other unchanged rows do not come back
		} else if (row.newer && !again) {
			counts.stale++;
		} else if (row.newer) {
			reject_duplicate(events_[row.row], kDuplicateKey, kDuplicateMessage);
		} else if (again) {
			// The stored version is an earlier row of this run: it makes room, and is kept among the rejected.
			replaced.push_back(row.row);
			updates.push_back(row.row);
			counts.rejected++;
			if (row.run_id != target_.run_id) {
				// It had been found unchanged, and now the event is changed after all.
				counts.unchanged--;
				counts.updated++;
			}
		} else {
			updates.push_back(row.row);
			counts.updated++;
		}
	}
	keep_replaced(replaced);
}

namespace {

constexpr const char *kInsert = R"(
WITH written AS (
	INSERT INTO hyperline.events (event_type, customer_id, id, "timestamp", record, is_deleted, run_id)
	SELECT $1, b.customer_id, b.id, b."timestamp", b.record, b.is_deleted, $2
	FROM hyperline_inserts b
	RETURNING 1
)
SELECT pg_catalog.count(*) FROM written
)";

// Another loader may have stored a newer version since the probe: then it stays.
constexpr const char *kUpdate = R"(
WITH written AS (
	UPDATE hyperline.events e
	SET "timestamp" = b."timestamp", record = b.record, is_deleted = b.is_deleted,
	    last_changed_at = pg_catalog.now(), run_id = $4
	FROM hyperline_updates b
	WHERE e.id OPERATOR(pg_catalog.=) b.id
	  AND e.customer_id OPERATOR(pg_catalog.=) b.customer_id
	  AND e.event_type OPERATOR(pg_catalog.=) $1
	  AND NOT ()" HYPERLINE_STORED_IS_NEWER R"()
	RETURNING 1
)
SELECT pg_catalog.count(*) FROM written
)";

#undef HYPERLINE_STORED_IS_NEWER

void expect_written(std::int64_t written, std::size_t wanted) {
	if (written != static_cast<std::int64_t>(wanted)) {
		throw Error("40001",
					"could not store a batch: " + std::to_string(written) + " of " + std::to_string(wanted) +
						" rows were written",
					"Another session wrote the same events at the same time, or a trigger, a rule or a policy on "
					"hyperline.events keeps rows out.");
	}
}

} // namespace

void Batch::keep_replaced(const std::vector<std::uint32_t> &replaced) {
	if (replaced.empty()) {
		return;
	}
	pg::Relation relation(kEventColumns, context_.bytes());
	fill(relation, events_, &replaced);
	relation.attach("hyperline_replaced");
	rejected_store_.keep_replaced(target_);
}

void Batch::insert(const std::vector<std::uint32_t> &rows) {
	if (rows.empty()) {
		return;
	}
	pg::Relation relation(kEventColumns, context_.bytes());
	fill(relation, events_, &rows);
	relation.attach("hyperline_inserts");
	expect_written(insert_.run(kInsert, {target_.event_type, target_.run_id}).number(0, 0), rows.size());
}

void Batch::update(const std::vector<std::uint32_t> &rows) {
	if (rows.empty()) {
		return;
	}
	pg::Relation relation(kEventColumns, context_.bytes());
	fill(relation, events_, &rows);
	relation.attach("hyperline_updates");
	const bool number = target_.version_order == VersionOrder::number;
	expect_written(
		update_.run(kUpdate, {target_.event_type, target_.version_field, number, target_.run_id}).number(0, 0),
		rows.size());
}

Counts Batch::store() {
	resolve_keys();
	Counts counts;
	counts.batches = 1;
	counts.bytes_read = bytes_;
	counts.duplicates = duplicates_;
	pg::run(kPlanByKey);
	const std::size_t rejected_before = rejected_.size();
	counts.customers_created = customer_store_.write(customers_, target_.loader);
	if (!events_.empty()) {
		pg::Relation relation(kEventColumns, context_.bytes());
		fill(relation, events_, nullptr);
		relation.attach("hyperline_batch");
		std::vector<std::uint32_t> inserts;
		std::vector<std::uint32_t> updates;
		probe(counts, inserts, updates);
		rejected_store_.resolve(target_);
		relation.detach();
		insert(inserts);
		update(updates);
	}
	counts.rejected += static_cast<std::int64_t>(rejected_.size());
	rejected_store_.keep(target_, rejected_, context_.bytes());
	rejected_.resize(rejected_before); // those that the probe added are found again when the batch is stored again
	return counts;
}

} // namespace hyperline::store
