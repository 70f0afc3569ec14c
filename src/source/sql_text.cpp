#include "source/sql_text.hpp"

#include <algorithm>

#include "source/characters.hpp"
#include "pg/quote.hpp"
#include "pg/time.hpp"

namespace hyperline::source {

using pg::quote_literal;

std::string quote_identifier(std::string_view name) {
	std::string quoted = "\"";
	for (const char c : name) {
		quoted += c;
		if (c == '"') {
			quoted += c;
		}
	}
	return quoted + "\"";
}

namespace {

std::string utc_literal(std::int64_t time, const char *type) {
	return quote_literal(pg::format_utc(time)) + "::" + type;
}

// From which time on to read. What had not committed when the watermark was reached may have stamped any time since
// from_open_since, and the watermark may be a time to come, that of a clock that is wrong or of a row that says 2099.
//
// A timestamptz says both plainly. A timestamp is that of an unknown zone: the watermark was at most as far ahead of
// the stamp as the snapshot of the oldest open transaction. It is nonsense when no zone on earth is that far ahead.
std::string moment_from(const ReadPlan &plan) {
	const std::string watermark = quote_literal(*plan.from) + "::" + plan.cursor.type_name;
	const std::string less_lookback = " - " + quote_literal(plan.lookback) + "::interval)";
	if (!plan.from_time || !plan.from_open_since) {
		return "(" + watermark + less_lookback;
	}
	if (plan.cursor.kind == ValueKind::timestamptz) {
		return "(LEAST(" + watermark + ", " + utc_literal(*plan.from_open_since, "timestamptz") + ")" + less_lookback;
	}
	const std::string time = utc_literal(*plan.from_time, "timestamp");
	const std::string open_since = utc_literal(*plan.from_open_since, "timestamp");
	return "(CASE WHEN " + watermark + " > " + time + " + interval '14 hours' THEN " + open_since +
		   " - interval '12 hours' ELSE " + watermark + " - (" + time + " - " + open_since + ") END" + less_lookback;
}

// A date stands for its whole day, and compares as the midnight at which that began: a moment within a day would leave
// out what was stamped on it before.
std::string time_from(const ReadPlan &plan) {
	const std::string moment = moment_from(plan);
	return plan.cursor.kind == ValueKind::date ? moment + "::date" : moment;
}

// An index on the id can be used where it is an integer or a text; of other types what counts is what they print.
std::string has_one_of(const Field &id, const std::vector<std::string> &ids) {
	constexpr std::size_t kSafeDigits = 18; // of a bigint
	const auto is_bigint = [](const std::string &text) {
		const std::size_t sign = text.starts_with('-') ? 1 : 0;
		return text.size() > sign && text.size() <= sign + kSafeDigits &&
			   std::all_of(text.begin() + static_cast<std::ptrdiff_t>(sign), text.end(), is_digit);
	};
	const bool integer = id.kind == ValueKind::integer;
	std::string list;
	for (const std::string &text : ids) {
		if (!integer || is_bigint(text)) {
			list += (list.empty() ? "" : ", ") + quote_literal(text);
		}
	}
	const std::string name = quote_identifier(id.name);
	const bool text = id.type_name == "text" || id.type_name.starts_with("character varying");
	return (integer ? name
			: text	? name + "::text"
					: "pg_catalog.format('%s', " + name + ")") +
		   " = ANY (ARRAY[" + list + "]::" + (integer ? "bigint" : "text") + "[])";
}

} // namespace

// The query is on lines of its own, so that a comment on its last line ends there. It has been prepared alone, as it
// stands here: whatever it holds, it is one statement, and its parentheses are its own.
//
// Texts are ordered byte by byte, whatever their collation, which may change with the source's operating system.
std::string select_statement(const ReadPlan &plan, std::size_t &offset) {
	using Rows = ReadPlan::Rows;
	const std::string prefix = "SELECT * FROM (";
	offset = prefix.size();
	std::string sql = prefix + plan.query.text + "\n) AS hyperline_source";
	if (plan.rows == Rows::all) {
		return sql;
	}
	if (plan.rows == Rows::first) {
		return sql + " LIMIT " + std::to_string(plan.limit);
	}
	if (plan.rows == Rows::with_ids) {
		return sql + " WHERE " + has_one_of(plan.id, plan.ids);
	}
	const std::string name = quote_identifier(plan.cursor.name);
	const std::string cursor = plan.cursor.has_collation ? name + " COLLATE pg_catalog.\"C\"" : name;
	if (plan.rows == Rows::without_cursor) {
		return sql + " WHERE " + name + " IS NULL";
	}
	std::string condition = name + " IS NOT NULL";
	if (plan.from) {
		const std::string from =
			is_time(plan.cursor.kind) ? time_from(plan) : quote_literal(*plan.from) + "::" + plan.cursor.type_name;
		condition = cursor + " >= " + from;
	}
	return sql + " WHERE " + condition + " ORDER BY " + cursor;
}

namespace {

// What a field takes in a row that is sent, and what it is when the row is too large. Both are made of the text that
// the source would print: format() does, and does not trim a char(n) as a cast would.
struct CutField {
	std::string bytes;
	std::string value;
};

bool may_be_long(ValueKind kind) {
	return kind == ValueKind::text || kind == ValueKind::json || kind == ValueKind::array ||
		   kind == ValueKind::vector || kind == ValueKind::oid_vector;
}

// Of longer texts every character may be one that COPY escapes with a backslash: PostgreSQL's translate() takes none of
// 256 MB, nor does a jsonb.
constexpr int kMostTranslated = 200'000'000;

CutField cut_field(const Field &field, const std::string &is_large) {
	const std::string name = quote_identifier(field.name);
	const std::string most = std::to_string(kLongestCut);
	if (field.type_name == "bytea") { // whose text may be too large where it itself is not
		const std::string length = "pg_catalog.octet_length(" + name + ")";
		return {length + "::bigint * 2 + 3", "CASE WHEN " + is_large + " AND " + length + " > " + most +
												 " THEN '\\x' || pg_catalog.encode(pg_catalog.substring(" + name +
												 ", 1, " + most + "), 'hex') || '... (' || " + length +
												 " || ' bytes)' ELSE " + name + "::text END"};
	}
	const std::string text = "pg_catalog.format('%s', " + name + ")";
	const std::string length = "pg_catalog.octet_length(" + text + ")";
	if (!may_be_long(field.kind)) {
		return {length, name};
	}
	return {length + "::bigint * 2 - CASE WHEN " + length + " < " + std::to_string(kMostTranslated) +
				" THEN pg_catalog.octet_length(pg_catalog.translate(" + text +
				", E'\\b\\f\\n\\r\\t\\x0b\\\\', '')) ELSE 0 END",
			"CASE WHEN pg_catalog.num_nulls(" + name + ") = 0 THEN CASE WHEN " + is_large + " AND " + length + " > " +
				most + " THEN pg_catalog.\"left\"(" + text + ", " + most + ") || '... (' || " + length +
				" || ' bytes)' ELSE " + text + " END END"};
}

} // namespace

// OFFSET 0 has rows measured once, and leaves them in their order.
std::string copy_cut_statement(const ReadPlan &plan, const std::vector<Field> &fields, std::uint64_t largest_row,
							   std::size_t &offset) {
	const std::string bytes = "\"hyperline_connector: bytes\""; // no field is called that
	const std::string is_large = bytes + " > " + std::to_string(largest_row);
	std::string values;
	std::string size = std::to_string(fields.size()); // what stands between fields, and the line's end
	for (const Field &field : fields) {
		const CutField cut = cut_field(field, is_large);
		values += cut.value + ", ";
		size += " + COALESCE(" + cut.bytes + ", 2)";
	}
	const std::string prefix = "COPY (SELECT " + values + "CASE WHEN " + is_large + " THEN " + bytes +
							   " END FROM (SELECT *, " + size + " AS " + bytes + " FROM (";
	std::string sql =
		prefix + select_statement(plan, offset) + ") AS hyperline_rows OFFSET 0) AS hyperline_measured) TO STDOUT";
	offset += prefix.size();
	return sql;
}

std::string copy_statement(const ReadPlan &plan, std::size_t &offset) {
	const std::string prefix = "COPY (";
	if (plan.rows == ReadPlan::Rows::all) {
		offset = prefix.size();
		return prefix + plan.query.text + "\n) TO STDOUT";
	}
	std::string sql = prefix + select_statement(plan, offset) + ") TO STDOUT";
	offset += prefix.size();
	return sql;
}

} // namespace hyperline::source
