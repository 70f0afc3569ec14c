#include "pg/database_list.hpp"

#include <algorithm>

namespace hyperline::pg {

bool is_wanted(std::string_view setting, std::string_view database) {
	while (!setting.empty()) {
		const std::size_t end = std::min(setting.find(','), setting.size());
		std::string_view name = setting.substr(0, end);
		while (!name.empty() && name.front() == ' ') {
			name.remove_prefix(1);
		}
		while (!name.empty() && name.back() == ' ') {
			name.remove_suffix(1);
		}
		if (name == "*" || name == database) {
			return true;
		}
		setting.remove_prefix(std::min(end + 1, setting.size()));
	}
	return false;
}

} // namespace hyperline::pg
