#include "pg/nearest.hpp"

#include <algorithm>
#include <numeric>

#include "pg/utf8.hpp"

namespace hyperline {

namespace {

// Longer names are compared by their lengths alone.
constexpr std::size_t kLongestCompared = 1024; // bytes

std::vector<std::string_view> characters_of(std::string_view text) {
	std::vector<std::string_view> characters;
	for (std::size_t at = 0; at < text.size();) {
		const std::size_t length = std::max<std::size_t>(utf8_length(text.substr(at)), 1);
		characters.push_back(text.substr(at, length));
		at += length;
	}
	return characters;
}

char lower(char c) {
	return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(std::string_view a, std::string_view b) {
	return a == b || (a.size() == 1 && b.size() == 1 && lower(a[0]) == lower(b[0]));
}

} // namespace

// Three rows of the matrix of optimal string alignment.
std::size_t distance(std::string_view a, std::string_view b, std::size_t most) {
	const std::vector<std::string_view> from = characters_of(a.substr(0, kLongestCompared));
	const std::vector<std::string_view> to = characters_of(b.substr(0, kLongestCompared));
	if (std::max(from.size(), to.size()) - std::min(from.size(), to.size()) > most) {
		return most + 1;
	}
	std::vector<std::size_t> before;
	std::vector<std::size_t> last(to.size() + 1);
	std::iota(last.begin(), last.end(), std::size_t{0});
	for (std::size_t i = 1; i <= from.size(); i++) {
		std::vector<std::size_t> row(to.size() + 1, i);
		for (std::size_t j = 1; j <= to.size(); j++) {
			const std::size_t replaced = last[j - 1] + (same(from[i - 1], to[j - 1]) ? 0 : 1);
			row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
			if (i > 1 && j > 1 && same(from[i - 1], to[j - 2]) && same(from[i - 2], to[j - 1])) {
				row[j] = std::min(row[j], before[j - 2] + 1);
			}
		}
		if (*std::min_element(row.begin(), row.end()) > most) {
			return most + 1;
		}
		before = std::move(last);
		last = std::move(row);
	}
	return last[to.size()];
}

std::size_t likely_distance(std::string_view name) {
	const std::size_t length = characters_of(name).size();
	return length <= 2 ? 0 : std::max<std::size_t>(length / 3, 1);
}

std::string nearest(std::string_view name, const std::vector<std::string> &known) {
	std::string found;
	std::size_t most = likely_distance(name) + 1;
	for (const std::string &candidate : known) {
		if (most == 0) {
			break;
		}
		if (const std::size_t away = distance(name, candidate, most - 1); away < most) {
			most = away;
			found = candidate;
		}
	}
	return found;
}

} // namespace hyperline
