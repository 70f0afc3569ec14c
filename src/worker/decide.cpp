#include "worker/decide.hpp"

#include <algorithm>

namespace hyperline::worker {

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

std::chrono::seconds restart_delay(int failures) {
	constexpr int kDoublings = 6;
	constexpr std::chrono::seconds kLongest{60};
	if (failures <= 0) {
		return std::chrono::seconds{0};
	}
	return std::min(kLongest, std::chrono::seconds{std::int64_t{1} << std::min(failures - 1, kDoublings)});
}

std::vector<std::int64_t> choose_runs(const std::vector<Waiting> &waiting, std::map<std::int32_t, std::int64_t> running,
									  std::int64_t total, std::int64_t max_total) {
	std::vector<std::int64_t> chosen;
	for (const Waiting &run : waiting) {
		if (total >= max_total) {
			break;
		}
		std::int64_t &of_connection = running[run.connection_id];
		if (of_connection < run.max_concurrent_runs) {
			of_connection++;
			total++;
			chosen.push_back(run.run_id);
		}
	}
	return chosen;
}

} // namespace hyperline::worker
