#include "loader/retry.hpp"

namespace hyperline::loader {

bool worth_retrying(const Failure &failure) {
	const std::string_view sqlstate = failure.sqlstate;
	if (failure.lasts) {
		return false;
	}
	const std::string_view state_class = sqlstate.substr(0, 2);
	if (state_class == "08" || state_class == "53" || state_class == "40" || state_class == "58") {
		return true;
	}
	// 57014: the source's statement_timeout, or somebody there who ended the query: neither wants it again at once.
	return (state_class == "57" && sqlstate != "57014" && sqlstate != "57P04") || sqlstate == "55P03" ||
		   sqlstate == "25P03" || sqlstate == sqlstate::kStaleSource || sqlstate == sqlstate::kRowTooLarge;
}

bool passes_by_itself(std::string_view sqlstate) {
	return sqlstate == "40001" || sqlstate == "40P01" || sqlstate == "55P03" || sqlstate == "23505";
}

} // namespace hyperline::loader
