// SQL-callable: runs.
#include "api/names.hpp"
#include "loader/control.hpp"
#include "pg/failure.hpp"
#include "pg/rows_out.hpp"
#include "store/foreign_code.hpp"

namespace hyperline::api {

namespace {

std::int64_t required_run(FunctionCallInfo fcinfo) {
	const std::optional<std::int64_t> id = pg::integer_argument(fcinfo, 0);
	if (!id) {
		throw pg::null_argument(fcinfo, "run_id");
	}
	return *id;
}

} // namespace

HYPERLINE_FUNCTION(hyperline_run_loader) {
	const store::Bookkeeping spi;
	return Int64GetDatum(loader::run_loader(required_name(fcinfo, 0, "name")));
}

HYPERLINE_PLAIN_FUNCTION(hyperline_refresh_loader) {
	const std::string name = required_name(fcinfo, 0, "name"); // before anything fails that would show the statement
	store::Guarded<pg::SessionTransactions> transactions(fcinfo, "refresh_loader");
	loader::refresh_loader(name, transactions);
	return 0;
}

HYPERLINE_FUNCTION(hyperline_retry_rejected) {
	store::Guarded<pg::FunctionTransactions> transactions;
	return Int64GetDatum(loader::retry_rejected(required_name(fcinfo, 0, "loader"), transactions));
}

HYPERLINE_FUNCTION(hyperline_wait_for_run) {
	const store::ReadBookkeeping spi;
	const std::int64_t id = required_run(fcinfo);
	return pg::text_result(loader::wait_for_run(id, pg::required_interval(fcinfo, 1, "timeout")));
}

HYPERLINE_FUNCTION(hyperline_cancel_run) {
	const store::Bookkeeping spi;
	return BoolGetDatum(loader::cancel_run(required_run(fcinfo)));
}

} // namespace hyperline::api
