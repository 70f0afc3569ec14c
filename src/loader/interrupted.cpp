#include "loader/interrupted.hpp"

#include "pg/wait.hpp"
#include "schedule/retry.hpp"
#include "store/loaders.hpp"

namespace hyperline::loader {

std::vector<store::InterruptedRun> recover_interrupted() {
	std::vector<store::InterruptedRun> runs = store::mark_interrupted();
	for (const store::InterruptedRun &run : runs) {
		const std::optional<store::Loader> loader = store::get_loader(run.loader_id);
		if (loader && !loader->paused && run.trigger != store::Trigger::session) {
			const std::chrono::microseconds delay = schedule::delay_after_interruptions(run.in_a_row);
			store::queue_run(run.loader_id, store::Trigger::retry, run.attempt + 1,
							 pg::Timestamp{pg::now() + delay.count()});
		}
	}
	return runs;
}

} // namespace hyperline::loader
