// Arguments that are names of connections and loaders. Who is in a hurry writes a url there, with its password: no
// message repeats it, and the statement is not logged.
#pragma once

#include <optional>
#include <string>

#include "pg/rows_out.hpp"

namespace hyperline::api {

/// What is shown in the place of a statement that holds a url.
inline constexpr const char *kHiddenStatement = "<hyperline statement with a connection url>";

/// As pg::text_argument() and pg::required_text(). Throw 22023 for what is like a url: no name is.
std::optional<std::string> name_argument(FunctionCallInfo fcinfo, int number);
std::string required_name(FunctionCallInfo fcinfo, int number, const char *name);

} // namespace hyperline::api
