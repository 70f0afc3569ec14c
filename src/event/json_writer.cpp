#include "event/json_writer.hpp"

#include <array>

#define RAPIDJSON_PARSE_DEFAULT_FLAGS kParseNoFlags
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include "event/time_text.hpp"
#include "pg/utf8.hpp"

namespace hyperline::event {

namespace {

using source::ValueKind;

// jsonb is written and read by recursion; PostgreSQL raises an ERROR where the stack ends, at some 6,000 levels.
constexpr std::size_t kMostDepth = 2000;
// Of PostgreSQL's arrays, MAXDIM.
constexpr int kMostDimensions = 6;

// numeric: digits before and after the point (the manual, "Numeric Types").
constexpr std::int64_t kMostDigitsBefore = 131'072;
constexpr std::int64_t kMostDigitsAfter = 16'383;

constexpr ValueProblem kNone{};
constexpr ValueProblem kTooLarge{"too_large", "the row does not fit into a jsonb, which holds 256 MB"};
constexpr ValueProblem kTooDeep{"json_too_deep", "the JSON is nested more than 2000 levels deep"};
constexpr ValueProblem kNotJson{"invalid_value", "the value is not valid JSON"};
constexpr ValueProblem kNotNumber{"invalid_value", "the value is not a number that numeric can hold"};
constexpr ValueProblem kNotBoolean{"invalid_value", "the value is not a boolean"};
constexpr ValueProblem kNotTime{"invalid_value", "the value is not a date or time in ISO format"};
constexpr ValueProblem kNotArray{"invalid_value", "the value is not an array"};
constexpr ValueProblem kNoNul{"unsupported_json", "jsonb cannot hold \\u0000"};
constexpr ValueProblem kNoSurrogate{"unsupported_json", "jsonb cannot hold half of a surrogate pair"};
constexpr ValueProblem kNumberTooLarge{"unsupported_json", "jsonb cannot hold a number of so many digits"};

bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

std::size_t count_digits(std::string_view text, std::size_t from) {
	std::size_t at = from;
	while (at < text.size() && is_digit(text[at])) {
		at++;
	}
	return at - from;
}

// The parts of a JSON number (RFC 8259, section 6).
struct NumberShape {
	bool valid = false;
	std::int64_t before = 0;
	std::int64_t after = 0;
	std::int64_t exponent = 0;
};

NumberShape shape_of(std::string_view text) {
	NumberShape shape;
	std::size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
	const std::size_t before = count_digits(text, at);
	if (before == 0 || (before > 1 && text[at] == '0')) {
		return shape;
	}
	at += before;
	std::size_t after = 0;
	if (at < text.size() && text[at] == '.') {
		after = count_digits(text, at + 1);
		if (after == 0) {
			return shape;
		}
		at += 1 + after;
	}
	if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
		at++;
		const bool negative = at < text.size() && text[at] == '-';
		at += negative || (at < text.size() && text[at] == '+') ? 1 : 0;
		const std::size_t digits = count_digits(text, at);
		if (digits == 0) {
			return shape;
		}
		constexpr std::int64_t kBeyond = 10'000'000;
		for (std::size_t i = at; i < at + digits && shape.exponent < kBeyond; i++) {
			shape.exponent = shape.exponent * 10 + (text[i] - '0');
		}
		shape.exponent = negative ? -shape.exponent : shape.exponent;
		at += digits;
	}
	shape.valid = at == text.size();
	shape.before = static_cast<std::int64_t>(before);
	shape.after = static_cast<std::int64_t>(after);
	return shape;
}

bool fits_numeric(const NumberShape &shape) {
	return shape.before + shape.exponent <= kMostDigitsBefore && shape.after - shape.exponent <= kMostDigitsAfter;
}

} // namespace

bool is_storable_number(std::string_view text) {
	const NumberShape shape = shape_of(text);
	return shape.valid && fits_numeric(shape);
}

void JsonWriter::begin() {
	size_ = 0;
	copied_ = 0;
}

// Every value has a JEntry of 4 bytes, and numbers and containers are aligned to 4.
ValueProblem JsonWriter::count(std::size_t bytes) {
	constexpr std::size_t kEntry = 8;
	size_ += bytes + kEntry;
	return size_ > kMostJsonb ? kTooLarge : kNone;
}

ValueProblem JsonWriter::key(std::string_view name) {
	add(TokenKind::key, name);
	return count(name.size());
}

