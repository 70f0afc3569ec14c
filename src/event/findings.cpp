#include "event/findings.hpp"

#include <algorithm>
#include <array>

#include "event/field_names.hpp"
#include "pg/failure.hpp"

namespace hyperline::event {

namespace {

using source::Field;
using source::ValueKind;

constexpr std::size_t kManyFields = 100;
constexpr std::size_t kShownFields = 20;
constexpr double kManyRows = 10e6;

constexpr std::array kRequired{Role::id, Role::customer_id, Role::timestamp};

// How to write the name so that it arrives as it is: folded to lower case unless quoted.
std::string as_written(Role role) {
	const bool has_capitals = role == Role::customer_id || role == Role::customer_name || role == Role::deleted_at;
	return has_capitals ? quoted(to_text(role)) : to_text(role);
}

std::string advice_for_name(Role role, const Field &near) {
	std::string in_lower_case = to_text(role);
	std::transform(in_lower_case.begin(), in_lower_case.end(), in_lower_case.begin(),
				   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
	if (in_lower_case != to_text(role) && near.name == in_lower_case) {
		return "Write " + as_written(role) + " with its double quotes: PostgreSQL folds a name without them to " +
			   in_lower_case + ".";
	}
	return "Give the column " + quoted(near.name) + " the name " + to_text(role) + ": ... AS " + as_written(role) + ".";
}

// The names that the columns of VALUES have.
bool are_unnamed(const std::vector<Field> &fields) {
	for (std::size_t i = 0; i < fields.size(); i++) {
		if (fields[i].name != "column" + std::to_string(i + 1)) {
			return false;
		}
	}
	return !fields.empty();
}

std::string advice_for_missing(Role role, const std::vector<Field> &fields) {
	if (are_unnamed(fields)) {
		return "Give the columns names: SELECT * FROM (VALUES ...) v(id, \"customerId\", timestamp).";
	}
	if (const Field *near = near_miss(role, fields)) {
		return advice_for_name(role, *near);
	}
	return "Return " + std::string(to_text(role)) + " as a column: ... AS " + as_written(role) + ".";
}

// Of types whose values are texts that people write.
bool is_text(const std::string &type) {
	const std::size_t dot = type.rfind('.');
	const std::string name = type.substr(dot == std::string::npos ? 0 : dot + 1);
	return name == "text" || name == "name" || name == "citext" || name.starts_with("character");
}

std::string advice_for_timestamp(const Field &field) {
	switch (field.kind) {
	case ValueKind::integer:
	case ValueKind::number:
		return "For seconds since 1970 write to_timestamp(x) AS timestamp, for milliseconds to_timestamp(x / 1000.0).";
	case ValueKind::text:
		if (is_text(field.type_name)) {
			return "Cast it: (x)::timestamptz AS timestamp, or to_timestamp(x, 'DD.MM.YYYY') AS timestamp where it is "
				   "written otherwise.";
		}
		if (field.type_name.starts_with("time ") || field.type_name.starts_with("time(")) {
			return "Add the day that it is of: (day + x) AS timestamp.";
		}
		break;
	default:
		break;
	}
	return "Return the time at which it happened, as a timestamptz, a timestamp or a date.";
}

} // namespace

std::string names_of(const std::vector<Field> &fields) {
	std::string names;
	for (std::size_t i = 0; i < std::min(fields.size(), kShownFields); i++) {
		names += (i == 0 ? "" : ", ") + quoted(fields[i].name);
	}
	return names + (fields.size() > kShownFields ? ", ..." : "");
}

namespace {

std::string type_fact(const Field &field) {
	return "Field " + quoted(field.name) + " is of type " + field.type_name + ".";
}

bool is_there(Role role, const std::vector<Field> &fields) {
	return std::any_of(fields.begin(), fields.end(), [&](const Field &field) { return role_of(field.name) == role; });
}

// Integers, texts, uuids and the like identify; what is measured does not. A numeric without a scale is how some
// systems keep their keys.
bool is_measured(const Field &field) {
	const std::string &type = field.type_name;
	const bool is_fraction = field.kind == ValueKind::number &&
							 (type == "real" || type == "double precision" ||
							  (type.find(',') != std::string::npos && type.find(",0)") == std::string::npos));
	return is_fraction || source::is_time(field.kind) || field.kind == ValueKind::boolean ||
		   field.kind == ValueKind::json || field.kind == ValueKind::array || type == "money" || type == "interval";
}

void look_at_key(const Field &field, std::vector<Finding> &findings) {
	if (is_measured(field)) {
		findings.push_back({"id_is_a_value",
							field.name,
							"the field is a value and not an identifier",
							type_fact(field),
							"Return what identifies a row and never changes, such as the primary key of its table.",
							{}});
	}
}

void look_at_timestamp(const Field &field, std::vector<Finding> &findings) {
	if (!source::is_time(field.kind)) {
		findings.push_back({"timestamp_not_a_time", field.name, "the field is not a time", type_fact(field),
							advice_for_timestamp(field), sqlstate::kDatatypeMismatch});
	} else if (field.kind == ValueKind::date) {
		findings.push_back({"timestamp_without_zone",
							field.name,
							"the field has no time zone and is read as UTC",
							type_fact(field),
							"Each event gets the midnight at which its day begins in UTC. If days begin elsewhere, "
							"write (x::timestamp AT TIME ZONE 'Europe/Zurich') AS timestamp.",
							{}});
	} else if (field.kind == ValueKind::timestamp) {
		findings.push_back({"timestamp_without_zone",
							field.name,
							"the field has no time zone and is read as UTC",
							type_fact(field),
							"If it holds times of another zone, write (x AT TIME ZONE 'Europe/Zurich') AS timestamp.",
							{}});
	}
}

void look_at_extra(const Field &field, const std::vector<Field> &fields, std::vector<Finding> &findings) {
	if (!is_there(Role::deleted_at, fields) && near_miss(Role::deleted_at, fields) == &field) {
		findings.push_back({"deleted_at_spelling",
							field.name,
							"the field does not mark events as deleted",
							"Only \"deletedAt\" and \"deleted_at\" do.",
							advice_for_name(Role::deleted_at, field),
							{}});
	} else if (!is_there(Role::customer_name, fields) && near_miss(Role::customer_name, fields) == &field) {
		findings.push_back({"customer_name_spelling",
							field.name,
							"the field does not name customers",
							"Only \"customerName\" does.",
							advice_for_name(Role::customer_name, field),
							{}});
	}
	if (is_personal(field)) {
		findings.push_back({"personal_data",
							field.name,
							"by its name the field holds personal data",
							"Field " + quoted(field.name) + " is stored with every event.",
							"Leave it out unless an invoice needs it.",
							{}});
	}
}

void look_at_name(const Field &field, const std::vector<Field> &fields, std::vector<Finding> &findings) {
	std::string places;
	std::size_t count = 0;
	for (std::size_t i = 0; i < fields.size(); i++) {
		if (fields[i].name == field.name) {
			if (count++ < kShownFields) {
				places += (places.empty() ? "" : ", ") + std::to_string(i + 1);
			}
		}
	}
	if (count > 1) {
		places += count > kShownFields ? ", ..." : "";
		findings.push_back({"duplicate_field", field.name, "the field is there more than once",
							"Columns " + places + " of the query are called " + quoted(field.name) + ".",
							"Give each column a name of its own with AS.", sqlstate::kDuplicateColumn});
	}
}

} // namespace

std::vector<Finding> findings_of(const std::vector<Field> &fields) {
	std::vector<Finding> findings;
	for (std::size_t i = 0; i < fields.size(); i++) {
		const Field &field = fields[i];
		const std::size_t before = findings.size();
		look_at_name(field, fields, findings);
		switch (role_of(field.name)) {
		case Role::id:
		case Role::customer_id:
			look_at_key(field, findings);
			break;
		case Role::timestamp:
			look_at_timestamp(field, findings);
			break;
		case Role::extra:
			look_at_extra(field, fields, findings);
			break;
		case Role::customer_name:
		case Role::deleted_at:
			break;
		}
		std::for_each(findings.begin() + static_cast<std::ptrdiff_t>(before), findings.end(),
					  [&](Finding &finding) { finding.column = i + 1; });
	}
	for (const Role role : kRequired) {
		if (!is_there(role, fields)) {
			findings.push_back({"missing_field", to_text(role), "the required field is missing",
								"The query returns " + names_of(fields) + ".", advice_for_missing(role, fields),
								sqlstate::kUndefinedColumn});
		}
	}
	if (fields.size() > kManyFields) {
		findings.push_back({"too_many_fields",
							{},
							"the query returns more than 100 fields",
							"It returns " + std::to_string(fields.size()) + ", and each is stored with every event.",
							"Name the columns that invoices need.",
							{}});
	}
	return findings;
}

std::vector<Finding> findings_of(const QueryManner &manner, const MappingOptions &options) {
	std::vector<Finding> findings;
	if (manner.selects_star) {
		findings.push_back({"select_star",
							{},
							"the query takes all columns with *",
							"A column that is added to a table would be stored with every event from then on.",
							"Name the columns that invoices need.",
							{}});
	}
	if (!manner.id_maker.empty()) {
		findings.push_back(
			{"unstable_id",
			 "id",
			 "the id is made anew in each run",
			 "It comes from " + manner.id_maker +
				 "(), which may give another id to the same row next time: it is stored once more, or in "
				 "the place of another one.",
			 "Take what identifies the row at the source, such as its primary key.",
			 {}});
	}
	const bool reads_on = !options.cursor_field.empty();
	if (!manner.has_condition && !reads_on && manner.largest_rows > kManyRows) {
		findings.push_back(
			{"no_condition",
			 {},
			 "the query reads a large table without a WHERE",
			 "In each run it reads about " + std::to_string(static_cast<std::int64_t>(manner.largest_rows)) + " rows" +
				 (manner.largest_table.empty() ? "" : " of table " + quoted(manner.largest_table)) +
				 ", as the source estimates.",
			 "Read what is new only: WHERE updated_at >= {{last_refreshed_at}}, or give the loader a cursor_field.",
			 {}});
	}
	if (reads_on && manner.sorts) {
		findings.push_back({"cursor_without_index",
							options.cursor_field,
							"no index gives the rows in the order of the cursor_field",
							"The source sorts all rows by " + quoted(options.cursor_field) + " in each run.",
							"Create an index at the source on the column that the field is taken from, for a text (... "
							"COLLATE \"C\"), or choose another cursor_field, since one that is computed can have none.",
							{}});
	}
	return findings;
}

} // namespace hyperline::event
