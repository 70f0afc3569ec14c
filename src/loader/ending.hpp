// How a run ends that did not succeed: what its exception means, what its row and its loader say of it, and whether it
// is tried again.
#pragma once

#include "pg/failure.hpp"
#include "pg/transaction.hpp"
#include "store/connections.hpp"
#include "store/runs.hpp"

namespace hyperline::loader {

struct Ending {
	store::RunStatus status = store::RunStatus::failed;
	Failure failure;
	bool due_again = false;		 ///< the loader is to run again at once
	bool needs_rollback = false; ///< PostgreSQL raised it here
};

/// What the exception means for the run. Called inside a catch block; raises nothing.
Ending describe_ending(const store::Run &run);

/// Records the ending in a transaction of its own, and queues the retry of a run of the schedule. `opened`: whether the
/// source could be opened; if not, why is its connection's last error.
void record_ending(const store::Run &run, const store::Connection &connection, const Ending &ending, bool opened,
				   pg::Transactions &transactions);

} // namespace hyperline::loader
