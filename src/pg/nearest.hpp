// "Did you mean": which of the known names a wrong one was meant to be. Plain C++, for every room.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hyperline {

/// The number of characters to change, add, leave out or swap with their neighbour to get from `a` to `b`, whatever
/// their case in ASCII; some number above `most` when it is more than that.
[[nodiscard]] std::size_t distance(std::string_view a, std::string_view b, std::size_t most);

/// The most that a known name may differ from `name` to be worth mentioning: nothing but case for one or two
/// characters, one for up to five, else a third of them.
[[nodiscard]] std::size_t likely_distance(std::string_view name);

/// The nearest of `known`, the first of those that are equally near; empty when none is near.
[[nodiscard]] std::string nearest(std::string_view name, const std::vector<std::string> &known);

} // namespace hyperline
