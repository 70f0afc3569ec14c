#include "store/names.hpp"

#include <vector>

#include "pg/nearest.hpp"
#include "pg/spi.hpp"
#include "store/name_text.hpp"

namespace hyperline::store {

void check_name(const char *what, const std::string &name, std::size_t longest) {
	if (const std::string fault = fault_of_name(name, longest); !fault.empty()) {
		throw Error(sqlstate::kInvalidParameterValue, std::string("invalid ") + what, fault,
					"Use 1 to " + std::to_string(longest) +
						" bytes that are not only white space, without control characters and those that "
						"turn the direction of writing.");
	}
}

std::string advice_for_unknown(const std::string &name, const char *known_sql, const std::string &advice) {
	std::vector<std::string> known;
	if (name.size() <= kLongestName) {
		const pg::Rows rows = pg::run(known_sql);
		for (std::size_t i = 0; i < rows.size(); i++) {
			known.push_back(rows.text(i, 0));
		}
	}
	const std::string near = nearest(name, known);
	return near.empty() ? advice : "Did you mean \"" + near + "\"?";
}

Error unknown_name(const char *kind, const std::string &name, const char *known_sql, const std::string &advice) {
	return Error(sqlstate::kUndefinedObject, std::string(kind) + " \"" + name + "\" does not exist", {},
				 advice_for_unknown(name, known_sql, advice));
}

Error name_taken(const char *kind, const std::string &name) {
	return Error(sqlstate::kDuplicateObject, std::string(kind) + " \"" + name + "\" already exists", {},
				 std::string("Choose another name, or change the existing one with hyperline.alter_") + kind + "().");
}

} // namespace hyperline::store
