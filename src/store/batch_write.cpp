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
       pg_catalog.set_config('enable_memoize', 'off', true),
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
							  pg::Relation::by_reference(event.record),
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
SELECT b.row, e.id IS NOT NULL,
       e."timestamp" OPERATOR(pg_catalog.=) b."timestamp" AND e.is_deleted OPERATOR(pg_catalog.=) b.is_deleted
         AND hyperline.identical(e.record, b.record),
       )" HYPERLINE_STORED_IS_NEWER R"(,
       e.run_id,
       e.last_changed_at OPERATOR(pg_catalog.>=) (
		SELECT r.started_at FROM hyperline.run r WHERE r.run_id OPERATOR(pg_catalog.=) $4),
       e.id IS NULL AND EXISTS (
		SELECT FROM hyperline.events o
		WHERE o.id OPERATOR(pg_catalog.=) b.id AND o.event_type OPERATOR(pg_catalog.=) $1
		  AND o.customer_id OPERATOR(pg_catalog.<>) b.customer_id)
FROM hyperline_batch b
LEFT JOIN hyperline.events e
  ON e.id OPERATOR(pg_catalog.=) b.id
 AND e.customer_id OPERATOR(pg_catalog.=) b.customer_id
 AND e.event_type OPERATOR(pg_catalog.=) $1
WHERE (e."timestamp" OPERATOR(pg_catalog.=) b."timestamp" AND e.is_deleted OPERATOR(pg_catalog.=) b.is_deleted
         AND hyperline.identical(e.record, b.record) AND b.earlier_row IS NULL) IS NOT TRUE
)";

// What the probe said of one row.
struct Probed {
	std::uint32_t row;
	std::int64_t run_id;
	bool found;
	bool same;
	bool newer;
	bool changed_meanwhile; ///< since this run started, by whomever
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
										   row.boolean(5),
										   row.boolean(6)};
	}
}

} // namespace

void Batch::probe(Counts &counts, std::vector<std::uint32_t> &inserts, std::vector<std::uint32_t> &updates) {
	std::vector<Probed> probed(events_.size());
	ProbeTarget into{probed.data(), 0, probed.size()};
	probe_.run(
		kProbe,
		{target_.event_type, target_.version_field, target_.version_order == VersionOrder::number, target_.run_id},
		pg::Visitor{take_probed, &into});
	probed.resize(into.count);
	counts.unchanged += static_cast<std::int64_t>(events_.size() - probed.size());
	std::sort(probed.begin(), probed.end(), [](const Probed &a, const Probed &b) { return a.row < b.row; });
	std::vector<std::uint32_t> replaced;
	for (const Probed &row : probed) {
		const PendingEvent &event = events_[row.row];
		// Whether what is stored is an earlier row of this run: it wrote it, or found it unchanged and nobody has
		// written since. A stale row was not stored, and another loader may have written over one that was.
		const bool ours = event.earlier_row != 0 &&
						  (row.run_id == target_.run_id || (!event.earlier_is_stale && !row.changed_meanwhile));
		if (!row.found) {
			inserts.push_back(row.row);
			counts.inserted++;
			counts.moves += row.moved ? 1 : 0;
		} else if (row.same) {
			(ours ? counts.duplicates : counts.unchanged)++;
		} else if (row.newer && !ours) {
			counts.stale++;
			remember_instead(event, event.row_number | kStaleRow);
		} else if (row.newer) {
			reject_duplicate(event, kDuplicateKey, kDuplicateMessage);
			remember_instead(event, event.earlier_row);
		} else if (ours) {
			// The stored version makes room, and is kept among the rejected.
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

// Whether no event of the type is there: no run has stored one, or the table is empty. Who else wrote some is found by
// the key's index, which has to be there then.
constexpr const char *kTypeIsNew = R"(
SELECT CASE
	WHEN NOT EXISTS (
		SELECT FROM pg_catalog.pg_index i
		WHERE i.indrelid OPERATOR(pg_catalog.=) 'hyperline.events'::pg_catalog.regclass
		  AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL
		  AND i.indnkeyatts OPERATOR(pg_catalog.=) 3
		  AND (
			SELECT pg_catalog.array_agg(a.attname::pg_catalog.text ORDER BY a.attname)
			FROM pg_catalog.pg_attribute a
			WHERE a.attrelid OPERATOR(pg_catalog.=) i.indrelid
			  AND a.attnum OPERATOR(pg_catalog.=) ANY (i.indkey::pg_catalog.int2[])
		  ) OPERATOR(pg_catalog.=) ARRAY['customer_id', 'event_type', 'id'])
	THEN false
	WHEN NOT EXISTS (SELECT FROM hyperline.events)
	THEN true
	WHEN EXISTS (
		SELECT FROM hyperline.run r
		WHERE r.loader_id OPERATOR(pg_catalog.=) $2 AND r.rows_read OPERATOR(pg_catalog.>) 0)
	THEN false
	ELSE NOT EXISTS (
		SELECT FROM hyperline.run r
		WHERE r.event_type OPERATOR(pg_catalog.=) $1 AND r.rows_read OPERATOR(pg_catalog.>) 0)
END
)";

constexpr const char *kInsert = R"(
INSERT INTO hyperline.events (event_type, customer_id, id, "timestamp", record, is_deleted, run_id)
SELECT $1, b.customer_id, b.id, b."timestamp", b.record, b.is_deleted, $2
FROM hyperline_inserts b
)";

// Another loader may have stored a newer version since the probe: then it stays.
constexpr const char *kUpdate = R"(
UPDATE hyperline.events e
SET "timestamp" = b."timestamp", record = b.record, is_deleted = b.is_deleted,
    last_changed_at = pg_catalog.now(), run_id = $4
FROM hyperline_updates b
WHERE e.id OPERATOR(pg_catalog.=) b.id
  AND e.customer_id OPERATOR(pg_catalog.=) b.customer_id
  AND e.event_type OPERATOR(pg_catalog.=) $1
  AND NOT ()" HYPERLINE_STORED_IS_NEWER R"()
)";

