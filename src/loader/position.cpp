#include "loader/position.hpp"

#include <charconv>

#include "pg/quote.hpp"

namespace hyperline::loader {

namespace {

template <typename Number>
bool read_number(std::string_view text, int base, Number &number) {
	const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
	return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

// Cuts what stands before the next slash off `text`.
std::string_view next_part(std::string_view &text) {
	const std::size_t slash = text.find('/');
	const std::string_view part = text.substr(0, slash);
	text.remove_prefix(slash == std::string_view::npos ? text.size() : slash + 1);
	return part;
}

} // namespace

std::optional<Position> parse_position(std::string_view text) {
	Position position;
	position.system = next_part(text);
	std::uint32_t high = 0;
	std::uint32_t low = 0;
	if (position.system.empty() || !read_number(next_part(text), 10, position.timeline) ||
		!read_number(next_part(text), 16, high)) {
		return std::nullopt;
	}
	const bool names_database = text.find('/') != std::string_view::npos;
	if (!read_number(next_part(text), 16, low) || (names_database && !read_number(text, 10, position.database))) {
		return std::nullopt;
	}
	position.location = (static_cast<std::uint64_t>(high) << 32U) | low;
	return position;
}

Progress compare_positions(std::string_view last, std::string_view now) {
	const std::optional<Position> before = parse_position(last);
	const std::optional<Position> after = parse_position(now);
	if (!before || !after) {
		return Progress::unknown;
	}
	if (before->system != after->system ||
		(before->database != 0 && after->database != 0 && before->database != after->database)) {
		return Progress::other_source;
	}
	if (after->timeline < before->timeline || after->location < before->location) {
		return Progress::behind;
	}
	return after->timeline > before->timeline ? Progress::other_timeline : Progress::onwards;
}

Error stale_source(const std::string &loader, const std::string &last, const std::string &now) {
	return {
		sqlstate::kStaleSource,
		"stale_source: the source is behind what the last successful run read, and nothing was stored",
		"The last run found it at " + last + ", this one at " + now +
			". A replica lags behind the server that was read before, or the source was restored to an earlier state.",
		"A replica catches up by itself and the run is tried again. If the source was restored on purpose, accept its "
		"state with hyperline.reset_loader(" +
			pg::quote_literal(loader) + ")."};
}

} // namespace hyperline::loader
