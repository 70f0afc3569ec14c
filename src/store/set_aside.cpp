#include "store/set_aside.hpp"

#include <algorithm>
#include <cstring>

#include "pg/gate.hpp"

extern "C" {
#include <utils/builtins.h>
}

namespace hyperline::store {

namespace {

// Before the row's texts and its record.
struct Header {
	std::uint64_t row_number;
	std::uint64_t content;
	std::int64_t timestamp;
	std::uint32_t id;
	std::uint32_t customer_id;
	std::uint32_t version;
	std::uint32_t record;
	bool is_deleted;
	bool has_version;
};

std::string_view view_text(Datum text) {
	const auto *value = reinterpret_cast<const struct varlena *>(DatumGetPointer(text));
	return {VARDATA_ANY(value), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(value))};
}

} // namespace

void SetAside::add(const PendingEvent &row) {
	Header header{};
	header.row_number = row.row_number;
	header.content = row.content;
	header.timestamp = row.timestamp;
	header.id = static_cast<std::uint32_t>(row.id.size());
	header.customer_id = static_cast<std::uint32_t>(row.customer_id.size());
	header.version = static_cast<std::uint32_t>(row.version.size());
	header.record = VARSIZE(DatumGetPointer(row.record));
	header.is_deleted = row.is_deleted;
	header.has_version = row.has_version;
	buffer_.assign(reinterpret_cast<const char *>(&header), sizeof(header));
	buffer_.append(row.id).append(row.customer_id).append(row.version);
	if (!file_) {
		file_ = std::make_unique<pg::TempFile>();
	}
	file_->append(buffer_.data(), buffer_.size());
	file_->append(DatumGetPointer(row.record), header.record);
	const std::hash<std::string_view> hash;
	places_.push_back(Place{hash(row.id) * 31 + hash(row.customer_id), row.row_number, size_});
	size_ += buffer_.size() + header.record;
}

void SetAside::sort() {
	std::sort(places_.begin(), places_.end(),
			  [](const Place &a, const Place &b) { return a.key != b.key ? a.key < b.key : a.row < b.row; });
}

PendingEvent SetAside::take(MemoryContext keep) {
	const std::uint64_t offset = places_[next_++].offset;
	Header header{};
	file_->read(offset, &header, sizeof(header));
	const std::size_t texts = header.id + header.customer_id + header.version;
	buffer_.resize(texts);
	file_->read(offset + sizeof(header), buffer_.data(), texts);
	PendingEvent row{};
	row.row_number = header.row_number;
	row.content = header.content;
	row.timestamp = header.timestamp;
	row.is_deleted = header.is_deleted;
	row.has_version = header.has_version;
	const char *text = buffer_.data();
	pg::call([&] {
		const MemoryContext caller = MemoryContextSwitchTo(keep);
		row.id_datum = PointerGetDatum(cstring_to_text_with_len(text, static_cast<int>(header.id)));
		row.customer_datum =
			PointerGetDatum(cstring_to_text_with_len(text + header.id, static_cast<int>(header.customer_id)));
		const Datum version = PointerGetDatum(
			cstring_to_text_with_len(text + header.id + header.customer_id, static_cast<int>(header.version)));
		row.version = view_text(version);
		row.record = PointerGetDatum(MemoryContextAllocHuge(keep, header.record));
		MemoryContextSwitchTo(caller);
	});
	row.id = view_text(row.id_datum);
	row.customer_id = view_text(row.customer_datum);
	file_->read(offset + sizeof(header) + texts, DatumGetPointer(row.record), header.record);
	return row;
}

void SetAside::clear() {
	places_.clear();
	next_ = 0;
	file_.reset();
	size_ = 0;
}

} // namespace hyperline::store