#undef HYPERLINE_STORED_IS_NEWER

void expect_written(std::uint64_t written, std::size_t wanted) {
	if (written != wanted) {
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

// What is attached as hyperline_inserts.
void Batch::insert(std::size_t rows) {
	expect_written(insert_.run(kInsert, {target_.event_type, target_.run_id}).processed, rows);
}

void Batch::insert(const std::vector<std::uint32_t> &rows) {
	if (rows.empty()) {
		return;
	}
	pg::Relation relation(kEventColumns, context_.bytes());
	fill(relation, events_, &rows);
	relation.attach("hyperline_inserts");
	insert(rows.size());
}

void Batch::update(const std::vector<std::uint32_t> &rows) {
	if (rows.empty()) {
		return;
	}
	pg::Relation relation(kEventColumns, context_.bytes());
	fill(relation, events_, &rows);
	relation.attach("hyperline_updates");
	const bool number = target_.version_order == VersionOrder::number;
	expect_written(update_.run(kUpdate, {target_.event_type, target_.version_field, number, target_.run_id}).processed,
				   rows.size());
}

// A batch that was tried without a look comes back when another session had written one of its keys: then this run
// looks, from now on.
bool Batch::all_are_new() {
	if (!type_is_new_) {
		type_is_new_ = pg::run(kTypeIsNew, {target_.event_type, target_.loader_id}).boolean(0, 0);
	}
	if (inserted_unseen_) {
		type_is_new_ = false;
	}
	return *type_is_new_ && !any_seen_before_;
}

void Batch::store_events(Counts &counts) {
	std::vector<std::uint32_t> inserts;
	std::vector<std::uint32_t> updates;
	{
		pg::Relation relation(kEventColumns, context_.bytes());
		fill(relation, events_, nullptr);
		relation.attach("hyperline_batch");
		bool all = all_are_new();
		if (all) {
			inserted_unseen_ = true;
			counts.inserted += static_cast<std::int64_t>(events_.size());
		} else {
			probe(counts, inserts, updates);
			all = inserts.size() == events_.size();
		}
		rejected_store_.resolve(target_);
		if (all) {
			relation.attach("hyperline_inserts");
			insert(events_.size());
			return;
		}
	}
	insert(inserts);
	update(updates);
}

Counts Batch::store() {
	resolve_keys();
	Counts counts;
	counts.batches = 1;
	counts.bytes_read = bytes_;
	counts.duplicates = duplicates_;
	corrections_.resize(corrections_of_groups_); // those that storing made, if this is not the first time
	pg::run(kPlanByKey);
	const std::size_t rejected_before = rejected_.size();
	counts.customers_created = customer_store_.write(customers_, target_.loader);
	if (!events_.empty()) {
		store_events(counts);
	}
	counts.rejected += static_cast<std::int64_t>(rejected_.size());
	rejected_store_.keep(target_, rejected_, context_.bytes());
	rejected_.resize(rejected_before); // those that the probe added are found again when the batch is stored again
	return counts;
}

} // namespace hyperline::store
