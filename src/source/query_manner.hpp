// How a query is written, as far as its words tell: no grammar is known here (see source/sql_lexer.hpp).
#pragma once

#include <string_view>

namespace hyperline::source {

struct WrittenManner {
	bool selects_star = false; ///< the query itself, not a subquery: SELECT *, SELECT a.*, TABLE a
	/// What makes a column called id anew in each run, as it is written: 'row_number'; empty: nothing that is known to.
	std::string_view id_maker;
	bool has_condition = false; ///< a WHERE somewhere that is not an aggregate's FILTER, or a LIMIT or FETCH of its own
};

/// `query` is one statement, as strip_terminator() has found, and outlives what is returned.
[[nodiscard]] WrittenManner manner_of(std::string_view query) noexcept;

} // namespace hyperline::source
