// Cuts the text of an SQL query into pieces by PostgreSQL's lexical rules (src/backend/parser/scan.l, with
// standard_conforming_strings = on): what is code and what is a comment, a string or a quoted identifier. It knows no
// grammar. The pieces follow each other without a gap and cover the text; any bytes can be cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hyperline::source {

enum class PieceKind : std::uint8_t {
	code, ///< a word, or one byte of anything else (a prefix of a string, as in U&'..' and B'..', is a piece of its
		  ///< own)
	semicolon,
	open_parenthesis,
	close_parenthesis,
	blank,
	line_comment,  ///< from -- to before the end of the line
	block_comment, ///< /* .. */, nested ones inside
	string,		   ///< '..' or E'..'
	identifier,	   ///< ".."
	dollar_string, ///< $$..$$ or $tag$..$tag$
};

/// A piece of a text, in bytes: from `begin` to before `end`.
struct Piece {
	PieceKind kind = PieceKind::code;
	std::size_t begin = 0;
	std::size_t end = 0;
	bool is_terminated = true; ///< false for a quote or a block comment that the end of the text cuts off
};

class SqlLexer {
public:
	/// Reads `text`, which must outlive the lexer.
	explicit SqlLexer(std::string_view text) noexcept : text_(text) {}

	/// Puts the next piece into `piece`; false at the end of the text.
	bool next(Piece &piece) noexcept;

private:
	void read_string(Piece &piece, std::size_t quote, bool has_escapes) noexcept;
	void read_until(Piece &piece, std::size_t begin, std::string_view mark) noexcept;
	void read_block_comment(Piece &piece) noexcept;
	void read_dollar(Piece &piece) noexcept;
	void read_word(Piece &piece) noexcept;
	[[nodiscard]] std::size_t find_continuation(std::size_t at) const noexcept;
	[[nodiscard]] char at(std::size_t index) const noexcept { return index < text_.size() ? text_[index] : '\0'; }

	std::string_view text_;
	std::size_t position_ = 0;
	std::size_t continuation_ = std::string_view::npos; // of the quote that goes on with the last E'..'
};

} // namespace hyperline::source
