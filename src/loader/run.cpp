#include "loader/run.hpp"

#include "loader/ending.hpp"
#include "loader/interrupted.hpp"
#include "loader/reading.hpp"
#include "loader/storing.hpp"
#include "pg/lock.hpp"
#include "pg/session.hpp"
#include "pg/wait.hpp"
#include "store/connections.hpp"
#include "store/loaders.hpp"

namespace hyperline::loader {

namespace {

// A run that is running, under the lock that the caller holds. From its end on a cancel is too late: `ended` outlives
// the lock, which is what cancel_run() looks for.
Outcome carry_out(const store::Run &run, const store::Loader &loader, const store::Connection &connection,
				  pg::Transactions &transactions, std::optional<pg::CancelHold> &ended) {
	Outcome outcome;
	Reading carried(run, loader, connection, transactions);
	Ending ending;
	bool failed = false;
	try {
		const store::Success success = carried.read_and_store();
		transactions.run([&] {
			if (store::permission_to_store(loader) == store::Permission::changed) {
				throw Stopped("the loader was changed; it is due again with its new settings");
			}
			store::finish_succeeded(run.id, loader.id, success);
			ended.emplace();
		});
	} catch (...) {
		ending = describe_ending(run);
		failed = true;
	}
	if (failed) {
		if (ending.needs_rollback) {
			transactions.rollback();
		}
		ended.emplace();
		record_ending(run, connection, ending, carried.opened(), transactions);
		outcome.status = ending.status;
		outcome.failure = ending.failure;
	}
	return outcome;
}

Outcome not_started() {
	Outcome outcome;
	outcome.started = false;
	return outcome;
}

std::optional<std::string> watermark_of(const store::Loader &loader) {
	return loader.cursor_field ? loader.watermark : std::nullopt;
}

} // namespace

Outcome execute(std::int64_t run_id, pg::Transactions &transactions) {
	std::optional<store::Run> run;
	std::uint32_t lock_space = 0;
	transactions.run([&] {
		run = store::find_run(run_id);
		lock_space = store::loader_lock_space();
	});
	if (!run || run->status != store::RunStatus::queued) {
		return not_started();
	}
	std::optional<pg::CancelHold> ended;
	const pg::SessionLock lock(lock_space, static_cast<std::uint32_t>(run->loader_id));
	if (!lock.held()) {
		return not_started();
	}
	std::optional<store::Loader> loader; // as it is now that nobody else runs it
	store::Connection connection;
	transactions.run([&] {
		store::hold_loader(run->loader_id);
		loader = store::get_loader(run->loader_id);
		if (loader && store::start_run(run_id, watermark_of(*loader))) {
			connection = store::get_connection(loader->connection_id);
		} else {
			loader.reset();
		}
	});
	return loader ? carry_out(*run, *loader, connection, transactions, ended) : not_started();
}

Outcome execute_in_session(const std::string &name, pg::Transactions &transactions) {
	std::int32_t loader_id = 0;
	std::uint32_t lock_space = 0;
	transactions.run([&] {
		lock_space = store::loader_lock_space();
		loader_id = store::find_loader(name).id;
		recover_interrupted();
	});
	std::optional<pg::CancelHold> ended;
	const pg::SessionLock lock(lock_space, static_cast<std::uint32_t>(loader_id));
	if (!lock.held()) {
		return not_started();
	}
	// Queued and started in one transaction: a background worker never sees it waiting.
	std::optional<store::Loader> loader;
	std::optional<store::Run> run;
	store::Connection connection;
	transactions.run([&] {
		store::hold_loader(loader_id);
		loader = store::get_loader(loader_id);
		if (!loader) {
			return;
		}
		const std::int64_t id = store::queue_run(loader_id, store::Trigger::session, 1, pg::Timestamp{pg::now()});
		store::take_over(id);
		if (store::start_run(id, watermark_of(*loader))) {
			run = store::find_run(id);
			connection = store::get_connection(loader->connection_id);
		}
	});
	return run ? carry_out(*run, *loader, connection, transactions, ended) : not_started();
}

} // namespace hyperline::loader
