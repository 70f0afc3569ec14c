#include "store/names.hpp"

#include <algorithm>
#include <cctype>
#include <numeric>
#include <vector>

#include "pg/spi.hpp"

namespace hyperline::store {

void check_name(const char *kind, const std::string &name, std::size_t longest) {
	const auto refuse = [&](const std::string &why) {
		throw Error(sqlstate::kInvalidParameterValue, std::string("invalid name for a ") + kind, why,
					"Use a name of 1 to " + std::to_string(longest) + " bytes without control characters.");
	};
	if (name.empty()) {
		refuse("The name is empty.");
	}
	if (name.size() > longest) {
		refuse("The name has " + std::to_string(name.size()) + " bytes.");
	}
	if (std::any_of(name.begin(), name.end(), [](char c) {
			const auto byte = static_cast<unsigned char>(c);
			return byte < 0x20 || byte == 0x7f;
		})) {
		refuse("The name holds a control character.");
	}
	if (std::all_of(name.begin(), name.end(), [](char c) { return c == ' '; })) {
		refuse("The name is only white space.");
	}
}

namespace {

// Levenshtein's distance, case-insensitive for ASCII, in one row.
std::size_t distance(const std::string &a, const std::string &b) {
	std::vector<std::size_t> row(b.size() + 1);
	std::iota(row.begin(), row.end(), std::size_t{0});
	for (std::size_t i = 1; i <= a.size(); i++) {
		std::size_t diagonal = row[0];
		row[0] = i;
		for (std::size_t j = 1; j <= b.size(); j++) {
			const bool same = std::tolower(static_cast<unsigned char>(a[i - 1])) ==
							  std::tolower(static_cast<unsigned char>(b[j - 1]));
			const std::size_t replaced = diagonal + (same ? 0 : 1);
			diagonal = row[j];
			row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
		}
	}
	return row[b.size()];
}

} // namespace

Error unknown_name(const char *kind, const std::string &name, const char *known_sql, const std::string &advice) {
	std::string nearest;
	std::size_t least = std::max<std::size_t>(name.size() / 3, 1) + 1;
	if (name.size() <= kLongestName) {
		const pg::Rows known = pg::run(known_sql);
		for (std::size_t i = 0; i < known.size(); i++) {
			const std::size_t found = distance(name, known.text(i, 0));
			if (found < least) {
				least = found;
				nearest = known.text(i, 0);
			}
		}
	}
	return Error(sqlstate::kUndefinedObject, std::string(kind) + " \"" + name + "\" does not exist", {},
				 nearest.empty() ? advice : "Did you mean \"" + nearest + "\"?");
}

Error name_taken(const char *kind, const std::string &name) {
	return Error(sqlstate::kDuplicateObject, std::string(kind) + " \"" + name + "\" already exists", {},
				 std::string("Choose another name, or change the existing one with hyperline.alter_") + kind + "().");
}

} // namespace hyperline::store
