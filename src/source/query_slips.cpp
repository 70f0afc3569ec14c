#include "source/query_slips.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "source/characters.hpp"
#include "source/sql_lexer.hpp"

namespace hyperline::source {

namespace {

constexpr const char *kPlaceholderHint = "The only placeholder is {{last_refreshed_at}}, with two braces on each side.";

std::string in_upper_case(std::string_view text) {
	std::string word(text);
	for (char &c : word) {
		c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
	}
	return word;
}

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N> &list) {
	return std::find(list.begin(), list.end(), word) != list.end();
}

// What to type in the place of a character; empty: it may be meant.
std::string_view plain_one(char32_t code) {
	if (code > 0x7F && is_blank_character(code)) {
		return "is a space that SQL does not know: type a plain one";
	}
	if (code == 0xAB || code == 0xB4 || code == 0xBB || (code >= 0x2018 && code <= 0x201F) || code == 0x2032 ||
		code == 0x2033 || code == 0x2039 || code == 0x203A) {
		return "is a quotation mark of printed texts: type ' around a text and \" around a name";
	}
	if ((code >= 0x2010 && code <= 0x2015) || code == 0x2212) {
		return "is a dash of printed texts: type - in its place";
	}
	if (code >= 0xFF01 && code <= 0xFF5E) {
		return "is a wide one: type the narrow one in its place";
	}
	return {};
}

std::string code_name(char32_t code) {
	std::string name = "U+";
	for (unsigned digits = 4; digits-- > 0;) {
		name += "0123456789ABCDEF"[code >> (4U * digits) & 0xFU];
	}
	return name;
}

// What stands where a parser stopped, in upper case, and what stands before it.
struct Place {
	std::string before; // empty: it is the beginning
	std::string at;		// empty: it is the end
	std::string after;
	std::string_view rest; // from the place on
	bool is_known = false;
};

Place find_place(std::string_view text, std::size_t position) {
	Place place;
	if (position == 0 || position > count_characters(text) + 1) {
		return place;
	}
	std::size_t byte = 0;
	for (std::size_t character = 1; character < position; ++character) {
		byte += std::max<std::size_t>(utf8_length(text.substr(byte)), 1);
	}
	place.is_known = true;
	SqlLexer lexer(text);
	for (Piece piece; lexer.next(piece);) {
		if (piece.kind == PieceKind::blank || piece.kind == PieceKind::line_comment ||
			piece.kind == PieceKind::block_comment) {
			continue;
		}
		const std::string_view word = text.substr(piece.begin, piece.end - piece.begin);
		if (piece.end <= byte) {
			place.before = in_upper_case(word);
		} else if (place.at.empty()) {
			place.at = in_upper_case(word);
			place.rest = text.substr(piece.begin);
		} else {
			place.after = in_upper_case(word);
			break;
		}
	}
	return place;
}

} // namespace

std::string hint_for_characters(const Query &query) {
	const std::string_view text = query.text;
	SqlLexer lexer(text);
	for (Piece piece; lexer.next(piece);) {
		for (std::size_t at = piece.begin; piece.kind == PieceKind::code && at < piece.end;) {
			const std::size_t length = std::max<std::size_t>(utf8_length(text.substr(at)), 1);
			const char32_t code = code_point(text.substr(at, length));
			if (const std::string_view what = length > 1 ? plain_one(code) : std::string_view(); !what.empty()) {
				const std::size_t position = count_characters(text.substr(0, at)) + 1;
				return "Character " + std::to_string(map_position(query.written, query.since, position)) +
					   " of the query, " + code_name(code) + ", " + std::string(what) + ".";
			}
			at += length;
		}
	}
	return {};
}

namespace {

// Of other databases, and of programs that fill in values.
std::string hint_for_dialect(const Place &place) {
	const bool is_number = !place.at.empty() && is_digit(place.at.front());
	if (place.at == "[") {
		return "A name that needs it is written in double quotes, not in [ ]; an array is written ARRAY[1, 2].";
	}
	if (place.at == "#" || place.rest.starts_with("//")) {
		return "A comment begins with -- and ends with its line, or stands between /* and */.";
	}
	if (place.before == "TOP" && is_number) {
		return "TOP is LIMIT here, which stands at the end: ... LIMIT 10.";
	}
	if (place.before == "INTERVAL" && is_number) {
		return "An interval is written in single quotes: interval '30 days'.";
	}
	if (place.before == "AS" && place.at.starts_with('\'')) {
		return "A name is written without quotes or in double quotes; single ones are for texts.";
	}
	if (place.at == "{" || place.at == ":" || place.at == "%" || place.at == "?" || place.before == "?") {
		return kPlaceholderHint;
	}
	return {};
}

// Where a clause begins, or the query ends.
std::string hint_for_clause(const Place &place) {
	constexpr std::array<std::string_view, 3> kSets{"UNION", "INTERSECT", "EXCEPT"};
	constexpr std::array<std::string_view, 8> kClauses{"",		 "FROM",  "WHERE", "GROUP",
													   "HAVING", "ORDER", "LIMIT", "FETCH"};
	const bool is_set = is_one_of(place.at, kSets);
	if (place.before == "," && (is_set || place.at == ")" || is_one_of(place.at, kClauses))) {
		return "Remove the comma before the mark, or write what is to follow it.";
	}
	if ((place.at == "ORDER" || place.at == "GROUP") && place.after != "BY") {
		return {};
	}
	if (is_set) {
		return "A part of a UNION, INTERSECT or EXCEPT that has an ORDER BY or a LIMIT of its own stands in "
			   "parentheses.";
	}
	return is_one_of(place.at, kClauses) ? "Look before the mark for what is missing, such as the ON of a JOIN, the "
										   "END of a CASE or the other side of a comparison. Clauses stand in the "
										   "order FROM, WHERE, GROUP BY, HAVING, "
										   "ORDER BY, LIMIT, each once."
										 : std::string();
}

} // namespace

std::string hint_for_syntax(const Query &query, std::size_t position) {
	const Place place = find_place(query.text, position);
	if (!place.is_known) {
		return {};
	}
	if (place.before.empty()) {
		return "A query begins with SELECT, WITH, VALUES or TABLE.";
	}
	const std::string hint = hint_for_dialect(place);
	return hint.empty() ? hint_for_clause(place) : hint;
}

std::string hint_for_column(const Query &query, std::size_t position) {
	const Place place = find_place(query.text, position);
	return place.at == "LAST_REFRESHED_AT" || place.before == "@" ? kPlaceholderHint : std::string();
}

bool is_quoted_name(const Query &query, std::size_t position) {
	return find_place(query.text, position).at.starts_with('"');
}

} // namespace hyperline::source
