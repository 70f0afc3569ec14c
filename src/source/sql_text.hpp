// Pieces of SQL that are sent to a PostgreSQL source.
#pragma once

#include <string>
#include <string_view>

#include "source/provider.hpp"

namespace hyperline::source {

[[nodiscard]] std::string quote_identifier(std::string_view name);

/// The statement whose rows are what the plan says, `Rows::all` also as a subquery. `offset`: as below.
[[nodiscard]] std::string select_statement(const ReadPlan &plan, std::size_t &offset);

/// The COPY that streams what the plan says. `offset`: the bytes that stand before the user's query in it.
[[nodiscard]] std::string copy_statement(const ReadPlan &plan, std::size_t &offset);

} // namespace hyperline::source
