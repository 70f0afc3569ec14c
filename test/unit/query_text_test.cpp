#include "source/query_text.hpp"
#include "source/sql_lexer.hpp"

#include "pg/failure.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace hyperline::source {

namespace {

using namespace std::string_literals;

template <typename Call>
Failure failure_of(Call call) {
	try {
		static_cast<void>(call());
	} catch (const Error &error) {
		return error.failure();
	}
	ADD_FAILURE() << "accepted";
	return {};
}

Failure refused(std::string_view query) {
	return failure_of([&] { return strip_terminator(query); });
}

std::string refusal(std::string_view query) {
	Failure failure = refused(query);
	return failure.sqlstate + ": " + failure.message;
}

Failure refused_placeholder(std::string_view query) {
	Failure failure = failure_of([&] { return uses_placeholder(query); });
	EXPECT_EQ(failure_of([&] { return substitute(query, "x"); }).message, failure.message);
	EXPECT_EQ(failure.sqlstate, "42601");
	return failure;
}

// The pieces of a text, each as its kind's letter and what it holds.
std::vector<std::string> pieces(std::string_view text) {
	SqlLexer lexer(text);
	Piece piece;
	std::vector<std::string> all;
	std::size_t end = 0;
	while (lexer.next(piece)) {
		EXPECT_EQ(piece.begin, end);
		EXPECT_GT(piece.end, piece.begin);
		end = piece.end;
		const char kind = "c;()_-*'\"$"[static_cast<unsigned>(piece.kind)];
		all.push_back(std::string(1, kind) + (piece.is_terminated ? ":" : "!") +
					  std::string(text.substr(piece.begin, piece.end - piece.begin)));
	}
	EXPECT_EQ(end, text.size());
	return all;
}

using Pieces = std::vector<std::string>;

constexpr std::string_view kLiteral = "'2024-01-01 00:00:00+00'::timestamptz";

TEST(QueryText, ErrorsAreShownInTheQueryAsItWasWritten) {
	const Query query = to_send("SELECT a,\n\tb > {{last_refreshed_at}} AND c; -- d", "'2026-01-01'::timestamptz");
	EXPECT_EQ(query.text, "SELECT a,\n\tb > '2026-01-01'::timestamptz AND c");
	const auto at = [&](std::string_view what) { return query.text.find(what) + 1; };
	EXPECT_EQ(caret(query, at("a,")), "LINE 1: SELECT a,\n               ^");
	EXPECT_EQ(caret(query, at("'2026")), "LINE 2:  b > {{last_refreshed_at}} AND c; -- d\n             ^");
	EXPECT_EQ(caret(query, at("::")), caret(query, at("'2026"))) << "inside of what replaced it";
	const std::string c = "LINE 2:  b > {{last_refreshed_at}} AND c; -- d\n" + std::string(39, ' ') + "^";
	EXPECT_EQ(caret(query, at("c")), c);
	EXPECT_EQ(caret(query, query.text.size() + 1), c.substr(0, c.size() - 1) + " ^") << "where it ends";
	EXPECT_EQ(caret(query, query.text.size() + 2), "") << "in what stands around it when it is read";
	EXPECT_EQ(caret(query, 0), "");
}

} // namespace

TEST(SqlLexer, QuotesEndWherePostgresEndsThem) {
	EXPECT_EQ(pieces("'a;''b'c"), (Pieces{"':'a;''b'", "c:c"}));
	EXPECT_EQ(pieces("'a\\'b'"), (Pieces{"':'a\\'", "c:b", "'!'"}));
	EXPECT_EQ(pieces("E'a\\'b'"), (Pieces{"':E'a\\'b'"}));
	EXPECT_EQ(pieces("e'\\\\'x"), (Pieces{"':e'\\\\'", "c:x"}));
	EXPECT_EQ(pieces("nameE'a\\'b"), (Pieces{"c:nameE", "':'a\\'", "c:b"}));
	EXPECT_EQ(pieces("1E'\\''"), (Pieces{"c:1", "':E'\\''"}));
	EXPECT_EQ(pieces("U&'\\'B'0'"), (Pieces{"c:U", "c:&", "':'\\'", "c:B", "':'0'"}));
	EXPECT_EQ(pieces("N'a'"), (Pieces{"c:N", "':'a'"}));
	EXPECT_EQ(pieces("\"a;'\"b"), (Pieces{"\":\"a;'\"", "c:b"}));
	EXPECT_EQ(pieces("\"a\"\"b\""), (Pieces{"\":\"a\"", "\":\"b\""}));
	EXPECT_EQ(pieces("U&\"\\\"x"), (Pieces{"c:U", "c:&", "\":\"\\\"", "c:x"}));
}