ValueProblem JsonWriter::string(std::string_view text) {
	add(TokenKind::string, text);
	return count(text.size());
}

ValueProblem JsonWriter::number(std::string_view text, bool may_be_special) {
	const NumberShape shape = shape_of(text);
	if (!shape.valid) {
		if (may_be_special && (text == "NaN" || text == "Infinity" || text == "-Infinity")) {
			return string(text);
		}
		return kNotNumber;
	}
	if (!fits_numeric(shape)) {
		return kNumberTooLarge;
	}
	add(TokenKind::number, text);
	// numeric: 2 bytes for 4 digits, and a header
	const auto digits =
		static_cast<std::size_t>(shape.before + shape.after + (shape.exponent < 0 ? -shape.exponent : shape.exponent));
	return count(digits / 2 + 16);
}

ValueProblem JsonWriter::time(std::string_view text) {
	std::array<char, kLongestTime> written{};
	const std::size_t length =
		parse_time(text).status == TimeStatus::invalid ? 0 : write_json_time(text, written.data());
	if (length == 0) {
		return kNotTime;
	}
	return string(arena_.keep(std::string_view(written.data(), length)));
}

// RapidJSON's events, as tokens. Its buffers do not outlive the call, so texts are kept.
struct JsonEvents {
	/// `number`: where the number stands that is meant by one that comes; null: each means itself.
	explicit JsonEvents(JsonWriter &writer, const std::string_view *number = nullptr)
		: writer_(writer), number_(number) {}

	ValueProblem problem;

	bool Null() {
		writer_.add(TokenKind::null);
		return note(writer_.count(0));
	}
	bool Bool(bool value) {
		writer_.add(TokenKind::boolean, value ? "true" : "false");
		return note(writer_.count(0));
	}
	bool RawNumber(const char *text, rapidjson::SizeType length, bool /* copy */) {
		if (number_ != nullptr) {
			return note(writer_.number(*number_, false));
		}
		return note(writer_.number(writer_.arena_.keep({text, length}), false));
	}
	bool String(const char *text, rapidjson::SizeType length, bool /* copy */) {
		const std::string_view value(text, length);
		if (const ValueProblem found = problem_of(value); found.code != nullptr) {
			return note(found);
		}
		return note(writer_.string(writer_.arena_.keep(value)));
	}
	bool Key(const char *text, rapidjson::SizeType length, bool /* copy */) {
		const std::string_view name(text, length);
		if (const ValueProblem found = problem_of(name); found.code != nullptr) {
			return note(found);
		}
		return note(writer_.key(writer_.arena_.keep(name)));
	}
	bool StartObject() { return open(TokenKind::begin_object); }
	bool EndObject(rapidjson::SizeType /* members */) { return close(TokenKind::end_object); }
	bool StartArray() { return open(TokenKind::begin_array); }
	bool EndArray(rapidjson::SizeType /* elements */) { return close(TokenKind::end_array); }
	// Numbers come as RawNumber, by kParseNumbersAsStringsFlag.
	bool Int(int /* value */) { return false; }
	bool Uint(unsigned /* value */) { return false; }
	bool Int64(std::int64_t /* value */) { return false; }
	bool Uint64(std::uint64_t /* value */) { return false; }
	bool Double(double /* value */) { return false; }

private:
	// RapidJSON writes the second half of a surrogate pair that stands alone as if it were a character.
	static ValueProblem problem_of(std::string_view text) {
		return text.find('\0') != std::string_view::npos ? kNoNul
			   : valid_utf8_prefix(text) != text.size()	 ? kNoSurrogate
														 : kNone;
	}
	bool note(ValueProblem found) {
		problem = found;
		return found.code == nullptr;
	}
	bool open(TokenKind kind) {
		writer_.add(kind);
		depth_++;
		return note(depth_ > kMostDepth ? kTooDeep : writer_.count(8));
	}
	bool close(TokenKind kind) {
		writer_.add(kind);
		depth_--;
		return true;
	}

	JsonWriter &writer_;
	const std::string_view *number_;
	std::size_t depth_ = 0;
};

namespace {

// RapidJSON refuses numbers that a double cannot hold, even when it is asked for their texts. A stream that it can
// read, with a 0 in the place of each number, which tells what number was taken last. Nothing is kept of the others: a
// text may be all numbers.
class NumberlessStream {
public:
	using Ch = char;
	explicit NumberlessStream(std::string_view text) : text_(text) { look(); }

