// SQL-callable: dry runs. Each is one piece of the caller's transaction: what it sets there ends with it.
#include "api/names.hpp"
#include "loader/dry_run.hpp"
#include "pg/failure.hpp"
#include "pg/rows_out.hpp"
#include "pg/transaction.hpp"
#include "store/foreign_code.hpp"

namespace hyperline::api {

namespace {

constexpr std::int64_t kListed = 1000;

template <typename Rehearse>
loader::DryRun rehearse(const Rehearse &run) {
	pg::FunctionTransactions transactions;
	return transactions.run([&] {
		store::hold_for_reading(store::Tables::ours);
		return run();
	});
}

std::vector<pg::OutValue> row_of(const store::Counts &counts) {
	return {counts.rows_read(), counts.inserted,   counts.updated,	counts.unchanged,
			counts.stale,		counts.duplicates, counts.rejected, counts.customers_created};
}

Datum return_rejects(FunctionCallInfo fcinfo, const loader::DryRun &run) {
	std::vector<std::vector<pg::OutValue>> rows;
	for (const loader::DryReject &row : run.rejects) {
		rows.push_back({row.row_number, pg::out_filled(row.field), row.code, row.message, row.row});
	}
	return pg::return_rows(fcinfo, rows);
}

std::int64_t listed(FunctionCallInfo fcinfo, int argument) {
	return pg::integer_argument(fcinfo, argument).value_or(kListed);
}

} // namespace

HYPERLINE_FUNCTION(hyperline_dry_run_query) {
	const std::string connection = required_name(fcinfo, 0, "connection");
	const std::string event_type = pg::required_text(fcinfo, 1, "event_type");
	const std::string query = pg::required_text(fcinfo, 2, "query");
	return pg::return_row(
		fcinfo, row_of(rehearse([&] { return loader::dry_run_query(connection, event_type, query); }).counts));
}

HYPERLINE_FUNCTION(hyperline_dry_run_loader) {
	const std::string name = required_name(fcinfo, 0, "name");
	return pg::return_row(fcinfo, row_of(rehearse([&] { return loader::dry_run_loader(name); }).counts));
}

HYPERLINE_FUNCTION(hyperline_dry_run_query_rejects) {
	const std::string connection = required_name(fcinfo, 0, "connection");
	const std::string event_type = pg::required_text(fcinfo, 1, "event_type");
	const std::string query = pg::required_text(fcinfo, 2, "query");
	const std::int64_t rows = listed(fcinfo, 3);
	return return_rejects(fcinfo, rehearse([&] { return loader::dry_run_query(connection, event_type, query, rows); }));
}

HYPERLINE_FUNCTION(hyperline_dry_run_loader_rejects) {
	const std::string name = required_name(fcinfo, 0, "name");
	const std::int64_t rows = listed(fcinfo, 1);
	return return_rejects(fcinfo, rehearse([&] { return loader::dry_run_loader(name, rows); }));
}

} // namespace hyperline::api
