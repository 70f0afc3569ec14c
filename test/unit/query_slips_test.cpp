// What a query's text shows of why a source refuses it.
#include "source/query_slips.hpp"
#include "source/hints.hpp"

#include <gtest/gtest.h>

#include "source/characters.hpp"

namespace hyperline::source {
namespace {

// A query with ^ before the place where the source's parser stopped.
struct Marked {
	Query query;
	std::size_t position = 0;
};

Marked marked(std::string text) {
	const std::size_t mark = text.find('^');
	text.erase(mark, 1);
	Query query = to_send(text, "'-infinity'::timestamptz");
	const std::string before = substitute(text.substr(0, mark), query.since);
	return {std::move(query), count_characters(before) + 1};
}

std::string at_syntax(const std::string &text) {
	const Marked place = marked(text);
	return hint_for_syntax(place.query, place.position);
}

std::string at_column(const std::string &text) {
	const Marked place = marked(text);
	return hint_for_column(place.query, place.position);
}

std::string characters(const std::string &text) {
	return hint_for_characters(to_send(text, "'-infinity'::timestamptz"));
}

constexpr const char *kClause =
	"Look before the mark for what is missing, such as the ON of a JOIN, the END of a CASE or the other side of a "
	"comparison. Clauses stand in the order FROM, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, each once.";
constexpr const char *kComma = "Remove the comma before the mark, or write what is to follow it.";
constexpr const char *kPlaceholder = "The only placeholder is {{last_refreshed_at}}, with two braces on each side.";

TEST(QuerySlips, WhatOtherDatabasesWriteOtherwise) {
	EXPECT_EQ(at_syntax("SELECT TOP ^10 a FROM t"), "TOP is LIMIT here, which stands at the end: ... LIMIT 10.");
	EXPECT_EQ(at_syntax("SELECT a FROM t WHERE b > now() - interval ^30 DAY"),
			  "An interval is written in single quotes: interval '30 days'.");
	EXPECT_EQ(at_syntax("SELECT a.^[b] FROM a"),
			  "A name that needs it is written in double quotes, not in [ ]; an array is written ARRAY[1, 2].");
	EXPECT_EQ(at_syntax("SELECT a ^# b\nFROM t"),
			  "A comment begins with -- and ends with its line, or stands between /* and */.");
	EXPECT_EQ(at_syntax("SELECT a ^// b\nFROM t"), at_syntax("SELECT a ^# b\nFROM t"));
	EXPECT_EQ(at_syntax("SELECT a AS ^'b' FROM t"),
			  "A name is written without quotes or in double quotes; single ones are for texts.");
	EXPECT_EQ(at_syntax("^EXEC a"), "A query begins with SELECT, WITH, VALUES or TABLE.");
	EXPECT_EQ(at_syntax("-- all\n^EXEC a"), "A query begins with SELECT, WITH, VALUES or TABLE.");
}

TEST(QuerySlips, PlaceholdersOfOtherPrograms) {
	for (const char *query : {"SELECT a FROM t WHERE b > ^{last_refreshed_at}", "SELECT a FROM t WHERE b > ^:since",
							  "SELECT a FROM t WHERE b > ^%s", "SELECT a FROM t WHERE b > ?^",
							  "SELECT a FROM t WHERE b > ? ^AND c", "SELECT a FROM t WHERE b = ^? AND c"}) {
		EXPECT_EQ(at_syntax(query), kPlaceholder) << query;
	}
	EXPECT_EQ(at_column("SELECT a FROM t WHERE b > ^last_refreshed_at"), kPlaceholder);
	EXPECT_EQ(at_column("SELECT a FROM t WHERE b > @^since"), kPlaceholder);
	EXPECT_EQ(at_column("SELECT a FROM t WHERE b > ^since"), "");
}

TEST(QuerySlips, ClausesThatComeTooEarlyOrTwice) {
	for (const char *query :
		 {"SELECT a FROM t JOIN u ^WHERE b", "SELECT a FROM t JOIN u^", "SELECT a FROM t ORDER BY a ^WHERE b",
		  "SELECT a FROM t WHERE b ^where c", "SELECT CASE WHEN a THEN 1 ^FROM t", "SELECT a FROM t WHERE^ -- b",
		  "SELECT a FROM t WHERE b > {{last_refreshed_at}} AND ^GROUP BY a", "SELECT a FROM t WHERE ^ORDER\n BY a"}) {
		EXPECT_EQ(at_syntax(query), kClause) << query;
	}
	EXPECT_EQ(at_syntax("SELECT a, ^FROM t"), kComma);
	EXPECT_EQ(at_syntax("SELECT a FROM t WHERE b IN (1, 2,^)"), kComma);
	EXPECT_EQ(
		at_syntax("SELECT a FROM t ORDER BY a ^UNION ALL SELECT 1"),
		"A part of a UNION, INTERSECT or EXCEPT that has an ORDER BY or a LIMIT of its own stands in parentheses.");
}

TEST(QuerySlips, NothingIsGuessedOfTheRest) {
	for (const char *query : {"SELECT a FROM ^order", "SELECT a FROM ^group g", "SELECT a b ^c FROM t",
							  "SELECT a FROM t WHERE b ^c", "SELECT a FROM t WHERE b = 1 AND ^AND c",
							  "SELECT `a` ^AS b FROM t", "SELECT interval ^x", "SELECT top ^a FROM t"}) {
		EXPECT_EQ(at_syntax(query), "") << query;
	}
	const Query query = to_send("SELECT a FROM", "now()");
	EXPECT_EQ(hint_for_syntax(query, 0), "");
	EXPECT_EQ(hint_for_syntax(query, 15), "");
	EXPECT_EQ(hint_for_syntax(query, 14), kClause);
	EXPECT_EQ(hint_for_column(query, 0), "");
}

TEST(QuerySlips, CharactersOfPrintedTexts) {
	EXPECT_EQ(characters("SELECT a FROM t WHERE b = ‘c’"),
			  "Character 27 of the query, U+2018, is a quotation mark of printed texts: type ' around a text and \" "
			  "around a name.");
	EXPECT_EQ(characters("SELECT a AS “b” FROM t"),
			  "Character 13 of the query, U+201C, is a quotation mark of printed texts: type ' around a text and \" "
			  "around a name.");
	EXPECT_EQ(characters("SELECT größe FROM t WHERE b > {{last_refreshed_at}} AND c > −1"),
			  "Character 61 of the query, U+2212, is a dash of printed texts: type - in its place.");
	EXPECT_EQ(characters("SELECT a FROM\u00a0t"),
			  "Character 14 of the query, U+00A0, is a space that SQL does not know: type a plain one.");
	EXPECT_EQ(characters("SELECT a FROM \u200bt"),
			  "Character 15 of the query, U+200B, is a space that SQL does not know: type a plain one.");
	EXPECT_EQ(characters("SELECT a，b FROM t"),
			  "Character 9 of the query, U+FF0C, is a wide one: type the narrow one in "
			  "its place.");
	EXPECT_EQ(characters("SELECT größe, 'it’s', \"a\u00a0b\", $$“$$ FROM 表 -- a – b\n/* ’ */"), "");
}

TEST(QuerySlips, NamesInDoubleQuotes) {
	const Query query = to_send("SELECT 'ä', \"b\", {{last_refreshed_at}}, \"c\", d", "now()");
	const auto at = [&](std::string_view what) { return query.text.find(what); }; // ä has two bytes
	EXPECT_TRUE(is_quoted_name(query, at("\"b")));
	EXPECT_TRUE(is_quoted_name(query, at("\"c")));
	EXPECT_FALSE(is_quoted_name(query, at("d")));
	EXPECT_FALSE(is_quoted_name(query, 0));
	EXPECT_FALSE(is_quoted_name(query, 1000));
}

// A name that the source's parser did not stop at, or a right that is missing, is not mended by another character.
TEST(QuerySlips, AreLookedForWhereTheyCanBeTheCause) {
	const Query odd = to_send("SELECT a FROM\u00a0t", "now()");
	const Query top = to_send("SELECT TOP 10 a FROM t", "now()");
	EXPECT_NE(hint_for_text("42P01", "parserOpenTable", odd, 15), "");
	EXPECT_NE(hint_for_text("42601", nullptr, odd, 15), "");
	EXPECT_EQ(hint_for_text("42501", "aclcheck_error", odd, 0), "");
	EXPECT_EQ(hint_for_text("22P02", "pg_strtoint32", odd, 0), "");
	EXPECT_NE(hint_for_text("42601", "scanner_yyerror", top, 12), "");
	EXPECT_EQ(hint_for_text("42601", "insertSelectOptions", top, 12), "");
	EXPECT_EQ(hint_for_text("42703", "errorMissingColumn", top, 12), "");
}

TEST(Hints, AreOfWhatFailed) {
	const std::string operators = hint_for_query("42883", "op_error");
	const std::string functions = hint_for_query("42883", "ParseFuncOrColumn");
	EXPECT_NE(operators.find("|| joins texts"), std::string::npos);
	EXPECT_NE(functions.find("COALESCE for IFNULL"), std::string::npos);
	EXPECT_EQ(hint_for_query("42883", nullptr), functions);
	EXPECT_EQ(hint_for_query("42725", "op_error"), operators);
	EXPECT_NE(hint_for_query("0A000", "RangeVarGetRelidExtended").find("create another connection"), std::string::npos);
	EXPECT_EQ(hint_for_query("0A000", "other"), "");
	EXPECT_NE(hint_for_query("42P01", "RangeVarGetRelidExtended").find("how the table is spelt"), std::string::npos);
	EXPECT_NE(hint_for_query("42804", "coerce_to_boolean").find("comparison"), std::string::npos);
	EXPECT_NE(hint_for_query("42804", "select_common_type").find("Cast one"), std::string::npos);
	EXPECT_NE(hint_for_query("2201F", "dsqrt").find("CASE WHEN"), std::string::npos) << "what is known of all values";
	EXPECT_NE(hint_for_query("22012", "int4div").find("NULLIF"), std::string::npos);
	EXPECT_EQ(hint_for_query("XX000", nullptr), "");
}

} // namespace
} // namespace hyperline::source
