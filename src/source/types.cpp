#include "source/types.hpp"

#include <cstdlib>

#include "source/scrub.hpp"

namespace hyperline::source {

namespace {

// Each type with what it is made of: a domain's base, an array's element, one step a row. record[] (2287) is a
// pseudo-type by its category.
constexpr const char *kTypes = R"(
WITH RECURSIVE asked AS (
	SELECT u.number, u.oid, u.modifier
	FROM ROWS FROM (unnest($1::oid[]), unnest($2::int4[])) WITH ORDINALITY AS u(oid, modifier, number)
), step AS (
	SELECT a.number, 0 AS depth, t.oid, t.typtype, t.typbasetype, t.typelem, t.typdelim, t.typcollation,
	       (t.typcategory = 'A' OR t.oid = 2287) AND t.typelem <> 0 AND t.typtype <> 'd' AS is_array
	FROM asked a
	JOIN pg_catalog.pg_type t ON t.oid = a.oid
	UNION ALL
	SELECT s.number, s.depth + 1, t.oid, t.typtype, t.typbasetype, t.typelem, t.typdelim, t.typcollation,
	       t.typcategory = 'A' AND t.typelem <> 0 AND t.typtype <> 'd'
	FROM step s
	JOIN pg_catalog.pg_type t
	  ON t.oid = CASE WHEN s.typtype = 'd' THEN s.typbasetype WHEN s.is_array THEN s.typelem END
)
SELECT s.number, pg_catalog.format_type(a.oid, a.modifier), s.oid, s.typtype = 'd', s.is_array, s.typdelim,
       s.typcollation <> 0
FROM step s
JOIN asked a USING (number)
ORDER BY s.number, s.depth
)";

// By the numbers of PostgreSQL's pg_type.dat, which never change.
ValueKind kind_of(const std::string &oid) {
	struct Known {
		const char *oid;
		ValueKind kind;
	};
	static constexpr Known kKnown[] = {
		{"16", ValueKind::boolean},	 {"20", ValueKind::integer},	 {"21", ValueKind::integer},
		{"23", ValueKind::integer},	 {"700", ValueKind::number},	 {"701", ValueKind::number},
		{"1700", ValueKind::number}, {"114", ValueKind::json},		 {"3802", ValueKind::json},
		{"1082", ValueKind::date},	 {"1114", ValueKind::timestamp}, {"1184", ValueKind::timestamptz},
		{"22", ValueKind::vector},	 {"30", ValueKind::oid_vector},
	};
	for (const Known &known : kKnown) {
		if (oid == known.oid) {
			return known.kind;
		}
	}
	return ValueKind::text;
}

bool is_vector(ValueKind kind) {
	return kind == ValueKind::vector || kind == ValueKind::oid_vector;
}

// A source that does not say has the one of nearly all types.
char delimiter(const PGresult *types, int row) {
	const std::string text = field(types, row, 5);
	return text.empty() ? ',' : text.front();
}

} // namespace

void look_up_types(PqConnection &connection, std::vector<Field> &fields, const PGresult *described) {
	std::string oids = "{";
	std::string modifiers = "{";
	for (int i = 0; i < static_cast<int>(fields.size()); i++) {
		oids += (i == 0 ? "" : ",") + std::to_string(PQftype(described, i));
		modifiers += (i == 0 ? "" : ",") + std::to_string(PQfmod(described, i));
	}
	oids += "}";
	modifiers += "}";
	const Result types =
		connection.run(kTypes, {oids.c_str(), modifiers.c_str()}, "could not look up the types of the query's columns");
	std::vector<bool> in_array(fields.size(), false);
	for (int row = 0; row < PQntuples(types.get()); row++) {
		const auto number = static_cast<std::size_t>(std::strtoull(field(types.get(), row, 0).c_str(), nullptr, 10));
		if (number < 1 || number > fields.size()) {
			throw Error(sqlstate::kProtocolViolation, "the source describes a column that the query does not have", {},
						"Look at what lies between the servers: a pooler, a proxy.");
		}
		Field &column = fields[number - 1];
		column.type_name = one_line(field(types.get(), row, 1));
		column.has_collation = column.has_collation || flag(types.get(), row, 6);
		const ValueKind kind = kind_of(field(types.get(), row, 2));
		if (flag(types.get(), row, 3) || is_vector(column.kind) || is_vector(column.element)) {
			continue; // a domain: its base follows; what a vector is made of is known
		}
		if (in_array[number - 1]) {
			// What stands between elements is said with their type: the last that was noted is of these.
			(column.inner_delimiters.empty() ? column.delimiter : column.inner_delimiters.back()) =
				delimiter(types.get(), row);
			column.element = kind;
			if (flag(types.get(), row, 4) && !is_vector(kind)) {
				column.inner_delimiters += ','; // a domain's array, until its elements are known
			}
		} else if (flag(types.get(), row, 4) && !is_vector(kind)) {
			column.kind = ValueKind::array;
			in_array[number - 1] = true;
		} else {
			column.kind = kind;
		}
	}
}

} // namespace hyperline::source
