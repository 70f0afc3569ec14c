// Writing a jsonb document straight into its stored form, and comparing two. Calls PostgreSQL without a gate of its
// own: only inside one, since it runs for every value of every row.
//
// The form is that of utils/jsonb.h, which tables on disk have had since 9.4: pushJsonbValue() and JsonbValueToJsonb()
// make the same bytes, by way of a tree of values, in four times the time.
#pragma once

#include <cstdint>
#include <string_view>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// Writes documents, one after the other, into a buffer that it keeps. Trivially destructible, so that an ERROR may
/// pass over it: its memory goes with the context. Raises 54000 for what a jsonb cannot hold.
class JsonbWriter {
public:
	/// An object or an array that is being written. Its children come in order: of an object all keys, then all values.
	struct Container {
		Size start;	  ///< where it begins, before its padding
		Size entries; ///< its JEntries
		Size data;	  ///< where its children's data begins
		uint32 next;  ///< the child that comes next
	};

	/// `scratch` has to live as long as the writer.
	explicit JsonbWriter(MemoryContext scratch) : scratch_(scratch) {}

	/// Begins a document of about `bytes`, which is made in `keep`. Only numbers may make it longer.
	void begin(Size bytes, MemoryContext keep);
	/// `members` keys, sorted by jsonb_key_before(), each once.
	Container open_object(uint32 members) { return open(members * 2, members, true); }
	Container open_array(uint32 elements) { return open(elements, elements, false); }
	void string(Container &in, std::string_view text);
	/// `digits`: a JSON number that numeric can hold.
	void number(Container &in, std::string_view digits);
	void boolean(Container &in, bool value);
	void null(Container &in);
	/// Adds a container to the one that it was opened in, when all its children are written.
	void close(Container &in, const Container &child);
	/// The document. Call when all of the outermost container's children are written.
	Datum finish();

private:
	Container open(uint32 entries, uint32 count, bool object);
	void make_room(Size bytes);
	void pad();
	void add_entry(Container &in, uint32 type, Size length);

	MemoryContext scratch_;
	MemoryContext keep_ = nullptr;
	char *reused_ = nullptr; // in scratch_
	Size reused_size_ = 0;
	char *buffer_ = nullptr; // that, or of a large document its own, in keep_
	Size capacity_ = 0;
	Size length_ = 0;
};

/// The order of the keys of an object: the shorter first, else byte by byte.
inline bool jsonb_key_before(std::string_view a, std::string_view b) {
	return a.size() != b.size() ? a.size() < b.size() : a < b;
}

/// Whether two jsonb are the same byte for byte, so that 1.0 and 1.00 differ, as they do for who reads them.
bool identical_jsonb(Datum left, Datum right);

/// A hash of all of its bytes, so that identical ones have the same.
std::uint64_t hash_jsonb(Datum document, std::uint64_t seed);

} // namespace hyperline::pg