TEST(SqlLexer, EscapeStringGoesOnAfterALineEnd) {
	EXPECT_EQ(pieces("E'a'\n'\\''"), (Pieces{"':E'a'", "_:\n", "':'\\''"}));
	EXPECT_EQ(pieces("E'a' -- it's\r \n-- x\n'\\''"),
			  (Pieces{"':E'a'", "_: ", "-:-- it's", "_:\r \n", "-:-- x", "_:\n", "':'\\''"}));
	EXPECT_EQ(pieces("E'a'\n'b'\n'\\''"), (Pieces{"':E'a'", "_:\n", "':'b'", "_:\n", "':'\\''"}));
	EXPECT_EQ(pieces("E'a' '\\'"), (Pieces{"':E'a'", "_: ", "':'\\'"})) << "not on one line";
	EXPECT_EQ(pieces("E'a'\n,'\\'"), (Pieces{"':E'a'", "_:\n", "c:,", "':'\\'"}));
	EXPECT_EQ(pieces("E'a'\n/**/'\\'"), (Pieces{"':E'a'", "_:\n", "*:/**/", "':'\\'"}));
	EXPECT_EQ(pieces("'a'\n'\\'"), (Pieces{"':'a'", "_:\n", "':'\\'"})) << "not after a plain string";
}

TEST(SqlLexer, DollarQuotesNeedATagAndAnOpenPlace) {
	EXPECT_EQ(pieces("$$a;'$$b"), (Pieces{"$:$$a;'$$", "c:b"}));
	EXPECT_EQ(pieces("$a$ $b$ $$ $a$"), (Pieces{"$:$a$ $b$ $$ $a$"}));
	EXPECT_EQ(pieces("$a$x$b$a$"), (Pieces{"$:$a$x$b$a$"}));
	EXPECT_EQ(pieces("$A$x$a$"), (Pieces{"$!$A$x$a$"}));
	EXPECT_EQ(pieces("$\xC3\xA4_1$x$\xC3\xA4_1$"), (Pieces{"$:$\xC3\xA4_1$x$\xC3\xA4_1$"}));
	EXPECT_EQ(pieces("a$b$c"), (Pieces{"c:a$b$c"})) << "a word may hold $";
	EXPECT_EQ(pieces("$1"), (Pieces{"c:$", "c:1"}));
	EXPECT_EQ(pieces("$1$$x$$"), (Pieces{"c:$", "c:1", "$:$$x$$"}));
	EXPECT_EQ(pieces("$a b$c"), (Pieces{"c:$", "c:a", "_: ", "c:b$c"}));
	EXPECT_EQ(pieces("$"), (Pieces{"c:$"}));
}

TEST(SqlLexer, CommentsAreFoundInsideOperatorsAndNest) {
	EXPECT_EQ(pieces("a+--b\nc"), (Pieces{"c:a", "c:+", "-:--b", "_:\n", "c:c"}));
	EXPECT_EQ(pieces("--b\rc"), (Pieces{"-:--b", "_:\r", "c:c"}));
	EXPECT_EQ(pieces("--b"), (Pieces{"-:--b"}));
	EXPECT_EQ(pieces("*/*/**/;*/x"), (Pieces{"c:*", "*:/*/**/;*/", "c:x"}));
	EXPECT_EQ(pieces("/*/ */x"), (Pieces{"*:/*/ */", "c:x"}));
	EXPECT_EQ(pieces("/***/x"), (Pieces{"*:/***/", "c:x"}));
	EXPECT_EQ(pieces("/*'*/'*/'"), (Pieces{"*:/*'*/", "':'*/'"}));
	EXPECT_EQ(pieces("/*--*/x"), (Pieces{"*:/*--*/", "c:x"}));
	EXPECT_EQ(pieces("/* /* */"), (Pieces{"*!/* /* */"}));
	EXPECT_EQ(pieces("/*"), (Pieces{"*!/*"}));
	EXPECT_EQ(pieces("- - / *"), (Pieces{"c:-", "_: ", "c:-", "_: ", "c:/", "_: ", "c:*"}));
}

