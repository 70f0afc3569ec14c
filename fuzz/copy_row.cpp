// The splitter of COPY's rows: values lie in the row, and a row that is written from them reads as the same.
#include "property.hpp"

#include <memory>
#include <string>
#include <vector>

#include "pg/failure.hpp"
#include "source/copy_row.hpp"

namespace {

using namespace hyperline;
using fuzz::check;

using Buffer = std::unique_ptr<char[]>; // NOLINT(modernize-avoid-c-arrays): of exactly the row's size

// As CopyAttributeOutText() writes it
std::string written(const std::vector<source::Value> &values) {
	std::string row;
	for (std::size_t i = 0; i < values.size(); i++) {
		row += i == 0 ? "" : "\t";
		if (values[i].is_null) {
			row += "\\N";
			continue;
		}
		for (const char c : values[i].text) {
			switch (c) {
			case '\b':
				row += "\\b";
				break;
			case '\f':
				row += "\\f";
				break;
			case '\n':
				row += "\\n";
				break;
			case '\r':
				row += "\\r";
				break;
			case '\t':
				row += "\\t";
				break;
			case '\v':
				row += "\\v";
				break;
			case '\\':
				row += "\\\\";
				break;
			default:
				row += c;
			}
		}
	}
	return row + "\n";
}

std::vector<source::Value> split(std::string_view row, Buffer &buffer) {
	buffer = std::make_unique<char[]>(row.size()); // NOLINT(modernize-avoid-c-arrays)
	row.copy(buffer.get(), row.size());
	std::vector<source::Value> values;
	source::split_copy_row(buffer.get(), row.size(), values);
	return values;
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	const std::string_view row = fuzz::text_of(data, size);
	Buffer first;
	std::vector<source::Value> values;
	try {
		values = split(row, first);
	} catch (const Error &error) {
		check(error.failure().sqlstate == sqlstate::kProtocolViolation, "a refusal is one of ours");
		return 0;
	}
	check(!values.empty() && values.size() <= source::kMaxRowFields, "a row has as many fields as a row can have");
	for (const source::Value &value : values) {
		check(value.text.empty() || (value.text.data() >= first.get() && value.text.data() + value.text.size() <= first.get() + size),
			  "a value lies in its row");
		check(!value.is_null || value.text.empty(), "NULL has no text");
	}
	Buffer second;
	const std::vector<source::Value> again = split(written(values), second);
	check(again.size() == values.size(), "a row that is written again has as many fields");
	for (std::size_t i = 0; i < values.size(); i++) {
		check(again[i].text == values[i].text && again[i].is_null == values[i].is_null, "and the same values");
	}
	return 0;
}
