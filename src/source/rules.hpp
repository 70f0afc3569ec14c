// Where connections may go, as the settings tell it. Plain C++: checked and tested without a server.
#pragma once

#include <string>
#include <string_view>

namespace hyperline::source {

/// What is wrong with a list of name servers, in a sentence; empty when nothing is. Addresses, separated by commas, an
/// IPv6 one in brackets when a port follows it; an empty list is one too.
[[nodiscard]] std::string check_name_servers(std::string_view list);

} // namespace hyperline::source
