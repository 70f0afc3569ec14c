// The part of a scheduler that knows when: queues runs of loaders that are due, and puts due times right that a clock
// has spoilt.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>

#include "pg/transaction.hpp"
#include "store/queue.hpp"

namespace hyperline::worker {

class Timetable {
public:
	explicit Timetable(pg::Transactions &transactions) : transactions_(transactions) {}

	/// If the clock was set back since the last call: makes what is due too far in the future due as the refresh rates
	/// say now. At the first call too, for that may have happened while nobody was there to see it.
	/// False when some were left for later, because somebody's open transaction holds them.
	bool watch_the_clock();
	/// Queues a run of each loader that is due; what it has missed is one run.
	/// False when some were left for later, because somebody's open transaction holds them.
	bool queue_due();

private:
	bool mend();
	enum class Mended { not_needed, done, held /* by somebody else */ };
	Mended mend_one(const store::ScheduledLoader &loader, pg::Timestamp now);
	std::optional<pg::Timestamp> next_of(const store::ScheduledLoader &loader, pg::Timestamp now);
	void queue_one(const store::ScheduledLoader &due, pg::Timestamp now);

	pg::Transactions &transactions_;
	std::set<std::int32_t> unreadable_; // loaders that were complained of
	bool clock_was_read_ = false;
	bool all_mended_ = true;
	std::int64_t last_clock_ = 0;
	std::chrono::steady_clock::time_point last_steady_;
};

} // namespace hyperline::worker