TEST(SqlLexer, AnyBytesAreCutWithoutAGap) {
	std::mt19937 random(3); // NOLINT(cert-msc51-cpp): the same texts each time
	constexpr std::string_view bytes = "''\"\"$$$abeE1_ \n\r--//**;()\\\\\xC3\xA4{}";
	for (int round = 0; round < 50000; ++round) {
		std::string text;
		for (std::uint32_t left = random() % 30; left > 0; --left) {
			text += bytes[random() % bytes.size()];
		}
		const Pieces all = pieces(text); // checks that they touch and cover
		for (std::size_t i = 0; i + 1 < all.size(); ++i) {
			ASSERT_EQ(all[i][1], ':') << "only the last may be cut off: " << text;
		}
	}
}

TEST(QueryText, QueryKeepsItsTextUpToTheTerminator) {
	EXPECT_EQ(strip_terminator("SELECT 1"), "SELECT 1");
	EXPECT_EQ(strip_terminator("SELECT 1;"), "SELECT 1");
	EXPECT_EQ(strip_terminator("  SELECT 1 ; ;; \n"), "  SELECT 1");
	EXPECT_EQ(strip_terminator("\nSELECT\t1\r\n\f"), "\nSELECT\t1");
	EXPECT_EQ(strip_terminator("SELECT ';' AS \"a;b\", $$;$$, $x$;$x$ /* ; */ -- ;\n;"),
			  "SELECT ';' AS \"a;b\", $$;$$, $x$;$x$ /* ; */ -- ;");
	EXPECT_EQ(strip_terminator("WITH x AS (SELECT 1) SELECT * FROM x"), "WITH x AS (SELECT 1) SELECT * FROM x");
	EXPECT_EQ(strip_terminator("(SELECT 1) UNION (SELECT ')')"), "(SELECT 1) UNION (SELECT ')')");
	EXPECT_EQ(strip_terminator("SELECT 'größe', '😀';"), "SELECT 'größe', '😀'");
}

TEST(QueryText, CommentsStayInThePartThatIsKept) {
	EXPECT_EQ(strip_terminator("-- first\nSELECT 1 -- last"), "-- first\nSELECT 1 -- last");
	EXPECT_EQ(strip_terminator("/* a */ SELECT 1 /* b */ \n"), "/* a */ SELECT 1 /* b */");
	EXPECT_EQ(strip_terminator("SELECT 1 -- a\n; -- b\n/* c */;"), "SELECT 1 -- a");
}

TEST(QueryText, SecondStatementIsRefused) {
	const Failure failure = refused("SELECT 1;\nDROP TABLE x");
	EXPECT_EQ(failure.sqlstate, "42601");
	EXPECT_EQ(failure.message, "a query must be a single statement: semicolon at character 9");
	EXPECT_EQ(failure.detail, "The place is marked:\nLINE 1: SELECT 1;\n                ^");
	EXPECT_EQ(failure.hint, "Remove the semicolon, or all that stands before or after it.");
	for (const char *query :
		 {";SELECT 1", "SELECT 1; SELECT 2;", "SELECT 1;/**/x", "SELECT 1;--\nx", "SELECT 1;'x'", "SELECT (1;2)",
		  "SELECT 1;)", "SELECT 'a\\'; DROP TABLE x; --'", "SELECT $1;$$a$$", "SELECT a$b$; SELECT $b$",
		  "SELECT 1 /* /* */ */; SELECT 2 /* */", "SELECT E'\\\\'; SELECT '\\'", "SELECT --\r1; SELECT 2"}) {
		EXPECT_EQ(refusal(query).substr(0, 41), "42601: a query must be a single statement") << query;
	}
}

