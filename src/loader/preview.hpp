// A query before it becomes a loader: what its columns are for, and its first rows as they would be stored.
//
// All functions need an open pg::Connection (SPI).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "event/roles.hpp"
#include "pg/spi.hpp"

namespace hyperline::loader {

/// A column a row, required fields that are missing too. Reads no row of the query.
std::vector<event::FieldReport> describe_query(const std::string &connection, const std::string &query);

/// A row as it would be stored, or with the reason why it would not.
struct PreviewRow {
	std::optional<std::string> id;
	std::optional<std::string> customer_id;
	std::optional<std::string> customer_name;
	std::optional<pg::Timestamp> timestamp;
	std::string record; ///< JSON; of a row that would be rejected, all its fields
	std::optional<std::string> problem;
};

/// The first `max_rows` rows (1 to 1000). Throws 42703, naming all of them, when required fields are missing.
std::vector<PreviewRow> preview_query(const std::string &connection, const std::string &query, std::int64_t max_rows);
std::vector<PreviewRow> preview_loader(const std::string &loader, std::int64_t max_rows);

} // namespace hyperline::loader
