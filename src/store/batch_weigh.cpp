// What would become of the rows of a batch, each by itself, without writing any.
#include "store/batch.hpp"

#include "pg/relation.hpp"
#include "pg/rights.hpp"
#include "store/batch_relation.hpp"

namespace hyperline::store {

namespace {

// All but unchanged rows.
constexpr const char *kWeigh = R"(
SELECT b.row, e.id IS NOT NULL,
       )" HYPERLINE_STORED_IS(">", "false", "true") R"(
FROM hyperline_batch b
LEFT JOIN hyperline.events e
  ON e.id OPERATOR(pg_catalog.=) b.id
 AND e.customer_id OPERATOR(pg_catalog.=) b.customer_id
 AND e.event_type OPERATOR(pg_catalog.=) $1
WHERE (e."timestamp" OPERATOR(pg_catalog.=) b."timestamp" AND e.is_deleted OPERATOR(pg_catalog.=) b.is_deleted
         AND hyperline.identical(e.record, b.record)) IS NOT TRUE
)";

struct Target {
	Verdict *verdicts;
	std::size_t count;
};

void take_verdict(void *target, const pg::TupleView &row) {
	const auto *into = static_cast<Target *>(target);
	const auto at = static_cast<std::size_t>(row.number(0));
	if (at < into->count) {
		into->verdicts[at] = !row.boolean(1) ? Verdict::insert : row.boolean(2) ? Verdict::stale : Verdict::update;
	}
}

} // namespace

// The transaction is one for all batches: what each of them takes of its memory is given back.
void Batch::weigh(Weighing &weighing, Oid reader) {
	const pg::OwnedContext scratch("hyperline weighing");
	plan_by_key(plan_by_key_);
	std::vector<Verdict> verdicts(events_.size(), Verdict::unchanged);
	if (!events_.empty()) {
		sort_by_key();
		pg::Relation relation(kEventColumns, context_.bytes());
		{
			const pg::CurrentContext current(scratch.get());
			fill(relation, events_, nullptr);
		}
		relation.attach("hyperline_batch");
		Target into{verdicts.data(), verdicts.size()};
		const pg::AsRole as_reader(reader);
		weigh_.run(kWeigh, {target_.event_type, target_.version_field, target_.version_order == VersionOrder::number},
				   pg::Visitor{take_verdict, &into});
	}
	const pg::CurrentContext current(scratch.get());
	weighing.add(events_, verdicts);
	weighing.add_customers(customers_);
	weighing.add_rejected(rejected_.size());
}

} // namespace hyperline::store
