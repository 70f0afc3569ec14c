// The statements that write a batch. See batch.cpp for how it is taken in.
#include "store/batch.hpp"

#include "pg/relation.hpp"
#include "pg/rights.hpp"
#include "store/batch_relation.hpp"
#include "store/writer.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
#include <utils/builtins.h>
}

namespace hyperline::store {

namespace {

Datum make_text(std::string_view text) {
	return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

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

} // namespace

void plan_by_key(pg::Prepared &statement) {
	statement.run(kPlanByKey, {});
}

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
							  Int64GetDatum(static_cast<int64>(event.earlier_number()))};
			bool nulls[] = {false, false, false, false, false, false, !event.has_version, event.earlier.row == 0};
			relation.put(values, nulls);
		}
	});
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
  AND NOT ()" HYPERLINE_STORED_IS(">", "false", "true") R"()
)";

void expect_written(std::uint64_t written, std::size_t wanted) {
	if (written != wanted) {
		throw Error("40001",
					"could not store a batch: " + std::to_string(written) + " of " + std::to_string(wanted) +
						" rows were written",
					"Another session wrote the same events at the same time, or a trigger, a rule or a policy on "
					"hyperline.events keeps rows out.",
					"Look for what keeps rows out: SELECT * FROM pg_catalog.pg_trigger WHERE tgrelid = "
					"'hyperline.events'::regclass, and pg_rules and pg_policies.");
	}
}

} // namespace

// What is attached as hyperline_inserts.
void Batch::insert(std::size_t rows) {
	const pg::AsRole as_writer(writer_);
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
	const pg::AsRole as_writer(writer_);
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
	Judged judged;
	{
		pg::Relation relation(kEventColumns, context_.bytes());
		fill(relation, events_, nullptr);
		relation.attach("hyperline_batch");
		bool all = all_are_new();
		if (all) {
			inserted_unseen_ = true;
			counts.inserted += static_cast<std::int64_t>(events_.size());
		} else {
			judge(counts, judged);
			all = judged.inserts.size() == events_.size();
		}
		rejected_store_.resolve(target_);
		if (all) {
			relation.attach("hyperline_inserts");
			insert(events_.size());
			return;
		}
	}
	insert(judged.inserts);
	update(judged.updates);
}

Counts Batch::store(Oid writer) {
	writer_ = writer;
	resolve_keys();
	Counts counts;
	counts.batches = 1;
	counts.bytes_read = bytes_;
	counts.duplicates = duplicates_;
	corrections_.resize(corrections_of_groups_); // those that storing made, if this is not the first time
	to_set_aside_.clear();
	plan_by_key(plan_by_key_);
	defer_nothing();
	const std::size_t rejected_before = rejected_.size();
	counts.customers_created = customer_store_.write(customers_, target_.loader);
	if (!events_.empty()) {
		store_events(counts);
	}
	const RejectedStore::Kept kept = rejected_store_.keep(target_, rejected_, context_.bytes());
	counts.duplicates += kept.before;
	counts.rejected += static_cast<std::int64_t>(rejected_.size()) - kept.before;
	counts.rejected_first = kept.first;
	rejected_.resize(rejected_before); // those that the probe added are found again when the batch is stored again
	return counts;
}

} // namespace hyperline::store
