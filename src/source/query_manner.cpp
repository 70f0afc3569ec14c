#include "source/query_manner.hpp"

#include <algorithm>

#include "source/sql_lexer.hpp"

namespace hyperline::source {

namespace {

bool is_word(std::string_view text, std::string_view upper) {
	return std::equal(text.begin(), text.end(), upper.begin(), upper.end(), [](char c, char other) {
		return (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c) == other;
	});
}

// What can stand behind the * of a select list, but not behind one that multiplies.
bool ends_list(std::string_view text) {
	constexpr std::string_view kWords[] = {"",		",",	  ";",		   "FROM",	"WHERE",
										   "UNION", "EXCEPT", "INTERSECT", "ORDER", "LIMIT"};
	return std::any_of(std::begin(kWords), std::end(kWords),
					   [&](std::string_view word) { return is_word(text, word); });
}

} // namespace

WrittenManner manner_of(std::string_view query) noexcept {
	WrittenManner manner;
	SqlLexer lexer(query);
	Piece piece;
	int depth = 0;
	std::string_view last[2]; // the pieces before, the nearest first
	bool was_star = false;
	bool more = true;
	while (more) {
		more = lexer.next(piece);
		if (more && (piece.kind == PieceKind::blank || piece.kind == PieceKind::line_comment ||
					 piece.kind == PieceKind::block_comment)) {
			continue;
		}
		const std::string_view text = more ? query.substr(piece.begin, piece.end - piece.begin) : std::string_view();
		const bool is_code = more && piece.kind == PieceKind::code;
		manner.selects_star = manner.selects_star || (was_star && ends_list(text)) ||
							  (is_code && last[0].empty() && is_word(text, "TABLE"));
		was_star = is_code && text == "*" && depth == 0;
		if (is_code && is_word(text, "WHERE")) {
			manner.has_condition = manner.has_condition || last[0] != "(" || !is_word(last[1], "FILTER");
		} else if (is_code && depth == 0 && (is_word(text, "LIMIT") || is_word(text, "FETCH"))) {
			manner.has_condition = true;
		}
		depth += piece.kind == PieceKind::open_parenthesis ? 1 : piece.kind == PieceKind::close_parenthesis ? -1 : 0;
		last[1] = last[0];
		last[0] = text;
	}
	return manner;
}

} // namespace hyperline::source