TEST(QueryText, NothingLeavesThePlaceItIsPutInto) {
	EXPECT_EQ(refusal("SELECT 1) TO PROGRAM 'x' --"), "42601: unmatched \")\" at character 9");
	EXPECT_EQ(refusal("SELECT 1) TO STDOUT; COPY (SELECT 1"), "42601: unmatched \")\" at character 9");
	EXPECT_EQ(refusal("SELECT (1, (2)"), "42601: unmatched \"(\" at character 8");
	EXPECT_EQ(refusal("SELECT ')', (1"), "42601: unmatched \"(\" at character 13");
	EXPECT_EQ(refusal("SELECT (1;"), "42601: unmatched \"(\" at character 8");
	EXPECT_EQ(refusal("SELECT 1 /*"), "42601: unterminated /* comment at character 10");
	EXPECT_EQ(refusal("SELECT 1; /*"), "42601: unterminated /* comment at character 11");
	EXPECT_EQ(refusal("SELECT 'abc"), "42601: unterminated quoted string at character 8");
	EXPECT_EQ(refusal("SELECT 'ä', E'abc\\'"), "42601: unterminated quoted string at character 13");
	EXPECT_EQ(refusal("SELECT \"abc"), "42601: unterminated quoted identifier at character 8");
	EXPECT_EQ(refusal("SELECT $a$ $A$"), "42601: unterminated dollar-quoted string at character 8");
	EXPECT_EQ(refused("SELECT 1,\n 'abc").detail, "The place is marked:\nLINE 2:  'abc\n         ^");
}

TEST(QueryText, EmptyQueryIsRefused) {
	for (const char *query : {"", " \n", ";", " ; ; ", "-- SELECT 1", "/* SELECT 1 */ ;"}) {
		EXPECT_EQ(refusal(query), "42601: query is empty") << query;
	}
}

TEST(QueryText, TextThatCannotBeSentIsRefused) {
	EXPECT_EQ(refusal("SELECT '\0'"s), "22021: query holds invalid UTF-8 or a NUL at character 9");
	EXPECT_EQ(refusal("SELECT 'ä\xC3'"), "22021: query holds invalid UTF-8 or a NUL at character 10");
	for (const char *bytes : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
							  "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82", "\xFF"}) {
		EXPECT_EQ(refused("SELECT '" + std::string(bytes) + "'").sqlstate, "22021");
	}
	EXPECT_NO_THROW(static_cast<void>(strip_terminator("SELECT '\xC2\x80\xE0\xA0\x80\xED\x9F\xBF\xF4\x8F\xBF\xBF'")));
	const std::string longest = "SELECT " + std::string(kMaxQueryLength - 7, '1');
	EXPECT_EQ(strip_terminator(longest), longest);
	EXPECT_EQ(refusal(longest + "1"), "54000: query is longer than 1048576 bytes");
}

TEST(QueryText, PlaceholderIsFoundInCodeOnly) {
	EXPECT_TRUE(uses_placeholder("SELECT 1 WHERE a > {{last_refreshed_at}}"));
	EXPECT_TRUE(uses_placeholder("SELECT 1 WHERE a > {{ last_refreshed_at\t}}"));
	EXPECT_FALSE(uses_placeholder("SELECT 1"));
	EXPECT_FALSE(uses_placeholder("SELECT 1 -- {{last_refreshed_at}}\n/* {{ last_refreshed_at }} {{x}} {{ */"));
	EXPECT_FALSE(uses_placeholder("SELECT '{{1,2},{3,4}}', '{{x}}', $${{$$, \"{{y}}\", '{last_refreshed_at}'"));
}

TEST(QueryText, PlaceholderBecomesTheLiteral) {
	EXPECT_EQ(substitute("SELECT 1", kLiteral), "SELECT 1");
	EXPECT_EQ(substitute("SELECT 1 WHERE a > {{last_refreshed_at}}", "'x'::timestamptz"),
			  "SELECT 1 WHERE a > 'x'::timestamptz");
	EXPECT_EQ(substitute("f({{ last_refreshed_at }}, {{last_refreshed_at}}) -- {{last_refreshed_at}}", "L"),
			  "f(L, L) -- {{last_refreshed_at}}");
	EXPECT_EQ(substitute("{{last_refreshed_at}}", "L"), "L");
}

TEST(QueryText, LiteralNeverMergesWithWhatItTouches) {
	EXPECT_EQ(substitute("a>{{last_refreshed_at}}and", "'L'"), "a> 'L' and");
	EXPECT_EQ(substitute("'a'{{last_refreshed_at}}'b'", "'L'"), "'a' 'L' 'b'");
	EXPECT_EQ(substitute("E{{last_refreshed_at}}{{last_refreshed_at}}", "'L'"), "E 'L'  'L'");
}

