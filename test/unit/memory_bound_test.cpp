// What a process may allocate while a bound is in force. Pages are asked of the operating system, as malloc() asks for
// large blocks: sanitizers have a malloc() of their own.
#include "source/memory_bound.hpp"

#include <cstddef>
#include <cstdlib>

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

// What malloc() hands out, to be told by who let go of it.
#ifndef __SANITIZE_ADDRESS__
TEST(KeptMemoryTest, IsWhatIsAllocatedInTheBoundAndNotHandedOut) {
	KeptMemory kept;
	const Block large(2 * kAnswerMemory);
	void *held = nullptr;
	void *row = nullptr;
	const auto is_about = [&](std::size_t megabytes) {
		return kept.bytes() >= megabytes * kMegabyte && kept.bytes() < (megabytes + 1) * kMegabyte;
	};
	{
		const MemoryBound bound(1000 * kMegabyte, &kept);
		EXPECT_TRUE(bound.counts());
		held = std::malloc(10 * kMegabyte);
	}
	EXPECT_TRUE(is_about(10)) << kept.bytes();
	void *ours = std::malloc(50 * kMegabyte);
	for (int i = 0; i < 3; i++) {
		MemoryBound bound(1000 * kMegabyte, &kept);
		if (row != nullptr) {
			bound.hand_out(-static_cast<std::ptrdiff_t>(allocated(row)));
			std::free(row);
		}
		row = std::malloc(20 * kMegabyte);
		bound.hand_out(static_cast<std::ptrdiff_t>(allocated(row)));
	}
	EXPECT_TRUE(is_about(10)) << "without rows and what is ours: " << kept.bytes();
	{
		MemoryBound bound(1000 * kMegabyte, &kept);
		void *more = std::malloc(30 * kMegabyte);
		bound.renew();
		EXPECT_TRUE(is_about(40)) << "seen when it is renewed: " << kept.bytes();
		std::free(more);
		std::free(held);
	}
	EXPECT_TRUE(is_about(0)) << "what was freed is not kept: " << kept.bytes();
	std::free(row);
	std::free(ours);
}

TEST(KeptMemoryTest, IsNotMoreThanWhatTheProcessHasMore) {
	KeptMemory kept;
	const Block large(2 * kAnswerMemory);
	void *held = nullptr;
	{
		const MemoryBound bound(1000 * kMegabyte, &kept);
		held = std::malloc(30 * kMegabyte);
	}
	EXPECT_GE(kept.bytes(), 30 * kMegabyte);
	std::free(held);
	{ const MemoryBound bound(1000 * kMegabyte, &kept); }
	EXPECT_LT(kept.bytes(), kMegabyte);
}

TEST(KeptMemoryTest, IsNotLookedAtInASmallProcess) {
	KeptMemory kept;
	void *held = nullptr;
	{
		const MemoryBound bound(1000 * kMegabyte, &kept);
		EXPECT_FALSE(bound.counts());
		held = std::malloc(kMegabyte);
	}
	EXPECT_EQ(kept.bytes(), 0U);
	std::free(held);
}
#endif

} // namespace
} // namespace hyperline::source
