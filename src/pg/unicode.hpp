// What characters do to who reads them: those that steer a terminal, turn the direction of writing, or are not seen.
// Plain C++, for every room.
#pragma once

#include <cstdint>
#include <string_view>

#include "pg/utf8.hpp"

namespace hyperline {

/// Of the valid character that `character` is.
[[nodiscard]] constexpr char32_t code_point(std::string_view character) noexcept {
	if (character.size() == 1) {
		return static_cast<unsigned char>(character[0]);
	}
	const unsigned kept = 0x7FU >> character.size(); // bits of the first byte
	char32_t code = static_cast<unsigned char>(character[0]) & kept;
	for (const char c : character.substr(1)) {
		code = code << 6U | (static_cast<unsigned char>(c) & 0x3FU);
	}
	return code;
}

/// C0, DEL and C1, and the two that end a line or a paragraph.
[[nodiscard]] constexpr bool is_control_character(char32_t code) noexcept {
	return code < 0x20 || (code >= 0x7F && code <= 0x9F) || code == 0x2028 || code == 0x2029;
}

/// Turns the direction of writing around, or how it is shown (Unicode's Bidi_Control, and the deprecated ones).
[[nodiscard]] constexpr bool turns_direction(char32_t code) noexcept {
	return code == 0x61C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||
		   (code >= 0x2066 && code <= 0x206F);
}

/// Takes no room and shows nothing.
[[nodiscard]] constexpr bool is_invisible(char32_t code) noexcept {
	return (code >= 0x200B && code <= 0x200D) || (code >= 0x2060 && code <= 0x2065) || code == 0xFEFF;
}

/// Leaves nothing on paper: white space of any width, what is invisible, and letters that are made to be empty.
[[nodiscard]] constexpr bool is_blank_character(char32_t code) noexcept {
	return (code >= '\t' && code <= '\r') || code == ' ' || code == 0x85 || code == 0xA0 || code == 0xAD ||
		   code == 0x115F || code == 0x1160 || code == 0x1680 || code == 0x180E || (code >= 0x2000 && code <= 0x200A) ||
		   code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x2800 || code == 0x3000 ||
		   code == 0x3164 || code == 0xFFA0 || is_invisible(code);
}

/// How many columns of a terminal it takes: two for what East Asian writing and pictures are made of, none for marks
/// over another character.
[[nodiscard]] constexpr int columns_of(char32_t code) noexcept {
	if ((code >= 0x300 && code <= 0x36F) || is_invisible(code)) {
		return 0;
	}
	const bool is_wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF && code != 0x303F) ||
						 (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
						 (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
						 (code >= 0xFFE0 && code <= 0xFFE6) || (code >= 0x1F300 && code <= 0x1F64F) ||
						 (code >= 0x1F900 && code <= 0x1F9FF) || (code >= 0x20000 && code <= 0x3FFFD);
	return is_wide ? 2 : 1;
}

} // namespace hyperline
