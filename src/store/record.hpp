// A record as jsonb, from the tokens that event/ made of it: one builder for what is stored and for what is previewed.
#pragma once

#include <string>
#include <vector>

#include "event/event.hpp"
#include "pg/gate.hpp"
#include "pg/jsonb.hpp"

namespace hyperline::store {

/// Builds records, one after the other. Trivially destructible, so that an ERROR may pass over it.
class RecordBuilder {
public:
	/// `scratch` has to live as long as the builder.
	explicit RecordBuilder(MemoryContext scratch) : scratch_(scratch), writer_(scratch) {}

	/// The jsonb of a document, an object or an array, made in `keep`. Calls PostgreSQL: only inside a gate.
	Datum build(const event::Token *token, const event::Token *end, MemoryContext keep);

private:
	using Container = pg::JsonbWriter::Container;
	/// A child of a container, or a member with its key: the numbers of their tokens.
	struct Member {
		uint32 key;
		uint32 value;
	};

	void look_through(uint32 count);
	[[nodiscard]] uint32 after(uint32 value) const { return ends_used_ ? ends_[value] + 1 : value + 1; }
	uint32 collect(uint32 begin);
	void order_members(Member *first, uint32 &count) const;
	void order_root(uint32 &count);
	Container write_children(uint32 begin);
	void write_value(Container &in, uint32 value);
	template <typename Item>
	void reserve(Item *&items, Size &room, Size wanted, Size used);

	MemoryContext scratch_;
	pg::JsonbWriter writer_;
	const event::Token *tokens_ = nullptr;
	Size bytes_ = 0;		 // what the document takes, from above, but for large numbers
	uint32 *ends_ = nullptr; // of each token that begins a container: the one that ends it
	Size ends_room_ = 0;
	bool ends_used_ = false;	// false: the document has one container
	Member *members_ = nullptr; // of the containers that are being written, the innermost last
	Size members_room_ = 0;
	Size members_used_ = 0;
	// The members of the last document's outermost object, as they came, and their order: a query's rows have one.
	const char **root_keys_ = nullptr;
	uint32 *root_order_ = nullptr;
	Size root_keys_room_ = 0;
	Size root_order_room_ = 0;
	uint32 root_count_ = 0;
};

/// A document as the text that PostgreSQL prints for it. Throws pg::Error for what jsonb cannot hold.
std::string record_text(const std::vector<event::Token> &tokens, event::TokenRange range);

} // namespace hyperline::store
