// Errors of this server that go to who called, and to the log with the statement: what they quote of a source's rows
// (DETAIL of a constraint, what a trigger says) can only be read as what it is. Runs note theirs as describe_ending()
// tells them.
#pragma once

#include "pg/rewritten.hpp"
#include "source/scrub.hpp"

namespace hyperline::loader {

/// Runs `body` and returns what it returns; an error of PostgreSQL is thrown on with each of its texts as one line,
/// but for CONTEXT, which has a line a level.
template <typename Body>
auto with_plain_errors(Body &&body) -> decltype(body()) {
	try {
		return body();
	} catch (const pg::Error &error) {
		throw pg::rewritten(error, source::one_line, source::plain_lines);
	}
}

} // namespace hyperline::loader
