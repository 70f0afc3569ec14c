#include "loader/shape.hpp"

#include <algorithm>

#include "event/event.hpp"
#include "event/field_names.hpp"
#include "store/record.hpp"

namespace hyperline::loader {

// People read it in the notes of runs: names as they are shown.
std::string shape_of(const std::vector<source::Field> &fields) {
	using event::TokenKind;
	std::vector<std::string> names;
	names.reserve(fields.size());
	for (const source::Field &field : fields) {
		names.push_back(event::shown(field.name));
	}
	std::vector<event::Token> tokens{{TokenKind::begin_array, {}}};
	for (std::size_t i = 0; i < fields.size(); i++) {
		tokens.insert(tokens.end(), {{TokenKind::begin_object, {}},
									 {TokenKind::key, "name"},
									 {TokenKind::string, names[i]},
									 {TokenKind::key, "type"},
									 {TokenKind::string, fields[i].type_name},
									 {TokenKind::end_object, {}}});
	}
	tokens.push_back({TokenKind::end_array, {}});
	return store::record_text(tokens, {0, static_cast<std::uint32_t>(tokens.size())});
}

bool is_same_shape(const std::vector<source::Field> &a, const std::vector<source::Field> &b) {
	return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const source::Field &x, const source::Field &y) {
		return x.name == y.name && x.type_name == y.type_name && x.kind == y.kind && x.element == y.element;
	});
}

} // namespace hyperline::loader
