// The query of a loader as text: what a user wrote is checked to be one statement that cannot leave the place it is
// put into, the placeholder {{last_refreshed_at}} is replaced, and errors are shown with a caret as psql does.
// Nothing moves: every text made here keeps the characters of the user's text in their places, or map_position() leads
// back. Positions are those of PostgreSQL's errors: characters, from 1. The last word on what a query is has the
// source, which prepares it as a statement of its own; this file is a second lock and the better message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hyperline::source {

/// The longest query, in bytes.
inline constexpr std::size_t kMaxQueryLength = std::size_t{1024} * 1024;

/// Returns the start of `query` up to its terminating semicolon or its end, without the blanks there, so that it can be
/// prepared alone and embedded as "COPY (" + text + "\n) TO STDOUT" (a comment may end it: mind the line end).
/// Throws Error: 42601 for an empty query, code after a semicolon, a quote or comment that does not end, parentheses
/// that do not match; 22021 for NUL or invalid UTF-8; 54000 when it is longer than kMaxQueryLength.
[[nodiscard]] std::string strip_terminator(std::string_view query);

/// True when {{last_refreshed_at}}, which may have blanks inside its braces, stands in the code of `query`.
/// Throws Error 42601 when it stands in a string or a quoted identifier, and for any other {{..}} in code (which
/// would be a syntax error in SQL); comments are free. Throws like strip_terminator() for quotes that do not end.
[[nodiscard]] bool uses_placeholder(std::string_view query);

/// `query` with `literal` in the place of each placeholder, set off by blanks where it would touch something.
/// Throws as uses_placeholder() does.
[[nodiscard]] std::string substitute(std::string_view query, std::string_view literal);

/// The position in `query` of what stands at `position` in substitute(query, literal): for a place in a literal, that
/// of its placeholder; for one past the end, one past the end. 0, which means "unknown", stays 0.
[[nodiscard]] std::size_t map_position(std::string_view query, std::string_view literal, std::size_t position);

/// A query as it is sent to the source, and as its user wrote it, for errors are shown there.
struct Query {
	std::string text; ///< stripped, the placeholders replaced
	std::string written;
	std::string since; ///< what stands in the place of the placeholders
};

/// Throws what strip_terminator() and uses_placeholder() throw.
[[nodiscard]] Query to_send(std::string_view written, std::string_view since);

/// What caret() shows for the place in `query.written` that belongs to `position` of `query.text`; empty when
/// `position` is 0 or past the end (in what was put around the query, say).
[[nodiscard]] std::string caret(const Query &query, std::size_t position);

/// Two lines that show the character at `position` of `query`, as psql shows an error's place:
///     LINE 2: FROM missing
///                  ^
/// A long line is cut around the place; tabs and control characters become blanks. One past the end is a place too.
/// Empty when `position` is 0 or farther out, or `query` is not valid UTF-8.
[[nodiscard]] std::string caret(std::string_view query, std::size_t position);

} // namespace hyperline::source
