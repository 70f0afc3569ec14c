// UTF-8 as PostgreSQL accepts it: shortest forms only, no surrogates, nothing past U+10FFFF. Plain C++, for every room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace hyperline {

/// True for a byte that goes on with a character begun before it.
[[nodiscard]] constexpr bool is_utf8_continuation(char c) noexcept {
	return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

/// Length in bytes of the character at the start of `text`, 0 when there is none or it is not valid (the rules of
/// pg_utf8_islegal() in PostgreSQL's wchar.c).
[[nodiscard]] constexpr std::size_t utf8_length(std::string_view text) noexcept {
	if (text.empty()) {
		return 0;
	}
	const auto first = static_cast<unsigned char>(text[0]);
	if (first < 0x80U) {
		return 1;
	}
	if (first < 0xC2U || first > 0xF4U) {
		return 0;
	}
	const std::size_t length = first < 0xE0U ? 2 : first < 0xF0U ? 3 : 4;
	if (text.size() < length) {
		return 0;
	}
	const auto second = static_cast<unsigned char>(text[1]);
	const unsigned lowest = first == 0xE0U ? 0xA0U : first == 0xF0U ? 0x90U : 0x80U;
	const unsigned highest = first == 0xEDU ? 0x9FU : first == 0xF4U ? 0x8FU : 0xBFU;
	if (second < lowest || second > highest) {
		return 0;
	}
	for (std::size_t i = 2; i < length; ++i) {
		if (!is_utf8_continuation(text[i])) {
			return 0;
		}
	}
	return length;
}

/// Number of bytes at the start of `text` that are valid UTF-8: its size when all of it is. NUL counts as valid.
[[nodiscard]] constexpr std::size_t valid_utf8_prefix(std::string_view text) noexcept {
	std::size_t at = 0;
	while (at < text.size()) {
		// Most text is ASCII: eight bytes at a time.
		if (!std::is_constant_evaluated() && at + 8 <= text.size()) {
			std::uint64_t eight = 0;
			std::memcpy(&eight, text.data() + at, sizeof(eight));
			if ((eight & 0x8080808080808080U) == 0) {
				at += sizeof(eight);
				continue;
			}
		}
		const std::size_t length = utf8_length(text.substr(at));
		if (length == 0) {
			break;
		}
		at += length;
	}
	return at;
}

/// Whether all of `text` is ASCII without NUL, as most values are; much cheaper to find than what the others are.
[[nodiscard]] inline bool is_plain_ascii(std::string_view text) noexcept {
	constexpr std::uint64_t kHighBits = 0x8080808080808080U;
	constexpr std::uint64_t kOnes = 0x0101010101010101U;
	std::size_t at = 0;
	for (; at + sizeof(kOnes) <= text.size(); at += sizeof(kOnes)) {
		std::uint64_t eight = 0;
		std::memcpy(&eight, text.data() + at, sizeof(eight));
		// Where all bytes are below 0x80, only taking 1 from a NUL sets a high bit.
		if (((eight | (eight - kOnes)) & kHighBits) != 0) {
			return false;
		}
	}
	for (; at < text.size(); ++at) {
		if (static_cast<signed char>(text[at]) <= 0) {
			return false;
		}
	}
	return true;
}

} // namespace hyperline
