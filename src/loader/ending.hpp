// How a run ends that did not succeed: what its exception means, what its row and its loader say of it, and whether it
// is tried again.
#pragma once

#include <optional>

#include "pg/failure.hpp"
#include "pg/session.hpp"
#include "pg/transaction.hpp"
#include "store/connections.hpp"
#include "store/loaders.hpp"
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

/// Records that the run has succeeded, in a transaction of its own; a cancel is too late from then on (`ended`). Tried
/// again for some minutes while others are in the way, or resources are short. Throws what is in its way then, and
/// Stopped when the loader was changed under the run.
void record_success(const store::Run &run, const store::Loader &loader, const store::Success &success,
					pg::Transactions &transactions, std::optional<pg::CancelHold> &ended);

/// Records the ending in a transaction of its own, and queues the retry of a run of the schedule. `opened`: whether the
/// source could be opened; if not, why is its connection's last error. Tried again as above.
void record_ending(const store::Run &run, const store::Connection &connection, const Ending &ending, bool opened,
				   pg::Transactions &transactions);

} // namespace hyperline::loader
