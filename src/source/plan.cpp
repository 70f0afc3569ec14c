#include "source/plan.hpp"

#include <algorithm>
#include <cstdlib>

#include "source/scrub.hpp"
#include "source/sql_text.hpp"

namespace hyperline::source {

namespace {

constexpr double kMostRows = 1e15;

// A sort that is left although sorting is the last choice is one that no index makes needless; one that is not on the
// way of the rows to the top (of a subquery's own, of a join's inner side) sorts other things.
constexpr const char *kPlan = R"(
WITH RECURSIVE step AS (
	SELECT $1::json -> 0 -> 'Plan' AS plan, true AS passes_rows
	UNION ALL
	SELECT c.plan, s.passes_rows AND COALESCE(c.plan ->> 'Parent Relationship', '') IN ('Outer', 'Subquery', 'Member')
	FROM step s
	CROSS JOIN LATERAL pg_catalog.json_array_elements(s.plan -> 'Plans') c(plan)
), scan AS (
	SELECT (s.plan ->> 'Plan Rows')::float8 AS rows, s.plan ->> 'Relation Name' AS table_name
	FROM step s
	WHERE s.plan -> 'Relation Name' IS NOT NULL OR s.plan ->> 'Node Type' IN ('Append', 'Merge Append')
	ORDER BY 1 DESC
	LIMIT 1
)
SELECT n.rows, n.table_name,
       EXISTS (SELECT FROM step s WHERE s.passes_rows AND s.plan ->> 'Node Type' IN ('Sort', 'Incremental Sort'))
FROM (SELECT) one
LEFT JOIN scan n ON true
)";

} // namespace

Plan plan_of(PqConnection &connection, const ReadPlan &plan) {
	const char *what = "could not ask the source how it would read the query";
	const std::string explain = "EXPLAIN (FORMAT JSON) ";
	std::size_t offset = 0;
	const std::string sql = explain + select_statement(plan, offset);
	connection.run("SAVEPOINT hyperline", {}, what);
	connection.run("SELECT pg_catalog.set_config('enable_sort', 'off', true),"
				   " pg_catalog.set_config('max_parallel_workers_per_gather', '0', true)",
				   {}, what);
	const Result shown = connection.run(sql, plan.query, explain.size() + offset);
	connection.run("ROLLBACK TO SAVEPOINT hyperline", {}, what);
	const std::string described = field(shown.get(), 0, 0);
	const Result found = connection.run(kPlan, {described.c_str()}, what);
	Plan known;
	const double rows = std::strtod(field(found.get(), 0, 0).c_str(), nullptr);
	known.largest_rows = rows > 0 ? std::min(rows, kMostRows) : 0; // NaN is 0
	known.largest_table = one_line(field(found.get(), 0, 1));
	known.sorts = flag(found.get(), 0, 2);
	return known;
}

} // namespace hyperline::source
