// Keys that a run has seen, against a std::map, with a table so small that all of it spills and merges.
#include <cstring>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "loader/seen_keys.hpp"
#include "loader/siphash.hpp"

namespace hyperline::loader {
namespace {

constexpr SipKey kHashKey{1, 2};
int open_files = 0;

class MemorySpill final : public Spill {
public:
	MemorySpill() { open_files++; }
	~MemorySpill() override { open_files--; }
	MemorySpill(const MemorySpill &) = delete;
	MemorySpill &operator=(const MemorySpill &) = delete;
	void append(const void *bytes, std::size_t size) override { bytes_.append(static_cast<const char *>(bytes), size); }
	void read(std::uint64_t offset, void *bytes, std::size_t size) override {
		ASSERT_LE(offset + size, bytes_.size());
		std::memcpy(bytes, bytes_.data() + offset, size);
	}

private:
	std::string bytes_;
};

std::unique_ptr<Spill> open_memory() {
	return std::make_unique<MemorySpill>();
}

using Seen = std::pair<std::uint64_t, std::uint64_t>; // the row, and what it said

Seen remember(SeenKeys &seen, std::string_view id, std::string_view customer, std::uint64_t row,
			  std::uint64_t content = 0) {
	SeenKeys::Key key{id, customer, row, content, 0, 0};
	seen.remember({&key, 1});
	return {key.earlier_row, key.earlier_content};
}

TEST(SeenKeys, TellsTheLastRowOfEachKeyWhateverHasSpilled) {
	for (const std::size_t entries : {1U, 7U, 100U, 1000U, 100'000U}) {
		std::mt19937 random(20'260'101);
		SeenKeys seen(entries, open_memory, kHashKey);
		std::map<std::pair<std::string, std::string>, Seen> oracle;
		const std::uint64_t rows = entries == 1 ? 2000 : 20'000;
		for (std::uint64_t row = 1; row <= rows; row++) {
			const std::string id = std::to_string(random() % 5000);
			const std::string customer = std::to_string(random() % 3);
			const std::uint64_t content = std::uint64_t{random()} << 32U | random();
			Seen &last = oracle[{id, customer}];
			ASSERT_EQ(remember(seen, id, customer, row, content), last) << entries << " entries, row " << row;
			last = {row, content};
			ASSERT_LE(open_files, 10) << "runs are merged";
		}
	}
	EXPECT_EQ(open_files, 0);
}

TEST(SeenKeys, APairIsNotItsConcatenation) {
	SeenKeys seen(10, open_memory, kHashKey);
	EXPECT_EQ(remember(seen, "ab", "c", 1).first, 0U);
	EXPECT_EQ(remember(seen, "a", "bc", 2).first, 0U);
	EXPECT_EQ(remember(seen, "", "abc", 3).first, 0U);
	EXPECT_EQ(remember(seen, "ab", "c", 4).first, 1U);
}

TEST(SeenKeys, ForgetsWhenItIsCleared) {
	SeenKeys seen(2, open_memory, kHashKey);
	for (std::uint64_t row = 1; row < 20; row++) {
		remember(seen, std::to_string(row), "c", row);
	}
	seen.clear();
	EXPECT_EQ(open_files, 0);
	EXPECT_EQ(remember(seen, "1", "c", 30).first, 0U);
	EXPECT_EQ(remember(seen, "1", "c", 31).first, 30U);
}

// The first vectors of the reference implementation (vectors_sip128): key 00 01 ... 0f, input 00 01 ...
TEST(SipHash, GivesTheReferenceVectors) {
	const SipKey key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};
	const Hash128 empty = siphash(key, "");
	EXPECT_EQ(empty.high, 0xe6a825ba047f81a3U);
	EXPECT_EQ(empty.low, 0x930255c71472f66dU);
	const Hash128 one = siphash(key, std::string_view("\0", 1));
	EXPECT_EQ(one.high, 0x44af996bd8c187daU);
	EXPECT_EQ(one.low, 0x45fc229b11597634U);
}

} // namespace
} // namespace hyperline::loader
