// What a run would do, found out by reading all that it would read and writing nothing.
//
// All functions need an open pg::Connection (SPI), and set what they need for its transaction: one that is taken back,
// or pg::FunctionTransactions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/runs.hpp"

namespace hyperline::loader {

/// A row that a run would reject.
struct DryReject {
	std::int64_t row_number = 0;
	std::string field; ///< empty: the row as a whole
	std::string code;
	std::string message;
	std::string row; ///< JSON, all its fields
};

struct DryRun {
	store::Counts counts;			///< customers_created: those that nobody knows yet
	std::vector<DryReject> rejects; ///< the first ones
};

/// What the first run of a loader with this query would do. `max_rejects`: how many rejected rows to list (0 to 10,000;
/// -1: only count them). Throws what a run would fail with, but not for many rejected rows.
DryRun dry_run_query(const std::string &connection, const std::string &event_type, const std::string &query,
					 std::optional<std::int64_t> max_rejects = std::nullopt);
/// What the next run of a loader would do.
DryRun dry_run_loader(const std::string &name, std::optional<std::int64_t> max_rejects = std::nullopt);

} // namespace hyperline::loader
