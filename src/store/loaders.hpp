// Loaders as they are kept, and how far each has read.
//
// All functions need an open pg::Connection (SPI). Functions that change a loader mark the transaction, so that the
// scheduler is told at its commit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/spi.hpp"
#include "store/connections.hpp"

namespace hyperline::store {

/// How many rows a run may reject unless its loader says otherwise.
inline constexpr std::int32_t kMaxRejected = 10'000;

/// Of a cursor field that is no time; see loader/settling.hpp.
struct Settling {
	std::optional<std::string> settled;		///< the watermark that runs read again from
	std::optional<std::string> mark;		///< a later one, of a run that succeeded: the next to be settled
	std::optional<pg::Timestamp> mark_time; ///< the source's clock when all that was committed then was read
};

struct Loader {
	std::int32_t id = 0;
	std::string name;
	std::int32_t connection_id = 0;
	std::string event_type;
	std::string query;
	std::string refresh_rate;
	std::string time_zone = "UTC";
	std::optional<std::string> cursor_field;
	std::string lookback = "10 minutes"; ///< an interval
	std::optional<std::string> version_field;
	bool paused = false;
	pg::Timestamp next_run_at{0};
	std::optional<std::string> watermark;
	std::optional<pg::Timestamp> last_refreshed_at;
	std::optional<pg::Timestamp> open_since;		   ///< of the oldest transaction that was open then
	std::optional<pg::Timestamp> watermark_time;	   ///< the source's clock when the watermark was reached
	std::optional<pg::Timestamp> watermark_open_since; ///< of the oldest transaction that was open then
	bool broke_off = false;							   ///< the watermark is that of a run that did not succeed
	Settling settling;
	std::optional<std::string> source_position;
	std::int32_t consecutive_failures = 0;
	std::int32_t max_rejected = kMaxRejected; ///< rows that a run may reject before it fails
	std::optional<std::string> fields;		  ///< what its query returned last, as JSON
	std::string owner;						  ///< the role with whose rights it writes events
	std::int32_t generation = 0; ///< counts changes of what it reads: a run of an older one may store nothing more
};

/// Throws 42704, with the nearest known name as a hint, when there is none of that name.
Loader find_loader(const std::string &name);
/// nullopt when it was dropped.
std::optional<Loader> get_loader(std::int32_t id);

/// Stores a new one of `connection`, due at once; throws 42710 when the name is taken, and 55000 when the connection's
/// url or owner is not what it was when it was read. Both stay as they are until the end of the transaction.
void insert_loader(const Loader &loader, const Connection &connection);

/// Writes all settings of `loader`, which was read in this transaction. With `read_everything` it forgets how far it
/// has read: what it reads has changed. Throws 55000 as above.
void update_loader(const Loader &loader, const Connection &connection, bool read_everything);

/// Holds the loader's row until the transaction ends, before anything is done to its runs: everybody who changes both
/// takes the loader first, so that nobody deadlocks, and the scheduler passes over a loader that is held.
void hold_loader(std::int32_t id);
/// The same, unless somebody else holds it: then false. True too for a loader that is gone.
bool try_to_hold_loader(std::int32_t id);

void set_paused(const std::string &name, bool paused);
/// Makes the next run read everything again.
void forget_progress(const std::string &name);
/// The same for the run that has found another source, or another history of it, at this position: of what the loader
/// had read there nothing can be said. A run in progress goes on.
void start_again(Loader &loader, const std::string &source_position);
/// Notes where the source stands from which a run stores what it says.
void note_position(std::int32_t id, const std::string &source_position);
/// Its runs stay as history, and its events.
void delete_loader(const Loader &loader);
/// Throws 55006 when another loader stores events of its type too.
void refuse_shared_events(const Loader &loader);
/// What is deleted of the events of a type by the role `deleter`, for which row-level security holds, and whether there
/// are more.
struct DeletedEvents {
	std::uint64_t count = 0;
	bool some_remain = false;
};
DeletedEvents delete_events(const std::string &event_type, Oid deleter);

/// Before a batch is stored: locks the loader's row against changes, and tells whether the run may go on. `statement`
/// keeps its plan for the next time.
enum class Permission { go_on, paused, dropped, changed };
Permission permission_to_store(const Loader &as_read, pg::Prepared &statement);

/// The time up to which invoices may rely on the events of a type; nullopt: never.
std::optional<pg::Timestamp> complete_until(const std::string &event_type);

/// A time less a lookback, which is an interval.
pg::Timestamp less_lookback(pg::Timestamp time, const std::string &lookback);

/// The literal for {{last_refreshed_at}}: the time, or since when a transaction had been open then, less the lookback;
/// or -infinity.
std::string refreshed_since_literal(const Loader &loader);
/// The same where there is no last time: in a preview, in a description, in a first run.
inline constexpr const char *kSinceEver = "'-infinity'::timestamptz";

} // namespace hyperline::store
