// Rows as they become events, records and rejections.
#include <optional>

#include <gtest/gtest.h>

#include "event/mapper.hpp"
#include "pg/failure.hpp"
#include "source/memory_bound.hpp"

namespace hyperline::event {
namespace {

using source::Field;
using source::Value;
using source::ValueKind;

Field field(const std::string &name, ValueKind kind, ValueKind element = ValueKind::text) {
	return Field{name, "a type", kind, element, ','};
}

std::vector<Field> with_extra(const Field &extra) {
	return {field("id", ValueKind::integer), field("customerId", ValueKind::text),
			field("timestamp", ValueKind::timestamptz), extra};
}

using Text = std::optional<std::string_view>;

struct Mapped {
	explicit Mapped(const std::vector<Field> &fields, const std::vector<Text> &texts,
					const MappingOptions &options = {})
		: mapper(fields, options) {
		for (const Text &text : texts) {
			values.push_back(Value{text.value_or(""), !text});
		}
		mapper.map(source::Row{values.data(), values.size(), 7, 100}, out);
	}
	std::string code() const { return out.rejected.empty() ? "" : out.rejected[0].rejection.code; }
	std::string json(TokenRange range) const {
		std::string text;
		for (std::uint32_t i = range.begin; i < range.end; i++) {
			const Token &token = out.tokens[i];
			const std::string value(token.text);
			switch (token.kind) {
			case TokenKind::begin_object:
				text += "{";
				break;
			case TokenKind::end_object:
				text += "}";
				break;
			case TokenKind::begin_array:
				text += "[";
				break;
			case TokenKind::end_array:
				text += "]";
				break;
			case TokenKind::key:
				text += value + ":";
				break;
			case TokenKind::string:
				text += "'" + value + "' ";
				break;
			case TokenKind::null:
				text += "null ";
				break;
			default:
				text += value + " ";
			}
		}
		return text;
	}
	std::string record() const { return out.events.empty() ? code() : json(out.events[0].record); }

