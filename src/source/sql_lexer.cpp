#include "source/sql_lexer.hpp"

#include "source/characters.hpp"

#include <algorithm>

namespace hyperline::source {

namespace {

constexpr bool is_blank(char c) {
	return c == ' ' || (c >= '\t' && c <= '\r'); // \v counts from PostgreSQL 16
}

constexpr bool is_word_start(char c) {
	return is_letter(c) || is_high(c) || c == '_';
}

} // namespace

bool SqlLexer::next(Piece &piece) noexcept {
	if (position_ >= text_.size()) {
		return false;
	}
	const char c = at(position_);
	const char following = at(position_ + 1);
	piece = {PieceKind::code, position_, position_ + 1, true};
	if (is_blank(c)) {
		piece.kind = PieceKind::blank;
		while (is_blank(at(piece.end))) {
			++piece.end;
		}
	} else if (c == '-' && following == '-') {
		piece.kind = PieceKind::line_comment;
		piece.end = std::min(text_.find_first_of("\r\n", position_), text_.size());
	} else if (c == '/' && following == '*') {
		read_block_comment(piece);
	} else if (c == '\'') {
		read_string(piece, position_, position_ == continuation_);
	} else if ((c == 'e' || c == 'E') && following == '\'') {
		read_string(piece, position_ + 1, true);
	} else if (c == '"') {
		piece.kind = PieceKind::identifier;
		read_until(piece, position_ + 1, "\""); // "" inside: two identifiers to us, which is as good
	} else if (c == '$') {
		read_dollar(piece);
	} else if (is_word_start(c)) {
		read_word(piece);
	} else if (c == ';') {
		piece.kind = PieceKind::semicolon;
	} else if (c == '(') {
		piece.kind = PieceKind::open_parenthesis;
	} else if (c == ')') {
		piece.kind = PieceKind::close_parenthesis;
	}
	position_ = piece.end;
	return true;
}

void SqlLexer::read_until(Piece &piece, std::size_t begin, std::string_view mark) noexcept {
	const std::size_t found = text_.find(mark, begin);
	piece.is_terminated = found != std::string_view::npos;
	piece.end = piece.is_terminated ? found + mark.size() : text_.size();
}

void SqlLexer::read_string(Piece &piece, std::size_t quote, bool has_escapes) noexcept {
	piece.kind = PieceKind::string;
	for (std::size_t i = quote + 1; i < text_.size(); ++i) {
		if ((text_[i] == '\\' && has_escapes) || (text_[i] == '\'' && at(i + 1) == '\'')) {
			++i;
		} else if (text_[i] == '\'') {
			piece.end = i + 1;
			continuation_ = has_escapes ? find_continuation(piece.end) : std::string_view::npos;
			return;
		}
	}
	piece.end = text_.size();
	piece.is_terminated = false;
}

// A string goes on at the next quote when only blanks, with a line end among them, and line comments stand between
// ({quotecontinue} in scan.l). It keeps the kind of its first part, so that the rest of an E'..' has escapes too.
std::size_t SqlLexer::find_continuation(std::size_t at) const noexcept {
	bool has_line_end = false;
	while (at < text_.size()) {
		const char c = text_[at];
		if (is_blank(c)) {
			has_line_end = has_line_end || c == '\n' || c == '\r';
			++at;
		} else if (text_.substr(at).starts_with("--")) {
			at = std::min(text_.find_first_of("\r\n", at), text_.size());
		} else {
			return c == '\'' && has_line_end ? at : std::string_view::npos;
		}
	}
	return std::string_view::npos;
}

void SqlLexer::read_block_comment(Piece &piece) noexcept {
	piece.kind = PieceKind::block_comment;
	std::size_t depth = 0;
	for (std::size_t i = piece.begin; i + 1 < text_.size(); ++i) {
		const std::string_view mark = text_.substr(i, 2);
		if (mark == "/*") {
			++depth;
			++i;
		} else if (mark == "*/") {
			--depth;
			++i;
			if (depth == 0) {
				piece.end = i + 1;
				return;
			}
		}
	}
	piece.end = text_.size();
	piece.is_terminated = false;
}

// A tag is like a word without $; any other $ stands for itself (a parameter, say).
void SqlLexer::read_dollar(Piece &piece) noexcept {
	std::size_t end = piece.begin + 1;
	if (is_word_start(at(end))) {
		while (is_word_start(at(end)) || is_digit(at(end))) {
			++end;
		}
	}
	if (at(end) == '$') {
		piece.kind = PieceKind::dollar_string;
		read_until(piece, end + 1, text_.substr(piece.begin, end + 1 - piece.begin));
	}
}

// A word may hold $ after its start, so that a$b$c quotes nothing.
void SqlLexer::read_word(Piece &piece) noexcept {
	while (is_word_start(at(piece.end)) || is_digit(at(piece.end)) || at(piece.end) == '$') {
		++piece.end;
	}
}

} // namespace hyperline::source
