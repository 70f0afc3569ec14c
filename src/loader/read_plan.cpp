#include "loader/read_plan.hpp"

#include <algorithm>

#include "pg/settings.hpp"
#include "source/query_text.hpp"

namespace hyperline::loader {

namespace {

std::optional<std::int64_t> to_microseconds(const std::optional<pg::Timestamp> &time) {
	return time ? std::optional(time->microseconds) : std::nullopt;
}

} // namespace

source::Query query_of(const store::Loader &loader, Since since) {
	return source::to_send(loader.query,
						   since == Since::ever ? store::kSinceEver : store::refreshed_since_literal(loader));
}

Order order_of_cursor(const store::Loader &loader, const std::vector<source::Field> &fields) {
	const auto field = std::find_if(fields.begin(), fields.end(), [&](const source::Field &candidate) {
		return candidate.name == loader.cursor_field;
	});
	return field == fields.end() ? Order::source : order_of(*field);
}

source::ReadPlan plan_of(const source::Query &query, const store::Loader &loader,
						 const std::vector<source::Field> &fields, const Start &start) {
	source::ReadPlan plan;
	plan.query = query;
	if (loader.cursor_field) {
		plan.rows = source::ReadPlan::Rows::from_cursor;
		plan.cursor = *std::find_if(fields.begin(), fields.end(),
									[&](const source::Field &field) { return field.name == *loader.cursor_field; });
		plan.from = start.from;
		plan.lookback = loader.lookback;
		plan.from_time = to_microseconds(loader.watermark_time);
		plan.from_open_since = to_microseconds(loader.watermark_open_since);
	}
	return plan;
}

std::size_t room_in(const store::Batch &batch) {
	return static_cast<std::size_t>(pg::settings.batch_rows) - batch.rows();
}

bool is_full(const store::Batch &batch) {
	return batch.rows() >= static_cast<std::size_t>(pg::settings.batch_rows) ||
		   batch.memory() >= static_cast<std::size_t>(pg::settings.batch_memory_kilobytes) * 1024;
}

} // namespace hyperline::loader
