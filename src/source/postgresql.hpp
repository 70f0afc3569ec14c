// The provider "postgresql": a PostgreSQL server, or what speaks its protocol, through libpq.
//
// Rows come by COPY over the extended protocol: the query is prepared alone first, so that it is one statement and
// nothing in it can leave its place, and runs in a READ ONLY transaction.
#pragma once

#include <memory>
#include <string>

#include "source/provider.hpp"

namespace hyperline::source {

StoredUrl postgresql_split_url(const std::string &url, bool is_superuser);
std::unique_ptr<Source> postgresql_open(const StoredUrl &url, const Limits &limits);

} // namespace hyperline::source
