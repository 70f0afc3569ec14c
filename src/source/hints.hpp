// What to do about an error for which the source has no hint.
#pragma once

#include <string>
#include <string_view>

#include "source/query_text.hpp"

namespace hyperline::source {

/// Whether what is known here is better than the hint of the source.
[[nodiscard]] bool replaces_hint_of_source(std::string_view sqlstate);

/// About an error of a user's query; empty when nothing is known. `function`: of the source, in which it arose; null
/// when it does not say.
[[nodiscard]] std::string hint_for_query(std::string_view sqlstate, const char *function);

/// The same, from what the query's text shows of its cause. `position`: of the error in `query.text`; 0: unknown.
[[nodiscard]] std::string hint_for_text(std::string_view sqlstate, const char *function, const Query &query,
										std::size_t position);

/// About an error of one of our own statements.
[[nodiscard]] std::string hint_for_own_statement(std::string_view sqlstate);

} // namespace hyperline::source
