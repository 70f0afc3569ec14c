// From a row to an event: one row becomes one event or one rejected row, what can be stored is valid, and the documents
// are well-formed JSON. Each row of input is a line of COPY; its first bytes say what the columns are.
#include "property.hpp"

#include <string>
#include <vector>

#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include "event/mapper.hpp"
#include "pg/failure.hpp"
#include "pg/utf8.hpp"
#include "source/copy_row.hpp"

namespace {

using namespace hyperline;
using fuzz::check;
using event::TokenKind;
using source::ValueKind;

constexpr std::size_t kKinds = 10;
constexpr std::size_t kExtras = 3;
constexpr std::size_t kHeader = 2 * kExtras + 1;

std::vector<source::Field> fields_of(const std::uint8_t *data) {
	const ValueKind timestamps[] = {ValueKind::timestamptz, ValueKind::timestamp, ValueKind::date};
	std::vector<source::Field> fields = {{"id", "text", ValueKind::text},
										 {"customerId", "text", ValueKind::text},
										 {"timestamp", "a time", timestamps[data[0] % 3]}};
	const char *names[] = {"deletedAt", "extra", "customerName"};
	for (std::size_t i = 0; i < kExtras; i++) {
		// No type of PostgreSQL has arrays of arrays, or times in a vector.
		const auto kind = static_cast<ValueKind>(data[1 + 2 * i] % kKinds);
		auto element = static_cast<ValueKind>(data[2 + 2 * i] % kKinds);
		element = element >= ValueKind::array ? ValueKind::text : element;
		fields.push_back({names[i], "a type", kind, element, data[2 + 2 * i] < 128 ? ',' : ';'});
	}
	return fields;
}

// Writes the tokens as JSON, by a writer that refuses what is not well nested. A number, which is_storable_number() has
// judged, is written as 0: RapidJSON refuses those that no double holds, such as 1e400.
std::string document(const event::Output &out, event::TokenRange range) {
	check(range.begin < range.end && range.end <= out.tokens.size(), "a document has tokens");
	rapidjson::StringBuffer buffer;
	rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
	std::vector<TokenKind> open;
	for (std::uint32_t i = range.begin; i < range.end; i++) {
		const event::Token &token = out.tokens[i];
		const auto length = static_cast<rapidjson::SizeType>(token.text.size());
		check(valid_utf8_prefix(token.text) == token.text.size() && token.text.find('\0') == std::string_view::npos,
			  "a text is valid UTF-8 without NUL");
		switch (token.kind) {
		case TokenKind::begin_object:
			open.push_back(token.kind);
			check(writer.StartObject(), "objects nest");
			break;
		case TokenKind::end_object:
			check(!open.empty() && open.back() == TokenKind::begin_object && writer.EndObject(), "an object ends");
			open.pop_back();
			break;
		case TokenKind::begin_array:
			open.push_back(token.kind);
			check(writer.StartArray(), "arrays nest");
			break;
		case TokenKind::end_array:
			check(!open.empty() && open.back() == TokenKind::begin_array && writer.EndArray(), "an array ends");
			open.pop_back();
			break;
		case TokenKind::key:
			check(!open.empty() && open.back() == TokenKind::begin_object && writer.Key(token.text.data(), length), "keys are in objects");
			break;
		case TokenKind::string:
			check(writer.String(token.text.data(), length), "a string is one");
			break;
		case TokenKind::number:
			check(event::is_storable_number(token.text), "a number can be stored");
			check(writer.RawValue("0", 1, rapidjson::kNumberType), "a number has its place");
			break;
		case TokenKind::boolean:
			check(token.text == "true" || token.text == "false", "a boolean is one");
			check(writer.Bool(token.text == "true"), "a boolean is one");
			break;
		case TokenKind::null:
			check(writer.Null(), "null is null");
			break;
		}
	}
	check(open.empty() && writer.IsComplete(), "a document is whole");
	return {buffer.GetString(), buffer.GetSize()};
}

void check_document(const event::Output &out, event::TokenRange range) {
	check(out.tokens[range.begin].kind == TokenKind::begin_object, "a document is an object");
	const std::string text = document(out, range);
	rapidjson::Document parsed;
	parsed.Parse<rapidjson::kParseNumbersAsStringsFlag | rapidjson::kParseIterativeFlag>(text.c_str(), text.size());
	check(!parsed.HasParseError(), "a document is JSON");
}

void check_key(std::string_view text) {
	check(!text.empty() && text.size() <= event::kLongestId && valid_utf8_prefix(text) == text.size() &&
			  text.find('\0') == std::string_view::npos,
		  "a key can be indexed");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	if (size < kHeader) {
		return 0;
	}
	const std::vector<source::Field> fields = fields_of(data);
	std::string line(fuzz::text_of(data + kHeader, size - kHeader));
	std::vector<source::Value> values;
	try {
		source::split_copy_row(line.data(), line.size(), values);
	} catch (const Error &) {
		return 0;
	}
	values.resize(fields.size(), source::Value{{}, true});
	event::Output out;
	const event::Mapper mapper(fields, {});
	mapper.map(source::Row{values.data(), values.size(), 1, line.size()}, out);
	check(out.events.size() + out.rejected.size() == 1, "a row is one event or one rejected row");
	for (const event::Event &event : out.events) {
		check_key(event.id);
		check_key(event.customer_id);
		check_document(out, event.record);
	}
	for (const event::RejectedRow &rejected : out.rejected) {
		check(!rejected.rejection.code.empty() && !rejected.rejection.message.empty(), "a rejection has a reason");
		check_document(out, rejected.row);
	}
	return 0;
}
