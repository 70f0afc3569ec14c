// Values of a cursor field, as the source printed them.
#pragma once

#include <string_view>

#include "source/field.hpp"

namespace hyperline::loader {

/// Neither an infinity nor NaN: nothing comes after those, so that they are no place to go on from.
bool is_finite(std::string_view value, source::ValueKind kind);

/// Whether the value comes before the other at the source; of infinite times it is false. Texts are compared byte by
/// byte in UTF-8: where another encoding of the source orders them otherwise, a watermark may stay behind what was
/// read.
bool is_before(std::string_view value, std::string_view other, source::ValueKind kind);

} // namespace hyperline::loader
