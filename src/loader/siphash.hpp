// SipHash-2-4 with 128 bits of output (J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", 2012, and
// the reference implementation's 128-bit variant). Keyed, so that nobody who writes rows at a source can make keys
// collide.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hyperline::loader {

struct Hash128 {
	std::uint64_t high = 0; ///< the first eight bytes of the output, little-endian
	std::uint64_t low = 0;
};

using SipKey = std::array<std::uint64_t, 2>;

Hash128 siphash(const SipKey &key, std::string_view text) noexcept;

} // namespace hyperline::loader
