#include "loader/run.hpp"

#include <memory>
#include <new>
#include <random>

#include "event/mapper.hpp"
#include "event/roles.hpp"
#include "loader/position.hpp"
#include "loader/retry.hpp"
#include "loader/seen_keys.hpp"
#include "loader/source_access.hpp"
#include "loader/spill.hpp"
#include "pg/lock.hpp"
#include "pg/settings.hpp"
#include "pg/spi.hpp"
#include "pg/time.hpp"
#include "pg/wait.hpp"
#include "schedule/retry.hpp"
#include "source/query_text.hpp"
#include "store/batch.hpp"
#include "store/connections.hpp"
#include "store/loaders.hpp"

namespace hyperline::loader {

namespace {

// Keys that a run remembers in memory before it uses a temporary file.
constexpr std::size_t kSeenKeysInMemory = std::size_t{1} << 20;

// How often a batch is stored again when other sessions were in its way, and the pause before it.
constexpr int kStoreAttempts = 10;
constexpr std::chrono::milliseconds kStorePause{50};

// The run ends here, in good order: somebody changed its loader meanwhile.
class Stopped final : public Error {
public:
	explicit Stopped(const char *message) : Error(sqlstate::kQueryCanceled, message) {}
};

bool passes_by_itself(const std::string &state) {
	return state == "40001" || state == "40P01" || state == "55P03" || state == "23505";
}

// One run, from its start to just before its end is recorded.
class Run {
public:
	Run(store::Run run, store::Loader loader, store::Connection connection, pg::Transactions &transactions)
		: run_(std::move(run)), loader_(std::move(loader)), connection_(std::move(connection)),
		  transactions_(transactions), seen_(kSeenKeysInMemory, open_spill) {}

	store::Success read_and_store();
	/// Whether the source could be opened; if not, why it failed is the connection's last error.
	[[nodiscard]] bool opened() const noexcept { return opened_; }

private:
	void open();
	void refuse_stale_source(const source::Snapshot &snapshot);
	void read(const source::ReadPlan &plan);
	void take_in(const source::Chunk &chunk);
	void note_cursor();
	bool full() const;
	void store_batch();
	bool try_to_store();

