// What a process may allocate while a bound is in force. Pages are asked of the operating system, as malloc() asks for
// large blocks: sanitizers have a malloc() of their own.
#include "source/memory_bound.hpp"

#include <cstddef>

#include <gtest/gtest.h>
#include <sys/mman.h>

namespace hyperline::source {
namespace {

constexpr std::size_t kMegabyte = std::size_t{1} << 20;

// A block of private memory, or null.
class Block {
public:
	explicit Block(std::size_t size)
		: size_(size), memory_(mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {}
	~Block() {
		if (granted()) {
			munmap(memory_, size_);
		}
	}
	Block(const Block &) = delete;
	Block &operator=(const Block &) = delete;

	[[nodiscard]] bool granted() const { return memory_ != MAP_FAILED; }

private:
	std::size_t size_;
	void *memory_;
};

TEST(MemoryBoundTest, RefusesWhatIsPastIt) {
	const MemoryBound bound(100 * kMegabyte);
	EXPECT_TRUE(Block(60 * kMegabyte).granted());
	EXPECT_FALSE(Block(120 * kMegabyte).granted());
	EXPECT_FALSE(Block(2000 * kMegabyte).granted());
}

TEST(MemoryBoundTest, CountsAllThatIsHeldAtATime) {
	const MemoryBound bound(100 * kMegabyte);
	const Block first(60 * kMegabyte);
	EXPECT_TRUE(first.granted());
	EXPECT_FALSE(Block(60 * kMegabyte).granted());
}

TEST(MemoryBoundTest, CountsAnewWhenRenewed) {
	MemoryBound bound(100 * kMegabyte);
	const Block first(90 * kMegabyte);
	EXPECT_FALSE(Block(90 * kMegabyte).granted());
	bound.renew();
	EXPECT_TRUE(Block(90 * kMegabyte).granted());
	EXPECT_FALSE(Block(120 * kMegabyte).granted());
}

TEST(MemoryBoundTest, IsGoneWithItsOwner) {
	{ const MemoryBound bound(kMegabyte); }
	EXPECT_TRUE(Block(200 * kMegabyte).granted());
}

TEST(MemoryBoundTest, DoesNotWidenAnotherOne) {
	const MemoryBound outer(10 * kMegabyte);
	const MemoryBound inner(1000 * kMegabyte);
	EXPECT_FALSE(Block(100 * kMegabyte).granted());
}

} // namespace
} // namespace hyperline::source
