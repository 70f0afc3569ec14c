// What a byte of text is, without a locale, and UTF-8 as PostgreSQL accepts it: shortest forms only, no surrogates,
// nothing past U+10FFFF. Used where a text that a user or a source gave has to be checked, or counted in characters:
// positions in PostgreSQL's errors count characters.
#pragma once

#include <cstddef>
#include <string_view>

namespace hyperline::source {

[[nodiscard]] constexpr bool is_digit(char c) noexcept {
	return c >= '0' && c <= '9';
}

[[nodiscard]] constexpr bool is_letter(char c) noexcept {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// True for the control characters of ASCII.
[[nodiscard]] constexpr bool is_control(char c) noexcept {
	return static_cast<unsigned char>(c) < 0x20U || c == 0x7F;
}

/// True for any byte of a character outside ASCII.
[[nodiscard]] constexpr bool is_high(char c) noexcept {
	return static_cast<unsigned char>(c) >= 0x80U;
}

/// The value of a hexadecimal digit, -1 when it is none.
[[nodiscard]] constexpr int hex_digit(char c) noexcept {
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The byte that a percent-encoding (`%2F`) at `at` stands for, -1 when there is none.
[[nodiscard]] constexpr int percent_encoded(std::string_view text, std::size_t at) noexcept {
	if (at + 2 >= text.size() || text[at] != '%') {
		return -1;
	}
	const int high = hex_digit(text[at + 1]);
	const int low = hex_digit(text[at + 2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

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
		const std::size_t length = utf8_length(text.substr(at));
		if (length == 0) {
			break;
		}
		at += length;
	}
	return at;
}

/// Number of characters in `text`, which must be valid UTF-8.
[[nodiscard]] constexpr std::size_t count_characters(std::string_view text) noexcept {
	std::size_t count = 0;
	for (const char c : text) {
		count += is_utf8_continuation(c) ? 0U : 1U;
	}
	return count;
}

/// True when `text` is valid UTF-8 and holds no control character of ASCII.
[[nodiscard]] constexpr bool is_plain_text(std::string_view text) noexcept {
	for (const char c : text) {
		if (is_control(c)) {
			return false;
		}
	}
	return valid_utf8_prefix(text) == text.size();
}

} // namespace hyperline::source
