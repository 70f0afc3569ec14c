#include "pg/jsonb.hpp"

extern "C" {
#include <common/hashfn.h>
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
#include <utils/jsonb.h>
#include <utils/numeric.h>
}

namespace hyperline::pg {

namespace {

// Larger ones are made where they stay: two of them at a time would be too much.
constexpr Size kLargeDocument = Size{1} << 20;

// Most numbers have few digits and no exponent, and those need no parser. Digits without the point, and how many of
// them stand behind it.
bool is_short_decimal(std::string_view text, int64 &value, int &scale) {
	constexpr std::size_t kMostDigits = 18; // of an int64
	const bool negative = !text.empty() && text.front() == '-';
	const std::size_t first = negative ? 1 : 0;
	if (text.size() == first || text.size() - first > kMostDigits) {
		return false;
	}
	value = 0;
	scale = 0;
	bool after_point = false;
	for (std::size_t i = first; i < text.size(); i++) {
		if (text[i] == '.' && !after_point) {
			after_point = true;
			continue;
		}
		if (text[i] < '0' || text[i] > '9') {
			return false;
		}
		value = value * 10 + (text[i] - '0');
		scale += after_point ? 1 : 0;
	}
	if (negative) {
		value = -value;
	}
	return true;
}

Numeric make_numeric(std::string_view digits) {
	int64 value = 0;
	int scale = 0;
	if (is_short_decimal(digits, value, scale)) {
		return scale == 0 ? int64_to_numeric(value) : int64_div_fast_to_numeric(value, scale);
	}
	char buffer[128];
	char *text = digits.size() < sizeof(buffer) ? buffer : static_cast<char *>(palloc(digits.size() + 1));
	std::memcpy(text, digits.data(), digits.size());
	text[digits.size()] = '\0';
	const Datum numeric =
		DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	if (text != buffer) {
		pfree(text);
	}
	return DatumGetNumeric(numeric);
}

} // namespace

void JsonbWriter::begin(Size bytes, MemoryContext keep) {
	const Size wanted = bytes + VARHDRSZ;
	keep_ = keep;
	length_ = VARHDRSZ; // the length comes last
	if (wanted > kLargeDocument) {
		capacity_ = wanted;
		buffer_ = static_cast<char *>(MemoryContextAllocHuge(keep, wanted));
		return;
	}
	if (wanted > reused_size_) {
		if (reused_ != nullptr) {
			pfree(reused_);
		}
		reused_size_ = Max(wanted, Size{8192});
		reused_ = static_cast<char *>(MemoryContextAlloc(scratch_, reused_size_));
	}
	buffer_ = reused_;
	capacity_ = reused_size_;
}

void JsonbWriter::make_room(Size bytes) {
	if (length_ + bytes <= capacity_) {
		return;
	}
	const bool reused = buffer_ == reused_;
	capacity_ = Max(capacity_ * 2, length_ + bytes);
	buffer_ = static_cast<char *>(repalloc_huge(buffer_, capacity_));
	if (reused) {
		reused_ = buffer_;
		reused_size_ = capacity_;
	}
}

// Numbers and containers are aligned to an int; the padding counts as theirs.
void JsonbWriter::pad() {
	const Size padded = INTALIGN(length_);
	make_room(padded - length_);
	while (length_ < padded) {
		buffer_[length_++] = '\0';
	}
}

JsonbWriter::Container JsonbWriter::open(uint32 entries, uint32 count, bool object) {
	if (count > JB_CMASK / 2) {
		elog(ERROR, "a jsonb container has too many children");
	}
	Container container{length_, 0, 0, 0};
	pad();
	const uint32 header = count | (object ? JB_FOBJECT : JB_FARRAY);
	make_room(sizeof(header) + entries * sizeof(JEntry));
	std::memcpy(buffer_ + length_, &header, sizeof(header));
	container.entries = length_ + sizeof(header);
	container.data = container.entries + entries * sizeof(JEntry);
	length_ = container.data;
	return container;
}

// Every JB_OFFSET_STRIDEth entry says where its child ends, the others how long theirs is.
void JsonbWriter::add_entry(Container &in, uint32 type, Size length) {
	const Size end = length_ - in.data;
	if (end > JENTRY_OFFLENMASK) {
		elog(ERROR, "a jsonb container has more than %u bytes", JENTRY_OFFLENMASK); // the row would have been rejected
	}
	const bool by_offset = in.next % JB_OFFSET_STRIDE == 0;
	const JEntry entry = type | static_cast<uint32>(by_offset ? end | JENTRY_HAS_OFF : length);
	std::memcpy(buffer_ + in.entries + in.next * sizeof(JEntry), &entry, sizeof(entry));
	in.next++;
}

void JsonbWriter::string(Container &in, std::string_view text) {
	make_room(text.size());
	if (!text.empty()) {
		std::memcpy(buffer_ + length_, text.data(), text.size());
	}
	length_ += text.size();
	add_entry(in, JENTRY_ISSTRING, text.size());
}

void JsonbWriter::number(Container &in, std::string_view digits) {
	const Size start = length_;
	const Numeric numeric = make_numeric(digits);
	const Size size = VARSIZE_ANY(numeric);
	pad();
	make_room(size);
	std::memcpy(buffer_ + length_, numeric, size);
	length_ += size;
	pfree(numeric);
	add_entry(in, JENTRY_ISNUMERIC, length_ - start);
}

void JsonbWriter::boolean(Container &in, bool value) {
	add_entry(in, value ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE, 0);
}

void JsonbWriter::null(Container &in) {
	add_entry(in, JENTRY_ISNULL, 0);
}

void JsonbWriter::close(Container &in, const Container &child) {
	add_entry(in, JENTRY_ISCONTAINER, length_ - child.start);
}

Datum JsonbWriter::finish() {
	SET_VARSIZE(buffer_, length_);
	if (buffer_ != reused_) {
		char *document = static_cast<char *>(repalloc_huge(buffer_, length_));
		buffer_ = nullptr;
		return PointerGetDatum(document);
	}
	char *document = static_cast<char *>(MemoryContextAllocHuge(keep_, length_));
	std::memcpy(document, buffer_, length_);
	return PointerGetDatum(document);
}

bool identical_jsonb(Datum left, Datum right) {
	const Jsonb *a = DatumGetJsonbP(left);
	const Jsonb *b = DatumGetJsonbP(right);
	const bool same = VARSIZE(a) == VARSIZE(b) && std::memcmp(VARDATA(a), VARDATA(b), VARSIZE(a) - VARHDRSZ) == 0;
	if (DatumGetPointer(left) != reinterpret_cast<const char *>(a)) {
		pfree(const_cast<Jsonb *>(a));
	}
	if (DatumGetPointer(right) != reinterpret_cast<const char *>(b)) {
		pfree(const_cast<Jsonb *>(b));
	}
	return same;
}

std::uint64_t hash_jsonb(Datum document, std::uint64_t seed) {
	const Jsonb *value = DatumGetJsonbP(document);
	const std::uint64_t hash = hash_bytes_extended(reinterpret_cast<const unsigned char *>(VARDATA(value)),
												   static_cast<int>(VARSIZE(value) - VARHDRSZ), seed);
	if (DatumGetPointer(document) != reinterpret_cast<const char *>(value)) {
		pfree(const_cast<Jsonb *>(value));
	}
	return hash;
}

} // namespace hyperline::pg
