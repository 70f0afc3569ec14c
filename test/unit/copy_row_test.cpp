#include "source/copy_row.hpp"

#include "pg/failure.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace hyperline::source {

namespace {

using Fields = std::vector<std::optional<std::string>>;

// Splits a copy of `row` that has exactly its size, so that a sanitizer sees a read or write outside of it.
Fields split(std::string_view row) {
	const auto line = std::make_unique<char[]>(row.size()); // NOLINT(modernize-avoid-c-arrays)
	row.copy(line.get(), row.size());
	std::vector<Value> values(3); // what was there before must not matter
	split_copy_row(line.get(), row.size(), values);
	values.erase(values.begin(), values.begin() + 3);
	Fields fields;
	for (const Value &value : values) {
		EXPECT_TRUE(!value.is_null || value.text.empty());
		fields.push_back(value.is_null ? std::nullopt : std::optional<std::string>(value.text));
	}
	return fields;
}

std::string malformed(std::string_view row) {
	try {
		split(row);
	} catch (const Error &error) {
		EXPECT_EQ(error.failure().message, "source sent a malformed row");
		EXPECT_FALSE(error.failure().detail.empty());
		return error.failure().sqlstate;
	}
	return "accepted";
}

// What CopyAttributeOutText() in PostgreSQL's copyto.c sends; `random` also picks other ways to write the same.
std::string escape(const std::optional<std::string> &field, std::mt19937 &random, bool plain) {
	if (!field) {
		return "\\N";
	}
	static constexpr std::string_view raw = "\b\f\n\r\t\v\\";
	static constexpr std::string_view letters = "bfnrtv\\";
	std::string text;
	for (std::size_t i = 0; i < field->size(); ++i) {
		const char c = (*field)[i];
		const auto byte = static_cast<unsigned char>(c);
		const std::size_t special = raw.find(c);
		const std::uint32_t way = plain ? 0 : random() % 8;
		if (way == 1) {
			text += '\\';
			for (const unsigned shift : {6U, 3U, 0U}) {
				text += static_cast<char>('0' + ((byte >> shift) & 7U));
			}
		} else if (way == 2) {
			text += "\\x";
			text += "0123456789abcdef"[byte >> 4U];
			text += "0123456789ABCDEF"[byte & 15U];
		} else if (way == 3 && c == '\t') {
			text += "\\\t";
		} else if (special != std::string_view::npos) {
			text += '\\';
			text += letters[special];
		} else {
			text += c;
		}
	}
	return text;
}

// The same rules, one byte at a time and without a thought of speed. Nothing when the row is malformed.
std::optional<Fields> split_naively(std::string_view row) {
	if (!row.empty() && row.back() == '\n') {
		row.remove_suffix(1);
	}
	std::vector<std::string> raw(1);
	for (std::size_t i = 0; i < row.size(); ++i) {
		if (row[i] == '\n' || (row[i] == '\\' && i + 1 == row.size())) {
			return std::nullopt;
		}
		if (row[i] == '\t') {
			raw.emplace_back();
			continue;
		}
		raw.back() += row[i];
		if (row[i] == '\\') {
			raw.back() += row[++i];
		}
		if (row[i] == '\n') {
			return std::nullopt;
		}
	}
	Fields fields;
	for (const std::string &text : raw) {
		if (text == "\\N") {
			fields.emplace_back();
			continue;
		}
		std::string value;
		for (std::size_t i = 0; i < text.size(); ++i) {
			if (text[i] != '\\') {
				value += text[i];
				continue;
			}
			const std::string rest = text.substr(i + 1);
			const std::size_t octal = std::min<std::size_t>(3, rest.find_first_not_of("01234567"));
			const std::string octals = rest.substr(0, octal);
			const std::string hex =
				rest.substr(1, std::min<std::size_t>(2, rest.find_first_not_of("0123456789abcdefABCDEF", 1) - 1));
			const std::size_t letter = std::string("bfnrtv").find(rest[0]);
			if (!octals.empty()) {
				value += static_cast<char>(std::stoi(octals, nullptr, 8) & 0xFF);
				i += octals.size();
			} else if (rest[0] == 'x' && !hex.empty()) {
				value += static_cast<char>(std::stoi(hex, nullptr, 16));
				i += 1 + hex.size();
			} else {
				value += letter == std::string::npos ? rest[0] : "\b\f\n\r\t\v"[letter];
				i += 1;
			}
		}
		fields.emplace_back(value);
	}
	return fields;
}

} // namespace

TEST(CopyRow, FieldsComeInOrderWithEmptyOnesKept) {
	EXPECT_EQ(split("a\tbc\t\td\n"), (Fields{"a", "bc", "", "d"}));
	EXPECT_EQ(split("\t\n"), (Fields{"", ""}));
	EXPECT_EQ(split("x\n"), (Fields{"x"}));
}

TEST(CopyRow, RowWithoutItsLineEndIsReadWhole) {
	EXPECT_EQ(split("a\tb"), (Fields{"a", "b"}));
	EXPECT_EQ(split("a\t"), (Fields{"a", ""}));
	EXPECT_EQ(split("\\N"), (Fields{std::nullopt}));
}

TEST(CopyRow, EmptyRowIsOneEmptyField) {
	EXPECT_EQ(split(""), (Fields{""}));
	EXPECT_EQ(split("\n"), (Fields{""}));
	std::vector<Value> values;
	split_copy_row(nullptr, 0, values);
	EXPECT_EQ(values.size(), 1U);
}

