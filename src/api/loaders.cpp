// SQL-callable: loaders.
#include "api/names.hpp"
#include "loader/control.hpp"
#include "loader/definition.hpp"
#include "pg/rows_out.hpp"
#include "store/foreign_code.hpp"
#include "store/loaders.hpp"

namespace hyperline::api {

HYPERLINE_FUNCTION(hyperline_create_loader) {
	const store::Bookkeeping spi;
	loader::NewLoader loader;
	loader.connection = required_name(fcinfo, 0, "connection");
	const std::optional<std::string> name = name_argument(fcinfo, 4);
	loader.event_type = name ? pg::required_text(fcinfo, 1, "event_type")
							 : required_name(fcinfo, 1, "event_type"); // it is the name too
	loader.query = pg::required_text(fcinfo, 2, "query");
	loader.refresh_rate = pg::required_text(fcinfo, 3, "refresh_rate");
	loader.name = name.value_or(loader.event_type);
	loader.time_zone = pg::required_text(fcinfo, 5, "time_zone");
	loader.cursor_field = pg::text_argument(fcinfo, 6);
	loader.lookback = pg::required_text(fcinfo, 7, "lookback");
	loader.version_field = pg::text_argument(fcinfo, 8);
	loader.paused = pg::boolean_argument(fcinfo, 9).value_or(false);
	loader.max_rejected = pg::integer_argument(fcinfo, 10).value_or(store::kMaxRejected);
	return pg::text_result(loader::create_loader(loader));
}

HYPERLINE_FUNCTION(hyperline_alter_loader) {
	const store::Bookkeeping spi;
	const std::string name = required_name(fcinfo, 0, "name");
	loader::LoaderSettings settings;
	settings.connection = name_argument(fcinfo, 1);
	settings.new_name = name_argument(fcinfo, 4);
	settings.query = pg::text_argument(fcinfo, 2);
	settings.refresh_rate = pg::text_argument(fcinfo, 3);
	settings.time_zone = pg::text_argument(fcinfo, 5);
	settings.cursor_field = pg::text_argument(fcinfo, 6);
	settings.lookback = pg::text_argument(fcinfo, 7);
	settings.version_field = pg::text_argument(fcinfo, 8);
	settings.max_rejected = pg::integer_argument(fcinfo, 9);
	loader::alter_loader(name, settings);
	return 0;
}

HYPERLINE_FUNCTION(hyperline_pause_loader) {
	const store::Bookkeeping spi;
	store::set_paused(required_name(fcinfo, 0, "name"), true);
	return 0;
}

HYPERLINE_FUNCTION(hyperline_resume_loader) {
	const store::Bookkeeping spi;
	store::set_paused(required_name(fcinfo, 0, "name"), false);
	return 0;
}

HYPERLINE_FUNCTION(hyperline_drop_loader) {
	const store::Bookkeeping spi;
	loader::drop_loader(required_name(fcinfo, 0, "name"), pg::boolean_argument(fcinfo, 1).value_or(false));
	return 0;
}

HYPERLINE_FUNCTION(hyperline_reset_loader) {
	const store::Bookkeeping spi;
	store::forget_progress(required_name(fcinfo, 0, "name"));
	return 0;
}

HYPERLINE_FUNCTION(hyperline_complete_until) {
	const store::ReadBookkeeping spi;
	const std::optional<pg::Timestamp> until = store::complete_until(pg::required_text(fcinfo, 0, "event_type"));
	if (!until) {
		fcinfo->isnull = true;
		return 0;
	}
	return Int64GetDatum(until->microseconds);
}

} // namespace hyperline::api
