// A row on its way through a batch, and what a run remembers of keys from one batch to the next.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "pg/postgres.hpp"

namespace hyperline::store {

/// The row of this run that had a key before, in an earlier batch.
struct EarlierRow {
	std::uint64_t row = 0; ///< 0: none. With a mark below.
	/// What is known of the key's content: kOverwritten says of which.
	std::uint64_t content = 0;
};

/// Marks of a remembered row number.
inline constexpr std::uint64_t kSetAside = std::uint64_t{1} << 47U; ///< the row waits for the end of the run
/// The event was there before the run, which wrote over it: `content` is what it was. Without the mark it is what the
/// row says: the run wrote the event as a new one, or found it like that.
inline constexpr std::uint64_t kOverwritten = std::uint64_t{1} << 46U;
inline constexpr std::uint64_t kRowNumber = kOverwritten - 1;

/// A row that waits to be stored. What it points to lives in the batch's memory context.
struct PendingEvent {
	std::string_view id;
	std::string_view customer_id;
	std::string_view version;
	Datum id_datum;
	Datum customer_datum;
	Datum record;
	std::int64_t timestamp;
	std::uint64_t row_number;
	std::uint64_t content; ///< a hash of all that is stored of it but its key
	EarlierRow earlier;
	bool is_deleted;
	bool has_version;

	/// Whether an earlier batch stored a row of this key, or found it stored.
	[[nodiscard]] bool came_before() const noexcept { return earlier.row != 0 && (earlier.row & kSetAside) == 0; }
	[[nodiscard]] std::uint64_t earlier_number() const noexcept { return earlier.row & kRowNumber; }
};

/// Of all that is stored of an event but its key. Only inside a gate.
std::uint64_t hash_content(Datum record, std::int64_t timestamp, bool is_deleted, std::uint64_t seed);

/// Sets the `earlier` of each of a few rows to what was remembered of their keys, and remembers their row numbers, of
/// 48 bits, and contents.
using SeenBefore = std::function<void(PendingEvent *rows, std::size_t count)>;

} // namespace hyperline::store
