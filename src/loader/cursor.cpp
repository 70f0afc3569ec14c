#include "loader/cursor.hpp"

#include "event/time_text.hpp"

namespace hyperline::loader {

bool is_finite(std::string_view value, source::ValueKind kind) {
	if (is_time(kind)) {
		return event::parse_time(value).status != event::TimeStatus::infinite;
	}
	return kind != source::ValueKind::number || (value != "NaN" && value != "Infinity" && value != "-Infinity");
}

bool is_before(std::string_view value, std::string_view other, source::ValueKind kind) {
	if (!is_time(kind)) {
		return false;
	}
	const event::ParsedTime a = event::parse_time(value);
	const event::ParsedTime b = event::parse_time(other);
	return a.status == event::TimeStatus::ok && b.status == event::TimeStatus::ok && a.microseconds < b.microseconds;
}

} // namespace hyperline::loader
