#include "loader/reading.hpp"

#include <algorithm>

#include "loader/position.hpp"
#include "loader/source_access.hpp"
#include "loader/spill.hpp"
#include "pg/settings.hpp"
#include "source/query_text.hpp"

namespace hyperline::loader {

namespace {

// Keys that a run remembers in memory before it uses a temporary file.
constexpr std::size_t kSeenKeysInMemory = std::size_t{1} << 20;

} // namespace

Reading::Reading(const store::Run &run, const store::Loader &loader, const store::Connection &connection,
				 pg::Transactions &transactions)
	: run_(run), loader_(loader), connection_(connection), transactions_(transactions),
	  seen_(kSeenKeysInMemory, open_spill), storing_(run.id, loader, transactions) {
}

void Reading::open() {
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

void Reading::refuse_stale_source(const source::Snapshot &snapshot) {
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

namespace {

const source::Field *find_field(const std::vector<source::Field> &fields, const std::string &name) {
	for (const source::Field &field : fields) {
		if (field.name == name) {
			return &field;
		}
	}
	return nullptr;
}

} // namespace

store::Success Reading::read_and_store() {
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
		storing_.store(*batch_, cursor_reached_);
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

void Reading::read(const source::ReadPlan &plan) {
	source_->read(plan);
	source::Chunk chunk;
	while (source_->next(chunk)) {
		take_in(chunk);
	}
}

// Rows go in pieces, so that a batch closes at its size and not at that of what happened to arrive together.
void Reading::take_in(const source::Chunk &chunk) {
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
					[this](store::PendingEvent *rows, std::size_t count) { note_keys(rows, count); });
		note_cursor();
		if (full()) {
			storing_.store(*batch_, cursor_reached_);
		}
	}
}

void Reading::note_keys(store::PendingEvent *rows, std::size_t count) {
	keys_.clear();
	for (std::size_t i = 0; i < count; i++) {
		keys_.push_back(SeenKeys::Key{rows[i].id, rows[i].customer_id, rows[i].row_number, 0});
	}
	seen_.remember(keys_);
	for (std::size_t i = 0; i < count; i++) {
		rows[i].earlier_row = keys_[i].earlier_row;
	}
}

// Rows come in the cursor's order, less the lookback: what stands before the watermark does not move it.
void Reading::note_cursor() {
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

bool Reading::full() const {
	return batch_->rows() >= static_cast<std::size_t>(pg::settings.batch_rows) ||
		   batch_->memory() >= static_cast<std::size_t>(pg::settings.batch_memory_kilobytes) * 1024;
}

} // namespace hyperline::loader