TEST(CopyRow, NullIsNotTheTextThatLooksLikeIt) {
	EXPECT_EQ(split("\\N\ta\t\\N\n"), (Fields{std::nullopt, "a", std::nullopt}));
	EXPECT_EQ(split("\\\\N\tN\t\\N \t\\NN\ta\\N\tNULL\n"), (Fields{"\\N", "N", "N ", "NN", "aN", "NULL"}));
}

TEST(CopyRow, EscapesBecomeTheirBytes) {
	EXPECT_EQ(split("\\b\\f\\n\\r\\t\\v\\\\\n"), (Fields{"\b\f\n\r\t\v\\"}));
	EXPECT_EQ(split("a\\tb\tc\\\\\t\\\\d\n"), (Fields{"a\tb", "c\\", "\\d"}));
	EXPECT_EQ(split("\\a\\q\\\"\\.\n"), (Fields{"aq\"."})) << "any other byte stands for itself";
	EXPECT_EQ(split("a\\\tb\tc\n"), (Fields{"a\tb", "c"})) << "an escaped tab separates nothing";
}

TEST(CopyRow, NumericEscapesTakeAsManyDigitsAsTheyMay) {
	EXPECT_EQ(split("\\1\\12\\123\\1234\\18\n"), (Fields{"\001\012\123\1234\0018"}));
	EXPECT_EQ(split("\\x1\\x1F\\x1Fa\\xG\\xg\\x\n"), (Fields{"\x01\x1F\x1F"
															 "axGxgx"}));
	EXPECT_EQ(split("\\777\n"), (Fields{"\xFF"}));
	EXPECT_EQ(split("\\0\\x00\n"), (Fields{std::string(2, '\0')}));
	EXPECT_EQ(split("\\1\t\\x\t1\n"), (Fields{"\001", "x", "1"})) << "a number ends with its field";
	EXPECT_EQ(split("\\1"), (Fields{"\001"}));
	EXPECT_EQ(split("\\x"), (Fields{"x"}));
	EXPECT_EQ(split("\\xf"), (Fields{"\x0f"}));
}

TEST(CopyRow, OtherBytesAreLeftAlone) {
	EXPECT_EQ(split("größe\t\xF0\x9F\x98\x80\t\xFF\xFE\r\n"), (Fields{"größe", "\xF0\x9F\x98\x80", "\xFF\xFE\r"}));
	EXPECT_EQ(split(std::string_view("a\0b\tc\n", 6)), (Fields{std::string("a\0b", 3), "c"}));
}

TEST(CopyRow, MalformedRowsAreRefused) {
	EXPECT_EQ(malformed("\\"), "08P01");
	EXPECT_EQ(malformed("\\\n"), "08P01");
	EXPECT_EQ(malformed("a\tb\\\n"), "08P01");
	EXPECT_EQ(malformed("a\\\\\\\n"), "08P01");
	EXPECT_EQ(malformed("a\nb\n"), "08P01");
	EXPECT_EQ(malformed("a\n\n"), "08P01");
	EXPECT_EQ(malformed("a\\\nb"), "08P01");
}

TEST(CopyRow, FloodOfFieldsIsRefused) {
	EXPECT_EQ(split(std::string(kMaxRowFields - 1, '\t') + "\n").size(), kMaxRowFields);
	EXPECT_EQ(malformed(std::string(kMaxRowFields, '\t') + "\n"), "08P01");
}

TEST(CopyRow, WhatAServerSendsComesBackAsItWas) {
	std::mt19937 random(20240229); // NOLINT(cert-msc51-cpp): the same rows each time
	for (int round = 0; round < 20000; ++round) {
		Fields fields(1 + random() % 9);
		std::string row;
		const bool plain = random() % 2 == 0;
		for (auto &field : fields) {
			if (random() % 6 != 0) {
				field = "";
				for (std::uint32_t left = random() % 12; left > 0; --left) {
					static constexpr std::string_view alphabet = "\\\\\t\n\r\b\f\vNNx01789aAfFgn.\xC3\xA4";
					*field += alphabet[random() % alphabet.size()];
				}
			}
			row += (&field == fields.data() ? "" : "\t") + escape(field, random, plain);
		}
		ASSERT_EQ(split(row + "\n"), fields) << "round " << round << ", row " << row;
	}
}

TEST(CopyRow, AnyBytesAreReadAsTheNaiveWayReadsThem) {
	std::mt19937 random(7); // NOLINT(cert-msc51-cpp): the same rows each time
	int refused = 0;
	for (int round = 0; round < 100000; ++round) {
		static constexpr std::string_view alphabet = "\\\\\\\\\\\\\t\t\tNNxx01789afFgbnrtv.\xC3\xA4\n";
		std::string row;
		for (std::uint32_t left = random() % 24; left > 0; --left) {
			row += alphabet[random() % alphabet.size()];
		}
		const auto expected = split_naively(row);
		if (expected) {
			ASSERT_EQ(split(row), *expected) << "round " << round << ", row " << row;
		} else {
			++refused;
			ASSERT_EQ(malformed(row), "08P01") << "round " << round << ", row " << row;
		}
	}
	EXPECT_GT(refused, 1000);
	EXPECT_LT(refused, 90000);
}

} // namespace hyperline::source
