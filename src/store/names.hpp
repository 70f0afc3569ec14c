// Names of things (connections, loaders, event types, customers): the rules for new ones, and what is said of unknown
// ones.
#pragma once

#include <string>

#include "pg/failure.hpp"

namespace hyperline::store {

/// Most bytes that a name may have.
inline constexpr std::size_t kLongestName = 255;

/// Throws 22023 unless `name` can name something; store/name_text.hpp says when. `what` is the user's word for it:
/// "loader name", "event type".
void check_name(const char *what, const std::string &name, std::size_t longest = kLongestName);

/// A hint for a name that nothing has: the nearest known one, or `advice`. `known_sql` lists names.
std::string advice_for_unknown(const std::string &name, const char *known_sql, const std::string &advice);

/// 42704 for a name that nothing has; with that hint.
Error unknown_name(const char *kind, const std::string &name, const char *known_sql, const std::string &advice);

/// 42710 for a name that something has.
Error name_taken(const char *kind, const std::string &name);

} // namespace hyperline::store
