// SQL-callable: queries before they become loaders.
#include "api/names.hpp"
#include "loader/preview.hpp"
#include "pg/rows_out.hpp"
#include "store/foreign_code.hpp"

namespace hyperline::api {

namespace {

constexpr std::int64_t kPreviewRows = 5;

Datum return_preview(FunctionCallInfo fcinfo, const std::vector<loader::PreviewRow> &preview) {
	std::vector<std::vector<pg::OutValue>> rows;
	rows.reserve(preview.size());
	for (const loader::PreviewRow &row : preview) {
		rows.push_back({pg::out_text(row.id), pg::out_text(row.customer_id), pg::out_text(row.customer_name),
						row.timestamp ? pg::OutValue(*row.timestamp) : pg::OutValue(), row.record,
						pg::out_text(row.problem)});
	}
	return pg::return_rows(fcinfo, rows);
}

} // namespace

HYPERLINE_FUNCTION(hyperline_describe_query) {
	const store::ReadBookkeeping spi;
	const std::string connection = required_name(fcinfo, 0, "connection");
	const std::string query = pg::required_text(fcinfo, 1, "query");
	std::vector<std::vector<pg::OutValue>> rows;
	for (const event::FieldReport &field : loader::describe_query(connection, query)) {
		rows.push_back({field.field, pg::out_filled(field.type), field.role, pg::out_filled(field.problem),
						pg::out_filled(field.advice)});
	}
	return pg::return_rows(fcinfo, rows);
}

HYPERLINE_FUNCTION(hyperline_preview_query) {
	const store::ReadBookkeeping spi;
	const std::string connection = required_name(fcinfo, 0, "connection");
	const std::string query = pg::required_text(fcinfo, 1, "query");
	return return_preview(
		fcinfo, loader::preview_query(connection, query, pg::integer_argument(fcinfo, 2).value_or(kPreviewRows)));
}

HYPERLINE_FUNCTION(hyperline_preview_loader) {
	const store::ReadBookkeeping spi;
	return return_preview(fcinfo, loader::preview_loader(required_name(fcinfo, 0, "loader"),
														 pg::integer_argument(fcinfo, 1).value_or(kPreviewRows)));
}

} // namespace hyperline::api
