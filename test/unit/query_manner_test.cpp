// What the words of a query tell of how it reads.
#include "source/query_manner.hpp"

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
		  "SELECT 1 FROM t LIMIT 10", "SELECT 1 FROM t FETCH FIRST 10 ROWS ONLY"}) {
		EXPECT_TRUE(manner_of(query).has_condition) << query;
	}
	for (const char *query :
		 {"SELECT 1 FROM t", "SELECT count(*) FILTER (WHERE a) FROM t", "SELECT 'WHERE' FROM t",
		  "SELECT 1 FROM t -- WHERE a", "SELECT \"where\" FROM t", "SELECT (SELECT 1 FROM u LIMIT 1) FROM t"}) {
		EXPECT_FALSE(manner_of(query).has_condition) << query;
	}
	EXPECT_FALSE(manner_of("").has_condition);
}

} // namespace
} // namespace hyperline::source
