// A runner: carries out one run, and says in the log if it failed.
#include "loader/run.hpp"
#include "pg/background.hpp"
#include "pg/settings.hpp"
#include "pg/shared.hpp"
#include "pg/transaction.hpp"
#include "store/foreign_code.hpp"
#include "store/loaders.hpp"
#include "store/queue.hpp"
#include "store/runs.hpp"
#include "worker/decide.hpp"
#include "worker/failure_line.hpp"

namespace hyperline::worker {

namespace {

void log_failure(const store::Run &run, const Failure &failure, std::int64_t in_a_row) {
	std::string line =
		"run " + std::to_string(run.id) + " of loader \"" + run.loader + "\" failed: " + failure_line(failure);
	if (in_a_row > 1) {
		line += " (failure " + std::to_string(in_a_row) + " in a row; see hyperline.loader_runs for all)";
	}
	pg::log_line(line);
}

void run() {
	const pg::WorkerArguments arguments = pg::worker_arguments();
	store::Guarded<pg::WorkerTransactions> transactions;
	std::optional<store::Run> run;
	transactions.run([&] {
		const std::optional<store::Installation> installation = store::installation();
		if (installation && installation->allows_connections) {
			run = store::find_run(arguments.run_id);
		}
	});
	if (!run) {
		return;
	}
	pg::show_activity("run " + std::to_string(run->id) + " of loader " + run->loader);
	const loader::Outcome outcome = loader::execute(run->id, transactions);
	if (!outcome.started || outcome.status != store::RunStatus::failed) {
		return;
	}
	std::int64_t in_a_row = 1;
	transactions.run([&] {
		const std::optional<store::Loader> loader = store::get_loader(run->loader_id);
		in_a_row = loader ? loader->consecutive_failures : 1;
	});
	if (worth_a_line(in_a_row)) {
		log_failure(*run, outcome.failure, in_a_row);
	}
}

} // namespace

} // namespace hyperline::worker

extern "C" {
PGDLLEXPORT void hyperline_runner_main(Datum /* argument */);

void hyperline_runner_main(Datum /* argument */) {
	hyperline::pg::entry([] {
		const hyperline::pg::WorkerArguments arguments = hyperline::pg::worker_arguments();
		hyperline::pg::begin_worker(hyperline::pg::WorkerKind::runner);
		if (!hyperline::pg::join(arguments.database)) {
			return;
		}
		hyperline::pg::connect_worker(arguments.database);
		hyperline::pg::secure_worker_session();
		hyperline::worker::run();
	});
}
}
