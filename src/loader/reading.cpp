#include "loader/reading.hpp"

#include <algorithm>
#include <limits>

#include "event/roles.hpp"
#include "loader/cursor.hpp"
#include "loader/position.hpp"
#include "loader/read_plan.hpp"
#include "loader/retry.hpp"
#include "loader/shape.hpp"
#include "loader/source_access.hpp"
#include "loader/spill.hpp"
#include "pg/background.hpp"
#include "pg/settings.hpp"
#include "pg/time.hpp"
#include "pg/wait.hpp"
#include "source/query_text.hpp"
#include "store/rejected.hpp"

namespace hyperline::loader {

namespace {

// How often a run goes on after a fault without getting any farther, and the pause before the first time, which
// doubles.
constexpr int kMostTries = 6;
constexpr std::chrono::milliseconds kFirstPause{500};

// How many rejected rows are asked for in one statement.
constexpr std::int64_t kIdsAtOnce = 10'000;

// What the source or the way to it did, that may pass.
class SourceFault final : public Error {
public:
	explicit SourceFault(const Failure &failure) : Error(failure) {}
};

template <typename Action>
auto at_source(Action &&action) -> decltype(action()) {
	try {
		return action();
	} catch (const Error &error) {
		if (worth_retrying(error.failure())) {
			throw SourceFault(error.failure());
		}
		throw;
	}
}

std::optional<pg::Timestamp> to_timestamp(const std::optional<std::int64_t> &microseconds) {
	return microseconds ? std::optional(pg::Timestamp{*microseconds}) : std::nullopt;
}

// Of a run; what the source says after them is dropped.
constexpr int kMostNotices = 10;

// A transaction that has been open for so long is worth a note.
constexpr std::int64_t kLongOpen = 60'000'000; // microseconds

} // namespace

Reading::Reading(const store::Run &run, store::Loader loader, const store::Connection &connection,
				 pg::Transactions &transactions)
	: run_(run), loader_(std::move(loader)), connection_(connection), transactions_(transactions),
	  seen_(kSeenKeysInMemory, open_spill, {pg::strong_random(), pg::strong_random()}),
	  storing_(run.id, loader_, transactions) {
}

void Reading::open() {
	transactions_.run([&] { storing_.check_writer(); }); // rather now than after reading
	opening_ = true;
	source_ = open_source(connection_);
	if (!opened_ && connection_.status != "live") {
		const source::Facts facts = source_->check();
		transactions_.run([&] {
			store::record_live(connection_.id,
							   store::ConnectionState{facts.server_version, facts.is_replica, facts.encrypted});
		});
	}
	opening_ = false;
	opened_ = true;
}

void Reading::begin() {
	latest_ = source_->begin();
	transactions_.run([&] { store::record_position(run_.id, latest_.position); });
	storing_.comes_from(latest_.position);
}

// What is known of another source, or of a history that this one has left, says nothing of what is read now: everything
// is read again.
void Reading::compare_with_last_run() {
	if (!loader_.source_position) {
		return;
	}
	const std::string last = *loader_.source_position;
	switch (compare_positions(last, latest_.position_before)) {
	case Progress::behind:
		throw stale_source(loader_.name, last, latest_.position_before);
	case Progress::other_source:
	case Progress::other_timeline:
		transactions_.run([&] {
			const bool same = compare_positions(last, latest_.position_before) == Progress::other_timeline;
			store::add_note(run_.id, same ? "other_timeline" : "other_source", last);
			store::start_again(loader_, latest_.position);
		});
		break;
	case Progress::onwards:
	case Progress::unknown:
		break;
	}
}

void Reading::describe() {
	transactions_.run([&] {
		query_ = query_of(loader_, Since::last_run);
		cuts_large_rows_ = store::has_rows_too_large(loader_.id);
		if (first_.time && *first_.time - *first_.open_since > kLongOpen) {
			store::add_note(run_.id, "open_since", pg::format_utc(*first_.open_since));
		}
	});
	fields_ = source_->describe(query_);
	shape_ = shape_of(fields_);
	transactions_.run([&] { store::note_drift(run_.id, loader_.id, shape_); });
	const event::MappingOptions options{loader_.version_field.value_or(""), loader_.cursor_field.value_or("")};
	mapper_ = std::make_unique<event::Mapper>(fields_, options);
	find_start();
	batch_ = std::make_unique<store::Batch>(
		store::BatchTarget{run_.id, loader_.id, loader_.name, loader_.event_type, loader_.version_field,
						   mapper_->version_class() == event::VersionClass::number ? store::VersionOrder::number
																				   : store::VersionOrder::text,
						   loader_.cursor_field.has_value()});
}

bool Reading::uses_placeholder() const {
	return source::uses_placeholder(source::strip_terminator(loader_.query));
}

void Reading::find_start() {
	order_ = order_of_cursor(loader_, fields_);
	transactions_.run([&] {
		start_ = start_of(loader_, order_, first_);
		if (start_.reads_late) {
			store::add_note(run_.id, "reads_late", "everything, for what had not committed when it was read first");
			query_ = query_of(loader_, Since::ever);
		}
	});
}

void Reading::prepare() {
	open();
	begin();
	compare_with_last_run();
	first_ = latest_;
	describe();
}

void Reading::retry_rejected() {
	prepare();
	source::ReadPlan plan;
	plan.query = query_;
	plan.rows = source::ReadPlan::Rows::with_ids;
	plan.id = *std::find_if(fields_.begin(), fields_.end(),
							[](const source::Field &field) { return event::role_of(field.name) == event::Role::id; });
	std::int64_t ids = 0;
	for (std::int64_t from = std::numeric_limits<std::int64_t>::min();;) {
		transactions_.run([&] { plan.ids = store::open_rejected_ids(loader_.id, from, kIdsAtOnce); });
		if (plan.ids.empty()) {
			break;
		}
		ids += static_cast<std::int64_t>(plan.ids.size());
		read(plan);
	}
	if (batch_->rows() > 0) {
		store_batch();
	}
	at_source([&] { source_->end(); });
	store_set_aside();
	transactions_.run([&] { store::add_note(run_.id, "retried_rejected", ids); });
}

store::Success Reading::read_and_store() {
	prepare();
	for (bool done = false; !done;) {
		Failure fault;
		try {
			stream();
			done = true;
		} catch (const SourceFault &error) {
			if (!loader_.cursor_field) {
				throw;
			}
			fault = error.failure();
		}
		if (!done && fault.rows_missing) {
			read_everything_after(fault);
		} else if (!done) {
			go_on_after(std::move(fault));
		}
	}
	store_set_aside();
	return success();
}

store::Success Reading::success() const {
	store::Success success;
	success.source_time = to_timestamp(first_.time);
	success.open_since = to_timestamp(first_.open_since);
	success.source_position = latest_.position;
	success.watermark = watermark();
	const std::optional<std::string> reached = cursor_reached_ ? cursor_reached_ : loader_.watermark;
	if (reached && order_ != Order::time) {
		success.settling = settle(loader_, start_, *reached, latest_);
	}
	success.reached_at = to_timestamp(latest_.time);
	success.complete_until = start_.complete_until;
	success.fields = shape_;
	const bool left_old_out = uses_placeholder() && loader_.last_refreshed_at && !start_.reads_late;
	success.read_everything = !left_old_out && !(loader_.cursor_field && start_.from);
	return success;
}

void Reading::stream() {
	source::ReadPlan plan = plan_of(query_, loader_, fields_, start_);
	if (loader_.cursor_field) {
		if (!nulls_read_) {
			const std::uint64_t before = rows_;
			plan.rows = source::ReadPlan::Rows::without_cursor;
			read(plan);
			nulls_read_ = true;
			if (rows_ > before) {
				transactions_.run(
					[&] { store::add_note(run_.id, "null_cursor", static_cast<std::int64_t>(rows_ - before)); });
			}
			plan.rows = source::ReadPlan::Rows::from_cursor;
		}
		if (stored_up_to_) {
			plan.from = stored_up_to_;
			plan.lookback = "0";
			plan.from_time.reset();
			plan.from_open_since.reset();
		}
		ordered_by_cursor_ = true;
	}
	read(plan);
	if (batch_->rows() > 0) {
		store_batch();
	}
	at_source([&] { source_->end(); });
	repeat_notices();
}

void Reading::read(source::ReadPlan &plan) {
	plan.rows_before = rows_;
	plan.cuts_large_rows = cuts_large_rows_;
	try {
		at_source([&] { source_->read(plan); });
		source::Chunk chunk;
		while (next(chunk)) {
			take_in(chunk);
		}
	} catch (const Error &) {
		repeat_notices(); // they may tell why
		throw;
	}
}

bool Reading::next(source::Chunk &chunk) {
	const bool more = at_source([&] { return source_->next(chunk); });
	repeat_notices();
	return more;
}

// What a source says is its own affair: the first few may help who looks for what is wrong with a query.
void Reading::repeat_notices() {
	for (const std::string &notice : source_->take_notices()) {
		if (repeated_ < kMostNotices) {
			repeated_++;
			pg::remark("the source of loader \"" + loader_.name + "\" says: " + notice);
		}
	}
}

// Rows go in pieces, so that a batch closes at its size and not at that of what happened to arrive together.
void Reading::take_in(const source::Chunk &chunk) {
	for (std::size_t first = 0; first < chunk.rows.size();) {
		const std::size_t last = std::min(first + room_in(*batch_), chunk.rows.size());
		std::size_t bytes = 0;
		mapped_.clear();
		for (; first < last; first++) {
			mapper_->map(chunk.rows[first], mapped_);
			bytes += chunk.rows[first].bytes;
			rows_ = chunk.rows[first].number;
		}
		batch_->add(mapped_.events, mapped_.rejected, mapped_.tokens, bytes,
					[this](store::PendingEvent *rows, std::size_t count) { note_keys(rows, count); });
		note_cursor();
		if (is_full(*batch_)) {
			store_batch();
		}
	}
}

void Reading::note_keys(store::PendingEvent *rows, std::size_t count) {
	keys_.clear();
	for (std::size_t i = 0; i < count; i++) {
		keys_.push_back(SeenKeys::Key{rows[i].id, rows[i].customer_id, rows[i].row_number, rows[i].content, 0, 0});
	}
	seen_.remember(keys_);
	for (std::size_t i = 0; i < count; i++) {
		rows[i].earlier = store::EarlierRow{keys_[i].earlier_row, keys_[i].earlier_content};
	}
}

// Rows come in the cursor's order. Those that are read again from before the watermark do not move it back, and those
// at the end of all times and numbers do not move it at all: nothing would ever come after them.
void Reading::note_cursor() {
	if (!ordered_by_cursor_) {
		return;
	}
	for (auto row = mapped_.events.rbegin(); row != mapped_.events.rend(); ++row) {
		if (row->has_cursor && is_finite(row->cursor, mapper_->cursor_kind())) {
			cursor_at_ = std::string(row->cursor);
			if (!loader_.watermark || !is_before(row->cursor, *loader_.watermark, order_)) {
				cursor_reached_ = cursor_at_;
			}
			return;
		}
	}
}

std::optional<store::Watermark> Reading::watermark() const {
	if (!cursor_reached_) {
		return std::nullopt;
	}
	return store::Watermark{*cursor_reached_, to_timestamp(latest_.time), start_.open_since};
}

store::Progress Reading::progress() const {
	// Half of what it reads late is no use where the query leaves old rows out when the next run reads the other half.
	const bool all_or_nothing = start_.reads_late && uses_placeholder();
	if (!cursor_at_ || all_or_nothing) {
		return {watermark(), std::nullopt};
	}
	return {watermark(), settled_up_to(loader_, start_, *cursor_at_, order_)};
}

void Reading::store_batch() {
	const bool read_before = ordered_by_cursor_ && loader_.watermark && !cursor_reached_;
	storing_.store(*batch_, progress(), read_before);
	stored_up_to_ = cursor_at_;
}

// Rows that had to wait until all of their key were read.
void Reading::store_set_aside() {
	while (batch_->take_back(static_cast<std::size_t>(pg::settings.batch_rows),
							 static_cast<std::size_t>(pg::settings.batch_memory_kilobytes) * 1024,
							 [this](store::PendingEvent *rows, std::size_t count) { note_keys(rows, count); })) {
		store_batch();
	}
}

// Which rows have not come nobody knows: they may be before where the run, or the next one, would go on.
void Reading::read_everything_after(const Failure &fault) {
	transactions_.run([&] { store::start_again(loader_, latest_.position); });
	throw Error(fault);
}

// What has arrived belongs to the run's snapshot, in the cursor's order: it is stored, and the next connection reads on
// from there. Keys that were seen may come again for good reasons, so they are forgotten.
void Reading::go_on_after(Failure fault) {
	const std::string cause = fault.message;
	cuts_large_rows_ = cuts_large_rows_ || fault.sqlstate == sqlstate::kRowTooLarge;
	source_.reset();
	const std::optional<std::string> before = stored_up_to_at_fault_;
	if (batch_->rows() > 0) {
		store_batch();
	}
	store_set_aside();
	ordered_by_cursor_ = false;
	seen_.clear();
	batch_->read_again();
	if (stored_up_to_ != before) {
		tries_ = 0;
	}
	stored_up_to_at_fault_ = stored_up_to_;
	for (bool open = false; !open;) {
		if (tries_ == kMostTries) {
			throw Error(fault);
		}
		const pg::Deadline until =
			std::chrono::steady_clock::now() + kFirstPause * (1U << static_cast<unsigned>(tries_));
		while (pg::wait(-1, false, false, until) != pg::Woken::deadline) {
		}
		tries_++;
		try {
			reopen();
			open = true;
		} catch (const SourceFault &error) {
			fault = error.failure();
		}
	}
	transactions_.run([&] {
		store::add_note(run_.id, "resumed", 1);
		store::add_note(run_.id, "resumed_after", cause);
	});
}

// The same source, not behind what has been stored from it, and the same fields.
void Reading::reopen() {
	const std::string stored = latest_.position;
	at_source([&] {
		open();
		begin();
	});
	switch (compare_positions(stored, latest_.position_before)) {
	case Progress::behind:
		latest_.position = stored; // what has been stored is of then
		throw SourceFault(Failure{sqlstate::kStaleSource,
								  "stale_source: the source is behind what this run has read from it before",
								  "It was at " + stored + ", and is at " + latest_.position_before + ".",
								  "A replica catches up by itself. What the run has stored stays, and the next goes on "
								  "from there."});
	case Progress::other_source:
	case Progress::other_timeline:
		throw Error(sqlstate::kConnectionFailure, "the source is not what it was before the connection to it broke off",
					"It was at " + stored + ", and is at " + latest_.position_before + ".",
					"The run is tried again, and reads everything.");
	case Progress::onwards:
	case Progress::unknown:
		break;
	}
	if (!is_same_shape(at_source([&] { return source_->describe(query_); }), fields_)) {
		throw Error(sqlstate::kDatatypeMismatch, "the fields of the query have changed while it was read", {},
					"The loader's next run reads it as it is now.");
	}
}

} // namespace hyperline::loader
