// What a run would do with its rows, found out without writing anything. Rows come batch by batch, each with what would
// become of it if it were the only one of its key; when all have come, those of one key are judged together, as a run
// judges them. What is kept of them meanwhile goes to temporary files.
//
// From its making to its end one transaction is open, with one pg::Connection (SPI).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/relation.hpp"
#include "store/customers.hpp"
#include "store/pending.hpp"
#include "store/runs.hpp"

namespace hyperline::store {

enum class VersionOrder;

/// What would become of a row if it were the only one of its key.
enum class Verdict : std::uint8_t { insert, update, unchanged, stale };

/// A row that would be rejected for what other rows of its key say.
struct WeighedReject {
	std::int64_t row_number = 0;
	std::string row; ///< as JSON
};

class Weighing {
public:
	/// With `keeps_rows` the rows themselves are kept, so that rejected ones can be listed.
	explicit Weighing(bool keeps_rows);

	void add(const std::vector<PendingEvent> &rows, const std::vector<Verdict> &verdicts);
	/// Of the rows of a batch.
	void add_customers(const std::vector<NamedCustomer> &customers);
	void add_rejected(std::size_t rows) noexcept { counts_.rejected += static_cast<std::int64_t>(rows); }

	/// When all have come. `any_twice`: whether some key came more than once; else there is nothing more to judge.
	/// `limit`: how many rejects to list, the first ones.
	Counts finish(VersionOrder order, bool any_twice, std::int64_t limit);
	/// The duplicates of keys that would be rejected, as finish() has found them.
	[[nodiscard]] const std::vector<WeighedReject> &rejects() const noexcept { return rejects_; }

private:
	void judge_keys(VersionOrder order);
	void list_rejects(VersionOrder order, std::int64_t limit);

	bool keeps_rows_;
	pg::Relation rows_;
	pg::Relation customers_;
	Counts counts_;
	std::vector<WeighedReject> rejects_;
};

} // namespace hyperline::store
