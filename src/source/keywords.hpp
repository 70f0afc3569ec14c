// With which of libpq's options a connection is opened.
#pragma once

#include "source/attempt.hpp"
#include "source/url.hpp"

namespace hyperline::source {

/// The url's, and those that we set: nothing is taken from the server's environment or from files of its
/// operating-system user, what is sent and received is UTF-8, and a peer that vanishes is noticed within a minute.
/// `is_trusted`: as in StoredUrl.
[[nodiscard]] Keywords connection_keywords(const ConnectionUrl &url, bool is_trusted);

} // namespace hyperline::source