	Mapper mapper;
	std::vector<Value> values;
	Output out;
};

std::string as_json(const Field &extra, std::string_view text) {
	return Mapped(with_extra(extra), {"1", "c", "2024-01-01 00:00:00+00", text}).record();
}

TEST(EventMapper, ARowBecomesAnEvent) {
	const Mapped mapped({field("id", ValueKind::integer), field("customerId", ValueKind::text),
						 field("timestamp", ValueKind::timestamptz), field("customerName", ValueKind::text),
						 field("deletedAt", ValueKind::timestamptz), field("n", ValueKind::number)},
						{"17", "acme", "2000-01-01 00:00:01+00", "Acme", Text(), "0.10"});
	ASSERT_EQ(mapped.out.events.size(), 1U);
	const Event &event = mapped.out.events[0];
	EXPECT_EQ(event.id, "17");
	EXPECT_EQ(event.customer_id, "acme");
	EXPECT_EQ(event.customer_name, "Acme");
	EXPECT_TRUE(event.has_customer_name);
	EXPECT_EQ(event.timestamp, 1'000'000);
	EXPECT_EQ(event.row_number, 7U);
	EXPECT_FALSE(event.is_deleted);
	EXPECT_EQ(mapped.record(), "{deletedAt:null n:0.10 }");
}

TEST(EventMapper, DeletedIsWhatIsNeitherNullNorFalse) {
	const auto deleted = [](ValueKind kind, Text text) {
		return Mapped(with_extra(field("deleted_at", kind)), {"1", "c", "2024-01-01 00:00:00+00", text})
			.out.events[0]
			.is_deleted;
	};
	EXPECT_FALSE(deleted(ValueKind::boolean, "f"));
	EXPECT_TRUE(deleted(ValueKind::boolean, "t"));
	EXPECT_FALSE(deleted(ValueKind::timestamptz, Text()));
	EXPECT_TRUE(deleted(ValueKind::timestamptz, "2024-01-01 00:00:00+00"));
	EXPECT_TRUE(deleted(ValueKind::text, "f"));
}

TEST(EventMapper, WhatCannotBeStoredIsRejectedWithItsReason) {
	const std::vector<Field> fields = with_extra(field("x", ValueKind::text));
	const std::string time = "2024-01-01 00:00:00+00";
	const std::string long_id(1025, 'x');
	const auto code = [&](Text id, Text customer, Text timestamp, Text extra) {
		const Mapped mapped(fields, {id, customer, timestamp, extra});
		EXPECT_TRUE(mapped.out.events.empty() == !mapped.code().empty());
		return mapped.code();
	};
	EXPECT_EQ(code("1", "c", time, "x"), "");
	EXPECT_EQ(code(Text(), "c", time, "x"), "null_id");
	EXPECT_EQ(code("", "c", time, "x"), "empty_id");
	EXPECT_EQ(code("1", Text(), time, "x"), "null_customer_id");
	EXPECT_EQ(code("1", "", time, "x"), "empty_customer_id");
	EXPECT_EQ(code(long_id, "c", time, "x"), "id_too_long");
	EXPECT_EQ(code("1", long_id, time, "x"), "customer_id_too_long");
	EXPECT_EQ(code("1", std::string(1024, 'x'), time, "x"), "");
	EXPECT_EQ(code("1", "c", Text(), "x"), "null_timestamp");
	EXPECT_EQ(code("1", "c", "infinity", "x"), "infinite_timestamp");
	EXPECT_EQ(code("1", "c", "294277-01-01 00:00:00+00", "x"), "timestamp_out_of_range");
	EXPECT_EQ(code("1", "c", "yesterday", "x"), "invalid_timestamp");
	EXPECT_EQ(code("1", "c", time, "\xff"), "invalid_encoding");
	EXPECT_EQ(code("1", "c", time, std::string_view("a\0b", 3)), "invalid_encoding");
	EXPECT_EQ(code("1", "c", time, "\xed\xa0\x80"), "invalid_encoding") << "a surrogate";
}

TEST(EventMapper, ARejectedRowIsShownWhole) {
	const Mapped mapped(with_extra(field("x", ValueKind::text)), {Text(), "c", "2024-01-01 00:00:00+00", "a\xff z"});
	EXPECT_EQ(mapped.json(mapped.out.rejected[0].row),
			  "{id:null customerId:'c' timestamp:'2024-01-01T00:00:00+00:00' x:'a\\xff z' }");
	EXPECT_EQ(mapped.out.rejected[0].row_number, 7U);
}

TEST(EventMapper, NumbersKeepTheirDigits) {
	const Field number = field("x", ValueKind::number);
	for (const char *text : {"0", "-0", "0.10", "1e+20", "1e-05", "12345678901234567890.123456789"}) {
		EXPECT_EQ(as_json(number, text), std::string("{x:") + text + " }");
	}
	EXPECT_EQ(as_json(number, "NaN"), "{x:'NaN' }");
	EXPECT_EQ(as_json(number, "-Infinity"), "{x:'-Infinity' }");
	EXPECT_EQ(as_json(number, "1,5"), "invalid_value");
	EXPECT_EQ(as_json(field("x", ValueKind::integer), "NaN"), "invalid_value");
	EXPECT_EQ(as_json(number, "1e200000"), "unsupported_json");
	EXPECT_EQ(as_json(number, "1e-20000"), "unsupported_json");
}

// An array in an array's element, in as many levels as there are.
std::string nested_array(std::string text, std::size_t levels) {
	text = "{" + text + "}";
	for (std::size_t i = 0; i < levels; i++) {
		std::string quoted;
		for (const char c : text) {
			quoted += c == '"' || c == '\\' ? std::string{'\\', c} : std::string{c};
		}
		text = "{\"" + quoted + "\"}";
	}
	return text;
}

// The first one makes RapidJSON refuse the text.
std::string json_numbers(std::size_t zeros) {
	std::string text = "[1e400";
	for (std::size_t i = 0; i < zeros; i++) {
		text += ",0";
	}
	return text + "]";
}

constexpr std::size_t kMegabyte = std::size_t{1} << 20;
// Bounds nothing there, keeps what is freed for a while, and takes a minute for these.
#ifdef __SANITIZE_ADDRESS__
#define SKIP_UNDER_SANITIZER() GTEST_SKIP() << "the sanitizer has memory of its own"
#else
#define SKIP_UNDER_SANITIZER() static_cast<void>(0)
#endif

TEST(EventMapper, JsonOfManyNumbersTakesNoMoreThanWhatAJsonbHolds) {
	SKIP_UNDER_SANITIZER();
	const Field json = field("x", ValueKind::json);
	const std::string most = json_numbers(11'184'000);
	const source::MemoryBound bound(800 * kMegabyte);
	const Mapped mapped(with_extra(json), {"1", "c", "2024-01-01 00:00:00+00", most});
	ASSERT_EQ(mapped.out.events.size(), 1U);
	EXPECT_EQ(mapped.out.tokens.size(), 11'184'006U);
	EXPECT_EQ(mapped.out.tokens.back().kind, TokenKind::end_object);
}

TEST(EventMapper, JsonOfTooManyNumbersIsTooLargeBeforeTheyAreKept) {
	SKIP_UNDER_SANITIZER();
	const std::string text = json_numbers(20'000'000);
	const source::MemoryBound bound(800 * kMegabyte);
	EXPECT_EQ(as_json(field("x", ValueKind::json), text), "too_large");
}

TEST(EventMapper, BytesThatAreNoTextAreNotEscapedWhereThatWouldNotFit) {
	SKIP_UNDER_SANITIZER();
	std::string text;
	text.resize(100'000'000, '\xff');
	const source::MemoryBound bound(64 * kMegabyte);
	const Mapped mapped(with_extra(field("x", ValueKind::text)), {"1", "c", "2024-01-01 00:00:00+00", text});
	EXPECT_EQ(mapped.code(), "invalid_encoding");
	EXPECT_TRUE(mapped.json(mapped.out.rejected[0].row).ends_with("\\xff... (100000000 bytes)' }"));
}

TEST(EventMapper, ArraysWithinElementsAreNotCopiedWithoutEnd) {
	Field nested = field("x", ValueKind::array);
	nested.inner_delimiters = ",,,,,,";
	EXPECT_EQ(as_json(nested, nested_array("a", 6)), "{x:[[[[[[['a' ]]]]]]]}");
	SKIP_UNDER_SANITIZER();
	std::string text = nested_array("a", 6);
	text.insert(text.find('a'), 70'000'000, 'a'); // 4 times that is more than a jsonb holds
	const Mapped mapped(with_extra(nested), {"1", "c", "2024-01-01 00:00:00+00", text});
	EXPECT_EQ(mapped.code(), "too_large");
}

TEST(EventMapper, JsonIsKeptAsItIs) {
	const Field json = field("x", ValueKind::json);
	EXPECT_EQ(as_json(json, R"({"a": [1, 2.50, null, true], "b": "\u00e4\n"})"),
			  "{x:{a:[1 2.50 null true ]b:'\xc3\xa4\n' }}");
	EXPECT_EQ(as_json(json, " 7 "), "{x:7 }");
	EXPECT_EQ(as_json(json, R"("\u0000")"), "unsupported_json");
	EXPECT_EQ(as_json(json, R"({"\u0000": 1})"), "unsupported_json");
	EXPECT_EQ(as_json(json, R"("\ud800")"), "unsupported_json");
	const std::string digits(400, '9');
	EXPECT_EQ(as_json(json, R"(["\"5", 1e400, )" + digits + R"(, {"7": -2.5E-3, "8\\": 0}])"),
			  "{x:['\"5' 1e400 " + digits + " {7:-2.5E-3 8\\:0 }]}")
		<< "more than a double holds";
	EXPECT_EQ(as_json(json, R"({"\\\"1e400": "\\", "a": [-1e400,{"1":"\"-5"}], "b":1e-400 })"),
			  R"({x:{\"1e400:'\' a:[-1e400 {1:'"-5' }]b:1e-400 }})");
	for (const char *text : {"[1e400, 01]", "[1e400, --5]", "[1e400, -]", "[1e400, 1.]", "[1e400, +1]", "[1e400 1]",
							 "1e400 2", "[1e400, 1a]", "[1e400, n1]", "{1e400: 1}", "[1e400, \"1]"}) {
		EXPECT_EQ(as_json(json, text), "invalid_value") << text;
	}
	EXPECT_EQ(as_json(json, "1e200000"), "unsupported_json");
	EXPECT_EQ(as_json(json, "{"), "invalid_value");
	EXPECT_EQ(as_json(json, "1 2"), "invalid_value");
	EXPECT_EQ(as_json(json, std::string(5000, '[') + std::string(5000, ']')), "json_too_deep");
	EXPECT_NE(as_json(json, std::string(1000, '[') + std::string(1000, ']')), "json_too_deep");
}

TEST(EventMapper, ArraysBecomeArrays) {
	const Field ints = field("x", ValueKind::array, ValueKind::integer);
	const Field texts = field("x", ValueKind::array, ValueKind::text);
	EXPECT_EQ(as_json(ints, "{}"), "{x:[]}");
	EXPECT_EQ(as_json(ints, "{1,NULL,-3}"), "{x:[1 null -3 ]}");
	EXPECT_EQ(as_json(ints, "[0:1]={1,2}"), "{x:[1 2 ]}");
	EXPECT_EQ(as_json(ints, "{{1,2},{3,4}}"), "{x:[[1 2 ][3 4 ]]}");
	EXPECT_EQ(as_json(texts, R"({"a,b","\"q\\",NULL,"NULL","",plain})"),
			  R"({x:['a,b' '"q\' null 'NULL' '' 'plain' ]})");
	EXPECT_EQ(as_json(field("x", ValueKind::array, ValueKind::json), R"({"{\"a\": 1}"})"), "{x:[{a:1 }]}");
	EXPECT_EQ(as_json(field("x", ValueKind::array, ValueKind::boolean), "{t,f}"), "{x:[true false ]}");
	EXPECT_EQ(as_json(field("x", ValueKind::vector), "1 2 3"), "{x:[1 2 3 ]}");
	EXPECT_EQ(as_json(field("x", ValueKind::array, ValueKind::vector), "{\"1 2\",NULL,3}"), "{x:[[1 2 ]null [3 ]]}");
	for (const char *text : {"", "{", "{1", "1", "{1}x", "{1,}", "{\"a", "{{{{{{{1}}}}}}}"}) {
		EXPECT_EQ(as_json(ints, text), "invalid_value") << text;
	}
}

TEST(EventMapper, VersionAndCursorAreFound) {
	const Mapped mapped(with_extra(field("at", ValueKind::timestamptz)),
						{"1", "c", "2024-01-01 00:00:00+00", "2024-01-02 00:00:00+00"}, {"at", "at"});
	EXPECT_EQ(mapped.out.events[0].version, "2024-01-02T00:00:00+00:00") << "as the stored record shows it";
	EXPECT_EQ(mapped.out.events[0].cursor, "2024-01-02 00:00:00+00") << "as the source printed it";
	EXPECT_EQ(mapped.mapper.version_class(), VersionClass::text);
	EXPECT_EQ(mapped.mapper.cursor_kind(), ValueKind::timestamptz);
	const Mapper by_id(with_extra(field("n", ValueKind::integer)), {"n", "id"});
	EXPECT_EQ(by_id.version_class(), VersionClass::number);
	EXPECT_EQ(by_id.cursor_kind(), ValueKind::integer);
}

TEST(EventMapper, ARowOfAnotherShapeIsAnError) {
	try {
		const Mapped mapped(with_extra(field("x", ValueKind::text)), {"1", "c"});
		FAIL();
	} catch (const Error &error) {
		EXPECT_EQ(error.failure().sqlstate, "08P01");
		EXPECT_EQ(error.failure().message, "the source sent a row of 2 values for a query of 4 fields");
	}
}

std::string refusal(const std::vector<Field> &fields, const MappingOptions &options = {}) {
	try {
		check(fields, options);
		return "";
	} catch (const Error &error) {
		return error.failure().sqlstate + " " + error.failure().message;
	}
}

TEST(EventRoles, AllThatIsMissingIsNamedAtOnce) {
	EXPECT_EQ(refusal({field("x", ValueKind::text)}),
			  "42703 the query lacks the required fields \"id\", \"customerId\", \"timestamp\"");
	EXPECT_EQ(refusal({field("id", ValueKind::text), field("customerId", ValueKind::text)}),
			  "42703 the query lacks the required field \"timestamp\"");
}

TEST(EventRoles, TheNearMissIsInTheAdvice) {
	const std::vector<FieldReport> report = describe(
		{field("ID", ValueKind::text), field("customerid", ValueKind::text), field("created_at", ValueKind::text)});
	ASSERT_EQ(report.size(), 6U);
	EXPECT_EQ(report[3].advice, "Give the column \"ID\" the name id: ... AS id.");
	EXPECT_NE(report[4].advice.find("Write \"customerId\" with its double quotes"), std::string::npos);
	EXPECT_EQ(report[5].advice, "Give the column \"created_at\" the name timestamp: ... AS timestamp.");
}

TEST(EventRoles, WrongTypesAndDoublesAreRefused) {
	std::vector<Field> fields = with_extra(field("flag", ValueKind::boolean));
	EXPECT_EQ(refusal(fields), "");
	EXPECT_EQ(refusal(fields, {"flag", ""}).substr(0, 5), "42804");
	EXPECT_EQ(refusal(fields, {"", "nothing"}).substr(0, 5), "42703");
	fields.push_back(field("flag", ValueKind::boolean));
	EXPECT_EQ(refusal(fields).substr(0, 5), "42701");
	fields.pop_back();
	fields[2].kind = ValueKind::integer;
	EXPECT_EQ(refusal(fields).substr(0, 5), "42804");
}

} // namespace
} // namespace hyperline::event
