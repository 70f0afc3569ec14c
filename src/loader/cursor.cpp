#include "loader/cursor.hpp"

#include <algorithm>
#include <charconv>

#include "event/time_text.hpp"

namespace hyperline::loader {

namespace {

// The digits before and after the point of a number without a sign. What PostgreSQL prints has no leading zeros.
struct Digits {
	std::string_view whole;
	std::string_view fraction;

	explicit Digits(std::string_view text) : whole(text.substr(0, text.find('.'))) {
		if (whole.size() < text.size()) {
			fraction = text.substr(whole.size() + 1);
			fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);
		}
	}
	[[nodiscard]] bool operator<(const Digits &other) const {
		if (whole.size() != other.whole.size()) {
			return whole.size() < other.whole.size();
		}
		return whole != other.whole ? whole < other.whole : fraction < other.fraction;
	}
};

// Digit for digit, since integers and numerics have more of them than a double; but floats print exponents.
bool is_less(std::string_view a, std::string_view b) {
	if (a.find('e') != std::string_view::npos || b.find('e') != std::string_view::npos) {
		double x = 0;
		double y = 0;
		std::from_chars(a.data(), a.data() + a.size(), x);
		std::from_chars(b.data(), b.data() + b.size(), y);
		return x < y;
	}
	const bool a_negative = a.starts_with('-');
	const bool b_negative = b.starts_with('-');
	if (a_negative != b_negative) {
		return a_negative;
	}
	const Digits x(a.substr(a_negative ? 1 : 0));
	const Digits y(b.substr(b_negative ? 1 : 0));
	return a_negative ? y < x : x < y;
}

} // namespace

// citext has a collation and an order of its own.
Order order_of(const source::Field &field) {
	using source::ValueKind;
	if (source::is_time(field.kind)) {
		return Order::time;
	}
	if (field.kind == ValueKind::integer || field.kind == ValueKind::number || field.type_name == "oid" ||
		field.type_name == "xid8") {
		return Order::number;
	}
	const bool in_bytes = field.type_name == "uuid" || (field.has_collation && field.type_name != "citext");
	return in_bytes ? Order::bytes : Order::source;
}

bool is_finite(std::string_view value, source::ValueKind kind) {
	if (is_time(kind)) {
		return event::parse_time(value).status != event::TimeStatus::infinite;
	}
	return kind != source::ValueKind::number || (value != "NaN" && value != "Infinity" && value != "-Infinity");
}

bool is_before(std::string_view value, std::string_view other, Order order) {
	switch (order) {
	case Order::number:
		return is_less(value, other);
	case Order::bytes:
		return value < other;
	case Order::source:
		return false;
	case Order::time:
		break;
	}
	const event::ParsedTime a = event::parse_time(value);
	const event::ParsedTime b = event::parse_time(other);
	return a.status == event::TimeStatus::ok && b.status == event::TimeStatus::ok && a.microseconds < b.microseconds;
}

} // namespace hyperline::loader
