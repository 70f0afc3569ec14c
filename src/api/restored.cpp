// The trigger function of hyperline.loader and hyperline.run: what comes out of a dump must not start to run by itself,
// for the server that was dumped may still read the same sources.
#include "pg/background.hpp"
#include "pg/rights.hpp"
#include "pg/trigger.hpp"
#include "store/own_insert.hpp"

namespace hyperline {

namespace {

void pause(pg::InsertedRow &loader) {
	if (loader.text("paused") == "t") {
		return;
	}
	loader.set("paused", "true");
	loader.set("pause_reason", "restored");
	if (pg::first_time_in_transaction()) {
		pg::warn("loaders that come from a dump are paused", "The server that was dumped may still run them.",
				 "Resume those that are to run here: SELECT hyperline.resume_loader(name) FROM hyperline.loaders WHERE "
				 "pause_reason = 'restored'.");
	}
}

// Nobody carries it out here.
void end(pg::InsertedRow &run) {
	const std::optional<std::string> status = run.text("status");
	if (status == "queued" || status == "running") {
		run.set("status", status == "queued" ? "cancelled" : "interrupted");
		run.set("finished_at", "now");
		run.set("error", "the run was under way when the database was dumped");
		run.set("sqlstate", "57P01");
	}
}

} // namespace

} // namespace hyperline

HYPERLINE_PLAIN_FUNCTION(hyperline_restored) {
	using namespace hyperline;
	pg::InsertedRow row(fcinfo);
	if (!store::is_own_insert()) {
		row.table() == "loader" ? pause(row) : end(row);
	}
	return row.datum();
}
