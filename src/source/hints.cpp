#include "source/hints.hpp"

#include "pg/failure.hpp"

namespace hyperline::source {

namespace {

struct Hint {
	const char *about;
	const char *text;
};

template <std::size_t size>
std::string find(const Hint (&hints)[size], std::string_view about) {
	for (const Hint &known : hints) {
		if (about == known.about) {
			return known.text;
		}
	}
	return {};
}

constexpr const char *kDateOutOfRange = "22008";
constexpr const char *kLockNotAvailable = "55P03";

constexpr const char *kDateHint = "Write a date as in '2026-01-31'. One that is written otherwise is read with "
								  "to_timestamp(x, 'DD.MM.YYYY'), whose pattern has to be that of the text.";

constexpr const char *kLockHint = "It waited 5 s for a lock that something at the source holds, such as an ALTER TABLE "
								  "that is under way: pg_locks there tells. A run is tried again by itself.";

// What reads in one snapshot and writes nothing gets 40001 from a replica only, whose recovery it is in the way of.
constexpr Hint kHints[] = {
	{"21000", "Have it return one row: with an aggregate such as sum(x), with LIMIT 1, or as a join instead."},
	{"22003", "Compute in a wider type: x::bigint or x::numeric."},
	{"22007", kDateHint},
	{kDateOutOfRange, kDateHint},
	{"22012", "Write NULLIF(x, 0) for what it divides by."},
	{"22021",
	 "Convert the text from the encoding that it is in: convert_from(convert(convert_to(x, 'SQL_ASCII'), 'LATIN1', "
	 "'UTF8'), 'SQL_ASCII')."},
	{"22P02",
	 "Write a value that the type has: of an enum, one of its labels, which enum_range(NULL::its_name) lists. If "
	 "it comes from rows, leave them out with a WHERE, or return it as the text that it is."},
	{"25001", "Leave out what sets the transaction: a query only reads here."},
	{"25006", "A query only reads here. Leave out what writes or locks rows, such as nextval(), a function that "
			  "inserts, FOR UPDATE."},
	{"3F000", "Check how the schema is spelt."},
	{"40001", "Raise max_standby_streaming_delay on the replica or set hot_standby_feedback there, or make the query "
			  "shorter (a cursor field, a condition on {{last_refreshed_at}})."},
	{"42501", "Have the connection's role granted what the query reads: GRANT SELECT ON ... TO ..., and USAGE on its "
			  "schema. FOR UPDATE and FOR SHARE want more than SELECT: leave them out."},
	{"42702", "Write the table before it: table.column."},
	{"42703", "Check how it is spelt, and which table has it. A name that AS gives is not known in WHERE, ON and "
			  "HAVING: repeat there what it stands for."},
	{"42704", "Check how it is spelt. Types of other databases may have another name here, such as varchar, numeric or "
			  "timestamptz."},
	{"42712", "Give each an alias of its own: orders AS a JOIN orders AS b."},
	{"42803", "Name each column in GROUP BY, or take one of its values, such as max(x). A condition on an aggregate "
			  "stands in HAVING, one on rows in WHERE; an aggregate of aggregates needs a subquery."},
	{"42804", "Cast one to the type of the other, such as x::text."},
	{"42846", "Convert in steps for which there are casts, such as x::text::uuid, or with a function, such as "
			  "to_timestamp(x); or compare like with like. A date is written '2026-01-31'."},
	{"42P01", "Check how the table is spelt. Write its schema before it, as in sales.orders, unless the role's "
			  "search_path has that. What stands before a column has to be a table of FROM, or its alias."},
	{"42P10", "With DISTINCT, what ORDER BY names has to be in the list of SELECT, and with DISTINCT ON (x) it begins "
			  "with x. A number in ORDER BY or GROUP BY counts the columns of that list."},
	{"42P20", "Compute a window function in a subquery, and look at its result outside: SELECT ... FROM (SELECT ..., "
			  "row_number() OVER (...) AS n FROM ...) s WHERE s.n = 1."},
	{kLockNotAvailable, kLockHint},
};

constexpr const char *kParser = "scanner_yyerror";
constexpr const char *kParserHint =
	"Look before the mark for a comma or an operator that is missing or too many; a name that is a word of SQL's own, "
	"such as order, is written in double quotes, not in ' or `.";

// 42601 is of the parser, and of what looks at well-formed queries after it: of these here by its function.
constexpr Hint kWellFormed[] = {
	{"transformSetOperationTree", "Give each part of a UNION, INTERSECT or EXCEPT as many columns."},
	{"transformValuesClause", "Give each list of VALUES as many values."},
	{"transformSubLink", "Have a subquery that stands for a value return one column."},
	{"ExpandAllTables", "Name the values, or add a FROM: * stands for the columns of its tables."},
};

constexpr Hint kOwnHints[] = {
	{"42501", "Grant it to the connection's role: GRANT EXECUTE ON FUNCTION ... TO ..."},
	{kLockNotAvailable, kLockHint},
};

} // namespace

// The source's own hint for it names datestyle, which no query can set.
bool replaces_hint_of_source(std::string_view sqlstate) {
	return sqlstate == kDateOutOfRange;
}

std::string hint_for_query(std::string_view sqlstate, const char *function) {
	if (sqlstate != sqlstate::kSyntaxError) {
		return find(kHints, sqlstate);
	}
	return function == nullptr || std::string_view(function) == kParser ? kParserHint : find(kWellFormed, function);
}

std::string hint_for_own_statement(std::string_view sqlstate) {
	return find(kOwnHints, sqlstate);
}

} // namespace hyperline::source
