#include "loader/siphash.hpp"

#include <bit>
#include <cstring>

namespace hyperline::loader {

namespace {

struct State {
	std::uint64_t v0;
	std::uint64_t v1;
	std::uint64_t v2;
	std::uint64_t v3;

	void round() noexcept {
		v0 += v1;
		v1 = std::rotl(v1, 13) ^ v0;
		v0 = std::rotl(v0, 32);
		v2 += v3;
		v3 = std::rotl(v3, 16) ^ v2;
		v0 += v3;
		v3 = std::rotl(v3, 21) ^ v0;
		v2 += v1;
		v1 = std::rotl(v1, 17) ^ v2;
		v2 = std::rotl(v2, 32);
	}
	void rounds(int count) noexcept {
		for (int i = 0; i < count; i++) {
			round();
		}
	}
	void absorb(std::uint64_t word) noexcept {
		v3 ^= word;
		rounds(2);
		v0 ^= word;
	}
	[[nodiscard]] std::uint64_t squeeze() noexcept {
		rounds(4);
		return v0 ^ v1 ^ v2 ^ v3;
	}
};

std::uint64_t load(const char *bytes, std::size_t count) noexcept {
	std::uint64_t word = 0;
	std::memcpy(&word, bytes, count);
	if constexpr (std::endian::native == std::endian::big) {
		word = __builtin_bswap64(word);
	}
	return word;
}

} // namespace

Hash128 siphash(const SipKey &key, std::string_view text) noexcept {
	State state{key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU ^ 0xeeU, key[0] ^ 0x6c7967656e657261U,
				key[1] ^ 0x7465646279746573U};
	std::size_t at = 0;
	for (; at + 8 <= text.size(); at += 8) {
		state.absorb(load(text.data() + at, 8));
	}
	state.absorb(load(text.data() + at, text.size() - at) | static_cast<std::uint64_t>(text.size()) << 56U);
	state.v2 ^= 0xeeU;
	Hash128 hash;
	hash.high = state.squeeze();
	state.v1 ^= 0xddU;
	hash.low = state.squeeze();
	return hash;
}

} // namespace hyperline::loader
