// From a stored connection to an open source, and from a loader's query to the text that is sent.
#pragma once

#include <memory>
#include <string>

#include "source/provider.hpp"
#include "source/query_text.hpp"
#include "store/connections.hpp"
#include "store/loaders.hpp"

namespace hyperline::loader {

/// Opens a connection. Throws 28P01 when it has lost its password (after a restore), else as the provider does.
/// Needs no transaction.
std::unique_ptr<source::Source> open_source(const store::Connection &connection);

/// The time-outs that the settings give.
source::Limits source_limits();

} // namespace hyperline::loader
