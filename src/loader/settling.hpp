// Where a run with a cursor field begins, and what of its result may still be missing.
//
// A time says when it was given out; a number or a text does not. Of those a watermark is settled once every
// transaction has ended that was open when it was reached: as values are given out in ascending order, what came late
// lies past every watermark that had been reached before the transactions began that wrote it. Runs read again from the
// settled watermark on, and find it.
#pragma once

#include <optional>
#include <string>

#include "pg/time.hpp"
#include "source/provider.hpp"
#include "store/loaders.hpp"
#include "store/runs.hpp"

namespace hyperline::loader {

/// Where a run begins.
struct Start {
	std::optional<std::string> from; ///< a value of the cursor field; nullopt: everything is read
	bool reads_late = false;		 ///< everything once more, for what had not committed when it was read first
	/// Up to when the source is complete here if the run succeeds; nullopt: no farther than before.
	std::optional<pg::Timestamp> complete_until;
	/// Since when a transaction has been open that the watermark may have passed over; nullopt: not known.
	std::optional<pg::Timestamp> open_since;
	/// The same less the loader's lookback: a watermark that was reached by then is settled.
	std::optional<pg::Timestamp> settled_by;
};

/// Of a run that reads in `snapshot` a query whose cursor field, if the loader has one, is of `kind`.
Start start_of(const store::Loader &loader, source::ValueKind kind, const source::Snapshot &snapshot);

/// What is kept of the watermark that a run has reached in `snapshot`, for those to come.
store::Settling settle(const store::Loader &loader, const Start &start, const std::string &reached,
					   const source::Snapshot &snapshot);

} // namespace hyperline::loader