	[[nodiscard]] char Peek() const { return shown_; }
	char Take() {
		const char taken = shown_;
		if (in_string_ && !escaped_ && taken == '\\') {
			escaped_ = true;
		} else {
			in_string_ = in_string_ != (taken == '"' && !escaped_);
			escaped_ = false;
		}
		at_ += length_;
		look();
		return taken;
	}
	[[nodiscard]] std::size_t Tell() const { return at_; }
	[[nodiscard]] const std::string_view &number() const { return number_; }
	// Of a stream that is written to, which RapidJSON never does with this one.
	static char *PutBegin() { return nullptr; }
	static void Put(char /* c */) {}
	static void Flush() {}
	static std::size_t PutEnd(const char * /* begin */) { return 0; }

private:
	// No number follows another one without a character between: RapidJSON has told of a number before the next is
	// seen.
	void look() {
		length_ = at_ < text_.size() ? 1 : 0;
		shown_ = length_ == 0 ? '\0' : text_[at_];
		if (!in_string_ && (shown_ == '-' || is_digit(shown_))) {
			number_ = text_.substr(at_, text_.find_first_not_of("0123456789+-.eE", at_) - at_);
			length_ = number_.size();
			shown_ = shape_of(number_).valid ? '0' : '?'; // for RapidJSON to refuse
		}
	}

	std::string_view text_;
	std::size_t at_ = 0;
	std::size_t length_ = 0; // of what stands there in the text
	std::string_view number_;
	char shown_ = '\0';
	bool in_string_ = false;
	bool escaped_ = false;
};

// Iterative, so that nesting takes no stack.
template <class Stream>
rapidjson::ParseResult parse(Stream &stream, JsonEvents &events) {
	rapidjson::Reader reader;
	constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
	return reader.Parse<kFlags>(stream, events);
}

} // namespace

ValueProblem JsonWriter::json(std::string_view text) {
	const std::size_t tokens = tokens_.size();
	const std::size_t size = size_;
	rapidjson::MemoryStream stream(text.data(), text.size());
	JsonEvents events(*this);
	rapidjson::ParseResult result = parse(stream, events);
	ValueProblem problem = events.problem;
	if (result.Code() == rapidjson::kParseErrorNumberTooBig) {
		tokens_.resize(tokens);
		size_ = size;
		NumberlessStream numberless(text);
		JsonEvents again(*this, &numberless.number());
		result = parse(numberless, again);
		problem = again.problem;
	}
	switch (result.Code()) {
	case rapidjson::kParseErrorNone:
		return kNone;
	case rapidjson::kParseErrorTermination:
		return problem;
	case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
		return kNoSurrogate;
	default:
		return kNotJson;
	}
}

ValueProblem JsonWriter::scalar(ValueKind kind, std::string_view text) {
	switch (kind) {
	case ValueKind::boolean:
		if (text != "t" && text != "f") {
			return kNotBoolean;
		}
		add(TokenKind::boolean, text == "t" ? "true" : "false");
		return count(0);
	case ValueKind::integer:
		return number(text, false);
	case ValueKind::number:
		return number(text, true);
	case ValueKind::json:
		return json(text);
	case ValueKind::date:
	case ValueKind::timestamp:
	case ValueKind::timestamptz:
		return time(text);
	case ValueKind::vector:
		return vector(ValueKind::integer, text);
	case ValueKind::oid_vector:
		return vector(ValueKind::text, text);
	default:
		return string(text);
	}
}

