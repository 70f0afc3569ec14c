#include "loader/dry_run.hpp"

#include <algorithm>
#include <memory>

#include "event/mapper.hpp"
#include "loader/plain_errors.hpp"
#include "loader/position.hpp"
#include "loader/read_plan.hpp"
#include "loader/seen_keys.hpp"
#include "loader/source_access.hpp"
#include "loader/spill.hpp"
#include "pg/background.hpp"
#include "pg/quote.hpp"
#include "pg/rights.hpp"
#include "pg/wait.hpp"
#include "store/connections.hpp"
#include "store/names.hpp"
#include "store/record.hpp"
#include "store/rejected.hpp"
#include "store/weighing.hpp"
#include "store/writer.hpp"

namespace hyperline::loader {

namespace {

constexpr std::int64_t kMostRejects = 10'000;

// No run has this number, so that no event is one of its own.
constexpr std::int64_t kNoRun = -1;

class Rehearsal {
public:
	/// `reader`: as whom it looks for what is stored.
	Rehearsal(const store::Connection &connection, store::Loader loader, Oid reader, std::size_t max_rejects,
			  bool cuts_large_rows)
		: connection_(connection), loader_(std::move(loader)), reader_(reader), max_rejects_(max_rejects),
		  cuts_large_rows_(cuts_large_rows), weighing_(max_rejects > 0),
		  seen_(kSeenKeysInMemory, open_spill, {pg::strong_random(), pg::strong_random()}) {}

	DryRun carry_out();

private:
	void compare_with_last_run(const source::Snapshot &snapshot);
	void describe(const source::Query &query);
	void read(source::ReadPlan &plan);
	void take_in(const source::Chunk &chunk);
	void note_keys(const store::PendingEvent *rows, std::size_t count);
	void list_rejects();
	void weigh();

