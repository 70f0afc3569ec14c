// How the databases of a cluster share the slots for background workers when there are too few of them. Plain C++.
#pragma once

namespace hyperline::pg {

struct Sharing {
	bool is_short = false; ///< a worker could not be started for want of a slot, not long ago
	int waiting = 0;	   ///< databases that wait for a scheduler
	int serving = 0;	   ///< databases that have one
	int capacity = 0;	   ///< so many workers of ours there were when there was no slot for one more
};

} // namespace hyperline::pg
