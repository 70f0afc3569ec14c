// Values of a cursor field, as the source printed them.
#pragma once

#include <string_view>

#include "source/field.hpp"

namespace hyperline::loader {

/// Neither an infinity nor NaN: nothing comes after those, so that they are no place to go on from.
bool is_finite(std::string_view value, source::ValueKind kind);

/// Whether the value is known to come before the other. Only times are read again from before a watermark, so of
/// others it is false.
bool is_before(std::string_view value, std::string_view other, source::ValueKind kind);

} // namespace hyperline::loader
