// Values of a cursor field, as the source printed them.
#pragma once

#include <cstdint>
#include <string_view>

#include "source/field.hpp"

namespace hyperline::loader {

/// How the source orders a field's values.
enum class Order : std::uint8_t {
	time,
	number,
	bytes,	///< of the text: what has a collation is read in the order of "C"
	source, ///< in a way that is not known here
};
Order order_of(const source::Field &field);

/// Neither an infinity nor NaN: nothing comes after those, so that they are no place to go on from.
bool is_finite(std::string_view value, source::ValueKind kind);

/// Whether the value is known to come before the other; of infinite times it is not. Bytes are those of UTF-8: where
/// another encoding of the source orders them otherwise, a watermark may stay behind what was read.
bool is_before(std::string_view value, std::string_view other, Order order);

} // namespace hyperline::loader
