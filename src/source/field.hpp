// What a source says about the columns of a query's result, and the rows that it sends: plain structs that every
// provider fills in and that event/ reads. No provider's own type numbers leave this room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hyperline::source {

/// How the text of a value is to be read. Domains are resolved to what they are made of.
enum class ValueKind : std::uint8_t {
	text,		 ///< its text as it stands: text, uuid, enum, composite, range, bytea, money, interval, time, ...
	boolean,	 ///< 't' or 'f'
	integer,	 ///< smallint, integer, bigint: an optional '-' and digits
	number,		 ///< numeric, real, double precision: decimal or exponent notation, 'NaN', 'Infinity', '-Infinity'
	json,		 ///< json or jsonb
	date,		 ///< ISO: '2024-02-29', '0044-03-15 BC', 'infinity', '-infinity'
	timestamp,	 ///< ISO, no zone: '2024-02-29 12:00:00.123456'
	timestamptz, ///< ISO at UTC: '2024-02-29 12:00:00.123456+00'
	array,		 ///< PostgreSQL's array notation: '{1,NULL,"a b"}', '[0:1]={1,2}', '{{1,2},{3,4}}'
	vector,		 ///< int2vector: elements separated by a blank
	oid_vector,	 ///< oidvector: likewise
};

/// Whether its text is one of date and time.
[[nodiscard]] constexpr bool is_time(ValueKind kind) noexcept {
	return kind == ValueKind::date || kind == ValueKind::timestamp || kind == ValueKind::timestamptz;
}

/// One column of a query's result.
struct Field {
	std::string name;
	std::string type_name; ///< as the source's format_type() shows it: 'numeric(10,2)'
	ValueKind kind = ValueKind::text;
	ValueKind element = ValueKind::text; ///< of the (innermost) elements of an array
	char delimiter = ',';				 ///< between the elements of an array (';' for box)
	std::string inner_delimiters = {};	 ///< of elements that are arrays themselves (of a domain), outermost first
	bool has_collation = false;			 ///< its order depends on one
};

/// One value of a row: the text that the source printed, unescaped, in UTF-8 as far as the source tells the truth
/// (its bytes are not checked yet). `is_null` values have an empty text.
struct Value {
	constexpr Value() = default;
	constexpr Value(std::string_view text, bool is_null) noexcept : text(text), is_null(is_null) {}

	std::string_view text;
	bool is_null = false;
};

/// A row as it came, values in the order of the fields. The views live as long as the Chunk that holds them.
struct Row {
	const Value *values = nullptr;
	std::size_t size = 0;
	std::uint64_t number = 0; ///< 1 is the first row of the run
	std::size_t bytes = 0;	  ///< as sent by the source
	/// Of a row that was too large to be sent, and came with its long values cut: the bytes of the whole; else 0.
	std::uint64_t whole_bytes = 0;
};

} // namespace hyperline::source
