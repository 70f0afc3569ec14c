// Rows that could not be stored, as they are kept: each once, however many runs meet it again, until it is stored or
// its loader reads everything without rejecting it.
//
// All functions need an open pg::Connection (SPI).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pg/spi.hpp"

namespace hyperline::store {

struct BatchTarget;

/// A row that is kept in rejected_rows.
struct PendingReject {
	std::uint64_t row_number;
	std::string field;
	std::string code;
	std::string message;
	Datum row;			 ///< jsonb, in the batch's memory context
	std::string_view id; ///< for rows that were events already: completes `row`
	std::string_view customer_id;
	std::int64_t timestamp;
	bool was_event;
	bool unless_stored; ///< an event that says the same may be stored: then this is no rejected row but a duplicate
};

inline constexpr const char *kDuplicateKey = "duplicate_key";
inline constexpr const char *kDuplicateMessage =
	"another row of the same run has the same \"customerId\" and id, and other content: id does not identify a row of "
	"the query";

/// What a batch writes of rejected rows; statements are planned once a run. The transaction's TimeZone is UTC.
class RejectedStore {
public:
	struct Kept {
		std::int64_t before = 0; ///< duplicates of a key that the run had kept already, or that are stored
		std::int64_t first = 0;	 ///< rows that no earlier run had rejected
	};
	/// Keeps rows. One that an earlier run rejected for the same reason, with the same key or else the same content, is
	/// counted once more and open again; several such rows of one run are kept each, but for duplicates of a key.
	Kept keep(const BatchTarget &target, const std::vector<PendingReject> &rejected, std::size_t memory_bytes);
	/// Keeps the stored versions of the events of the attached relation hyperline_replaced (id, customer_id,
	/// earlier_row), which make room for other rows of the same run. Returns how many the run had kept already.
	std::int64_t keep_replaced(const BatchTarget &target);
	/// Takes back what this run rejected as duplicates and what are the events of the attached relation
	/// hyperline_winners (id, customer_id, timestamp, record) after all. Returns how many.
	std::int64_t take_back_winners(const BatchTarget &target);
	/// Whether duplicates that earlier runs rejected were open when this one began.
	static bool any_overruled_before(const BatchTarget &target);
	/// Which rows of the attached relation hyperline_updates (row, id, customer_id, timestamp, record) are such.
	std::vector<std::uint32_t> overruled_before(const BatchTarget &target);
	/// Marks what earlier runs rejected as resolved when its event is in the attached relation hyperline_batch
	/// (id, customer_id): it is stored now. Does nothing when nothing is open.
	void resolve(const BatchTarget &target);

private:
	pg::Prepared keep_;
	pg::Prepared keep_replaced_;
	pg::Prepared take_back_;
	pg::Prepared overruled_;
	pg::Prepared any_open_;
	pg::Prepared resolve_;
};

/// Marks all that earlier runs rejected: a run that read everything has said what is still so.
void resolve_rejected_before(std::int32_t loader_id, std::int64_t run_id);

/// Ids of open rows, `limit` at most, in the order of their hashes from `from` on, which is moved behind them. Empty:
/// there are no more. Rows without an id have none.
std::vector<std::string> open_rejected_ids(std::int32_t loader_id, std::int64_t &from, std::int64_t limit);

/// Whether rows of a loader have been too large to be sent, since it last succeeded or in rows that are open: then its
/// next run reads them cut.
bool has_rows_too_large(std::int32_t loader_id);

struct RejectedSummary {
	std::int64_t resolved = 0;	 ///< in this transaction
	std::int64_t without_id = 0; ///< open, and with nothing to be known by
};
RejectedSummary summarize_rejected(std::int32_t loader_id);

/// "1 row", "2 rows".
std::string count_of_rows(std::int64_t rows);

/// Why most rows of a run were rejected.
struct CommonestReason {
	std::string code;
	std::string message; ///< of its first row
	std::int64_t row_number = 0;
	std::int64_t rows = 0;
};
CommonestReason commonest_reason(std::int32_t loader_id, std::int64_t run_id);

/// Removes what was resolved, or whose loader was dropped, before the retention; at most `limit` rows, resolved ones
/// first. What is open of a loader that is there stays.
std::int64_t remove_old_rejected(std::int64_t retention_minutes, std::int64_t limit);

} // namespace hyperline::store
