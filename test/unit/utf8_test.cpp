#include "pg/utf8.hpp"

#include <string>

#include <gtest/gtest.h>

namespace hyperline {

namespace {

TEST(PlainAscii, SaysWhatEachByteSays) {
	constexpr std::size_t kLongest = 26; // three words and a rest
	for (std::size_t length = 0; length <= kLongest; length++) {
		EXPECT_TRUE(is_plain_ascii(std::string(length, '\x01')));
		EXPECT_TRUE(is_plain_ascii(std::string(length, '\x7f')));
		for (std::size_t at = 0; at < length; at++) {
			for (int byte = 0; byte < 256; byte++) {
				for (const char other : {'\x01', 'a', '\x7f'}) {
					std::string text(length, other);
					text[at] = static_cast<char>(byte);
					EXPECT_EQ(is_plain_ascii(text), byte > 0 && byte < 128) << length << ' ' << at << ' ' << byte;
				}
			}
		}
	}
}

TEST(PlainAscii, IsValidUtf8) {
	EXPECT_EQ(valid_utf8_prefix("plain"), 5U);
	EXPECT_EQ(valid_utf8_prefix(std::string("a\0b", 3)), 3U);
	EXPECT_FALSE(is_plain_ascii("na\u00efve"));
	EXPECT_EQ(valid_utf8_prefix("na\u00efve"), 6U);
	EXPECT_EQ(valid_utf8_prefix("na\xef"), 2U);
}

} // namespace

} // namespace hyperline
