// SQL-callable: connections. A url may hold a password, so statements that carry one are hidden.
#include "loader/connections.hpp"

#include "api/names.hpp"
#include "pg/background.hpp"
#include "pg/rows_out.hpp"
#include "pg/session.hpp"
#include "store/foreign_code.hpp"

namespace hyperline::api {

namespace {

std::vector<pg::OutValue> row_of(const loader::CheckReport &report) {
	if (!report.checked) {
		return {report.name, report.status, {}, {}, {}, {}, std::vector<std::string>()};
	}
	return {report.name,	   report.status,	 report.server_version,
			report.is_replica, report.encrypted, std::to_string(report.latency.count()) + " microseconds",
			report.warnings};
}

} // namespace

HYPERLINE_FUNCTION_WITH(hyperline_create_connection, pg::Statement::hidden) {
	const pg::HiddenStatement hidden(kHiddenStatement);
	const store::Bookkeeping spi;
	const std::string name = required_name(fcinfo, 0, "name");
	const std::string url = pg::required_text(fcinfo, 1, "url");
	const std::string provider = pg::required_text(fcinfo, 2, "provider");
	return pg::return_row(
		fcinfo, row_of(loader::create_connection(name, url, provider, pg::boolean_argument(fcinfo, 3).value_or(true),
												 pg::caller_is_superuser())));
}

HYPERLINE_FUNCTION(hyperline_check_connection) {
	const store::Bookkeeping spi;
	return pg::return_row(fcinfo, row_of(loader::check_connection(required_name(fcinfo, 0, "name"))));
}

HYPERLINE_FUNCTION_WITH(hyperline_alter_connection, pg::Statement::hidden) {
	const pg::HiddenStatement hidden(kHiddenStatement);
	const store::Bookkeeping spi;
	const std::string name = required_name(fcinfo, 0, "name");
	const loader::ConnectionSettings settings{name_argument(fcinfo, 1), pg::text_argument(fcinfo, 2),
											  pg::integer_argument(fcinfo, 3)};
	for (const std::string &warning : loader::alter_connection(name, settings, pg::caller_is_superuser())) {
		pg::warn("connection \"" + settings.new_name.value_or(name) + "\": " + warning);
	}
	return 0;
}

HYPERLINE_FUNCTION(hyperline_drop_connection) {
	const store::Bookkeeping spi;
	loader::drop_connection(required_name(fcinfo, 0, "name"));
	return 0;
}

HYPERLINE_FUNCTION(hyperline_rotate_encryption_key) {
	const store::Bookkeeping spi;
	return Int64GetDatum(
		loader::rotate_encryption_key(pg::required_text(fcinfo, 0, "new_key_file"), pg::caller_is_superuser()));
}

} // namespace hyperline::api
