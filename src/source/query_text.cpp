#include "source/query_text.hpp"

#include "pg/failure.hpp"
#include "pg/unicode.hpp"
#include "source/characters.hpp"
#include "source/sql_lexer.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace hyperline::source {

namespace {

constexpr const char *kCharacterNotInRepertoire = "22021";
constexpr std::string_view kPlaceholderName = "last_refreshed_at";
constexpr std::size_t kMaxPlaceholderName = 63; // bytes shown of an unknown one

std::size_t position_of(std::string_view query, std::size_t byte) {
	return count_characters(query.substr(0, byte)) + 1;
}

// Throws an error about the place of `byte`. The caret's lines start on a line of their own: psql puts "DETAIL:  "
// before the first.
[[noreturn]] void fail_at(std::string_view query, std::size_t byte, const std::string &message, std::string hint) {
	const std::size_t position = position_of(query, byte);
	throw Error(sqlstate::kSyntaxError, message + " at character " + std::to_string(position),
				"The place is marked:\n" + caret(query, position), std::move(hint));
}

void check_characters(std::string_view query) {
	if (query.size() > kMaxQueryLength) {
		throw Error(sqlstate::kProgramLimitExceeded,
					"query is longer than " + std::to_string(kMaxQueryLength) + " bytes", {},
					"Put it into a view at the source, and read from that.");
	}
	const std::size_t valid = std::min(valid_utf8_prefix(query), query.find('\0'));
	if (valid < query.size()) {
		throw Error(kCharacterNotInRepertoire,
					"query holds invalid UTF-8 or a NUL at character " + std::to_string(position_of(query, valid)), {},
					"Write the query in UTF-8.");
	}
}

[[noreturn]] void fail_unterminated(std::string_view query, const Piece &piece) {
	const char *what = piece.kind == PieceKind::string			? "quoted string"
					   : piece.kind == PieceKind::identifier	? "quoted identifier"
					   : piece.kind == PieceKind::dollar_string ? "dollar-quoted string"
																: "/* comment";
	const char *end = piece.kind == PieceKind::string		   ? "Write ' where it ends; a ' inside is written ''."
					  : piece.kind == PieceKind::identifier	   ? "Write \" where it ends."
					  : piece.kind == PieceKind::dollar_string ? "Repeat the dollar quote where it ends."
															   : "Write */ where it ends.";
	fail_at(query, piece.begin, std::string("unterminated ") + what, end);
}

// Puts the next piece into `piece`; false at the end. Throws for a piece that is cut off.
bool next_piece(std::string_view query, SqlLexer &lexer, Piece &piece) {
	if (!lexer.next(piece)) {
		return false;
	}
	if (!piece.is_terminated) {
		fail_unterminated(query, piece);
	}
	return true;
}

bool is_comment(PieceKind kind) {
	return kind == PieceKind::line_comment || kind == PieceKind::block_comment;
}

bool is_quote(PieceKind kind) {
	return kind == PieceKind::string || kind == PieceKind::identifier || kind == PieceKind::dollar_string;
}

// A part of a text that is a placeholder, in bytes: from `begin` to before `end`.
struct Placeholder {
	std::size_t begin = 0;
	std::size_t end = 0; // `begin` when it is malformed
	std::string_view name;
};

// Reads {{name}} at `begin`, where "{{" stands.
Placeholder read_placeholder(std::string_view query, std::size_t begin) {
	constexpr std::string_view blanks = " \t\r\n\f\v";
	const auto is_name = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
	const std::size_t name_begin = std::min(query.find_first_not_of(blanks, begin + 2), query.size());
	std::size_t name_end = name_begin;
	while (name_end < query.size() && is_name(query[name_end])) {
		++name_end;
	}
	const std::size_t braces = std::min(query.find_first_not_of(blanks, name_end), query.size());
	if (name_end == name_begin || !query.substr(braces).starts_with("}}")) {
		return {begin, begin, {}};
	}
	return {begin, braces + 2, query.substr(name_begin, name_end - name_begin)};
}

void check_quote(std::string_view query, const Piece &piece) {
	const std::string_view text = query.substr(0, piece.end);
	for (std::size_t at = text.find("{{", piece.begin); at != std::string_view::npos; at = text.find("{{", at + 1)) {
		if (read_placeholder(text, at).name == kPlaceholderName) {
			fail_at(query, at,
					piece.kind == PieceKind::identifier ? "placeholder in a quoted identifier"
														: "placeholder in a quoted string",
					"Write {{last_refreshed_at}} without quotes: it becomes a constant of type timestamptz.");
		}
	}
}

Placeholder checked_placeholder(std::string_view query, std::size_t begin) {
	const Placeholder found = read_placeholder(query, begin);
	if (found.name == kPlaceholderName) {
		return found;
	}
	const bool is_shown = !found.name.empty() && found.name.size() <= kMaxPlaceholderName;
	fail_at(query, begin,
			is_shown ? "unknown placeholder {{" + std::string(found.name) + "}}" : "malformed placeholder",
			"The only placeholder is {{last_refreshed_at}}.");
}

std::vector<Placeholder> find_placeholders(std::string_view query) {
	std::vector<Placeholder> placeholders;
	SqlLexer lexer(query);
	Piece piece;
	std::size_t done = 0; // a placeholder is several pieces of code
	while (next_piece(query, lexer, piece)) {
		if (piece.begin < done || is_comment(piece.kind)) {
			continue;
		}
		if (is_quote(piece.kind)) {
			check_quote(query, piece);
		} else if (query.substr(piece.begin).starts_with("{{")) {
			placeholders.push_back(checked_placeholder(query, piece.begin));
			done = placeholders.back().end;
		}
	}
	return placeholders;
}

// What is put in the place of a placeholder: no character before it or after it may become a part of the literal's
// tokens, nor the other way round.
std::string replacement(std::string_view query, const Placeholder &placeholder, std::string_view literal) {
	constexpr std::string_view separators = " \t\r\n(),;";
	const std::size_t before = placeholder.begin;
	const std::size_t after = placeholder.end;
	const bool touches_before = before > 0 && separators.find(query[before - 1]) == std::string_view::npos;
	const bool touches_after = after < query.size() && separators.find(query[after]) == std::string_view::npos;
	return (touches_before ? " " : "") + std::string(literal) + (touches_after ? " " : "");
}

// Puts the characters of a line together that are shown: `width` of them around `place`, which counts from 0, and the
// caret's line. Marks what was left out by dots.
std::string show_line(std::string_view line, std::size_t place, const std::string &head) {
	constexpr std::size_t width = 60;
	constexpr std::size_t right = 20; // characters that stay in sight after the place
	constexpr std::string_view dots = "...";
	const std::size_t size = count_characters(line);
	const std::size_t last = std::min(size, std::max(place + right, width));
	const std::size_t first = last > width ? last - width : 0;
	std::string shown = head + std::string(first > 0 ? dots : "");
	std::string caret_line(count_characters(shown), ' ');
	std::size_t index = 0;
	for (std::size_t at = 0; at < line.size() && index < last; ++index) {
		const std::size_t length = utf8_length(line.substr(at));
		const std::string_view character = is_control(line[at]) ? " " : line.substr(at, length);
		if (index >= first) {
			shown += character;
			caret_line.append(index < place ? static_cast<std::size_t>(columns_of(code_point(character))) : 0, ' ');
		}
		at += length;
	}
	shown += last < size ? dots : "";
	return shown + "\n" + caret_line + "^";
}

} // namespace

