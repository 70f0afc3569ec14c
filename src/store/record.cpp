#include "store/record.hpp"

#include <algorithm>

extern "C" {
#include <miscadmin.h>
#include <utils/jsonb.h>
}

namespace hyperline::store {

namespace {

using event::Token;
using event::TokenKind;

// What each token takes at the most: its entry, its padding and, of a number, its header.
constexpr Size kTokenBytes = 24;

bool begins(TokenKind kind) {
	return kind == TokenKind::begin_object || kind == TokenKind::begin_array;
}

bool ends(TokenKind kind) {
	return kind == TokenKind::end_object || kind == TokenKind::end_array;
}

} // namespace

// Room for `wanted` items, of which the first `used` stay.
template <typename Item>
void RecordBuilder::reserve(Item *&items, Size &room, Size wanted, Size used) {
	static_assert(std::is_trivially_copyable_v<Item>);
	if (wanted <= room) {
		return;
	}
	room = std::max({wanted, room * 2, Size{64}});
	auto *larger = static_cast<Item *>(MemoryContextAllocHuge(scratch_, room * sizeof(Item)));
	if (items != nullptr) {
		std::copy(items, items + used, larger);
		pfree(items);
	}
	items = larger;
}

// How much there is, and where containers inside the outermost one end.
void RecordBuilder::look_through(uint32 count) {
	bytes_ = count * kTokenBytes;
	ends_used_ = false;
	for (uint32 i = 0; i < count; i++) {
		bytes_ += tokens_[i].text.size();
		ends_used_ = ends_used_ || (i > 0 && begins(tokens_[i].kind));
	}
	if (!ends_used_) {
		return;
	}
	reserve(ends_, ends_room_, count, 0);
	// While a container is open, its entry names the one around it.
	uint32 open = 0;
	for (uint32 i = 0; i < count; i++) {
		if (begins(tokens_[i].kind)) {
			ends_[i] = open;
			open = i;
		} else {
			if (ends(tokens_[i].kind)) {
				const uint32 around = ends_[open];
				ends_[open] = i;
				open = around;
			}
			ends_[i] = i;
		}
	}
}

// The children of the container that begins at `begin`, onto members_; returns how many.
uint32 RecordBuilder::collect(uint32 begin) {
	const bool object = tokens_[begin].kind == TokenKind::begin_object;
	uint32 count = 0;
	for (uint32 at = begin + 1; !ends(tokens_[at].kind); count++) {
		const uint32 value = object ? at + 1 : at;
		reserve(members_, members_room_, members_used_ + 1, members_used_);
		members_[members_used_++] = Member{at, value};
		at = after(value);
	}
	return count;
}

// Sorts members by their keys; of those with one key the last stays.
void RecordBuilder::order_members(Member *first, uint32 &count) const {
	const Token *tokens = tokens_;
	const auto before = [tokens](const Member &a, const Member &b) {
		const std::string_view left = tokens[a.key].text;
		const std::string_view right = tokens[b.key].text;
		if (left == right) {
			return a.key > b.key;
		}
		return pg::jsonb_key_before(left, right);
	};
	if (!std::is_sorted(first, first + count, before)) {
		std::sort(first, first + count, before);
	}
	const auto same = [tokens](const Member &a, const Member &b) { return tokens[a.key].text == tokens[b.key].text; };
	count = static_cast<uint32>(std::unique(first, first + count, same) - first);
}

// The same for the outermost object. When its keys are the very texts of the last one, so is their order.
void RecordBuilder::order_root(uint32 &count) {
	bool same = count == root_count_;
	for (uint32 i = 0; i < count && same; i++) {
		same = tokens_[members_[i].key].text.data() == root_keys_[i];
	}
	if (same) {
		// The other half of members_ takes them in their order.
		reserve(members_, members_room_, Size{count} * 2, count);
		std::copy(members_, members_ + count, members_ + count);
		for (uint32 i = 0; i < count; i++) {
			members_[i] = members_[count + root_order_[i]];
		}
		return;
	}
	root_count_ = count;
	reserve(root_keys_, root_keys_room_, count, 0);
	reserve(root_order_, root_order_room_, count, 0);
	for (uint32 i = 0; i < count; i++) {
		root_keys_[i] = tokens_[members_[i].key].text.data();
		root_order_[i] = members_[i].key; // where it came, until its place is known
	}
	order_members(members_, count);
	if (count != root_count_) {
		root_count_ = 0; // a key was there twice: never a query's row
		return;
	}
	uint32 *const came = root_order_;
	reserve(members_, members_room_, Size{count} * 2, count);
	for (uint32 i = 0; i < count; i++) {
		const uint32 key = members_[i].key;
		members_[count + i].value = static_cast<uint32>(std::lower_bound(came, came + count, key) - came);
	}
	for (uint32 i = 0; i < count; i++) {
		came[i] = members_[count + i].value;
	}
}

// Writes the container that begins at `begin` and all that is in it.
RecordBuilder::Container RecordBuilder::write_children(uint32 begin) {
	check_stack_depth();
	const Size base = members_used_;
	uint32 count = collect(begin);
	if (tokens_[begin].kind == TokenKind::begin_array) {
		Container container = writer_.open_array(count);
		for (uint32 i = 0; i < count; i++) {
			write_value(container, members_[base + i].value);
		}
		members_used_ = base;
		return container;
	}
	if (base == 0) {
		order_root(count);
	} else {
		order_members(members_ + base, count);
	}
	Container container = writer_.open_object(count);
	for (uint32 i = 0; i < count; i++) {
		writer_.string(container, tokens_[members_[base + i].key].text);
	}
	for (uint32 i = 0; i < count; i++) {
		write_value(container, members_[base + i].value);
	}
	members_used_ = base;
	return container;
}

void RecordBuilder::write_value(Container &in, uint32 value) {
	const Token &token = tokens_[value];
	switch (token.kind) {
	case TokenKind::string:
		writer_.string(in, token.text);
		break;
	case TokenKind::number:
		writer_.number(in, token.text);
		break;
	case TokenKind::boolean:
		writer_.boolean(in, token.text == "true");
		break;
	case TokenKind::begin_object:
	case TokenKind::begin_array:
		writer_.close(in, write_children(value));
		break;
	default:
		writer_.null(in);
		break;
	}
}

Datum RecordBuilder::build(const Token *token, const Token *end, MemoryContext keep) {
	tokens_ = token;
	members_used_ = 0;
	look_through(static_cast<uint32>(end - token));
	writer_.begin(bytes_, keep);
	write_children(0);
	return writer_.finish();
}

std::string record_text(const std::vector<Token> &tokens, event::TokenRange range) {
	const Token *first = tokens.data();
	const char *text = pg::call([&]() -> const char * {
		RecordBuilder builder(CurrentMemoryContext);
		Jsonb *document = DatumGetJsonbP(builder.build(first + range.begin, first + range.end, CurrentMemoryContext));
		return JsonbToCString(nullptr, &document->root, VARSIZE(document));
	});
	return std::string(text);
}

} // namespace hyperline::store
