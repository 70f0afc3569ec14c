#include "source/copy_row.hpp"

#include "pg/failure.hpp"
#include "source/characters.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hyperline::source {

namespace {

constexpr bool is_octal(char c) {
	return c >= '0' && c <= '7';
}

[[noreturn]] void fail(const char *why) {
	throw Error(sqlstate::kProtocolViolation, "source sent a malformed row", why,
				"Look at what lies between the servers: a pooler, a proxy.");
}

// Reads the escape after a backslash at `in`, not at the row's end, into `byte`; returns where it ends.
const char *read_escape(const char *in, const char *end, char &byte) {
	const char c = *in++;
	if (is_octal(c)) { // one to three digits, the low eight bits of them
		auto value = static_cast<unsigned>(c - '0');
		for (int digits = 1; digits < 3 && in < end && is_octal(*in); ++digits) {
			value = value * 8U + static_cast<unsigned>(*in++ - '0');
		}
		byte = static_cast<char>(value & 0xFFU);
		return in;
	}
	if (c == 'x' && in < end && hex_digit(*in) >= 0) { // one or two digits
		int value = hex_digit(*in++);
		if (in < end && hex_digit(*in) >= 0) {
			value = value * 16 + hex_digit(*in++);
		}
		byte = static_cast<char>(value);
		return in;
	}
	switch (c) {
	case 'b':
		byte = '\b';
		break;
	case 'f':
		byte = '\f';
		break;
	case 'n':
		byte = '\n';
		break;
	case 'r':
		byte = '\r';
		break;
	case 't':
		byte = '\t';
		break;
	case 'v':
		byte = '\v';
		break;
	default:
		byte = c; // stands for itself: a backslash, or a tab
	}
	return in;
}

// Unescapes the field that starts at `begin` and has its first backslash at `escape`. Sets `text`; returns the field's
// end: its tab, a line end or the row's end.
char *unescape_field(char *begin, char *escape, char *end, std::string_view &text) {
	const char *in = escape;
	char *out = escape;
	while (in < end && *in != '\t' && *in != '\n') {
		if (*in != '\\') {
			*out++ = *in++;
			continue;
		}
		if (++in == end) {
			fail("A backslash stands at the end of the row.");
		}
		if (*in == '\n') {
			break;
		}
		in = read_escape(in, end, *out++);
	}
	text = std::string_view(begin, static_cast<std::size_t>(out - begin));
	return begin + (in - begin);
}

// A word in which the highest bit of each byte of `word` that is `c` is set, up to the first such byte.
constexpr std::uint64_t mark(std::uint64_t word, char c) {
	constexpr std::uint64_t kOnes = 0x0101010101010101U;
	const std::uint64_t differs = word ^ (kOnes * static_cast<unsigned char>(c));
	return (differs - kOnes) & ~differs & (kOnes << 7U);
}

// The first tab, backslash or line end in [begin, end), else `end`. Fields are short: eight bytes at a time are faster
// than memchr() is.
char *find_special(char *begin, char *end) {
	if constexpr (std::endian::native == std::endian::little) {
		while (end - begin >= static_cast<std::ptrdiff_t>(sizeof(std::uint64_t))) {
			std::uint64_t word = 0;
			std::memcpy(&word, begin, sizeof(word));
			const std::uint64_t marks = mark(word, '\t') | mark(word, '\\') | mark(word, '\n');
			if (marks != 0) {
				return begin + std::countr_zero(marks) / 8;
			}
			begin += sizeof(word);
		}
	}
	while (begin < end && *begin != '\t' && *begin != '\\' && *begin != '\n') {
		++begin;
	}
	return begin;
}

bool is_null(const char *begin, const char *end) {
	return end - begin >= 2 && begin[0] == '\\' && begin[1] == 'N' && (end - begin == 2 || begin[2] == '\t');
}

} // namespace

void split_copy_row(char *line, std::size_t length, std::vector<Value> &values) {
	const std::size_t before = values.size();
	if (length == 0) { // `line` may be null
		values.emplace_back();
		return;
	}
	char *end = line + length;
	if (end[-1] == '\n') {
		--end;
	}
	for (char *begin = line;; ++begin) {
		char *field_end = find_special(begin, end);
		std::string_view text(begin, static_cast<std::size_t>(field_end - begin));
		const bool null = is_null(begin, end);
		if (null) {
			text = {};
			field_end = begin + 2;
		} else if (field_end < end && *field_end == '\\') {
			field_end = unescape_field(begin, field_end, end, text);
		}
		if (field_end < end && *field_end == '\n') {
			fail("A line end stands inside the row.");
		}
		if (values.size() - before == kMaxRowFields) {
			fail("It has more fields than a PostgreSQL server can return.");
		}
		values.emplace_back(text, null);
		if (field_end == end) {
			return;
		}
		begin = field_end;
	}
}

} // namespace hyperline::source
