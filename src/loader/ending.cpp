#include "loader/ending.hpp"

#include <new>

#include "loader/retry.hpp"
#include "loader/storing.hpp"
#include "pg/session.hpp"
#include "pg/settings.hpp"
#include "pg/time.hpp"
#include "pg/wait.hpp"
#include "schedule/retry.hpp"
#include "source/scrub.hpp"
#include "store/loaders.hpp"

namespace hyperline::loader {

namespace {

// What a source says is said without knowing of runs.
void tell_of_retry(const store::Run &run, Failure &failure) {
	const bool is_told = failure.hint.find("tried again") != std::string::npos;
	if (run.trigger != store::Trigger::session && worth_retrying(failure) && !is_told) {
		failure.hint = failure.hint.empty() ? "The run is tried again." : "The run is tried again. " + failure.hint;
	}
}

// What PostgreSQL and others' triggers say here may quote what came from the source.
Failure one_line_each(Failure failure) {
	for (std::string *text : {&failure.message, &failure.detail, &failure.hint}) {
		*text = source::one_line(*text);
	}
	return failure;
}

} // namespace

Ending describe_ending(const store::Run &run) {
	Ending ending;
	try {
		throw;
	} catch (const pg::Error &error) {
		ending.failure = one_line_each(error.failure());
		ending.status = ending.failure.sqlstate == sqlstate::kQueryCanceled ? store::RunStatus::cancelled
																			: store::RunStatus::failed;
		ending.needs_rollback = true;
	} catch (const Stopped &stopped) {
		ending.failure = stopped.failure();
		ending.status = store::RunStatus::cancelled;
		ending.due_again = true;
	} catch (const Error &error) {
		ending.failure = error.failure();
	} catch (const std::bad_alloc &) {
		ending.failure = Failure{"53200", "out of memory", {}, {}};
	} catch (const std::exception &error) {
		ending.failure = Failure{sqlstate::kInternalError, error.what(), {}, {}};
	}
	tell_of_retry(run, ending.failure);
	return ending;
}

namespace {

void queue_retry(const store::Run &run, const Failure &failure) {
	if (run.trigger == store::Trigger::session || !worth_retrying(failure)) {
		return;
	}
	const std::optional<store::Loader> loader = store::get_loader(run.loader_id);
	if (!loader || loader->paused) {
		return;
	}
	const auto to_instant = [](std::int64_t microseconds) {
		return schedule::Instant(std::chrono::microseconds(microseconds + pg::kUnixEpochOffset));
	};
	const std::optional<schedule::Instant> at = schedule::next_retry(
		run.attempt, pg::settings.max_retries, std::chrono::seconds(pg::settings.retry_delay_seconds),
		pg::random_fraction(), to_instant(pg::now()), to_instant(loader->next_run_at.microseconds));
	if (at) {
		store::queue_run(run.loader_id, store::Trigger::retry, run.attempt + 1,
						 pg::Timestamp{at->time_since_epoch().count() - pg::kUnixEpochOffset});
	}
}

void write_down(const store::Run &run, const store::Connection &connection, const Ending &ending, bool opened,
				pg::Transactions &transactions) {
	transactions.run([&] {
		store::finish_unsuccessful(run.id, run.loader_id, ending.status, ending.failure);
		if (ending.status == store::RunStatus::failed) {
			if (!opened) {
				store::record_unreachable(connection.id, ending.failure.detail.empty() ? ending.failure.message
																					   : ending.failure.detail);
			}
			queue_retry(run, ending.failure);
		}
		if (ending.due_again) {
			store::make_due_at_once(run.loader_id);
		}
	});
}

// How often the end of a run is written down, and the pause before it is tried again, longer each time.
constexpr int kAttempts = 20;
constexpr std::chrono::milliseconds kPause{100};

// Others were in its way, or the server is short of something: the disk is full. Object in use: the loader was dropped,
// or its runs changed, while a retry was queued.
bool may_pass(std::string_view state) {
	return passes_by_itself(state) || state.starts_with("53") || state == sqlstate::kObjectInUse;
}

template <typename Record>
void insist(Record &&record) {
	for (int attempt = 1;; attempt++) {
		try {
			record();
			return;
		} catch (const pg::Error &error) {
			if (attempt == kAttempts || !may_pass(error.sqlstate())) {
				throw;
			}
		} catch (const Error &error) {
			if (attempt == kAttempts || !may_pass(error.failure().sqlstate)) {
				throw;
			}
		} catch (const std::exception &) { // out of memory
			if (attempt == kAttempts) {
				throw;
			}
		}
		const pg::Deadline until = std::chrono::steady_clock::now() + kPause * attempt;
		while (pg::wait(-1, false, false, until) != pg::Woken::deadline) {
		}
	}
}

} // namespace

void record_success(const store::Run &run, const store::Loader &loader, const store::Success &success,
					pg::Transactions &transactions, std::optional<pg::CancelHold> &ended) {
	insist([&] {
		ended.reset();
		transactions.run([&] {
			pg::Prepared permission;
			if (store::permission_to_store(loader, permission) == store::Permission::changed) {
				throw Stopped("the loader was changed; it is due again with its new settings");
			}
			store::finish_succeeded(run.id, loader.id, success);
			ended.emplace();
		});
	});
}

void record_ending(const store::Run &run, const store::Connection &connection, const Ending &ending, bool opened,
				   pg::Transactions &transactions) {
	insist([&] {
		const pg::CancelHold hold;
		write_down(run, connection, ending, opened, transactions);
	});
}

} // namespace hyperline::loader
