#include "store/batch.hpp"

#include <algorithm>

#include "pg/jsonb.hpp"
#include "pg/relation.hpp"
#include "pg/wait.hpp"
#include "store/record.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
#include <utils/numeric.h>
}

namespace hyperline::store {

namespace {

// What a row takes in a relation beside its texts and its record.
constexpr std::size_t kRowBytes = 96;

Datum make_text(std::string_view text) {
	return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

std::string_view view_text(Datum text) {
	const auto *value = reinterpret_cast<const struct varlena *>(DatumGetPointer(text));
	return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
}

} // namespace

std::uint64_t hash_content(Datum record, std::int64_t timestamp, bool is_deleted, std::uint64_t seed) {
	return pg::hash_jsonb(record,
						  seed ^ static_cast<std::uint64_t>(timestamp) * 0x9E3779B97F4A7C15U ^ (is_deleted ? 1U : 0U));
}

Batch::Batch(BatchTarget target) : target_(std::move(target)), seed_(pg::strong_random()) {
}

void Batch::add(const std::vector<event::Event> &events, const std::vector<event::RejectedRow> &rejected,
				const std::vector<event::Token> &tokens, std::size_t bytes, const SeenBefore &seen_before) {
	correct(seen_before);
	const std::size_t first_event = events_.size();
	const std::size_t first_reject = rejected_.size();
	events_.resize(first_event + events.size());
	for (const event::RejectedRow &row : rejected) {
		rejected_.push_back(PendingReject{row.row_number,
										  row.rejection.field,
										  row.rejection.code,
										  row.rejection.message,
										  0,
										  {},
										  {},
										  0,
										  false,
										  false});
	}
	PendingEvent *pending = events_.data() + first_event;
	PendingReject *pending_reject = rejected_.data() + first_reject;
	const event::Token *token = tokens.data();
	const MemoryContext keep = context_.get();
	pg::call([&] {
		const MemoryContext scratch = AllocSetContextCreate(keep, "hyperline record", ALLOCSET_DEFAULT_SIZES);
		const MemoryContext caller = MemoryContextSwitchTo(scratch);
		RecordBuilder builder(scratch);
		for (std::size_t i = 0; i < events.size(); i++) {
			const event::Event &event = events.data()[i];
			PendingEvent &row = pending[i];
			row.record = builder.build(token + event.record.begin, token + event.record.end, keep);
			MemoryContextSwitchTo(keep);
			row.id_datum = make_text(event.id);
			row.customer_datum = make_text(event.customer_id);
			row.id = view_text(row.id_datum);
			row.customer_id = view_text(row.customer_datum);
			row.version = event.has_version ? view_text(make_text(event.version)) : std::string_view();
			MemoryContextSwitchTo(scratch);
			row.has_version = event.has_version;
			row.timestamp = event.timestamp;
			row.row_number = event.row_number;
			row.earlier = {};
			row.is_deleted = event.is_deleted;
			row.content = hash_content(row.record, row.timestamp, row.is_deleted, seed_);
			const Size size = VARSIZE(DatumGetPointer(row.record));
			if (size > pg::Relation::kLargeValue) {
				largest_ = std::max(largest_, size);
			} else {
				copied_ += size + row.id.size() + row.customer_id.size() + row.version.size() + kRowBytes;
			}
		}
		for (std::size_t i = 0; i < rejected.size(); i++) {
			const event::TokenRange range = rejected.data()[i].row;
			pending_reject[i].row = builder.build(token + range.begin, token + range.end, keep);
			copied_ += VARSIZE(DatumGetPointer(pending_reject[i].row)) + kRowBytes;
		}
		MemoryContextSwitchTo(caller);
		MemoryContextDelete(scratch);
	});
	look_up(pending, events.size(), seen_before);
	take_customers(events);
	rows_ += events.size() + rejected.size();
	bytes_ += static_cast<std::int64_t>(bytes);
	resolved_ = false;
}

void Batch::look_up(PendingEvent *rows, std::size_t count, const SeenBefore &seen_before) {
	seen_before(rows, count);
	for (std::size_t i = 0; i < count; i++) {
		any_seen_before_ = any_seen_before_ || rows[i].earlier.row != 0;
	}
}

bool Batch::take_back(std::size_t rows, std::size_t memory, const SeenBefore &seen_before) {
	if (set_aside_.empty()) {
		return false;
	}
	correct(seen_before);
	if (!taking_back_) {
		taking_back_ = true;
		set_aside_.sort();
	}
	// The rows of a key belong together, unless they are too large for memory anyway.
	const auto has_room = [&] {
		return set_aside_.at_key_boundary() ? rows_ < rows && this->memory() < memory : this->memory() < memory * 2;
	};
	while (!set_aside_.empty() && has_room()) {
		PendingEvent row = set_aside_.take(context_.get());
		look_up(&row, 1, seen_before);
		events_.push_back(row);
		const Size size = VARSIZE(DatumGetPointer(row.record));
		largest_ = size > pg::Relation::kLargeValue ? std::max(largest_, size) : largest_;
		copied_ += size > pg::Relation::kLargeValue ? 0 : size + kRowBytes;
		rows_++;
	}
	resolved_ = false;
	return true;
}

void Batch::take_customers(const std::vector<event::Event> &events) {
	for (const event::Event &event : events) {
		if (!known_.covers(event.customer_id, event.has_customer_name)) {
			known_.add(event.customer_id, event.has_customer_name);
			copied_ += event.customer_id.size() + (event.has_customer_name ? event.customer_name.size() : 0);
			customers_.push_back(NamedCustomer{std::string(event.customer_id),
											   event.has_customer_name ? std::optional<std::string>(event.customer_name)
																	   : std::nullopt});
		}
	}
}

void Batch::committed() {
	for (const std::uint32_t row : to_set_aside_) {
		set_aside_.add(events_[row]);
	}
	to_set_aside_.clear();
	if (taking_back_ && set_aside_.empty()) {
		set_aside_.clear();
		taking_back_ = false;
	}
	corrections_of_groups_ = 0;
	events_.clear();
	rejected_.clear();
	customers_.clear();
	rows_ = 0;
	bytes_ = 0;
	copied_ = 0;
	largest_ = 0;
	duplicates_ = 0;
	resolved_ = false;
	any_seen_before_ = false;
	inserted_unseen_ = false;
	context_.reset();
}

namespace {

bool identical(const PendingEvent &a, const PendingEvent &b) {
	return a.content == b.content && a.timestamp == b.timestamp && a.is_deleted == b.is_deleted &&
		   pg::identical_jsonb(a.record, b.record);
}

} // namespace

bool Batch::older(const PendingEvent &a, const PendingEvent &b) const {
	if (!target_.version_field || !b.has_version) {
		return false;
	}
	if (!a.has_version) {
		return true;
	}
	if (target_.version_order == VersionOrder::text) {
		return a.version < b.version;
	}
	const std::string left(a.version);
	const std::string right(b.version);
	return pg::call([&] {
		const auto numeric = [](const char *text) {
			return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
									   Int32GetDatum(-1));
		};
		return DatumGetBool(DirectFunctionCall2(numeric_lt, numeric(left.c_str()), numeric(right.c_str())));
	});
}

void Batch::reject_duplicate(const PendingEvent &loser, bool unless_stored) {
	rejected_.push_back(PendingReject{loser.row_number, "id", kDuplicateKey, kDuplicateMessage, loser.record, loser.id,
									  loser.customer_id, loser.timestamp, true, unless_stored});
}

void Batch::remember_instead(const PendingEvent &row, const EarlierRow &instead) {
	corrections_.push_back(Correction{std::string(row.id), std::string(row.customer_id), instead});
}

// Of the batch that was stored last; one after the other, since a later one of the same key counts.
void Batch::correct(const SeenBefore &seen_before) {
	for (const Correction &correction : corrections_) {
		PendingEvent row{};
		row.id = correction.id;
		row.customer_id = correction.customer_id;
		row.row_number = correction.instead.row;
		row.content = correction.instead.content;
		seen_before(&row, 1);
	}
	corrections_.clear();
}

// By id, customer and row. Rows are larger than what is compared of them: only their places are sorted, by the first
// eight bytes of the id, which decide nearly always.
void Batch::sort_by_key() {
	struct Place {
		std::uint64_t prefix;
		std::uint32_t row;
	};
	std::vector<Place> places(events_.size());
	for (std::size_t i = 0; i < places.size(); i++) {
		unsigned char first[sizeof(std::uint64_t)] = {};
		std::memcpy(first, events_[i].id.data(), std::min(events_[i].id.size(), sizeof(first)));
		std::uint64_t prefix = 0;
		for (const unsigned char byte : first) {
			prefix = prefix << 8U | byte;
		}
		places[i] = Place{prefix, static_cast<std::uint32_t>(i)};
	}
	std::sort(places.begin(), places.end(), [this](const Place &a, const Place &b) {
		if (a.prefix != b.prefix) {
			return a.prefix < b.prefix;
		}
		const PendingEvent &left = events_[a.row];
		const PendingEvent &right = events_[b.row];
		const int by_id = left.id.compare(right.id);
		if (by_id != 0) {
			return by_id < 0;
		}
		const int by_customer = left.customer_id.compare(right.customer_id);
		return by_customer != 0 ? by_customer < 0 : left.row_number < right.row_number;
	});
	std::vector<PendingEvent> sorted(events_.size());
	for (std::size_t i = 0; i < places.size(); i++) {
		sorted[i] = events_[places[i].row];
	}
	events_ = std::move(sorted);
}

// The rows from `first` to before `last` have one key: of each content but the winner's one is rejected, the last.
void Batch::resolve_key(std::size_t first, std::size_t last, std::size_t winner) {
	std::vector<std::size_t> contents{winner};
	for (std::size_t i = last; i-- > first;) {
		if (i == winner) {
			continue;
		}
		const bool known = std::any_of(contents.begin(), contents.end(),
									   [&](std::size_t other) { return identical(events_[i], events_[other]); });
		if (known) {
			duplicates_++;
		} else {
			contents.push_back(i);
			// What an earlier batch stored may stay, and say the same.
			reject_duplicate(events_[i], events_[first].came_before());
		}
	}
	remember_instead(events_[winner], EarlierRow{events_[winner].row_number, events_[winner].content});
	corrections_of_groups_ = corrections_.size();
}

// Of the rows of one key the one with the highest version stays, else the one read last.
void Batch::resolve_keys() {
	if (resolved_) {
		return;
	}
	resolved_ = true;
	sort_by_key();
	std::size_t kept = 0;
	for (std::size_t first = 0; first < events_.size();) {
		std::size_t last = first + 1;
		std::size_t winner = first;
		while (last < events_.size() && events_[last].id == events_[first].id &&
			   events_[last].customer_id == events_[first].customer_id) {
			winner = older(events_[last], events_[winner]) ? winner : last;
			last++;
		}
		if (last - first > 1) {
			resolve_key(first, last, winner);
		}
		// The rows of a group point at one another; only what an earlier batch held is still of interest.
		const EarlierRow earlier = events_[first].earlier;
		events_[kept] = events_[winner];
		events_[kept].earlier = earlier;
		kept++;
		first = last;
	}
	events_.resize(kept);
}

} // namespace hyperline::store
