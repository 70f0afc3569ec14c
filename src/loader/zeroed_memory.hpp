// An allocator for a large table whose items are free while they are all zero: it comes zeroed from the kernel, page by
// page as it is used, and is not written to before.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace hyperline::loader {

template <typename Item>
struct ZeroedMemory {
	static_assert(std::is_trivially_copyable_v<Item> && alignof(Item) <= alignof(std::max_align_t));
	using value_type = Item;

	/// Throws std::bad_alloc.
	[[nodiscard]] Item *allocate(std::size_t count) {
		void *memory = std::calloc(count, sizeof(Item)); // it checks the product
		if (memory == nullptr) {
			throw std::bad_alloc();
		}
		return static_cast<Item *>(memory);
	}
	void deallocate(Item *items, std::size_t /* count */) noexcept { std::free(items); }

	/// An item without a value is left as it came. Only for vectors that are made in one piece: memory that is used
	/// again would not be zero.
	void construct(Item * /* item */) noexcept {}
	template <typename Value>
	void construct(Item *item, Value &&value) {
		std::construct_at(item, std::forward<Value>(value));
	}

	friend bool operator==(const ZeroedMemory & /* a */, const ZeroedMemory & /* b */) noexcept { return true; }
};

} // namespace hyperline::loader
