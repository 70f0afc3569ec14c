#include "worker/failure_line.hpp"

#include "source/scrub.hpp"

namespace hyperline::worker {

std::string failure_line(const Failure &failure) {
	std::string line = source::one_line(failure.message) + " (SQLSTATE " + failure.sqlstate + ")";
	for (const std::string &more : {failure.detail, failure.for_log}) {
		line += more.empty() ? "" : "; " + source::one_line(more);
	}
	return line + (failure.hint.empty() ? "" : " HINT: " + source::one_line(failure.hint));
}

} // namespace hyperline::worker
