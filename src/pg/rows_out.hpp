// Rows that an SQL-callable function returns.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pg/gate.hpp"
#include "pg/rights.hpp"
#include "pg/spi.hpp"
#include "pg/time.hpp"

namespace hyperline::pg {

/// A value to return: NULL, a boolean, an int8, a timestamptz, or text that the column's input function reads.
using OutValue = std::variant<std::monostate, bool, std::int64_t, Timestamp, std::string, std::vector<std::string>>;

inline OutValue out_text(const std::optional<std::string> &text) {
	return text ? OutValue(*text) : OutValue();
}
/// Empty is NULL.
inline OutValue out_filled(const std::string &text) {
	return text.empty() ? OutValue() : OutValue(text);
}

/// Returns `rows` from a set-returning function; the types are those that the function is declared with.
Datum return_rows(FunctionCallInfo fcinfo, const std::vector<std::vector<OutValue>> &rows);

/// Returns one composite value.
Datum return_row(FunctionCallInfo fcinfo, const std::vector<OutValue> &row);

/// An argument as text; nullopt when it is NULL. Works for text, name and every type with a text form.
std::optional<std::string> text_argument(FunctionCallInfo fcinfo, int number);

/// 22004 for an argument that may not be NULL.
hyperline::Error null_argument(FunctionCallInfo fcinfo, const char *name);

/// The same for an argument that may not be NULL: throws 22004 naming it.
std::string required_text(FunctionCallInfo fcinfo, int number, const char *name);

/// An int4 or int8 argument.
std::optional<std::int64_t> integer_argument(FunctionCallInfo fcinfo, int number);
/// An argument of type oid or regrole that may not be NULL: throws 22004 naming it.
Oid required_oid(FunctionCallInfo fcinfo, int number, const char *name);
/// An argument of type interval that may not be NULL: throws 22004 naming it.
IntervalParts required_interval(FunctionCallInfo fcinfo, int number, const char *name);
std::optional<bool> boolean_argument(FunctionCallInfo fcinfo, int number);

Datum text_result(const std::string &text);

} // namespace hyperline::pg
