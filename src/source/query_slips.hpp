// What the text of a query shows of why its source refuses it: characters of a program that formats texts, and what
// other databases write otherwise. Better than what the source can say, which does not guess.
#pragma once

#include <cstddef>
#include <string>

#include "source/query_text.hpp"

namespace hyperline::source {

/// A hint about the first character outside strings, quoted names and comments that is none of SQL but looks like one;
/// empty when there is none.
[[nodiscard]] std::string hint_for_characters(const Query &query);

/// A hint about what stands at `position` of `query.text`, where the source's parser stopped; empty when nothing is
/// known of it, or `position` is 0 or past the end.
[[nodiscard]] std::string hint_for_syntax(const Query &query, std::size_t position);

/// The same for a column that does not exist.
[[nodiscard]] std::string hint_for_column(const Query &query, std::size_t position);

/// Whether what stands there is in double quotes: a name, where a text may have been meant.
[[nodiscard]] bool is_quoted_name(const Query &query, std::size_t position);

} // namespace hyperline::source