	store::Run run_;
	store::Loader loader_;
	store::Connection connection_;
	pg::Transactions &transactions_;
	std::unique_ptr<source::Source> source_;
	std::unique_ptr<event::Mapper> mapper_;
	event::Output mapped_;
	std::unique_ptr<store::Batch> batch_;
	SeenKeys seen_;
	std::optional<std::string> cursor_reached_;
	bool ordered_by_cursor_ = false;
	bool stop_after_batch_ = false;
	bool opened_ = false;
};

void Run::open() {
	source_ = open_source(connection_);
	if (connection_.status != "live") {
		const source::Facts facts = source_->check();
		transactions_.run([&] {
			store::record_live(connection_.id,
							   store::ConnectionState{facts.server_version, facts.is_replica, facts.encrypted});
		});
	}
	opened_ = true;
}

void Run::refuse_stale_source(const source::Snapshot &snapshot) {
	const Progress progress =
		loader_.source_position ? compare_positions(*loader_.source_position, snapshot.position) : Progress::unknown;
	transactions_.run([&] {
		store::record_position(run_.id, snapshot.position);
		if (progress == Progress::other_source) {
			store::add_note(run_.id, "other_source", *loader_.source_position);
		}
	});
	if (progress == Progress::behind) {
		throw Error(sqlstate::kStaleSource,
					"stale_source: the source is behind what the last successful run read, and nothing was stored",
					"The last run found it at " + *loader_.source_position + ", this one at " + snapshot.position +
						". A replica lags behind the server that was read before, or the source was restored to an "
						"earlier state.",
					"A replica catches up by itself and the run is tried again. If the source was restored on purpose, "
					"accept its state with hyperline.reset_loader('" +
						loader_.name + "').");
	}
}

const source::Field *find_field(const std::vector<source::Field> &fields, const std::string &name) {
	for (const source::Field &field : fields) {
		if (field.name == name) {
			return &field;
		}
	}
	return nullptr;
}

store::Success Run::read_and_store() {
	open();
	const source::Snapshot snapshot = source_->begin();
	refuse_stale_source(snapshot);

	std::string since;
	transactions_.run([&] { since = store::refreshed_since_literal(loader_); });
	const std::string query = query_to_send(loader_.query, since);
	const std::vector<source::Field> fields = source_->describe(query);
	const event::MappingOptions options{loader_.version_field.value_or(""), loader_.cursor_field.value_or("")};
	mapper_ = std::make_unique<event::Mapper>(fields, options);
	batch_ = std::make_unique<store::Batch>(
		store::BatchTarget{run_.id, loader_.id, loader_.name, loader_.event_type, loader_.version_field,
						   mapper_->version_class() == event::VersionClass::number ? store::VersionOrder::number
																				   : store::VersionOrder::text});

	source::ReadPlan plan;
	plan.query = query;
	if (loader_.cursor_field) {
		plan.cursor = *find_field(fields, *loader_.cursor_field);
		plan.rows = source::ReadPlan::Rows::without_cursor;
		read(plan);
		plan.rows = source::ReadPlan::Rows::from_cursor;
		plan.from = loader_.watermark;
		plan.lookback = loader_.lookback;
		ordered_by_cursor_ = true;
	}
	read(plan);
	if (batch_->rows() > 0) {
		store_batch();
	}
	source_->end();

	const bool asks_for_new = source::uses_placeholder(source::strip_terminator(loader_.query));
	store::Success success;
	success.source_time = pg::Timestamp{snapshot.time};
	success.source_position = snapshot.position;
	success.watermark = cursor_reached_;
	success.read_everything = loader_.cursor_field ? !loader_.watermark : !(asks_for_new && loader_.last_refreshed_at);
	return success;
}

void Run::read(const source::ReadPlan &plan) {
	source_->read(plan);
	source::Chunk chunk;
	while (source_->next(chunk)) {
		take_in(chunk);
	}
}

// Rows go in pieces, so that a batch closes at its size and not at that of what happened to arrive together.
void Run::take_in(const source::Chunk &chunk) {
	for (std::size_t first = 0; first < chunk.rows.size();) {
		const std::size_t room = static_cast<std::size_t>(pg::settings.batch_rows) - batch_->rows();
		const std::size_t last = std::min(first + room, chunk.rows.size());
		std::size_t bytes = 0;
		mapped_.clear();
		for (; first < last; first++) {
			mapper_->map(chunk.rows[first], mapped_);
			bytes += chunk.rows[first].bytes;
		}
		batch_->add(mapped_.events, mapped_.rejected, mapped_.tokens, bytes,
					[this](std::string_view id, std::string_view customer_id, std::uint64_t row) {
						return seen_.remember(id, customer_id, row);
					});
		note_cursor();
		if (full()) {
			store_batch();
		}
	}
}

// Rows come in the cursor's order, less the lookback: what stands before the watermark does not move it.
void Run::note_cursor() {
	if (!ordered_by_cursor_) {
		return;
	}
	for (auto row = mapped_.events.rbegin(); row != mapped_.events.rend(); ++row) {
		if (row->has_cursor) {
			const bool is_time = mapper_->cursor_is_time();
			if (!is_time || !loader_.watermark || row->cursor >= *loader_.watermark) {
				cursor_reached_ = std::string(row->cursor);
			}
			return;
		}
	}
}

bool Run::full() const {
	return batch_->rows() >= static_cast<std::size_t>(pg::settings.batch_rows) ||
		   batch_->memory() >= static_cast<std::size_t>(pg::settings.batch_memory_kilobytes) * 1024;
}

bool Run::try_to_store() {
	try {
		transactions_.run([&] {
			switch (store::permission_to_store(loader_)) {
			case store::Permission::dropped:
				throw Stopped("the loader was dropped");
			case store::Permission::changed:
				throw Stopped("the loader was changed; it is due again with its new settings");
			case store::Permission::paused:
				stop_after_batch_ = true; // it is stored, and no further one
				break;
			case store::Permission::go_on:
				break;
			}
			store::add_counts(run_.id, batch_->store(), cursor_reached_);
		});
		return true;
	} catch (const pg::Error &error) {
		if (!passes_by_itself(error.sqlstate())) {
			throw;
		}
	} catch (const Stopped &) {
		throw;
	} catch (const Error &error) {
		if (!passes_by_itself(error.failure().sqlstate)) {
			throw;
		}
	}
	return false;
}

void Run::store_batch() {
	for (int attempt = 1; !try_to_store(); attempt++) {
		if (attempt == kStoreAttempts) {
			throw Error(
				"40001", "could not store a batch: other sessions kept writing the same events",
				"It was tried " + std::to_string(kStoreAttempts) + " times.",
				"See what else writes to hyperline.events, and whether a trigger, a rule or a policy on it keeps "
				"rows out.");
		}
		const pg::Deadline until = std::chrono::steady_clock::now() + kStorePause * attempt;
		while (pg::wait(-1, false, false, until) != pg::Woken::deadline) {
		}
	}
	batch_->committed();
	if (stop_after_batch_) {
		throw Stopped("the loader was paused; it is due again when it is resumed");
	}
}

struct Ending {
	store::RunStatus status = store::RunStatus::failed;
	Failure failure;
	bool due_again = false;
	bool needs_rollback = false;
};

// What an exception means for the run. Called inside a catch block; raises nothing.
Ending describe_ending() {
	Ending ending;
	try {
		throw;
	} catch (const pg::Error &error) {
		ending.failure = error.failure();
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
	return ending;
}

void queue_retry(const store::Run &run, const std::string &state) {
	if (run.trigger == store::Trigger::session || !worth_retrying(state)) {
		return;
	}
	const std::optional<store::Loader> loader = store::get_loader(run.loader_id);
	if (!loader || loader->paused) {
		return;
	}
	std::random_device random;
	const double jitter = static_cast<double>(random()) / static_cast<double>(std::random_device::max());
	const auto to_instant = [](std::int64_t microseconds) {
		return schedule::Instant(std::chrono::microseconds(microseconds + pg::kUnixEpochOffset));
	};
	const std::optional<schedule::Instant> at = schedule::next_retry(
		run.attempt, pg::settings.max_retries, std::chrono::seconds(pg::settings.retry_delay_seconds), jitter,
		to_instant(pg::now()), to_instant(loader->next_run_at.microseconds));
	if (at) {
		store::queue_run(run.loader_id, store::Trigger::retry, run.attempt + 1,
						 pg::Timestamp{at->time_since_epoch().count() - pg::kUnixEpochOffset});
	}
}

void record_ending(const store::Run &run, const store::Connection &connection, const Ending &ending, bool opened,
				   pg::Transactions &transactions) {
	transactions.run([&] {
		store::finish_unsuccessful(run.id, run.loader_id, ending.status, ending.failure);
		if (ending.status == store::RunStatus::failed) {
			if (!opened) {
				store::record_unreachable(connection.id, ending.failure.detail.empty() ? ending.failure.message
																					   : ending.failure.detail);
			}
			queue_retry(run, ending.failure.sqlstate);
		}
		if (ending.due_again) {
			store::make_due_at_once(run.loader_id);
		}
	});
}

} // namespace

namespace {

// A run that is running, under the lock that the caller holds.
Outcome carry_out(const store::Run &run, const store::Loader &loader, const store::Connection &connection,
				  pg::Transactions &transactions) {
	Outcome outcome;
	Run carried(run, loader, connection, transactions);
	Ending ending;
	bool failed = false;
	try {
		const store::Success success = carried.read_and_store();
		transactions.run([&] {
			if (store::permission_to_store(loader) == store::Permission::changed) {
				throw Stopped("the loader was changed; it is due again with its new settings");
			}
			store::finish_succeeded(run.id, loader.id, success);
		});
	} catch (...) {
		ending = describe_ending();
		failed = true;
	}
	if (failed) {
		if (ending.needs_rollback) {
			transactions.rollback();
		}
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
	const pg::SessionLock lock(lock_space, static_cast<std::uint32_t>(run->loader_id));
	if (!lock.held()) {
		return not_started();
	}
	std::optional<store::Loader> loader; // as it is now that nobody else runs it
	store::Connection connection;
	transactions.run([&] {
		loader = store::get_loader(run->loader_id);
		if (loader && store::start_run(run_id, watermark_of(*loader))) {
			connection = store::get_connection(loader->connection_id);
		} else {
			loader.reset();
		}
	});
	return loader ? carry_out(*run, *loader, connection, transactions) : not_started();
}

Outcome execute_in_session(const std::string &name, pg::Transactions &transactions) {
	std::int32_t loader_id = 0;
	std::uint32_t lock_space = 0;
	transactions.run([&] {
		lock_space = store::loader_lock_space();
		loader_id = store::find_loader(name).id;
		store::mark_interrupted(lock_space);
	});
	const pg::SessionLock lock(lock_space, static_cast<std::uint32_t>(loader_id));
	if (!lock.held()) {
		return not_started();
	}
	// Queued and started in one transaction: a background worker never sees it waiting.
	std::optional<store::Loader> loader;
	std::optional<store::Run> run;
	store::Connection connection;
	transactions.run([&] {
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
	return run ? carry_out(*run, *loader, connection, transactions) : not_started();
}

} // namespace hyperline::loader