namespace {

// Statements that are none to load from, in upper case. What begins otherwise is for the source to judge.
constexpr std::string_view kOtherStatements[] = {
	"INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "CALL",	   "DO",	  "EXECUTE", "FETCH",  "SHOW",	 "EXPLAIN",
	"SET",	  "RESET",	"CREATE", "ALTER", "DROP", "TRUNCATE", "VACUUM",  "ANALYZE", "GRANT",  "REVOKE", "BEGIN",
	"START",  "COMMIT", "END",	  "ABORT", "LOCK", "ROLLBACK", "PREPARE", "DECLARE", "LISTEN", "NOTIFY",
};

std::string in_upper_case(std::string_view text) {
	std::string word(text);
	for (char &c : word) {
		c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
	}
	return word;
}

// WITH a AS (..., WITH a AS MATERIALIZED (...
bool begins_subquery(std::string_view before_parenthesis) {
	const std::string word = in_upper_case(before_parenthesis);
	return word == "AS" || word == "MATERIALIZED";
}

void refuse_other_statement(std::string_view query, const Piece &piece) {
	const std::string word = in_upper_case(query.substr(piece.begin, piece.end - piece.begin));
	if (std::find(std::begin(kOtherStatements), std::end(kOtherStatements), word) != std::end(kOtherStatements)) {
		fail_at(query, piece.begin, "a query must be a SELECT: " + word, "Write SELECT, WITH, VALUES or TABLE.");
	}
}

} // namespace

