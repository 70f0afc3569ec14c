#include "worker/timetable.hpp"

#include "loader/refresh.hpp"
#include "pg/background.hpp"
#include "pg/wait.hpp"
#include "schedule/retry.hpp"
#include "store/loaders.hpp"
#include "store/runs.hpp"
#include "worker/decide.hpp"

namespace hyperline::worker {

namespace {

using std::chrono::steady_clock;

constexpr std::int64_t kLoadersAtOnce = 100;
// A loader whose refresh rate cannot be read (somebody wrote into the table) is looked at again after an hour.
constexpr std::int64_t kUnreadable = 3'600'000'000;

} // namespace

std::optional<pg::Timestamp> Timetable::next_of(const store::ScheduledLoader &loader, pg::Timestamp now) {
	try {
		const pg::Timestamp next =
			loader::next_due_at(loader::parse_refresh_rate(loader.refresh_rate), loader.time_zone, loader.due_at, now);
		unreadable_.erase(loader.id);
		return next;
	} catch (const Error &error) {
		if (unreadable_.insert(loader.id).second) {
			pg::log_line("loader \"" + loader.name + "\" cannot be scheduled: " + error.failure().message +
						 " (SQLSTATE " + error.failure().sqlstate + "); mend it with hyperline.alter_loader()");
		}
		return std::nullopt;
	}
}

Timetable::Mended Timetable::mend_one(const store::ScheduledLoader &loader, pg::Timestamp now) {
	const std::optional<pg::Timestamp> next = next_of(loader, now);
	if (!next || next->microseconds >= loader.due_at.microseconds) {
		return Mended::not_needed;
	}
	if (!store::try_to_hold_loader(loader.id)) {
		return Mended::held;
	}
	return store::advance(loader.id, loader.due_at, *next) ? Mended::done : Mended::not_needed;
}

// What was due by a clock that has been set back since would not come for long. False when some were left out.
bool Timetable::mend() {
	constexpr std::int64_t kPage = 1000;
	bool all = true;
	std::int64_t mended = 0;
	transactions_.run([&] {
		const pg::Timestamp now{pg::now()};
		const pg::Timestamp latest{now.microseconds + schedule::kLongestRetryDelay.count()};
		mended = static_cast<std::int64_t>(store::hurry_queued_runs(now, latest));
		all = !store::any_queued_later(now, latest);
	});
	std::int32_t last = 0;
	for (std::size_t found = kPage; found == kPage;) {
		transactions_.run([&] {
			const pg::Timestamp now{pg::now()};
			const std::vector<store::ScheduledLoader> loaders = store::loaders_due_later(now, last, kPage);
			for (const store::ScheduledLoader &loader : loaders) {
				last = loader.id;
				const Mended outcome = mend_one(loader, now);
				mended += outcome == Mended::done ? 1 : 0;
				all = all && outcome != Mended::held;
			}
			found = loaders.size();
		});
		pg::check_interrupts();
	}
	if (mended > 0) {
		pg::log_line("the clock was set back: " + std::to_string(mended) +
					 " loaders and queued runs that were due far in the future are due by their refresh rates again");
	}
	return all;
}

bool Timetable::watch_the_clock() {
	const std::int64_t clock = pg::now();
	const steady_clock::time_point steady = steady_clock::now();
	// It may have been set back while no scheduler was there to see it.
	const bool went_back =
		!clock_was_read_ || clock_went_back(std::chrono::microseconds(clock - last_clock_), steady - last_steady_);
	clock_was_read_ = true;
	last_clock_ = clock;
	last_steady_ = steady;
	if (went_back || !all_mended_) {
		all_mended_ = mend();
	}
	return all_mended_;
}

void Timetable::queue_one(const store::ScheduledLoader &due, pg::Timestamp now) {
	const std::optional<pg::Timestamp> next = next_of(due, now);
	if (store::advance(due.id, due.due_at, next.value_or(pg::Timestamp{now.microseconds + kUnreadable})) && next) {
		store::queue_run(due.id, store::Trigger::schedule, 1, due.due_at);
	}
}

bool Timetable::queue_due() {
	bool all = true;
	for (std::size_t found = kLoadersAtOnce; found == kLoadersAtOnce;) {
		transactions_.run([&] {
			const pg::Timestamp now{pg::now()};
			const std::vector<store::ScheduledLoader> due = store::due_loaders(now, kLoadersAtOnce);
			for (const store::ScheduledLoader &loader : due) {
				queue_one(loader, now);
			}
			found = due.size();
			all = found == kLoadersAtOnce || !store::any_loader_due(now);
		});
		pg::check_interrupts();
	}
	return all;
}

} // namespace hyperline::worker
