// Pieces of SQL that are sent to a PostgreSQL source.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "source/provider.hpp"

namespace hyperline::source {

[[nodiscard]] std::string quote_identifier(std::string_view name);

/// The statement whose rows are what the plan says, `Rows::all` also as a subquery. `offset`: as below.
[[nodiscard]] std::string select_statement(const ReadPlan &plan, std::size_t &offset);

/// The COPY that streams what the plan says. `offset`: the bytes that stand before the user's query in it.
[[nodiscard]] std::string copy_statement(const ReadPlan &plan, std::size_t &offset);

/// The same, where of a row that would have more than `largest_row` bytes each long value is cut to its first
/// kLongestCut characters, and says how long it was. After the query's own fields a last one has the bytes of the whole
/// row when it was cut. `fields`: those of the query.
[[nodiscard]] std::string copy_cut_statement(const ReadPlan &plan, const std::vector<Field> &fields,
											 std::uint64_t largest_row, std::size_t &offset);
inline constexpr int kLongestCut = 1000;

} // namespace hyperline::source
