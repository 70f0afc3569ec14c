#include "store/name_text.hpp"

#include <array>
#include <cstdio>

#include "pg/unicode.hpp"

namespace hyperline::store {

namespace {

std::string shown(char32_t code) {
	std::array<char, 16> text{};
	std::snprintf(text.data(), text.size(), "U+%04X", static_cast<unsigned>(code));
	return text.data();
}

} // namespace

std::string fault_of_name(std::string_view name, std::size_t longest) {
	if (name.empty()) {
		return "It is empty.";
	}
	if (name.size() > longest) {
		return "It has " + std::to_string(name.size()) + " bytes.";
	}
	bool is_blank = true;
	std::string fault;
	std::size_t number = 1;
	for (std::size_t at = 0; at < name.size(); number++) {
		const std::size_t length = utf8_length(name.substr(at));
		if (length == 0) {
			return "It is not valid UTF-8.";
		}
		const char32_t code = code_point(name.substr(at, length));
		is_blank = is_blank && is_blank_character(code);
		if (fault.empty() && (is_control_character(code) || turns_direction(code))) {
			fault =
				std::string("It holds ") +
				(turns_direction(code) ? "a character that turns the direction of writing" : "a control character") +
				" (" + shown(code) + "), its character " + std::to_string(number) + ".";
		}
		at += length;
	}
	return is_blank ? "It is only white space." : fault;
}

bool is_like_url(std::string_view name) {
	std::string lower(name);
	for (char &c : lower) {
		c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
	}
	constexpr std::string_view keyword = "password";
	bool has_password = false;
	for (std::size_t at = lower.find(keyword); at != std::string::npos; at = lower.find(keyword, at + 1)) {
		const std::size_t next = lower.find_first_not_of(' ', at + keyword.size());
		has_password = has_password || (next != std::string::npos && lower[next] == '=');
	}
	return has_password || lower.find("://") != std::string::npos;
}

} // namespace hyperline::store
