// Runs whose process or server went down under them: their rows are put right, and their loaders run again.
#pragma once

#include <vector>

#include "store/runs.hpp"

namespace hyperline::loader {

/// Marks runs that nobody carries out any more as interrupted, and queues a retry of each, but for those of sessions
/// and of paused loaders. The retry is due at once, and later when the loader's runs keep ending like this; the
/// loader's next due time stays what it was. Needs an open transaction. Returns the runs that were marked.
std::vector<store::InterruptedRun> recover_interrupted();

} // namespace hyperline::loader
