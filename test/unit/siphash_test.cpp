// SipHash-2-4 with 128 bits of output against the reference implementation's vectors.
#include <set>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "loader/siphash.hpp"

namespace hyperline::loader {
namespace {

// vectors_sip128 of the reference implementation: key 00 01 ... 0f.
constexpr SipKey kKey{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

// The output as the bytes that the reference implementation writes.
std::string bytes_of(const Hash128 &hash) {
	constexpr char kHex[] = "0123456789abcdef";
	std::string text;
	for (const std::uint64_t word : {hash.high, hash.low}) {
		for (unsigned i = 0; i < 8; i++) {
			const auto byte = static_cast<unsigned>(word >> (8 * i)) & 0xFFU;
			text += {kHex[byte >> 4U], kHex[byte & 0xFU]};
		}
	}
	return text;
}

// 00 01 02 ...
std::string counting(std::size_t size) {
	std::string text;
	for (std::size_t i = 0; i < size; i++) {
		text += static_cast<char>(i);
	}
	return text;
}

TEST(SipHash, HashesAsTheReferenceDoesByteForByte) {
	EXPECT_EQ(bytes_of(siphash(kKey, "")), "a3817f04ba25a8e66df67214c7550293");
	EXPECT_EQ(bytes_of(siphash(kKey, counting(1))), "da87c1d86b99af44347659119b22fc45");
}

TEST(SipHash, EveryByteOfAKeyCounts) {
	std::set<std::string> hashes;
	for (std::size_t size = 0; size <= 64; size++) {
		const std::string text = counting(size);
		EXPECT_TRUE(hashes.insert(bytes_of(siphash(kKey, text))).second) << size << " bytes";
		for (std::size_t i = 0; i < size; i++) {
			std::string other = text;
			other[i] = static_cast<char>(other[i] ^ 0x80);
			EXPECT_TRUE(hashes.insert(bytes_of(siphash(kKey, other))).second) << "byte " << i << " of " << size;
		}
	}
}

TEST(SipHash, AnotherSecretGivesAnotherHash) {
	std::set<std::string> hashes{bytes_of(siphash(kKey, "acme"))};
	for (unsigned bit = 0; bit < 128; bit++) {
		SipKey key = kKey;
		key[bit / 64] ^= std::uint64_t{1} << (bit % 64);
		EXPECT_TRUE(hashes.insert(bytes_of(siphash(key, "acme"))).second) << "bit " << bit;
	}
}

} // namespace
} // namespace hyperline::loader