TEST(QueryText, QuotedPlaceholderIsRefusedWithAdvice) {
	for (const char *query : {"SELECT '{{last_refreshed_at}}'", "SELECT E'\\'{{ last_refreshed_at }}'",
							  "SELECT $$ {{last_refreshed_at}}$$", "SELECT '{{x}} {{{last_refreshed_at}}'"}) {
		const Failure failure = refused_placeholder(query);
		EXPECT_EQ(failure.message.substr(0, 44), "placeholder in a quoted string at character ") << query;
		EXPECT_EQ(failure.hint,
				  "Write {{last_refreshed_at}} without quotes: it becomes a constant of type timestamptz.");
	}
	EXPECT_EQ(refused_placeholder("SELECT 'ä {{last_refreshed_at}}'").detail,
			  "The place is marked:\nLINE 1: SELECT 'ä {{last_refreshed_at}}'\n                  ^");
	EXPECT_EQ(refused_placeholder("SELECT \"{{last_refreshed_at}}\"").message,
			  "placeholder in a quoted identifier at character 9");
}

TEST(QueryText, OtherPlaceholderIsRefusedWithTheKnownOne) {
	EXPECT_EQ(refused_placeholder("SELECT {{ now }}").message, "unknown placeholder {{now}} at character 8");
	EXPECT_EQ(refused_placeholder("SELECT {{LAST_REFRESHED_AT}}").message,
			  "unknown placeholder {{LAST_REFRESHED_AT}} at character 8");
	EXPECT_EQ(refused_placeholder("SELECT {{last_refreshed_at2}}").hint,
			  "The only placeholder is {{last_refreshed_at}}.");
	for (const char *query :
		 {"SELECT {{}}", "SELECT {{last_refreshed_at}", "SELECT {{last refreshed_at}}", "SELECT {{",
		  "SELECT {{'last_refreshed_at'}}", "SELECT {{--\nlast_refreshed_at}}", "SELECT {{{last_refreshed_at}}}"}) {
		EXPECT_EQ(refused_placeholder(query).message, "malformed placeholder at character 8") << query;
	}
	EXPECT_EQ(refused_placeholder("SELECT {{" + std::string(64, 'x') + "}}").message,
			  "malformed placeholder at character 8");
	EXPECT_EQ(refused_placeholder("SELECT 'abc").message, "unterminated quoted string at character 8");
}

TEST(QueryText, ErrorPositionLeadsBackToTheUsersText) {
	const std::string query = "ä {{last_refreshed_at}} b>{{ last_refreshed_at }}+c";
	const std::string text = substitute(query, "'ö'");
	ASSERT_EQ(text, "ä 'ö' b> 'ö' +c");
	const std::vector<std::size_t> expected = {0, 1, 2, 3, 3, 3, 24, 25, 26, 27, 27, 27, 27, 27, 50, 51, 52, 52};
	for (std::size_t position = 0; position < expected.size(); ++position) {
		EXPECT_EQ(map_position(query, "'ö'", position), expected[position]) << position;
	}
	EXPECT_EQ(map_position("SELECT 1", "'ö'", 8), 8U);
}

TEST(QueryText, EveryCharacterOfTheUsersTextIsMappedToItself) {
	std::mt19937 random(5); // NOLINT(cert-msc51-cpp): the same texts each time
	for (int round = 0; round < 5000; ++round) {
		// Letters that differ, so that a wrong place shows.
		std::string query;
		std::size_t characters = 0;
		std::vector<std::pair<std::string, std::size_t>> marks; // each mark's text and position
		for (std::uint32_t parts = random() % 8; parts > 0; --parts) {
			if (random() % 3 == 0) {
				const std::string blanks(random() % 3, ' ');
				query.append("{{").append(blanks).append("last_refreshed_at").append(blanks).append("}}");
				characters += 21 + 2 * blanks.size();
			} else {
				const std::string mark =
					"ü" + std::to_string(round) + "_" + std::to_string(parts) + (parts % 2 ? " " : "+");
				marks.emplace_back(mark, characters + 1);
				query += mark;
				characters += mark.size() - 1;
			}
		}
		const std::string text = substitute(query, kLiteral);
		for (const auto &[mark, position] : marks) {
			const std::string before = text.substr(0, text.find(mark));
			const auto high = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\xC3'));
			ASSERT_EQ(map_position(query, kLiteral, before.size() - high + 1), position) << query;
		}
	}
}

