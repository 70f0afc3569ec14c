// A record as jsonb, from the tokens that event/ made of it: one builder for what is stored and for what is previewed.
#pragma once

#include <string>
#include <vector>

#include "event/event.hpp"
#include "pg/gate.hpp"

namespace hyperline::store {

/// Builds the jsonb of a document in the current memory context. Calls PostgreSQL: only inside a gate.
Datum make_record(const event::Token *token, const event::Token *end);

/// The same as the text that PostgreSQL prints for it. Throws pg::Error for what jsonb cannot hold.
std::string record_text(const std::vector<event::Token> &tokens, event::TokenRange range);

} // namespace hyperline::store
