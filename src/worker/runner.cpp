// A runner: carries out one run, and says in the log if it failed.
#include "loader/run.hpp"
#include "pg/background.hpp"
#include "pg/settings.hpp"
#include "pg/transaction.hpp"
#include "store/runs.hpp"

namespace hyperline::worker {

namespace {

void run() {
	const pg::WorkerArguments arguments = pg::worker_arguments();
	pg::WorkerTransactions transactions;
	std::optional<store::Run> run;
	transactions.run([&] { run = store::find_run(arguments.run_id); });
	if (!run) {
		return;
	}
	pg::show_activity("run " + std::to_string(run->id) + " of loader " + run->loader);
	const loader::Outcome outcome = loader::execute(run->id, transactions);
	if (outcome.started && outcome.status == store::RunStatus::failed) {
		const Failure &failure = outcome.failure;
		pg::log_line("run " + std::to_string(run->id) + " of loader \"" + run->loader +
					 "\" failed: " + failure.message + " (SQLSTATE " + failure.sqlstate + ")" +
					 (failure.detail.empty() ? "" : "; " + failure.detail) +
					 (failure.hint.empty() ? "" : " " + failure.hint));
	}
}

} // namespace

} // namespace hyperline::worker

extern "C" {
PGDLLEXPORT void hyperline_runner_main(Datum /* argument */);

void hyperline_runner_main(Datum /* argument */) {
	hyperline::pg::entry([] {
		hyperline::pg::begin_worker();
		hyperline::pg::connect_worker(hyperline::pg::worker_arguments().database);
		hyperline::pg::secure_worker_session();
		hyperline::worker::run();
	});
}
}
