// What a byte of text is, without a locale. Used where a text that a user or a source gave has to be checked, or
// counted in characters: positions in PostgreSQL's errors count characters.
#pragma once

#include <cstddef>
#include <string_view>

#include "pg/unicode.hpp"
#include "pg/utf8.hpp"

namespace hyperline::source {

using hyperline::is_utf8_continuation;
using hyperline::utf8_length;
using hyperline::valid_utf8_prefix;

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

/// Number of characters in `text`, which must be valid UTF-8.
[[nodiscard]] constexpr std::size_t count_characters(std::string_view text) noexcept {
	std::size_t count = 0;
	for (const char c : text) {
		count += is_utf8_continuation(c) ? 0U : 1U;
	}
	return count;
}

/// True for what can be an SQLSTATE.
[[nodiscard]] constexpr bool is_sqlstate(std::string_view text) noexcept {
	for (const char c : text) {
		if (!is_digit(c) && (c < 'A' || c > 'Z')) {
			return false;
		}
	}
	return text.size() == 5;
}

/// True for the SQLSTATE of an error: the classes 00, 01 and 02 are of what went well.
[[nodiscard]] constexpr bool is_error_state(std::string_view text) noexcept {
	return is_sqlstate(text) && !text.starts_with("00") && !text.starts_with("01") && !text.starts_with("02");
}

/// True when `text` is valid UTF-8 and holds no control character, nor what turns the direction of writing.
[[nodiscard]] constexpr bool is_plain_text(std::string_view text) noexcept {
	for (std::size_t at = 0; at < text.size();) {
		const std::size_t length = utf8_length(text.substr(at));
		if (length == 0) {
			return false;
		}
		const char32_t code = code_point(text.substr(at, length));
		if (is_control_character(code) || turns_direction(code)) {
			return false;
		}
		at += length;
	}
	return true;
}

} // namespace hyperline::source
