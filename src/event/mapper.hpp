// From a source row to an event, or to a rejected row with the reason. Pure C++: no row can raise anything later, when
// a batch is stored, for what cannot be stored is found here.
//
// Times are printed by the source with DateStyle ISO and TimeZone UTC, floats with all their digits, bytea as hex; what
// another value says is kept as it came.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "event/arena.hpp"
#include "event/event.hpp"
#include "event/json_writer.hpp"
#include "event/roles.hpp"
#include "source/field.hpp"

namespace hyperline::event {

/// The most bytes of an id and of a customerId: with the event type they are the key of an index, whose entries may
/// have some 2,700 bytes (PostgreSQL's BTMaxItemSize).
inline constexpr std::size_t kLongestId = 1024;

/// How two versions compare.
enum class VersionClass : std::uint8_t { number, text };

/// What rows were mapped to. Views point into the rows' Chunk and into the arena.
struct Output {
	std::vector<Event> events;
	std::vector<RejectedRow> rejected;
	std::vector<Token> tokens;
	Arena arena;

	/// Keeps its memory for the next rows, but for what a large document has taken.
	void clear() noexcept {
		constexpr std::size_t kMostKept = 100'000;
		events.clear();
		rejected.clear();
		tokens.clear();
		if (tokens.capacity() > kMostKept) {
			tokens = std::vector<Token>();
		}
		arena.clear();
	}
};

class Mapper {
public:
	/// Throws what check() throws.
	Mapper(std::vector<source::Field> fields, const MappingOptions &options);

	/// Adds one event or one rejected row to `out`. Throws Error 08P01 when the row has another number of values than
	/// there are fields.
	void map(const source::Row &row, Output &out) const;

	[[nodiscard]] VersionClass version_class() const noexcept { return version_class_; }
	/// Of the cursor field, if there is one.
	[[nodiscard]] source::ValueKind cursor_kind() const noexcept { return cursor_kind_; }

private:
	struct Column {
		Role role = Role::extra;
		bool is_version = false;
		bool is_cursor = false;
	};
	using Problem = std::optional<Rejection>;

	Problem map_event(const source::Row &row, Event &event, JsonWriter &json, Output &out) const;
	Problem take_key(std::size_t column, const source::Value &value, Event &event) const;
	Problem take_timestamp(const source::Value &value, Event &event) const;
	Problem take_extra(std::size_t column, const source::Value &value, Event &event, JsonWriter &json) const;
	void take_marks(std::size_t column, const source::Value &value, Event &event, Output &out) const;
	[[nodiscard]] TokenRange show_row(const source::Row &row, JsonWriter &json, Output &out) const;

	std::vector<source::Field> fields_;
	std::vector<Column> columns_;
	VersionClass version_class_ = VersionClass::text;
	source::ValueKind cursor_kind_ = source::ValueKind::text;
};

} // namespace hyperline::event
