#include "loader/run.hpp"

#include <limits>

#include "loader/ending.hpp"
#include "loader/interrupted.hpp"
#include "loader/plain_errors.hpp"
#include "loader/reading.hpp"
#include "loader/refresh.hpp"
#include "pg/background.hpp"
#include "pg/lock.hpp"
#include "pg/session.hpp"
#include "pg/time.hpp"
#include "pg/wait.hpp"
#include "store/connections.hpp"
#include "store/loaders.hpp"
#include "store/queue.hpp"
#include "store/rejected.hpp"

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
		record_success(run, loader, carried.read_and_store(), transactions, ended);
	} catch (...) {
		ending = describe_ending(run);
		failed = true;
	}
	if (failed) {
		if (ending.needs_rollback) {
			transactions.rollback();
		}
		ended.emplace();
		record_ending(run, connection, ending, !carried.failed_to_open(), transactions);
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

// A run begins when its loader is due anyway, since somebody asked for it, or after a crash or a long wait in the
// queue: nothing would be new to the run of the schedule.
void make_up_for_schedule(const store::Loader &loader) {
	const pg::Timestamp now{pg::now()};
	if (loader.paused || loader.next_run_at.microseconds > now.microseconds) {
		return;
	}
	try {
		store::advance(loader.id, loader.next_run_at,
					   next_due_at(parse_refresh_rate(loader.refresh_rate), loader.time_zone, loader.next_run_at, now));
	} catch (const Error &) { // a refresh rate that cannot be read: the scheduler says so
	}
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
		if (!store::try_to_hold_loader(run->loader_id)) {
			return; // somebody's open transaction does: the run stays queued
		}
		loader = store::get_loader(run->loader_id);
		if (loader && store::start_run(run_id, watermark_of(*loader))) {
			make_up_for_schedule(*loader);
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

namespace {

// A run of what is queued already may be asked for and awaited as it is: it is not taken over.
void refuse_queued(const store::Loader &loader) {
	if (const std::optional<store::Run> run = store::active_run(loader.id)) {
		const std::string id = std::to_string(run->id);
		throw Error(sqlstate::kObjectInUse,
					"loader \"" + loader.name + "\" has a run that is " + store::to_text(run->status),
					"It is run " + id + ".",
					"Wait for its end with hyperline.wait_for_run(" + id + "), or end it with hyperline.cancel_run(" +
						id + ").");
	}
}

// As if it had never read: found is what the query returns at all, and however much of it is rejected again.
store::Loader without_progress(store::Loader loader) {
	loader.cursor_field.reset();
	loader.watermark.reset();
	loader.last_refreshed_at.reset();
	loader.max_rejected = std::numeric_limits<std::int32_t>::max();
	return loader;
}

} // namespace

std::optional<std::int64_t> retry_rejected_in_session(const std::string &name, pg::Transactions &transactions) {
	std::int32_t loader_id = 0;
	std::uint32_t lock_space = 0;
	transactions.run([&] {
		lock_space = store::loader_lock_space();
		loader_id = store::find_loader(name).id;
		recover_interrupted();
	});
	const pg::SessionLock lock(lock_space, static_cast<std::uint32_t>(loader_id));
	if (!lock.held()) {
		return std::nullopt;
	}
	store::Loader loader;
	std::optional<store::Run> run;
	store::Connection connection;
	store::RejectedSummary before;
	transactions.run([&] {
		store::hold_loader(loader_id);
		loader = store::find_loader(name);
		refuse_queued(loader);
		const std::int64_t id = store::queue_run(loader.id, store::Trigger::session, 1, pg::Timestamp{pg::now()});
		store::start_run(id, std::nullopt);
		run = store::find_run(id);
		connection = store::get_connection(loader.connection_id);
		before = store::summarize_rejected(loader.id);
	});
	with_plain_errors([&] { Reading(*run, without_progress(loader), connection, transactions).retry_rejected(); });
	store::RejectedSummary after;
	transactions.run([&] {
		store::change_status(run->id, store::RunStatus::running, store::RunStatus::succeeded);
		after = store::summarize_rejected(loader.id);
	});
	if (after.without_id > 0) {
		pg::notice(
			"rejected rows that have no id to be found by: " + std::to_string(after.without_id), "They stay open.",
			"Let the loader read everything with hyperline.reset_loader(): its next run resolves what it does not "
			"reject again.");
	}
	return after.resolved - before.resolved;
}

} // namespace hyperline::loader