TEST(Caret, PointsAtThePlaceInItsLine) {
	EXPECT_EQ(caret("SELECT 1\nFROM missing", 15), "LINE 2: FROM missing\n             ^");
	EXPECT_EQ(caret("SELECT x", 8), "LINE 1: SELECT x\n               ^");
	EXPECT_EQ(caret("SELECT x\r\n\r\n y", 14), "LINE 3:  y\n         ^");
	EXPECT_EQ(caret("a\rb\n\nc", 3), "LINE 2: b\n        ^");
	EXPECT_EQ(caret("a\rb\n\nc", 6), "LINE 4: c\n        ^");
	EXPECT_EQ(caret("a\n", 2), "LINE 1: a\n         ^") << "a line end belongs to its line";
}

TEST(Caret, EndOfTheQueryIsAPlaceAndNothingBeyondIt) {
	EXPECT_EQ(caret("SELECT", 7), "LINE 1: SELECT\n              ^");
	EXPECT_EQ(caret("SELECT\n", 8), "LINE 2: \n        ^");
	EXPECT_EQ(caret("", 1), "LINE 1: \n        ^");
	EXPECT_EQ(caret("SELECT", 8), "");
	EXPECT_EQ(caret("SELECT", 0), "");
	EXPECT_EQ(caret("SELECT", std::string::npos), "");
	EXPECT_EQ(caret("\xFF x", 2), "");
}

TEST(Caret, CountsCharactersAndHidesControls) {
	EXPECT_EQ(caret("\t'äöü' \x1B\t😀 x", 12), "LINE 1:  'äöü'   😀 x\n" + std::string(20, ' ') + "^");
	EXPECT_EQ(caret("'日本' x", 6), "LINE 1: '日本' x\n" + std::string(15, ' ') + "^") << "two columns each";
	EXPECT_EQ(caret("'e\u0301' x", 6), "LINE 1: 'e\u0301' x\n" + std::string(12, ' ') + "^") << "none for a mark";
}

TEST(Caret, LongLineIsCutAroundThePlace) {
	std::string line;
	for (int i = 0; i < 20; ++i) {
		line += "0123456789";
	}
	EXPECT_EQ(caret(line, 1), "LINE 1: " + line.substr(0, 60) + "...\n        ^");
	EXPECT_EQ(caret(line, 41), "LINE 1: " + line.substr(0, 60) + "...\n" + std::string(48, ' ') + "^");
	EXPECT_EQ(caret(line, 101), "LINE 1: ..." + line.substr(60, 60) + "...\n" + std::string(51, ' ') + "^");
	EXPECT_EQ(caret(line, 200), "LINE 1: ..." + line.substr(140) + "\n" + std::string(70, ' ') + "^");
	EXPECT_EQ(caret(line, 201), "LINE 1: ..." + line.substr(140) + "\n" + std::string(71, ' ') + "^");
	EXPECT_EQ(caret("x\n" + line.substr(0, 60), 5), "LINE 2: " + line.substr(0, 60) + "\n          ^");
}

TEST(Caret, PointsAtTheSameCharacterWhereverTheLineIsCut) {
	std::string line;
	for (char32_t c = 0x100; c < 0x200; ++c) { // each character once
		line += static_cast<char>(0xC0U | (c >> 6U));
		line += static_cast<char>(0x80U | (c & 0x3FU));
	}
	for (std::size_t position = 1; position <= 256; ++position) {
		const std::string shown = caret(line, position);
		const std::string first = shown.substr(0, shown.find('\n'));
		const std::size_t column = shown.size() - shown.find('\n') - 2; // from 0, in characters
		const std::size_t head = first.starts_with("LINE 1: ...") ? 11 : 8;
		ASSERT_EQ(first.substr(head + (column - head) * 2, 2), line.substr((position - 1) * 2, 2)) << position;
	}
}

} // namespace hyperline::source