std::string strip_terminator(std::string_view query) {
	check_characters(query);
	SqlLexer lexer(query);
	Piece piece;
	std::size_t kept = 0; // bytes
	std::size_t semicolon = std::string_view::npos;
	std::vector<std::size_t> open; // parentheses
	bool has_code = false;
	std::string_view before[2]; // what stands before, the nearest first
	while (next_piece(query, lexer, piece)) {
		const bool is_empty = piece.kind == PieceKind::blank || is_comment(piece.kind);
		if (piece.kind == PieceKind::semicolon) {
			semicolon = std::min(semicolon, piece.begin);
		} else if (!is_empty && semicolon != std::string_view::npos) {
			fail_at(query, semicolon, "a query must be a single statement: semicolon",
					"Remove the semicolon, or all that stands before or after it.");
		}
		if (piece.kind == PieceKind::open_parenthesis) {
			open.push_back(piece.begin);
		} else if (piece.kind == PieceKind::close_parenthesis && open.empty()) {
			fail_at(query, piece.begin, "unmatched \")\"", "Remove it, or write the ( that it closes.");
		} else if (piece.kind == PieceKind::close_parenthesis) {
			open.pop_back();
		}
		const bool is_first = !has_code || (before[0] == "(" && begins_subquery(before[1]));
		if (is_first && piece.kind == PieceKind::code) {
			refuse_other_statement(query, piece);
		}
		if (!is_empty) {
			before[1] = before[0];
			before[0] = query.substr(piece.begin, piece.end - piece.begin);
		}
		has_code = has_code || (!is_empty && piece.kind != PieceKind::semicolon);
		if (semicolon == std::string_view::npos && piece.kind != PieceKind::blank) {
			kept = piece.end;
		}
	}
	if (!has_code) {
		throw Error(sqlstate::kSyntaxError, "query is empty", {},
					"Write a SELECT that returns id, \"customerId\" and timestamp.");
	}
	if (!open.empty()) {
		fail_at(query, open.back(), "unmatched \"(\"", "Close it with a ), or remove it.");
	}
	return std::string(query.substr(0, kept));
}

bool uses_placeholder(std::string_view query) {
	return !find_placeholders(query).empty();
}

std::string substitute(std::string_view query, std::string_view literal) {
	std::string text;
	std::size_t done = 0;
	for (const Placeholder &placeholder : find_placeholders(query)) {
		text += query.substr(done, placeholder.begin - done);
		text += replacement(query, placeholder, literal);
		done = placeholder.end;
	}
	text += query.substr(done);
	return text;
}

std::size_t map_position(std::string_view query, std::string_view literal, std::size_t position) {
	if (position == 0) {
		return 0;
	}
	std::size_t left = position - 1; // characters of the substituted text before the place
	std::size_t mapped = 1;			 // the place in `query` that they have been followed to
	std::size_t done = 0;
	for (const Placeholder &placeholder : find_placeholders(query)) {
		const std::size_t before = count_characters(query.substr(done, placeholder.begin - done));
		const std::size_t replaced = count_characters(replacement(query, placeholder, literal));
		if (left < before + replaced) {
			return mapped + std::min(left, before);
		}
		left -= before + replaced;
		mapped += before + (placeholder.end - placeholder.begin);
		done = placeholder.end;
	}
	return mapped + std::min(left, count_characters(query.substr(done)));
}

Query to_send(std::string_view written, std::string_view since) {
	const std::string stripped = strip_terminator(written);
	return Query{substitute(stripped, since), std::string(written), std::string(since)};
}

std::string caret(const Query &query, std::size_t position) {
	if (position > count_characters(query.text) + 1) {
		return {};
	}
	return caret(query.written, map_position(query.written, query.since, position));
}

std::string caret(std::string_view query, std::size_t position) {
	if (position == 0 || valid_utf8_prefix(query) != query.size()) {
		return {};
	}
	std::size_t line_number = 1;
	std::size_t line_begin = 0;
	std::size_t place = 0; // in the line, from 0
	std::size_t at = 0;
	for (std::size_t character = 1; character < position; ++character) {
		if (at >= query.size()) {
			return {};
		}
		const char c = query[at];
		at += utf8_length(query.substr(at));
		++place;
		if (c == '\n' || (c == '\r' && (at >= query.size() || query[at] != '\n'))) {
			++line_number;
			line_begin = at;
			place = 0;
		}
	}
	const std::size_t line_end = std::min(query.find_first_of("\r\n", line_begin), query.size());
	const std::string_view line = query.substr(line_begin, line_end - line_begin);
	return show_line(line, place, "LINE " + std::to_string(line_number) + ": ");
}

} // namespace hyperline::source
