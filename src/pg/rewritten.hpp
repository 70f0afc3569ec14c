// An ERROR of PostgreSQL that says something else than it did, and is the same otherwise.
#pragma once

#include <string>
#include <string_view>

#include "pg/gate.hpp"

namespace hyperline::pg {

using Rewrite = std::string (*)(std::string_view);

/// What `error` was, which is empty then, with `text` applied to message, DETAIL and HINT, and `context` to CONTEXT.
/// Throws Error when there is no memory for it.
[[nodiscard]] Error rewritten(const Error &error, Rewrite text, Rewrite context);

} // namespace hyperline::pg
