// An allocator for a table of some MB that is looked into all over: in large pages where the kernel has some to give
// (transparent_hugepage is madvise or always), since with pages of 4 kB the first touch of each costs more than the
// work that it is for.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

#include <sys/mman.h>

namespace hyperline::loader {

template <typename Item>
struct LargePages {
	using value_type = Item;

	LargePages() = default;
	template <typename Other>
	constexpr LargePages(const LargePages<Other> & /* other */) noexcept {}

	/// Throws std::bad_alloc.
	[[nodiscard]] Item *allocate(std::size_t count) {
		static_assert(alignof(Item) <= alignof(std::max_align_t));
		if (count > static_cast<std::size_t>(-1) / sizeof(Item) - kPage) {
			throw std::bad_alloc();
		}
		const std::size_t size = count * sizeof(Item);
		if (size < kPage) {
			return static_cast<Item *>(check(std::malloc(size)));
		}
		const std::size_t rounded = (size + kPage - 1) / kPage * kPage;
		void *memory = check(std::aligned_alloc(kPage, rounded));
		(void)madvise(memory, rounded, MADV_HUGEPAGE); // where there are none, small ones do
		return static_cast<Item *>(memory);
	}
	void deallocate(Item *items, std::size_t /* count */) noexcept { std::free(items); }

	friend bool operator==(const LargePages & /* a */, const LargePages & /* b */) noexcept { return true; }

private:
	static constexpr std::size_t kPage = std::size_t{2} << 20;

	static void *check(void *memory) {
		if (memory == nullptr) {
			throw std::bad_alloc();
		}
		return memory;
	}
};

} // namespace hyperline::loader
