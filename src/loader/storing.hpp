// A batch into the tables, with the run's counts and the watermark, in one transaction; once more when other sessions
// were in its way.
#pragma once

#include <optional>
#include <string>

#include "pg/failure.hpp"
#include "pg/transaction.hpp"
#include "store/batch.hpp"
#include "store/loaders.hpp"
#include "store/runs.hpp"
#include "store/writer.hpp"

namespace hyperline::loader {

/// The run ends here, in good order: somebody changed its loader meanwhile.
class Stopped final : public Error {
public:
	explicit Stopped(const char *message) : Error(sqlstate::kQueryCanceled, message) {}
};

class Storing {
public:
	Storing(std::int64_t run_id, const store::Loader &loader, pg::Transactions &transactions)
		: run_id_(run_id), loader_(loader), transactions_(transactions) {}

	/// Where the source stands that the next batches come from: noted with the first of them, for what is stored must
	/// not be overwritten by an older state.
	void comes_from(const std::string &source_position) { position_ = source_position; }

	/// Throws 42501 when nobody may write for the loader. Inside a transaction.
	void check_writer() { (void)writer_.find(loader_); }

	/// Stores the batch and empties it. `progress`: how far the loader has read with it. Of rows that were
	/// `read_before` only those count towards the loader's max_rejected that were never rejected. Throws Stopped when
	/// the run is to end, after the batch has been stored if the loader was paused; what was in the way (40001, 40P01,
	/// 55P03, 23505) when other sessions did not let it in; 22000, after it has been stored, when the run has rejected
	/// more than its loader allows.
	void store(store::Batch &batch, const store::Progress &progress, bool read_before);

private:
	bool try_to_store(store::Batch &batch, const store::Progress &progress, bool read_before);

	void refuse_many_rejected();

	std::int64_t run_id_;
	const store::Loader &loader_;
	pg::Transactions &transactions_;
	store::Writer writer_;
	pg::Prepared permission_;
	pg::Prepared add_counts_;
	std::int64_t rejected_ = 0;
	Failure in_the_way_;   // of the last attempt
	std::string position_; ///< empty: noted already, or not known
	bool stop_after_batch_ = false;
};

} // namespace hyperline::loader
