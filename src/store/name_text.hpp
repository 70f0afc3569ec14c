// What a name may consist of. Plain C++.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hyperline::store {

/// What is wrong with a name of at most `longest` bytes, as a sentence about "it"; empty when nothing is: it is not
/// empty nor only white space, in any alphabet, and holds no control characters nor what turns the direction of writing
/// (so that what is read is what is stored). `name` is valid UTF-8.
[[nodiscard]] std::string fault_of_name(std::string_view name, std::size_t longest);

/// Whether it can be what a connection is opened with, a url or libpq's keywords, so that it may hold a password.
[[nodiscard]] bool is_like_url(std::string_view name);

} // namespace hyperline::store
