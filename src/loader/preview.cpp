#include "loader/preview.hpp"

#include <algorithm>

#include "event/mapper.hpp"
#include "event/sample.hpp"
#include "event/time_text.hpp"
#include "loader/examine.hpp"
#include "loader/read_plan.hpp"
#include "loader/source_access.hpp"
#include "pg/failure.hpp"
#include "pg/utf8.hpp"
#include "pg/wait.hpp"
#include "store/connections.hpp"
#include "store/loaders.hpp"
#include "store/record.hpp"

namespace hyperline::loader {

namespace {

constexpr std::int64_t kMostPreviewRows = 1000;

// What is known of a row that would be rejected, so that it can be found at the source.
void show_known(const source::Row &row, const std::vector<source::Field> &fields, PreviewRow &shown) {
	for (std::size_t i = 0; i < row.size; i++) {
		const source::Value &value = row.values[i];
		if (value.is_null || valid_utf8_prefix(value.text) != value.text.size()) {
			continue;
		}
		switch (event::role_of(fields[i].name)) {
		case event::Role::id:
			shown.id = std::string(value.text);
			break;
		case event::Role::customer_id:
			shown.customer_id = std::string(value.text);
			break;
		case event::Role::customer_name:
			shown.customer_name = std::string(value.text);
			break;
		case event::Role::timestamp:
			if (const event::ParsedTime time = event::parse_time(value.text); time.status == event::TimeStatus::ok) {
				shown.timestamp = pg::Timestamp{time.microseconds};
			}
			break;
		case event::Role::deleted_at:
		case event::Role::extra:
			break;
		}
	}
}

// In the order in which the rows came; both lists are in that order already.
void show(const source::Chunk &chunk, const std::vector<source::Field> &fields, const event::Output &mapped,
		  std::vector<PreviewRow> &rows) {
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
			show_known(chunk.rows[rejected->row_number - chunk.rows.front().number], fields, row);
			row.record = store::record_text(mapped.tokens, rejected->row);
			row.problem = rejected->rejection.code + ": " + rejected->rejection.message;
			++rejected;
		}
		rows.push_back(std::move(row));
	}
}

std::vector<PreviewRow> read_preview(const store::Connection &connection, const std::string &text,
									 const event::MappingOptions &options, std::int64_t max_rows,
									 bool cuts_large_rows) {
	if (max_rows < 1 || max_rows > kMostPreviewRows) {
		throw Error(sqlstate::kInvalidParameterValue, "max_rows must be between 1 and 1000",
					"It is " + std::to_string(max_rows) + ".",
					"Give how many rows to show; 5 are shown unless you do.");
	}
	const source::Query query = source::to_send(text, store::kSinceEver);
	const std::unique_ptr<source::Source> source = open_source(connection);
	const source::Snapshot snapshot = source->begin();
	const std::vector<source::Field> fields = source->describe(query);
	const event::Mapper mapper(fields, options);
	const std::vector<event::Finding> findings = examine(*source, query, fields, options);
	event::Sample sample(fields, snapshot.time.value_or(pg::now()));
	source::ReadPlan plan;
	plan.query = query;
	plan.rows = source::ReadPlan::Rows::first;
	plan.limit = static_cast<std::uint64_t>(max_rows);
	plan.cuts_large_rows = cuts_large_rows;
	source->read(plan);
	std::vector<PreviewRow> rows;
	event::Output mapped;
	source::Chunk chunk;
	while (source->next(chunk)) {
		mapped.clear();
		for (const source::Row &row : chunk.rows) {
			mapper.map(row, mapped);
			sample.add(row);
		}
		show(chunk, fields, mapped, rows);
	}
	source->end();
	warn_of(event::findings_of(fields));
	warn_of(findings);
	warn_of(sample.findings());
	return rows;
}

std::vector<PreviewRow> preview(const store::Connection &connection, const std::string &text,
								const event::MappingOptions &options, std::int64_t max_rows) {
	return read_cut_if_needed(
		[&](bool cuts_large_rows) { return read_preview(connection, text, options, max_rows, cuts_large_rows); });
}

} // namespace

std::vector<event::FieldReport> describe_query(const std::string &connection, const std::string &query) {
	const source::Query sent = source::to_send(query, store::kSinceEver);
	const std::unique_ptr<source::Source> source = open_source(store::find_connection(connection));
	source->begin();
	const std::vector<source::Field> fields = source->describe(sent);
	std::vector<event::Finding> findings = examine(*source, sent, fields, {});
	source->end();
	for (event::Finding &finding : event::findings_of(fields)) {
		if (finding.field.empty()) { // the others are in the report
			findings.push_back(std::move(finding));
		}
	}
	warn_of(findings);
	return event::describe(fields);
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
