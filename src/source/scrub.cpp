#include "source/scrub.hpp"

#include "pg/unicode.hpp"
#include "source/characters.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace hyperline::source {

namespace {

constexpr std::size_t kShortPassword = 4; // bytes; a shorter one is likely to be a part of innocent words

// Length of `secret` at `at` in `text`, any of its bytes percent-encoded, or 0. A secret that holds % can be read two
// ways: `encoded_first` says which is tried.
std::size_t match_secret(std::string_view text, std::size_t at, std::string_view secret, bool encoded_first) {
	std::size_t end = at;
	for (const char c : secret) {
		const bool encoded = percent_encoded(text, end) == static_cast<unsigned char>(c);
		const bool raw = end < text.size() && text[end] == c;
		if (!encoded && !raw) {
			return 0;
		}
		end += encoded && (encoded_first || !raw) ? 3 : 1;
	}
	return end - at;
}

bool is_word(std::string_view text, std::size_t at) {
	return at < text.size() && (is_letter(text[at]) || is_digit(text[at]) || text[at] == '_' || is_high(text[at]));
}

std::string hide_password(std::string_view text, std::string_view password) {
	std::string clean;
	for (std::size_t at = 0; at < text.size();) {
		const std::size_t length =
			std::max(match_secret(text, at, password, true), match_secret(text, at, password, false));
		const bool is_whole = (at == 0 || !is_word(text, at - 1)) && !is_word(text, at + length);
		if (length > 0 && (password.size() >= kShortPassword || is_whole)) {
			clean += kPasswordMask;
			at += length;
		} else {
			clean += text[at++];
		}
	}
	return clean;
}

// Where the password of `user:password@` ends that starts at `begin`: at the last @ of the word, for an unencoded
// password may hold one; or, as it may hold a blank too, at the next @ of the line.
std::size_t userinfo_end(std::string_view line, std::size_t begin) {
	const std::string_view word = line.substr(0, line.find_first_of(" \t", begin));
	const std::size_t at = word.rfind('@');
	return at != std::string_view::npos && at >= begin ? at : line.find('@', begin);
}

// Appends `line` to `clean`. Linear in its length: a source decides how long its messages are.
void append_without_userinfo(std::string_view line, std::string &clean) {
	constexpr std::string_view mark = "://";
	std::size_t done = 0;
	for (std::size_t at = line.find(mark); at != std::string_view::npos; at = line.find(mark, at)) {
		at += mark.size();
		const std::size_t colon = line.find_first_of(":/@ \t", at);
		if (colon == std::string_view::npos) {
			break;
		}
		if (line[colon] != ':') {
			continue;
		}
		const std::size_t end = userinfo_end(line, colon + 1);
		if (end == std::string_view::npos) {
			break;
		}
		clean += line.substr(done, colon + 1 - done);
		clean += kPasswordMask;
		done = at = end;
	}
	clean += line.substr(done);
}

std::string hide_userinfo(std::string_view text) {
	std::string clean;
	while (!text.empty()) {
		const std::size_t end = std::min(text.find_first_of("\r\n"), text.size());
		append_without_userinfo(text.substr(0, end), clean);
		clean += text.substr(end, 1);
		text.remove_prefix(std::min(end + 1, text.size()));
	}
	return clean;
}

// C1 controls, line separators, and what turns the direction of writing around or is not seen at all.
bool deceives(char32_t code) {
	return (code >= 0x80 && is_control_character(code)) || turns_direction(code) || is_invisible(code);
}

void append_escape(std::string &line, char letter, unsigned number, unsigned digits) {
	line += '\\';
	line += letter;
	for (unsigned i = digits; i-- > 0;) {
		line += "0123456789abcdef"[number >> (4U * i) & 0xFU];
	}
}

bool ends_line(char c) {
	return c >= '\t' && c <= '\r';
}

void trim_end(std::string &text) {
	while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) {
		text.pop_back();
	}
}

std::string plain(std::string_view text, bool keeps_lines) {
	std::string line;
	for (std::size_t at = 0; at < text.size();) {
		if (ends_line(text[at])) {
			if (keeps_lines && text[at] == '\n') {
				trim_end(line);
				line += line.empty() ? "" : "\n";
			} else if (!line.empty() && line.back() != ' ' && line.back() != '\n') {
				line += ' ';
			}
			at++;
			continue;
		}
		if (line.size() >= kLongestText) {
			line += "...";
			break;
		}
		const std::string_view character = text.substr(at, std::max<std::size_t>(utf8_length(text.substr(at)), 1));
		const char32_t code = code_point(character);
		if (character.size() == 1 && (is_control(text[at]) || is_high(text[at]))) {
			append_escape(line, 'x', static_cast<unsigned char>(text[at]), 2);
		} else if (deceives(code)) {
			append_escape(line, 'u', code, 4);
		} else {
			line += character;
		}
		at += character.size();
	}
	trim_end(line);
	return line;
}

} // namespace

std::string one_line(std::string_view text) {
	return plain(text, false);
}

std::string plain_lines(std::string_view text) {
	return plain(text, true);
}

std::string scrub(std::string text, const std::string &password) {
	return hide_userinfo(password.empty() ? std::move(text) : hide_password(text, password));
}

} // namespace hyperline::source
