#include "loader/examine.hpp"

#include <algorithm>

#include "pg/background.hpp"
#include "source/query_manner.hpp"
#include "source/scrub.hpp"

namespace hyperline::loader {

namespace {

// The query itself has been prepared: an operator that the source lacks is one of ours, which bring the rows into the
// order of the cursor field.
source::Plan ask_for_plan(source::Source &source, const source::ReadPlan &read) {
	try {
		return source.plan(read);
	} catch (const Error &error) {
		const Failure &failure = error.failure();
		if (read.rows != source::ReadPlan::Rows::from_cursor || failure.sqlstate != sqlstate::kUndefinedFunction) {
			throw;
		}
		throw event::wrong_type("cursor_field", read.cursor,
								"The rows cannot be ordered by it: " + failure.message + ".");
	}
}

} // namespace

std::vector<event::Finding> examine(source::Source &source, const source::Query &query,
									const std::vector<source::Field> &fields, const event::MappingOptions &options) {
	source::ReadPlan read;
	read.query = query;
	const auto cursor = std::find_if(fields.begin(), fields.end(),
									 [&](const source::Field &field) { return field.name == options.cursor_field; });
	if (!options.cursor_field.empty() && cursor != fields.end()) {
		read.rows = source::ReadPlan::Rows::from_cursor;
		read.cursor = *cursor;
	}
	const source::Plan plan = ask_for_plan(source, read);
	const source::WrittenManner written = source::manner_of(query.text);
	event::QueryManner manner;
	manner.selects_star = written.selects_star;
	manner.id_maker = written.id_maker;
	manner.has_condition = written.has_condition;
	manner.largest_rows = plan.largest_rows;
	manner.largest_table = plan.largest_table;
	manner.sorts = plan.sorts;
	return event::findings_of(manner, options);
}

void warn_of(const std::vector<event::Finding> &findings) {
	for (const event::Finding &finding : findings) {
		if (finding.sqlstate.empty()) {
			// What comes from the source is shown as what it is.
			pg::warn(finding.code + ": " + finding.message, source::one_line(finding.detail),
					 source::one_line(finding.advice));
		}
	}
}

} // namespace hyperline::loader
