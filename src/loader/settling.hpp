// Where a run with a cursor field begins, and what of its result may still be missing.
//
// A time says when it was given out; a number or a text does not. Of those a watermark is settled once every
// transaction has ended that was open when it was reached: as values are given out in ascending order, what came late
// lies past every watermark that had been reached before the transactions began that wrote it. Runs read again from the
// settled watermark on, and find it.
#pragma once

#include <optional>
#include <string>

#include "loader/cursor.hpp"
#include "pg/time.hpp"
#include "source/provider.hpp"
#include "store/loaders.hpp"

namespace hyperline::loader {

/// Where a run begins.
struct Start {
	std::optional<std::string> from; ///< a value of the cursor field; nullopt: everything is read
	bool reads_late = false;		 ///< everything once more, for what had not committed when it was read first
	bool goes_on = false;			 ///< from where a run broke off, over what that has passed over
	bool settles = false;			 ///< what it reads up to the loader's mark cannot come late any more
	/// Up to when the source is complete here if the run succeeds; nullopt: no farther than before.
	std::optional<pg::Timestamp> complete_until;
	/// Since when a transaction has been open that the watermark may have passed over; nullopt: not known.
	std::optional<pg::Timestamp> open_since;
};

/// Of a run that reads in `snapshot` a query whose cursor field, if the loader has one, is in `order`.
Start start_of(const store::Loader &loader, Order order, const source::Snapshot &snapshot);

/// Up to where nothing comes late any more, when a run has read everything from its start up to `read`; nullopt: no
/// farther than before.
std::optional<std::string> settled_up_to(const store::Loader &loader, const Start &start, const std::string &read,
										 Order order);

/// What is kept when a run has succeeded that has reached `watermark`, in `snapshot` at the last.
store::Settling settle(const store::Loader &loader, const Start &start, const std::string &watermark,
					   const source::Snapshot &snapshot);

} // namespace hyperline::loader