	const store::Connection &connection_;
	store::Loader loader_;
	Oid reader_;
	std::size_t max_rejects_; // to list
	bool cuts_large_rows_;
	std::unique_ptr<source::Source> source_;
	std::vector<source::Field> fields_;
	std::unique_ptr<event::Mapper> mapper_;
	store::VersionOrder order_ = store::VersionOrder::text;
	event::Output mapped_;
	std::unique_ptr<store::Batch> batch_;
	store::Weighing weighing_;
	SeenKeys seen_;
	std::vector<SeenKeys::Key> keys_;
	bool any_twice_ = false;
	std::uint64_t rows_ = 0;
	DryRun result_;
};

// As a run does.
void Rehearsal::compare_with_last_run(const source::Snapshot &snapshot) {
	if (!loader_.source_position) {
		return;
	}
	switch (compare_positions(*loader_.source_position, snapshot.position_before)) {
	case Progress::behind:
		throw stale_source(loader_.name, *loader_.source_position, snapshot.position_before);
	case Progress::other_source:
	case Progress::other_timeline:
		loader_.watermark.reset();
		loader_.last_refreshed_at.reset();
		break;
	case Progress::onwards:
	case Progress::unknown:
		break;
	}
}

void Rehearsal::describe(const source::Query &query) {
	fields_ = source_->describe(query);
	mapper_ = std::make_unique<event::Mapper>(
		fields_, event::MappingOptions{loader_.version_field.value_or(""), loader_.cursor_field.value_or("")});
	order_ = mapper_->version_class() == event::VersionClass::number ? store::VersionOrder::number
																	 : store::VersionOrder::text;
	store::BatchTarget target;
	target.run_id = kNoRun;
	target.loader = loader_.name;
	target.event_type = loader_.event_type;
	target.version_field = loader_.version_field;
	target.version_order = order_;
	batch_ = std::make_unique<store::Batch>(target);
}

DryRun Rehearsal::carry_out() {
	source_ = open_source(connection_);
	const source::Snapshot snapshot = source_->begin();
	compare_with_last_run(snapshot);
	source::Query query = query_of(loader_, Since::last_run);
	describe(query);
	const Start start = start_of(loader_, order_of_cursor(loader_, fields_), snapshot);
	if (start.reads_late) {
		query = query_of(loader_, Since::ever);
	}
	source::ReadPlan plan = plan_of(query, loader_, fields_, start);
	if (loader_.cursor_field) {
		plan.rows = source::ReadPlan::Rows::without_cursor;
		read(plan);
		plan.rows = source::ReadPlan::Rows::from_cursor;
	}
	read(plan);
	weigh();
	source_->end();
	result_.counts = weighing_.finish(order_, any_twice_, static_cast<std::int64_t>(max_rejects_));
	for (const store::WeighedReject &reject : weighing_.rejects()) {
		result_.rejects.push_back(
			DryReject{reject.row_number, "id", store::kDuplicateKey, store::kDuplicateMessage, reject.row});
	}
	std::sort(result_.rejects.begin(), result_.rejects.end(),
			  [](const DryReject &a, const DryReject &b) { return a.row_number < b.row_number; });
	result_.rejects.resize(std::min(result_.rejects.size(), max_rejects_));
	return std::move(result_);
}

void Rehearsal::read(source::ReadPlan &plan) {
	plan.rows_before = rows_;
	plan.cuts_large_rows = cuts_large_rows_;
	source_->read(plan);
	source::Chunk chunk;
	while (source_->next(chunk)) {
		take_in(chunk);
	}
}

void Rehearsal::take_in(const source::Chunk &chunk) {
	for (std::size_t first = 0; first < chunk.rows.size();) {
		const std::size_t last = std::min(first + room_in(*batch_), chunk.rows.size());
		std::size_t bytes = 0;
		mapped_.clear();
		for (; first < last; first++) {
			mapper_->map(chunk.rows[first], mapped_);
			bytes += chunk.rows[first].bytes;
			rows_ = chunk.rows[first].number;
		}
		list_rejects();
		batch_->add(mapped_.events, mapped_.rejected, mapped_.tokens, bytes,
					[this](store::PendingEvent *rows, std::size_t count) { note_keys(rows, count); });
		if (is_full(*batch_)) {
			weigh();
		}
	}
}

// Only whether some key comes again is of interest.
void Rehearsal::note_keys(const store::PendingEvent *rows, std::size_t count) {
	if (any_twice_) {
		return;
	}
	keys_.clear();
	for (std::size_t i = 0; i < count; i++) {
		keys_.push_back(SeenKeys::Key{rows[i].id, rows[i].customer_id, rows[i].row_number, 0, 0, 0});
	}
	seen_.remember(keys_);
	any_twice_ = std::any_of(keys_.begin(), keys_.end(), [](const SeenKeys::Key &key) { return key.earlier_row != 0; });
	if (any_twice_) {
		seen_.clear();
	}
}

void Rehearsal::list_rejects() {
	for (const event::RejectedRow &row : mapped_.rejected) {
		if (result_.rejects.size() >= max_rejects_) {
			return;
		}
		result_.rejects.push_back(DryReject{static_cast<std::int64_t>(row.row_number), row.rejection.field,
											row.rejection.code, row.rejection.message,
											store::record_text(mapped_.tokens, row.row)});
	}
}

void Rehearsal::weigh() {
	batch_->weigh(weighing_, reader_);
	batch_->committed();
}

DryRun rehearse(const store::Connection &connection, const store::Loader &loader, Oid reader, std::size_t max_rejects) {
	return with_plain_errors([&] {
		return read_cut_if_needed([&](bool cuts_large_rows) {
			return Rehearsal(connection, loader, reader, max_rejects, cuts_large_rows).carry_out();
		});
	});
}

std::size_t checked(std::optional<std::int64_t> max_rejects) {
	const std::int64_t rows = max_rejects.value_or(0);
	if (rows > kMostRejects || (max_rejects && rows < 1)) {
		throw Error(sqlstate::kInvalidParameterValue, "max_rows must be between 1 and 10000",
					"It is " + std::to_string(rows) + ".",
					"Give how many rows to list; dry_run_query() and dry_run_loader() count them all.");
	}
	return static_cast<std::size_t>(rows);
}

} // namespace

DryRun dry_run_query(const std::string &connection, const std::string &event_type, const std::string &query,
					 std::optional<std::int64_t> max_rejects) {
	const std::size_t listed = checked(max_rejects);
	store::check_name("event type", event_type);
	store::Loader loader;
	loader.event_type = event_type;
	loader.query = query;
	return rehearse(store::find_connection(connection), loader, store::find_reader(), listed);
}

DryRun dry_run_loader(const std::string &name, std::optional<std::int64_t> max_rejects) {
	const std::size_t listed = checked(max_rejects);
	const store::Loader loader = store::find_loader(name);
	const Oid writer = store::Writer().find(loader);
	DryRun result = rehearse(store::get_connection(loader.connection_id), loader, writer, listed);
	if (!max_rejects && result.counts.rejected > loader.max_rejected) {
		pg::warn("the next run would fail, since it would reject too many rows",
				 "It would reject " + store::count_of_rows(result.counts.rejected) + ", and max_rejected is " +
					 std::to_string(loader.max_rejected) + ". What it has stored until then stays." +
					 (loader.cursor_field && loader.watermark
						  ? " Rows before the watermark that were rejected already do not count."
						  : ""),
				 "Look at them: SELECT * FROM hyperline.dry_run_rejects(" + pg::quote_literal(name) +
					 "). Mend the query or the source's data, or let the loader "
					 "reject more: hyperline.alter_loader(" +
					 pg::quote_literal(name) + ", max_rejected => ...).");
	}
	return result;
}

} // namespace hyperline::loader
