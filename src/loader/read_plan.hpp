// What a run reads of its loader's query, and how much of it goes into one batch: the same for a run and a dry run.
#pragma once

#include <cstddef>
#include <vector>

#include "loader/settling.hpp"
#include "pg/failure.hpp"
#include "source/provider.hpp"
#include "store/batch.hpp"
#include "store/loaders.hpp"

namespace hyperline::loader {

/// The loader's query as it is sent: the placeholder is the time of its last run, or of none. In a transaction.
enum class Since { last_run, ever };
source::Query query_of(const store::Loader &loader, Since since);

/// Of the loader's cursor field, if it has one.
Order order_of_cursor(const store::Loader &loader, const std::vector<source::Field> &fields);

/// All of the query or, with a cursor field, what is at or past where the run begins.
source::ReadPlan plan_of(const source::Query &query, const store::Loader &loader,
						 const std::vector<source::Field> &fields, const Start &start);

/// How many more rows a batch has room for.
std::size_t room_in(const store::Batch &batch);
/// Whether it closes: at batch_rows or batch_memory, whichever comes first.
bool is_full(const store::Batch &batch);

/// What `read(false)` returns; when a row is too large to be sent, `read(true)`, from the beginning with such rows cut.
template <typename Read>
auto read_cut_if_needed(const Read &read) -> decltype(read(true)) {
	try {
		return read(false);
	} catch (const Error &error) {
		if (error.failure().sqlstate != sqlstate::kRowTooLarge) {
			throw;
		}
	}
	return read(true);
}

/// Keys that are remembered in memory before a temporary file is used: as many as 24 MB take.
inline constexpr std::size_t kSeenKeysInMemory = 690'000;

} // namespace hyperline::loader
