#include "store/weighing.hpp"

#include <algorithm>

#include "store/batch.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
#include <utils/builtins.h>
}

namespace hyperline::store {

namespace {

constexpr std::size_t kMemory = std::size_t{16} << 20; // of each relation, before it goes to a temporary file

constexpr pg::RelationColumn kRowColumns[] = {
	{"id", TEXTOID},	  {"customer_id", TEXTOID}, {"row_number", INT8OID},	   {"content", INT8OID},
	{"version", TEXTOID}, {"verdict", INT4OID},		{"timestamp", TIMESTAMPTZOID}, {"record", JSONBOID},
};

constexpr pg::RelationColumn kCustomerColumns[] = {{"external_id", TEXTOID}};

Datum make_text(std::string_view text) {
	return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

// Of the rows of a key, that of the highest version wins, else the one read last. Of each other content one row, the
// last, is rejected; all others are duplicates. $1 tells whether versions are numbers.
#define HYPERLINE_PLACED                                                                                               \
	"SELECT w.*,"                                                                                                      \
	"       pg_catalog.first_value(w.content) OVER by_key AS winning,"                                                 \
	"       pg_catalog.row_number() OVER by_key AS place,"                                                             \
	"       pg_catalog.row_number() OVER ("                                                                            \
	"		PARTITION BY w.id, w.customer_id, w.content ORDER BY w.row_number DESC) AS among_same"                          \
	" FROM hyperline_weighed w"                                                                                        \
	" WINDOW by_key AS ("                                                                                              \
	"	PARTITION BY w.id, w.customer_id"                                                                                \
	"	ORDER BY CASE WHEN $1 THEN w.version::pg_catalog.numeric END DESC NULLS LAST,"                                   \
	"	         CASE WHEN NOT $1 THEN w.version END DESC NULLS LAST, w.row_number DESC)"

constexpr const char *kJudge = "SELECT pg_catalog.count(*) FILTER (WHERE p.place OPERATOR(pg_catalog.=) 1"
							   "         AND p.verdict OPERATOR(pg_catalog.=) 0),"
							   "       pg_catalog.count(*) FILTER (WHERE p.place OPERATOR(pg_catalog.=) 1"
							   "         AND p.verdict OPERATOR(pg_catalog.=) 1),"
							   "       pg_catalog.count(*) FILTER (WHERE p.place OPERATOR(pg_catalog.=) 1"
							   "         AND p.verdict OPERATOR(pg_catalog.=) 2),"
							   "       pg_catalog.count(*) FILTER (WHERE p.place OPERATOR(pg_catalog.=) 1"
							   "         AND p.verdict OPERATOR(pg_catalog.=) 3),"
							   "       pg_catalog.count(*) FILTER (WHERE p.place OPERATOR(pg_catalog.>) 1"
							   "         AND p.content OPERATOR(pg_catalog.<>) p.winning"
							   "         AND p.among_same OPERATOR(pg_catalog.=) 1),"
							   "       pg_catalog.count(*)"
							   " FROM (" HYPERLINE_PLACED ") p";

constexpr const char *kList =
	"SELECT p.row_number,"
	"       (pg_catalog.jsonb_build_object('id', p.id, 'customerId', p.customer_id, 'timestamp', p.\"timestamp\")"
	"        OPERATOR(pg_catalog.||) p.record)::pg_catalog.text"
	" FROM (" HYPERLINE_PLACED ") p"
	" WHERE p.place OPERATOR(pg_catalog.>) 1 AND p.content OPERATOR(pg_catalog.<>) p.winning"
	"   AND p.among_same OPERATOR(pg_catalog.=) 1"
	" ORDER BY p.row_number"
	" LIMIT $2";

#undef HYPERLINE_PLACED

constexpr const char *kNewCustomers = R"(
SELECT pg_catalog.count(DISTINCT c.external_id)
FROM hyperline_customers c
WHERE NOT EXISTS (SELECT FROM hyperline.all_customers k WHERE k.external_id OPERATOR(pg_catalog.=) c.external_id)
)";

} // namespace

Weighing::Weighing(bool keeps_rows)
	: keeps_rows_(keeps_rows), rows_(kRowColumns, kMemory), customers_(kCustomerColumns, kMemory) {
}

void Weighing::add(const std::vector<PendingEvent> &rows, const std::vector<Verdict> &verdicts) {
	const PendingEvent *first = rows.data();
	const Verdict *verdict = verdicts.data();
	const std::size_t count = rows.size();
	pg::call([&] {
		for (std::size_t i = 0; i < count; i++) {
			const PendingEvent &row = first[i];
			Datum values[] = {row.id_datum,
							  row.customer_datum,
							  Int64GetDatum(static_cast<int64>(row.row_number)),
							  Int64GetDatum(static_cast<int64>(row.content)),
							  row.has_version ? make_text(row.version) : 0,
							  Int32GetDatum(static_cast<int32>(verdict[i])),
							  Int64GetDatum(row.timestamp),
							  row.record};
			bool nulls[] = {false, false, false, false, !row.has_version, false, false, !keeps_rows_};
			rows_.put(values, nulls);
		}
	});
	for (const Verdict each : verdicts) {
		counts_.inserted += each == Verdict::insert ? 1 : 0;
		counts_.updated += each == Verdict::update ? 1 : 0;
		counts_.unchanged += each == Verdict::unchanged ? 1 : 0;
		counts_.stale += each == Verdict::stale ? 1 : 0;
	}
}

void Weighing::add_customers(const std::vector<NamedCustomer> &customers) {
	const NamedCustomer *first = customers.data();
	const std::size_t count = customers.size();
	pg::call([&] {
		for (std::size_t i = 0; i < count; i++) {
			Datum values[] = {make_text(first[i].external_id)};
			bool nulls[] = {false};
			customers_.put(values, nulls);
		}
	});
}

void Weighing::judge_keys(VersionOrder order) {
	const pg::Rows judged = pg::run(kJudge, {order == VersionOrder::number});
	counts_.inserted = judged.number(0, 0);
	counts_.updated = judged.number(0, 1);
	counts_.unchanged = judged.number(0, 2);
	counts_.stale = judged.number(0, 3);
	const std::int64_t rejected = judged.number(0, 4);
	counts_.duplicates =
		judged.number(0, 5) - counts_.inserted - counts_.updated - counts_.unchanged - counts_.stale - rejected;
	counts_.rejected += rejected;
}

void Weighing::list_rejects(VersionOrder order, std::int64_t limit) {
	const pg::Rows rows = pg::run(kList, {order == VersionOrder::number, limit});
	for (std::size_t i = 0; i < rows.size(); i++) {
		rejects_.push_back(WeighedReject{rows.number(i, 0), rows.text(i, 1)});
	}
}

Counts Weighing::finish(VersionOrder order, bool any_twice, std::int64_t limit) {
	if (any_twice) {
		rows_.attach("hyperline_weighed");
		judge_keys(order);
		if (keeps_rows_) {
			list_rejects(order, limit);
		}
		rows_.detach();
	}
	customers_.attach("hyperline_customers");
	counts_.customers_created = pg::run(kNewCustomers).number(0, 0);
	customers_.detach();
	return counts_;
}

} // namespace hyperline::store
