// Cuts a row of COPY's text format into values: tabs between the fields, \N for NULL, backslash escapes (the manual's
// page on COPY, "Text Format"; CopyReadAttributesText() in PostgreSQL's copyfromparse.c). Values are unescaped in
// place: nothing is allocated but the list of values, and nothing is read or written outside the row.
#pragma once

#include "source/field.hpp"

#include <cstddef>
#include <vector>

namespace hyperline::source {

/// The most fields of a row: PostgreSQL's limit of columns in a result (MaxTupleAttributeNumber).
inline constexpr std::size_t kMaxRowFields = 1664;

/// Adds to `values` the fields of the row in `line`, `length` bytes as PQgetCopyData() gives them, with or without
/// the line end. `line` is changed; the values are views into it. Values may hold any bytes, a NUL too (an escape can
/// make one): they are checked where they are used. An empty row is one empty value, which is also how a result
/// without columns looks.
/// Throws Error 08P01 for a row that no server sends: a backslash at its end, a second line, too many fields; what
/// `line` and `values` hold then is not defined.
void split_copy_row(char *line, std::size_t length, std::vector<Value> &values);

} // namespace hyperline::source
