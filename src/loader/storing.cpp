#include "loader/storing.hpp"

#include "pg/wait.hpp"
#include "store/runs.hpp"

namespace hyperline::loader {

namespace {

// How often a batch is stored again when other sessions were in its way, and the pause before it.
constexpr int kStoreAttempts = 10;
constexpr std::chrono::milliseconds kStorePause{50};

bool passes_by_itself(const std::string &state) {
	return state == "40001" || state == "40P01" || state == "55P03" || state == "23505";
}

} // namespace

bool Storing::try_to_store(store::Batch &batch, const std::optional<std::string> &watermark) {
	try {
		transactions_.run([&] {
			switch (store::permission_to_store(loader_)) {
			case store::Permission::dropped:
				throw Stopped("the loader was dropped");
			case store::Permission::changed:
				throw Stopped("the loader was changed; it is due again with its new settings");
			case store::Permission::paused:
				stop_after_batch_ = true; // it is stored, and no further one
				break;
			case store::Permission::go_on:
				break;
			}
			store::add_counts(run_id_, batch.store(), watermark);
		});
		return true;
	} catch (const pg::Error &error) {
		if (!passes_by_itself(error.sqlstate())) {
			throw;
		}
	} catch (const Stopped &) {
		throw;
	} catch (const Error &error) {
		if (!passes_by_itself(error.failure().sqlstate)) {
			throw;
		}
	}
	return false;
}

void Storing::store(store::Batch &batch, const std::optional<std::string> &watermark) {
	for (int attempt = 1; !try_to_store(batch, watermark); attempt++) {
		if (attempt == kStoreAttempts) {
			throw Error(
				"40001", "could not store a batch: other sessions kept writing the same events",
				"It was tried " + std::to_string(kStoreAttempts) + " times.",
				"See what else writes to hyperline.events, and whether a trigger, a rule or a policy on it keeps "
				"rows out.");
		}
		const pg::Deadline until = std::chrono::steady_clock::now() + kStorePause * attempt;
		while (pg::wait(-1, false, false, until) != pg::Woken::deadline) {
		}
	}
	batch.committed();
	if (stop_after_batch_) {
		throw Stopped("the loader was paused; it is due again when it is resumed");
	}
}

} // namespace hyperline::loader
