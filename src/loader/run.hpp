// One run of one loader, from start to end: read from the source, map, store batch by batch, and keep the run's row
// true. Who asked for the run, and in what kind of process, it does not know.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pg/failure.hpp"
#include "pg/transaction.hpp"
#include "store/runs.hpp"

namespace hyperline::loader {

/// How a run ended. `failure` is filled unless it succeeded.
struct Outcome {
	store::RunStatus status = store::RunStatus::succeeded;
	Failure failure;
	/// False when the run was not queued any more, or another process or an open transaction holds its loader.
	bool started = true;
};

/// Carries out the queued run `run_id` and commits its end, whatever happened: only what makes that impossible is
/// thrown. Takes the loader's lock. A failed run of the schedule gets its retry queued (not one of a session).
Outcome execute(std::int64_t run_id, pg::Transactions &transactions);

/// The same for a run of this session: one that is queued is taken over. Not started while another process runs the
/// loader. Throws 42704 for an unknown loader.
Outcome execute_in_session(const std::string &name, pg::Transactions &transactions);

/// Stores the rejected rows of a loader that fit now, in a run of this session, and returns how many; rows that are not
/// found at the source any more, and those without an id, stay. It has no part in what the loader reads next. nullopt
/// while another process runs the loader. Throws what went wrong, 55006 when a run is queued, 42704 for an unknown
/// loader.
std::optional<std::int64_t> retry_rejected_in_session(const std::string &name, pg::Transactions &transactions);

} // namespace hyperline::loader