namespace {

// An array's text, element by element (the manual, "Array Input and Output Syntax").
class ArrayText {
public:
	/// `room`: bytes of elements that may be copied, because they hold escapes.
	ArrayText(std::string_view text, char delimiter, Arena &arena, std::size_t room)
		: text_(text), delimiter_(delimiter), arena_(arena), room_(room) {
		// Bounds other than from 1 stand before: [0:1]={1,2}
		if (!text_.empty() && text_[0] == '[') {
			const std::size_t sign = text_.find('=');
			at_ = sign == std::string_view::npos ? text_.size() : sign + 1;
		}
	}
	[[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
	[[nodiscard]] bool at_end() const { return at_ == text_.size(); }
	bool take(char c) {
		if (peek() != c || at_end()) {
			return false;
		}
		at_++;
		return true;
	}
	[[nodiscard]] char delimiter() const { return delimiter_; }
	[[nodiscard]] std::size_t room() const { return room_; }
	[[nodiscard]] bool is_too_large() const { return is_too_large_; }
	/// False when it does not end, or is too large. `quoted` tells NULL from "NULL".
	bool element(std::string_view &value, bool &quoted) {
		quoted = take('"');
		return quoted ? quoted_element(value) : plain_element(value);
	}

private:
	bool quoted_element(std::string_view &value) {
		const std::size_t start = at_;
		bool escaped = false;
		while (at_ < text_.size() && text_[at_] != '"') {
			const bool escape = text_[at_] == '\\';
			escaped = escaped || escape;
			at_ += escape ? 2 : 1;
		}
		if (at_ >= text_.size()) {
			return false;
		}
		value = text_.substr(start, at_ - start);
		at_++;
		if (escaped) {
			if (value.size() > room_) {
				is_too_large_ = true;
				return false;
			}
			room_ -= value.size();
			char *plain = arena_.allocate(value.size());
			std::size_t length = 0;
			for (std::size_t i = 0; i < value.size(); i++) {
				i += value[i] == '\\' ? 1 : 0;
				plain[length++] = value[i];
			}
			value = {plain, length};
		}
		return true;
	}
	bool plain_element(std::string_view &value) {
		const std::size_t start = at_;
		while (at_ < text_.size() && text_[at_] != delimiter_ && text_[at_] != '}' && text_[at_] != '{' &&
			   text_[at_] != '"') {
			at_++;
		}
		value = text_.substr(start, at_ - start);
		return !value.empty();
	}

	std::string_view text_;
	char delimiter_;
	Arena &arena_;
	std::size_t room_;
	std::size_t at_ = 0;
	bool is_too_large_ = false;
};

} // namespace

// An array within an element of an array is copied once more: with as many levels as a source may tell of, a text would
// take many times its size. The copies within elements have together the room of a jsonb.
ValueProblem JsonWriter::array(const source::Field &field, std::string_view text, std::size_t level) {
	const std::size_t room = level == 0 ? text.size() : kMostJsonb - copied_;
	ArrayText elements(text, level == 0 ? field.delimiter : field.inner_delimiters[level - 1], arena_, room);
	const bool holds_arrays = level < field.inner_delimiters.size();
	int depth = 0;
	do {
		if (elements.take('{')) {
			depth++;
			add(TokenKind::begin_array);
			const ValueProblem problem = count(8);
			if (problem.code != nullptr || depth > kMostDimensions) {
				return problem.code != nullptr ? problem : kNotArray;
			}
			if (elements.peek() != '}') {
				continue; // its first element
			}
		} else {
			std::string_view value;
			bool quoted = false;
			const std::size_t before = elements.room();
			if (depth == 0 || !elements.element(value, quoted)) {
				return elements.is_too_large() ? kTooLarge : kNotArray;
			}
			copied_ += level == 0 ? 0 : before - elements.room();
			if (!quoted && value == "NULL") {
				add(TokenKind::null);
			}
			const ValueProblem problem = !quoted && value == "NULL" ? count(0)
										 : holds_arrays				? array(field, value, level + 1)
																	: scalar(field.element, value);
			if (problem.code != nullptr) {
				return problem;
			}
		}
		while (depth > 0 && elements.take('}')) {
			depth--;
			add(TokenKind::end_array);
		}
		if (depth > 0 && !elements.take(elements.delimiter())) {
			return kNotArray;
		}
	} while (depth > 0);
	return elements.at_end() ? kNone : kNotArray;
}

ValueProblem JsonWriter::vector(ValueKind element, std::string_view text) {
	add(TokenKind::begin_array);
	ValueProblem problem = count(8);
	while (!text.empty() && problem.code == nullptr) {
		const std::size_t end = std::min(text.find(' '), text.size());
		problem = scalar(element, text.substr(0, end));
		text.remove_prefix(std::min(end + 1, text.size()));
	}
	add(TokenKind::end_array);
	return problem;
}

ValueProblem JsonWriter::value(const source::Field &field, std::string_view text) {
	switch (field.kind) {
	case ValueKind::array:
		return array(field, text, 0);
	default:
		return scalar(field.kind, text);
	}
}

} // namespace hyperline::event
