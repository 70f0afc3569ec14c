#include "loader/retry.hpp"

namespace hyperline::loader {

bool worth_retrying(std::string_view sqlstate) {
	const std::string_view state_class = sqlstate.substr(0, 2);
	if (state_class == "08" || state_class == "53" || state_class == "40" || state_class == "58") {
		return true;
	}
	return state_class == "57" || sqlstate == "55P03" || sqlstate == "25P03" || sqlstate == "HL001";
}

} // namespace hyperline::loader
