// The setting hyperline_connector.databases as text. Plain C++, tested without a server.
#pragma once

#include <string_view>

namespace hyperline::pg {

/// Whether the setting `databases`, '*' or a comma-separated list, names a database.
bool is_wanted(std::string_view setting, std::string_view database);

} // namespace hyperline::pg
