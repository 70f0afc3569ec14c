#include "store/batch.hpp"

#include <algorithm>
#include <unordered_map>

#include "pg/jsonb.hpp"
#include "store/record.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
#include <utils/numeric.h>
}

namespace hyperline::store {

namespace {

Datum make_text(std::string_view text) {
	return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

std::string_view view_text(Datum text) {
	const auto *value = reinterpret_cast<const struct varlena *>(DatumGetPointer(text));
	return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
}

// What building a jsonb leaves behind goes with the scratch context; the finished document is copied out of it.
Datum keep_record(const event::Token *begin, const event::Token *end, MemoryContext scratch, MemoryContext keep) {
	MemoryContextSwitchTo(scratch);
	const Datum made = make_record(begin, end);
	const auto *document = reinterpret_cast<const struct varlena *>(DatumGetPointer(made));
	const Size size = VARSIZE(document);
	void *copy = MemoryContextAllocHuge(keep, size);
	std::memcpy(copy, document, size);
	MemoryContextReset(scratch);
	return PointerGetDatum(copy);
}

} // namespace

Batch::Batch(BatchTarget target) : target_(std::move(target)) {
}

void Batch::add(const std::vector<event::Event> &events, const std::vector<event::RejectedRow> &rejected,
				const std::vector<event::Token> &tokens, std::size_t bytes, const SeenBefore &seen_before) {
	const std::size_t first_event = events_.size();
	const std::size_t first_reject = rejected_.size();
	events_.resize(first_event + events.size());
	for (const event::RejectedRow &row : rejected) {
		rejected_.push_back(PendingReject{
			row.row_number, row.rejection.field, row.rejection.code, row.rejection.message, 0, {}, {}, 0, false});
	}
	PendingEvent *pending = events_.data() + first_event;
	PendingReject *pending_reject = rejected_.data() + first_reject;
	const event::Token *token = tokens.data();
	const MemoryContext keep = context_.get();
	pg::call([&] {
		const MemoryContext scratch = AllocSetContextCreate(keep, "hyperline record", ALLOCSET_DEFAULT_SIZES);
		for (std::size_t i = 0; i < events.size(); i++) {
			const event::Event &event = events.data()[i];
			PendingEvent &row = pending[i];
			row.record = keep_record(token + event.record.begin, token + event.record.end, scratch, keep);
			MemoryContextSwitchTo(keep);
			row.id_datum = make_text(event.id);
			row.customer_datum = make_text(event.customer_id);
			row.id = view_text(row.id_datum);
			row.customer_id = view_text(row.customer_datum);
			row.version = event.has_version ? view_text(make_text(event.version)) : std::string_view();
			row.has_version = event.has_version;
			row.timestamp = event.timestamp;
			row.row_number = event.row_number;
			row.earlier_row = 0;
			row.is_deleted = event.is_deleted;
		}
		for (std::size_t i = 0; i < rejected.size(); i++) {
			const event::TokenRange range = rejected.data()[i].row;
			pending_reject[i].row = keep_record(token + range.begin, token + range.end, scratch, keep);
		}
		MemoryContextDelete(scratch);
	});
	for (std::size_t i = 0; i < events.size(); i++) {
		pending[i].earlier_row = seen_before(pending[i].id, pending[i].customer_id, pending[i].row_number);
		const event::Event &event = events[i];
		if (!known_.covers(event.customer_id, event.has_customer_name)) {
			known_.add(event.customer_id, event.has_customer_name);
			customers_.push_back(NamedCustomer{std::string(event.customer_id),
											   event.has_customer_name ? std::optional<std::string>(event.customer_name)
																	   : std::nullopt});
		}
	}
	rows_ += events.size() + rejected.size();
	bytes_ += static_cast<std::int64_t>(bytes);
	resolved_ = false;
}

void Batch::committed() {
	events_.clear();
	rejected_.clear();
	customers_.clear();
	rows_ = 0;
	bytes_ = 0;
	duplicates_ = 0;
	resolved_ = false;
	context_.reset();
}

namespace {

bool identical(const PendingEvent &a, const PendingEvent &b) {
	return a.timestamp == b.timestamp && a.is_deleted == b.is_deleted && pg::identical_jsonb(a.record, b.record);
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

void Batch::reject_duplicate(const PendingEvent &loser, const std::string &code, const std::string &message) {
	rejected_.push_back(PendingReject{loser.row_number, "id", code, message, loser.record, loser.id, loser.customer_id,
									  loser.timestamp, true});
}

// Of the rows of one key the one with the highest version stays, else the one read last. The others are duplicates when
// they say the same, and rejected when they do not.
void Batch::resolve_keys() {
	if (resolved_) {
		return;
	}
	resolved_ = true;
	std::sort(events_.begin(), events_.end(), [](const PendingEvent &a, const PendingEvent &b) {
		const int by_id = a.id.compare(b.id);
		if (by_id != 0) {
			return by_id < 0;
		}
		const int by_customer = a.customer_id.compare(b.customer_id);
		return by_customer != 0 ? by_customer < 0 : a.row_number < b.row_number;
	});
	std::size_t kept = 0;
	for (std::size_t first = 0; first < events_.size();) {
		std::size_t last = first + 1;
		std::size_t winner = first;
		while (last < events_.size() && events_[last].id == events_[first].id &&
			   events_[last].customer_id == events_[first].customer_id) {
			winner = older(events_[last], events_[winner]) ? winner : last;
			last++;
		}
		for (std::size_t i = first; i < last; i++) {
			if (i == winner) {
				continue;
			}
			if (identical(events_[i], events_[winner])) {
				duplicates_++;
			} else {
				reject_duplicate(events_[i], kDuplicateKey, kDuplicateMessage);
			}
		}
		// The rows of a group point at one another; only what an earlier batch held is still of interest.
		const std::uint64_t earlier = events_[first].earlier_row;
		events_[kept] = events_[winner];
		events_[kept].earlier_row = earlier;
		kept++;
		first = last;
	}
	events_.resize(kept);
}

} // namespace hyperline::store
