// How a query is written, as far as its words tell: no grammar is known here (see source/sql_lexer.hpp).
#pragma once

#include <string_view>

namespace hyperline::source {

struct WrittenManner {
	bool selects_star = false;	///< the query itself, not a subquery: SELECT *, SELECT a.*, TABLE a
	bool has_condition = false; ///< a WHERE somewhere that is not an aggregate's FILTER, or a LIMIT or FETCH of its own
};

/// `query` is one statement, as strip_terminator() has found.
[[nodiscard]] WrittenManner manner_of(std::string_view query) noexcept;

} // namespace hyperline::source
