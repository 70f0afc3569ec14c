// Texts as SQL shows them, in advice that people copy and in statements for a source. Statements of this server take
// parameters.
#pragma once

#include <string>
#include <string_view>

namespace hyperline::pg {

/// The text in single quotes, those in it doubled.
[[nodiscard]] inline std::string quote_literal(std::string_view text) {
	std::string quoted = "'";
	for (const char c : text) {
		quoted += c;
		if (c == '\'') {
			quoted += c;
		}
	}
	return quoted + "'";
}

} // namespace hyperline::pg
