// What a source row becomes: an event, or a rejected row with the reason. Plain structs, read by store/ and loader/.
//
// A JSON document is passed on as a flat list of tokens, so that this room needs no PostgreSQL (it is fuzzed and tested
// without a server) and store/ can build a jsonb from it without a C++ object on the stack.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hyperline::event {

enum class TokenKind : std::uint8_t {
	begin_object,
	end_object,
	begin_array,
	end_array,
	key,	 ///< text: the member's name
	string,	 ///< text: its characters, unescaped, valid UTF-8, no NUL, in the limits of jsonb
	number,	 ///< text: a JSON number whose digits and exponent PostgreSQL's numeric can hold exactly
	boolean, ///< text: "true" or "false"
	null,
};

/// One step of a JSON document. `text` points into the row's Chunk, into the Arena, or to a static string.
struct Token {
	constexpr Token() = default;
	constexpr Token(TokenKind kind, std::string_view text) noexcept : kind(kind), text(text) {}

	TokenKind kind = TokenKind::null;
	std::string_view text;
};

/// A part of a token list: the tokens of one document, from its first to before its last.
struct TokenRange {
	std::uint32_t begin = 0;
	std::uint32_t end = 0;
};

/// Why a row cannot be stored. `code` is stable and documented; `message` is a sentence fragment in PostgreSQL's style.
struct Rejection {
	std::string field; ///< the field at fault, empty when it is the row as a whole
	std::string
		code; ///< null_id, empty_id, null_customer_id, empty_customer_id, null_timestamp, infinite_timestamp, ...
	std::string message;
};

/// A source row as an event. Views point into the row's Chunk, into the Arena, or to a static string.
struct Event {
	std::uint64_t row_number = 0;
	std::string_view id;
	std::string_view customer_id;
	std::string_view customer_name; ///< meaningful when has_customer_name
	bool has_customer_name = false; ///< the query has the field, and it is neither NULL nor empty
	std::int64_t timestamp = 0;		///< microseconds since 2000-01-01 00:00:00 UTC, as in a PostgreSQL timestamptz
	bool is_deleted = false;
	TokenRange record;		  ///< an object of the extra fields
	std::string_view version; ///< the version field's canonical text; meaningful when has_version
	bool has_version = false; ///< the loader has a version field, and it is not NULL in this row
	std::string_view cursor;  ///< the cursor field's text as the source printed it; meaningful when has_cursor
	bool has_cursor = false;  ///< the loader has a cursor field, and it is not NULL in this row
};

/// A row that cannot be stored: the reason, and all its fields as an object.
struct RejectedRow {
	std::uint64_t row_number = 0;
	Rejection rejection;
	TokenRange row;
};

} // namespace hyperline::event
