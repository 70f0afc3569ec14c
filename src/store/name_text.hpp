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

} // namespace hyperline::store
