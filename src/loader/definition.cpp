#include "loader/definition.hpp"

#include <algorithm>

#include "event/roles.hpp"
#include "loader/examine.hpp"
#include "loader/refresh.hpp"
#include "loader/source_access.hpp"
#include "pg/background.hpp"
#include "pg/failure.hpp"
#include "pg/rights.hpp"
#include "pg/time.hpp"
#include "pg/wait.hpp"
#include "store/connections.hpp"
#include "store/loaders.hpp"
#include "store/names.hpp"

namespace hyperline::loader {

namespace {

// An event type is part of an index key.
constexpr std::size_t kLongestEventType = 255;

// No time is read again from so far back; what is subtracted from one has to leave a time.
constexpr std::int64_t kLongestLookback = std::int64_t{100} * 366; // days

void check_lookback(const std::string &lookback) {
	constexpr std::int64_t kDay = 86'400'000'000; // microseconds
	const std::optional<pg::IntervalParts> parts = pg::parse_interval(lookback);
	if (!parts || parts->months < 0 || parts->days < 0 || parts->microseconds < 0 ||
		std::int64_t{parts->months} * 30 + parts->days + parts->microseconds / kDay > kLongestLookback) {
		throw Error(sqlstate::kInvalidParameterValue, "lookback must be an interval between 0 and 100 years",
					"It is \"" + lookback + "\".", "Give one such as '10 minutes', or '0' for none.");
	}
}

std::int32_t checked_max_rejected(std::int64_t rows) {
	if (rows < 0) {
		throw Error(sqlstate::kInvalidParameterValue, "max_rejected must not be negative",
					"It is " + std::to_string(rows) + ".",
					"Give how many rows a run may reject; 0 lets it reject none.");
	}
	return static_cast<std::int32_t>(rows);
}

std::optional<std::string> filled(const std::optional<std::string> &text) {
	return text && !text->empty() ? text : std::nullopt;
}

// Asks the source, so it comes last.
void check_query(const store::Connection &connection, const store::Loader &loader) {
	const source::Query query = source::to_send(loader.query, store::kSinceEver);
	const std::unique_ptr<source::Source> source = open_source(connection);
	source->begin();
	const event::MappingOptions options{loader.version_field.value_or(""), loader.cursor_field.value_or("")};
	const std::vector<source::Field> fields = source->describe(query);
	event::check(fields, options);
	const std::vector<event::Finding> findings = examine(*source, query, fields, options);
	source->end();
	warn_of(event::findings_of(fields));
	warn_of(findings);
}

} // namespace

std::string create_loader(const NewLoader &given) {
	store::check_name("event type", given.event_type, kLongestEventType);
	store::check_name("loader name", given.name);
	parse_refresh_rate(given.refresh_rate);
	pg::time_zone(given.time_zone);
	check_lookback(given.lookback);
	const std::int32_t max_rejected = checked_max_rejected(given.max_rejected);
	const store::Connection connection = store::find_connection(given.connection);
	store::Loader loader;
	loader.name = given.name;
	loader.connection_id = connection.id;
	loader.event_type = given.event_type;
	loader.query = given.query;
	loader.refresh_rate = given.refresh_rate;
	loader.time_zone = given.time_zone;
	loader.cursor_field = filled(given.cursor_field);
	loader.lookback = given.lookback;
	loader.version_field = filled(given.version_field);
	loader.paused = given.paused;
	loader.max_rejected = max_rejected;
	loader.owner = pg::caller_name();
	loader.next_run_at = pg::Timestamp{pg::now()};
	store::insert_loader(loader, connection); // an error of the query takes it back
	check_query(connection, loader);
	return loader.name;
}

void alter_loader(const std::string &name, const LoaderSettings &settings) {
	store::Loader loader = store::find_loader(name);
	const store::Loader before = loader;
	if (settings.new_name) {
		store::check_name("loader name", *settings.new_name);
		loader.name = *settings.new_name;
	}
	store::Connection connection = settings.connection ? store::find_connection(*settings.connection)
													   : store::get_connection(loader.connection_id);
	loader.connection_id = connection.id;
	loader.query = settings.query.value_or(loader.query);
	if (settings.cursor_field) {
		loader.cursor_field = filled(settings.cursor_field);
	}
	if (settings.version_field) {
		loader.version_field = filled(settings.version_field);
	}
	if (settings.lookback) {
		check_lookback(*settings.lookback);
		loader.lookback = *settings.lookback;
	}
	if (settings.max_rejected) {
		loader.max_rejected = checked_max_rejected(*settings.max_rejected);
	}
	loader.refresh_rate = settings.refresh_rate.value_or(loader.refresh_rate);
	loader.time_zone = settings.time_zone.value_or(loader.time_zone);
	const schedule::RefreshRate rate = parse_refresh_rate(loader.refresh_rate);
	pg::time_zone(loader.time_zone);

	const bool other_schedule = loader.refresh_rate != before.refresh_rate || loader.time_zone != before.time_zone;
	const bool other_rows = loader.connection_id != before.connection_id || loader.query != before.query ||
							loader.cursor_field != before.cursor_field || loader.version_field != before.version_field;
	const pg::Timestamp now{pg::now()};
	if (other_rows) {
		loader.next_run_at = now;
	} else if (other_schedule) {
		const pg::Timestamp next = next_due_at(rate, loader.time_zone, now, now);
		loader.next_run_at.microseconds =
			before.next_run_at.microseconds <= now.microseconds ? before.next_run_at.microseconds : next.microseconds;
	}
	// Who defines what a loader reads lends it his rights: nobody can use another's by changing a query.
	if ((other_rows || settings.query) && !pg::caller_may_act_as(loader.owner)) {
		loader.owner = pg::caller_name();
	}
	store::update_loader(loader, connection, other_rows);
	if (other_rows) {
		check_query(connection, loader);
		pg::notice("loader \"" + loader.name + "\" will read everything again",
				   "What it reads has changed, so it is due at once" +
					   std::string(loader.paused ? " when it is resumed." : "."));
	}
}

} // namespace hyperline::loader
