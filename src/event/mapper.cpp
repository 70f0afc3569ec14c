#include "event/mapper.hpp"

#include <array>
#include <cstring>
#include <utility>

#include "event/field_names.hpp"
#include "event/time_text.hpp"
#include "pg/failure.hpp"
#include "pg/utf8.hpp"

namespace hyperline::event {

using source::Value;
using source::ValueKind;

namespace {

// What is shown of a value of a row that is rejected because it is too large.
constexpr std::size_t kShownOfLarge = 1024;

bool is_storable_text(std::string_view text) {
	return is_plain_ascii(text) ||
		   (valid_utf8_prefix(text) == text.size() && std::memchr(text.data(), '\0', text.size()) == nullptr);
}

// Bytes that are no text, as \xNN; a backslash stays one. nullopt: no jsonb has room for that, and none is taken here.
std::optional<std::string_view> escaped(std::string_view text, Arena &arena) {
	constexpr char kHex[] = "0123456789abcdef";
	constexpr std::size_t kEscape = 4;
	// The bytes of the character that begins there; 0: none does.
	const auto character_at = [text](std::size_t at) {
		return text[at] == '\0' ? std::size_t{0} : static_cast<std::size_t>(utf8_length(text.substr(at)));
	};
	std::size_t size = 0;
	for (std::size_t at = 0; at < text.size() && size <= kMostJsonb;) {
		const std::size_t character = character_at(at);
		size += character == 0 ? kEscape : character;
		at += character == 0 ? 1 : character;
	}
	if (size > kMostJsonb) {
		return std::nullopt;
	}
	char *out = arena.allocate(size);
	std::size_t length = 0;
	for (std::size_t at = 0; at < text.size();) {
		const std::size_t character = character_at(at);
		if (character == 0) {
			const auto byte = static_cast<unsigned char>(text[at++]);
			for (const char c : {'\\', 'x', kHex[byte >> 4U], kHex[byte & 0xFU]}) {
				out[length++] = c;
			}
		}
		for (std::size_t i = 0; i < character; i++) {
			out[length++] = text[at++];
		}
	}
	return std::string_view(out, length);
}

Rejection too_large_to_send(const source::Row &row) {
	return Rejection{"", "too_large_to_send",
					 "the row has " + std::to_string(row.whole_bytes) +
						 " bytes, more than its source sends or than is taken"};
}

Rejection reject(const std::string &field, const char *code, std::string message) {
	return Rejection{field, code, std::move(message)};
}

} // namespace

Mapper::Mapper(std::vector<source::Field> fields, const MappingOptions &options) : fields_(std::move(fields)) {
	check(fields_, options);
	for (const source::Field &field : fields_) {
		Column column;
		column.role = role_of(field.name);
		column.is_version = !options.version_field.empty() && field.name == options.version_field;
		column.is_cursor = !options.cursor_field.empty() && field.name == options.cursor_field;
		if (column.is_version && (field.kind == ValueKind::integer || field.kind == ValueKind::number)) {
			version_class_ = VersionClass::number;
		}
		if (column.is_cursor) {
			cursor_kind_ = field.kind;
		}
		columns_.push_back(column);
	}
}

Mapper::Problem Mapper::take_key(std::size_t column, const Value &value, Event &event) const {
	const bool is_id = columns_[column].role == Role::id;
	const std::string &name = fields_[column].name;
	if (value.is_null) {
		return reject(name, is_id ? "null_id" : "null_customer_id", name + " is NULL");
	}
	if (value.text.empty()) {
		return reject(name, is_id ? "empty_id" : "empty_customer_id", name + " is empty");
	}
	if (value.text.size() > kLongestId) {
		return reject(name, is_id ? "id_too_long" : "customer_id_too_long",
					  name + " has " + std::to_string(value.text.size()) + " bytes, and 1024 is the most");
	}
	(is_id ? event.id : event.customer_id) = value.text;
	return std::nullopt;
}

Mapper::Problem Mapper::take_timestamp(const Value &value, Event &event) const {
	const std::string name = to_text(Role::timestamp);
	if (value.is_null) {
		return reject(name, "null_timestamp", "timestamp is NULL");
	}
	const ParsedTime time = parse_time(value.text);
	switch (time.status) {
	case TimeStatus::infinite:
		return reject(name, "infinite_timestamp", "timestamp is " + std::string(value.text));
	case TimeStatus::out_of_range:
		return reject(name, "timestamp_out_of_range", "timestamp is out of range: " + std::string(value.text));
	case TimeStatus::invalid:
		return reject(name, "invalid_timestamp", "timestamp is not a time in ISO format");
	case TimeStatus::ok:
		break;
	}
	event.timestamp = time.microseconds;
	return std::nullopt;
}

Mapper::Problem Mapper::take_extra(std::size_t column, const Value &value, Event &event, JsonWriter &json) const {
	const source::Field &field = fields_[column];
	if (columns_[column].role == Role::deleted_at && !value.is_null &&
		(field.kind != ValueKind::boolean || value.text == "t")) {
		event.is_deleted = true;
	}
	ValueProblem problem = json.key(field.name);
	if (problem.code == nullptr) {
		if (value.is_null) {
			json.add(TokenKind::null);
		} else {
			problem = json.value(field, value.text);
		}
	}
	return problem.code == nullptr ? Problem() : reject(field.name, problem.code, problem.message);
}

// The version as the record shows it, for it is compared with that of the stored record; the cursor as it came, for it
// goes back to the source.
void Mapper::take_marks(std::size_t column, const Value &value, Event &event, Output &out) const {
	const Column &marks = columns_[column];
	if (value.is_null) {
		return;
	}
	if (marks.is_cursor) {
		event.cursor = value.text;
		event.has_cursor = true;
	}
	if (marks.is_version) {
		event.version = value.text;
		event.has_version = true;
		std::array<char, kLongestTime> written{};
		if (is_time(fields_[column].kind)) {
			const std::size_t length = write_json_time(value.text, written.data());
			event.version = out.arena.keep(std::string_view(written.data(), length));
		}
	}
}

Mapper::Problem Mapper::map_event(const source::Row &row, Event &event, JsonWriter &json, Output &out) const {
	json.begin();
	json.add(TokenKind::begin_object);
	for (std::size_t i = 0; i < row.size; i++) {
		const Value &value = row.values[i];
		if (!value.is_null && !is_storable_text(value.text)) {
			return reject(fields_[i].name, "invalid_encoding",
						  "the value of " + shown(fields_[i].name) + " is not valid UTF-8 or holds a NUL byte");
		}
		Problem problem;
		switch (columns_[i].role) {
		case Role::id:
		case Role::customer_id:
			problem = take_key(i, value, event);
			break;
		case Role::timestamp:
			problem = take_timestamp(value, event);
			break;
		case Role::customer_name:
			event.has_customer_name = !value.is_null && !value.text.empty();
			event.customer_name = value.text;
			break;
		case Role::deleted_at:
		case Role::extra:
			problem = take_extra(i, value, event, json);
			break;
		}
		if (problem) {
			return problem;
		}
		if (columns_[i].is_version || columns_[i].is_cursor) {
			take_marks(i, value, event, out);
		}
	}
	json.add(TokenKind::end_object);
	return std::nullopt;
}

// All fields of a row, each as itself where jsonb can hold it, else as its text.
TokenRange Mapper::show_row(const source::Row &row, JsonWriter &json, Output &out) const {
	TokenRange range;
	range.begin = static_cast<std::uint32_t>(out.tokens.size());
	for (const bool whole : {true, false}) {
		out.tokens.resize(range.begin);
		json.begin();
		json.add(TokenKind::begin_object);
		bool fits = true;
		for (std::size_t i = 0; i < row.size && fits; i++) {
			const Value &value = row.values[i];
			fits = json.key(fields_[i].name).code == nullptr;
			const std::size_t before = out.tokens.size();
			if (value.is_null) {
				json.add(TokenKind::null);
			} else if (!whole && value.text.size() > kShownOfLarge) {
				const std::string cut = std::string(*escaped(value.text.substr(0, kShownOfLarge), out.arena)) +
										"... (" + std::to_string(value.text.size()) + " bytes)";
				json.string(out.arena.keep(cut));
			} else if (!is_storable_text(value.text)) {
				const std::optional<std::string_view> shown = escaped(value.text, out.arena);
				fits = shown && json.string(*shown).code == nullptr;
			} else if (json.value(fields_[i], value.text).code != nullptr) {
				out.tokens.resize(before);
				fits = json.string(value.text).code == nullptr;
			}
		}
		json.add(TokenKind::end_object);
		if (fits) {
			break;
		}
	}
	range.end = static_cast<std::uint32_t>(out.tokens.size());
	return range;
}

void Mapper::map(const source::Row &row, Output &out) const {
	if (row.size != fields_.size()) {
		throw Error(sqlstate::kProtocolViolation, "the source sent a row of " + std::to_string(row.size) +
													  " values for a query of " + std::to_string(fields_.size()) +
													  " fields");
	}
	JsonWriter json(out.tokens, out.arena);
	Event event;
	event.row_number = row.number;
	event.record.begin = static_cast<std::uint32_t>(out.tokens.size());
	if (Problem problem = row.whole_bytes != 0 ? too_large_to_send(row) : map_event(row, event, json, out)) {
		out.tokens.resize(event.record.begin);
		out.rejected.push_back(RejectedRow{row.number, *std::move(problem), show_row(row, json, out)});
		return;
	}
	event.record.end = static_cast<std::uint32_t>(out.tokens.size());
	out.events.push_back(event);
}

} // namespace hyperline::event
