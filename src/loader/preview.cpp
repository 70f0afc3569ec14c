#include "loader/preview.hpp"

#include <algorithm>

#include "event/mapper.hpp"
#include "loader/source_access.hpp"
#include "pg/failure.hpp"
#include "store/connections.hpp"
#include "store/loaders.hpp"
#include "store/record.hpp"

namespace hyperline::loader {

namespace {

constexpr std::int64_t kMostPreviewRows = 1000;

// In the order in which the rows came; both lists are in that order already.
void show(const event::Output &mapped, std::vector<PreviewRow> &rows) {
	auto event = mapped.events.begin();
	auto rejected = mapped.rejected.begin();
	while (event != mapped.events.end() || rejected != mapped.rejected.end()) {
		PreviewRow row;
		if (rejected == mapped.rejected.end() ||
			(event != mapped.events.end() && event->row_number < rejected->row_number)) {
			row.id = std::string(event->id);
			row.customer_id = std::string(event->customer_id);
			if (event->has_customer_name) {
				row.customer_name = std::string(event->customer_name);
			}
			row.timestamp = pg::Timestamp{event->timestamp};
			row.record = store::record_text(mapped.tokens, event->record);
			++event;
		} else {
			row.record = store::record_text(mapped.tokens, rejected->row);
			row.problem = rejected->rejection.code + ": " + rejected->rejection.message;
			++rejected;
		}
		rows.push_back(std::move(row));
	}
}

std::vector<PreviewRow> preview(const store::Connection &connection, const std::string &text,
								const event::MappingOptions &options, std::int64_t max_rows) {
	if (max_rows < 1 || max_rows > kMostPreviewRows) {
		throw Error(sqlstate::kInvalidParameterValue, "max_rows must be between 1 and 1000");
	}
	const std::string query = query_to_send(text, kSinceEver);
	const std::unique_ptr<source::Source> source = open_source(connection);
	source->begin();
	event::Mapper mapper(source->describe(query), options);
	source::ReadPlan plan;
	plan.query = query;
	plan.rows = source::ReadPlan::Rows::first;
	plan.limit = static_cast<std::uint64_t>(max_rows);
	source->read(plan);
	std::vector<PreviewRow> rows;
	event::Output mapped;
	source::Chunk chunk;
	while (source->next(chunk)) {
		mapped.clear();
		for (const source::Row &row : chunk.rows) {
			mapper.map(row, mapped);
		}
		show(mapped, rows);
	}
	source->end();
	return rows;
}

} // namespace

std::vector<event::FieldReport> describe_query(const std::string &connection, const std::string &query) {
	const std::string sent = query_to_send(query, kSinceEver);
	const std::unique_ptr<source::Source> source = open_source(store::find_connection(connection));
	source->begin();
	std::vector<event::FieldReport> report = event::describe(source->describe(sent));
	source->end();
	return report;
}

std::vector<PreviewRow> preview_query(const std::string &connection, const std::string &query, std::int64_t max_rows) {
	return preview(store::find_connection(connection), query, {}, max_rows);
}

std::vector<PreviewRow> preview_loader(const std::string &loader, std::int64_t max_rows) {
	const store::Loader found = store::find_loader(loader);
	return preview(store::get_connection(found.connection_id), found.query,
				   event::MappingOptions{found.version_field.value_or(""), found.cursor_field.value_or("")}, max_rows);
}

} // namespace hyperline::loader
