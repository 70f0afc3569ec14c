// SQL-callable: customers, and the comparison of two records.
#include "pg/jsonb.hpp"
#include "pg/rows_out.hpp"
#include "store/customers.hpp"

namespace hyperline::api {

HYPERLINE_FUNCTION(hyperline_create_customer) {
	const pg::Connection spi;
	const std::string external_id = pg::required_text(fcinfo, 0, "external_id");
	store::create_customer(external_id, pg::text_argument(fcinfo, 1));
	return 0;
}

HYPERLINE_FUNCTION(hyperline_activate_customer) {
	const pg::Connection spi;
	store::activate_customer(pg::required_text(fcinfo, 0, "external_id"), pg::text_argument(fcinfo, 1));
	return 0;
}

HYPERLINE_FUNCTION(hyperline_rename_customer) {
	const pg::Connection spi;
	const std::string external_id = pg::required_text(fcinfo, 0, "external_id");
	store::rename_customer(external_id, pg::required_text(fcinfo, 1, "name"));
	return 0;
}

HYPERLINE_FUNCTION(hyperline_archive_customer) {
	const pg::Connection spi;
	store::archive_customer(pg::required_text(fcinfo, 0, "external_id"));
	return 0;
}

HYPERLINE_PLAIN_FUNCTION(hyperline_identical) {
	const Datum left = fcinfo->args[0].value;
	const Datum right = fcinfo->args[1].value;
	return BoolGetDatum(pg::call([=] { return pg::identical_jsonb(left, right); }));
}

} // namespace hyperline::api
