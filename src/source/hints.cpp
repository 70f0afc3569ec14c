#include "source/hints.hpp"

#include <algorithm>
#include <iterator>

#include "pg/failure.hpp"
#include "source/query_slips.hpp"

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

constexpr const char *kDateHint = "Write a date as in '2026-01-31', an interval as in '1 day'. A date that is written "
								  "otherwise is read with to_timestamp(x, 'DD.MM.YYYY'), whose pattern has to be that "
								  "of the text.";

constexpr const char *kAmbiguousFunction = "42725";

constexpr const char *kLockHint = "It waited 5 s for a lock that something at the source holds, such as an ALTER TABLE "
								  "that is under way: pg_locks there tells. A run is tried again by itself.";

// What reads in one snapshot and writes nothing gets 40001 from a replica only, whose recovery it is in the way of.
constexpr Hint kHints[] = {
	{"21000", "Have it return one row: with an aggregate such as sum(x), with LIMIT 1, or as a join instead."},
	{"22003", "Compute in a wider type: x::bigint or x::numeric."},
	{"22007", kDateHint},
	{kDateOutOfRange, kDateHint},
	{"22012", "Write NULLIF(x, 0) for what it divides by."},
	{"2201B", "Write \\ before a character that stands for itself, such as \\( and \\*."},
	{"22021",
	 "Convert the text from the encoding that it is in: convert_from(convert(convert_to(x, 'SQL_ASCII'), 'LATIN1', "
	 "'UTF8'), 'SQL_ASCII')."},
	{"22023", "Check how it is spelt. The view pg_timezone_names of the source has all time zones, such as "
			  "'Europe/Zurich'; units are written as in date_trunc('month', x)."},
	{"22P02",
	 "Write a value that the type has: of an enum, one of its labels, which enum_range(NULL::its_name) lists; or cast "
	 "what it is put together with: x::text. If it comes from rows, leave them out with a WHERE, or return it as the "
	 "text that it is."},
	{"25001", "Leave out what sets the transaction: a query only reads here."},
	{"25006", "A query only reads here. Leave out what writes or locks rows, such as nextval(), a function that "
			  "inserts, FOR UPDATE."},
	{"3F000", "Check how the schema is spelt."},
	{"40001", "Raise max_standby_streaming_delay on the replica or set hot_standby_feedback there, or make the query "
			  "shorter (a cursor field, a condition on {{last_refreshed_at}})."},
	{"42501", "Have the connection's role granted what the query reads: GRANT SELECT ON ... TO ..., and USAGE on its "
			  "schema. FOR UPDATE and FOR SHARE want more than SELECT: leave them out."},
	{"42702", "Write the table before it: table.column."},
	{"42703", "Check how it is spelt, and which table of FROM has it. A name that AS gives is not known in WHERE, ON "
			  "and HAVING: repeat there what it stands for. A text is written in single quotes."},
	{"42704", "Check how it is spelt. Types of other databases may have another name here, such as varchar, numeric or "
			  "timestamptz."},
	{"42712", "Give each an alias of its own: orders AS a JOIN orders AS b."},
	{"42803", "Name each column in GROUP BY, or take one of its values, such as max(x). A condition on an aggregate "
			  "stands in HAVING, one on rows in WHERE; an aggregate of aggregates needs a subquery."},
	{"42804", "Cast one to the type of the other, such as x::text."},
	{"42809",
	 "A window function, such as lag(x), needs OVER (ORDER BY ...); what is neither that nor an aggregate takes "
	 "no OVER, DISTINCT or FILTER. ANY and ALL take an array or a subquery."},
	{"42846", "Convert in steps for which there are casts, such as x::text::uuid, or with a function, such as "
			  "to_timestamp(x); or compare like with like. A date is written '2026-01-31'."},
	{sqlstate::kUndefinedFunction,
	 "Check how it is spelt, and which types it takes: cast what is given to it, such as x::timestamptz. What other "
	 "databases have may be called otherwise here: COALESCE for IFNULL, ISNULL and NVL, CASE for IF and IIF, now() for "
	 "GETDATE(), string_agg() for GROUP_CONCAT()."},
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
	"Look before the mark for what is missing, too many or misspelt: a comma, an operator, a word such as FROM, the "
	"END of a CASE. A name that is a word of SQL's own, such as order, is written in double quotes, not in ' or `.";

constexpr const char *kValueHint = "If a value of some row causes it, leave that row out with a WHERE, or look at the "
								   "value first: CASE WHEN x > 0 THEN ln(x) END.";

// What some functions of the source say is known more exactly than by its SQLSTATE.
constexpr Hint kByFunction[] = {
	{"transformSetOperationTree", "Give each part of a UNION, INTERSECT or EXCEPT as many columns."},
	{"transformValuesClause", "Give each list of VALUES as many values."},
	{"transformSubLink", "Have a subquery that stands for a value return one column."},
	{"ExpandAllTables", "Name the values, or add a FROM: * stands for the columns of its tables."},
	{"coerce_to_boolean", "Write a comparison, such as x <> 0 or x IS NOT NULL."},
	{"op_error", "Cast one side to what goes with the other, such as x::text, x::numeric or interval '1 day'. || joins "
				 "texts, = compares, AND and OR join conditions."},
	{"RangeVarGetRelidExtended", "A query reads the one database of its connection: write schema.table. For another "
								 "database, create another connection."},
	{"populate_joinrel_with_paths", "Compare columns with = in the condition of a FULL JOIN."},
};

constexpr std::string_view kToldByFunction[] = {sqlstate::kSyntaxError, sqlstate::kFeatureNotSupported,
												sqlstate::kDatatypeMismatch, sqlstate::kUndefinedFunction,
												kAmbiguousFunction};

constexpr Hint kOwnHints[] = {
	{"42501", "Grant it to the connection's role: GRANT EXECUTE ON FUNCTION ... TO ..."},
	{kLockNotAvailable, kLockHint},
};

bool is_of_parser(const char *function) {
	return function == nullptr || std::string_view(function) == kParser;
}

} // namespace

// The source's own hint for the first names datestyle, which no query can set; for the others, casts alone.
bool replaces_hint_of_source(std::string_view sqlstate) {
	return sqlstate == kDateOutOfRange || sqlstate == sqlstate::kUndefinedFunction || sqlstate == kAmbiguousFunction;
}

std::string hint_for_query(std::string_view sqlstate, const char *function) {
	if (sqlstate == sqlstate::kSyntaxError && is_of_parser(function)) {
		return kParserHint;
	}
	if (function != nullptr &&
		std::find(std::begin(kToldByFunction), std::end(kToldByFunction), sqlstate) != std::end(kToldByFunction)) {
		if (std::string hint = find(kByFunction, function); !hint.empty()) {
			return hint;
		}
	}
	const std::string known = find(kHints, sqlstate);
	return known.empty() && sqlstate.starts_with("22") ? kValueHint : known;
}

std::string hint_for_text(std::string_view sqlstate, const char *function, const Query &query, std::size_t position) {
	if (!sqlstate.starts_with("42") || sqlstate == sqlstate::kInsufficientPrivilege) {
		return {};
	}
	if (std::string hint = hint_for_characters(query); !hint.empty()) {
		return hint;
	}
	if (sqlstate == sqlstate::kUndefinedColumn) {
		return hint_for_column(query, position);
	}
	return sqlstate == sqlstate::kSyntaxError && is_of_parser(function) ? hint_for_syntax(query, position)
																		: std::string();
}

std::string hint_for_own_statement(std::string_view sqlstate) {
	return find(kOwnHints, sqlstate);
}

} // namespace hyperline::source
