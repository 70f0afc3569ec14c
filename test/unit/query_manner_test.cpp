// What the words of a query tell of how it reads.
#include "source/query_manner.hpp"

#include <string>

#include <gtest/gtest.h>

namespace hyperline::source {
namespace {

TEST(QueryManner, FindsStarsOfTheQueryItself) {
	for (const char *query : {"SELECT * FROM t", "select*from t", "SELECT a.* FROM a", "SELECT a.*, b FROM a",
							  "SELECT 1, * FROM t", "SELECT DISTINCT * FROM t", "SELECT DISTINCT ON (a) * FROM t",
							  "SELECT *", "TABLE t", "table t", "SELECT /* all */ * -- of them\nFROM t",
							  "WITH a AS (SELECT 1 AS x) SELECT * FROM a", "SELECT 1 AS x UNION SELECT * FROM t"}) {
		EXPECT_TRUE(manner_of(query).selects_star) << query;
	}
	for (const char *query :
		 {"SELECT count(*) FROM t", "SELECT a * b FROM t", "SELECT a*b, c FROM t", "SELECT 2 * (a) FROM t",
		  "SELECT 1 FROM (SELECT * FROM t) s", "SELECT '* FROM' AS x", "SELECT 1 -- * FROM t", "SELECT \"*\" FROM t",
		  "SELECT 1 WHERE EXISTS (SELECT * FROM t)", "SELECT \"table\" FROM t"}) {
		EXPECT_FALSE(manner_of(query).selects_star) << query;
	}
}

TEST(QueryManner, FindsConditions) {
	for (const char *query :
		 {"SELECT 1 FROM t WHERE a", "select 1 from t where a", "SELECT 1 FROM (SELECT 1 FROM t WHERE a) s",
		  "SELECT 1 FROM t LIMIT 10", "SELECT 1 FROM t FETCH FIRST 10 ROWS ONLY", "(SELECT 1 FROM t WHERE a)",
		  "WITH c AS (SELECT 1 FROM t WHERE a) SELECT 1 FROM c",
		  "SELECT (SELECT 1 FROM u WHERE u.id = t.id) FROM t WHERE a",
		  "SELECT extract(epoch FROM a) FROM (SELECT a FROM t WHERE b) s",
		  "SELECT 1 FROM t JOIN (SELECT 1 FROM u WHERE a) s ON true", "SELECT 1 UNION SELECT 1 FROM t WHERE a"}) {
		EXPECT_TRUE(manner_of(query).has_condition) << query;
	}
	for (const char *query :
		 {"SELECT 1 FROM t", "SELECT count(*) FILTER (WHERE a) FROM t", "SELECT 'WHERE' FROM t",
		  "SELECT 1 FROM t -- WHERE a", "SELECT \"where\" FROM t", "SELECT (SELECT 1 FROM u LIMIT 1) FROM t",
		  "SELECT o.id, (SELECT x FROM t WHERE t.id = o.id) FROM big o",
		  "SELECT coalesce((SELECT x FROM t WHERE t.id = o.id), 0) FROM big o",
		  "SELECT a IS DISTINCT FROM b, extract(day FROM c), (SELECT x FROM t WHERE t.id = o.id) FROM big o",
		  "SELECT id FROM (SELECT id, (SELECT x FROM t WHERE t.id = o.id) AS x FROM big o) s"}) {
		EXPECT_FALSE(manner_of(query).has_condition) << query;
	}
	EXPECT_FALSE(manner_of("").has_condition);
	const std::string open(100, '(');
	const std::string close(100, ')');
	EXPECT_FALSE(manner_of("SELECT " + open + "SELECT 1 FROM t WHERE a" + close + " FROM t").has_condition);
	EXPECT_TRUE(manner_of(open + "SELECT 1 FROM t WHERE a" + close).has_condition);
	EXPECT_TRUE(manner_of(close + "SELECT 1 FROM t WHERE a").has_condition);
}

TEST(QueryManner, FindsIdsThatAreMadeAnew) {
	for (const char *query :
		 {"SELECT row_number() OVER () AS id, c FROM t", "SELECT c, ROW_NUMBER() OVER (ORDER BY a, b) id FROM t",
		  "SELECT order_id || '-' || row_number() OVER (PARTITION BY order_id ORDER BY line) AS \"id\" FROM t",
		  "SELECT md5(row_number() OVER ()::text) AS id FROM t", "SELECT c, (row_number() OVER ()) AS id",
		  "SELECT * FROM (SELECT row_number() OVER () AS id, c FROM t) s",
		  "WITH n AS (SELECT c, row_number() OVER () AS id FROM t) SELECT id, c FROM n",
		  "SELECT 1 AS id FROM t UNION ALL SELECT row_number() OVER () AS id FROM u"}) {
		EXPECT_TRUE(manner_of(query).id_maker == "row_number" || manner_of(query).id_maker == "ROW_NUMBER") << query;
	}
	EXPECT_EQ(manner_of("SELECT pg_catalog.gen_random_uuid() AS id FROM t").id_maker, "gen_random_uuid");
	EXPECT_EQ(manner_of("SELECT random() AS id").id_maker, "random");
	for (const char *query :
		 {"SELECT id, row_number() OVER () AS n FROM t", "SELECT row_number() OVER () AS n, id FROM t",
		  "SELECT a.id FROM a WHERE random() < 0.1", "SELECT id FROM t ORDER BY random()",
		  "SELECT row_number AS id FROM t", "SELECT rank AS id, f(x) AS y FROM t", "SELECT 'row_number()' AS id FROM t",
		  "SELECT id /* row_number() */ FROM t", "SELECT id FROM t WHERE n = (SELECT max(row_number) FROM u)",
		  "SELECT id, f((SELECT row_number() OVER () LIMIT 1)) AS n FROM t",
		  "SELECT \"ID\", row_number() OVER () FROM t", ""}) {
		EXPECT_EQ(manner_of(query).id_maker, "") << query;
	}
	EXPECT_EQ(manner_of(std::string(200, '(') + "SELECT 1 AS id" + std::string(300, ')')).id_maker, "");
}

} // namespace
} // namespace hyperline::source
