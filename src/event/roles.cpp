#include "event/roles.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "pg/failure.hpp"

namespace hyperline::event {

const char *to_text(Role role) {
	switch (role) {
	case Role::id:
		return "id";
	case Role::customer_id:
		return "customerId";
	case Role::timestamp:
		return "timestamp";
	case Role::customer_name:
		return "customerName";
	case Role::deleted_at:
		return "deletedAt";
	case Role::extra:
		return "extra";
	}
	return "";
}

Role role_of(const std::string &name) {
	for (const Role role : {Role::id, Role::customer_id, Role::timestamp, Role::customer_name, Role::deleted_at}) {
		if (name == to_text(role)) {
			return role;
		}
	}
	return name == "deleted_at" ? Role::deleted_at : Role::extra;
}

namespace {

using source::Field;
using source::ValueKind;

constexpr std::array kRequired{Role::id, Role::customer_id, Role::timestamp};

// "customer_id", "CustomerID" and "customerid" are all one to a person.
std::string folded(const std::string &name) {
	std::string text;
	for (const char c : name) {
		if (c != '_' && c != '-' && c != ' ') {
			text += (c >= 'A' && c <= 'Z') ? static_cast<char>(c - 'A' + 'a') : c;
		}
	}
	return text;
}

// Names that people give to what a required field is for, folded, best first.
std::vector<std::string> likely_names(Role role) {
	switch (role) {
	case Role::id:
		return {"id", "eventid", "uuid", "uid", "key"};
	case Role::customer_id:
		return {"customerid", "customer", "accountid", "companyid", "clientid", "tenantid", "organizationid"};
	case Role::timestamp:
		return {"timestamp", "createdat", "time", "occurredat", "date", "datetime", "ts", "updatedat"};
	default:
		return {};
	}
}

const Field *near_miss(Role role, const std::vector<Field> &fields) {
	for (const std::string &likely : likely_names(role)) {
		const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field &field) {
			return role_of(field.name) == Role::extra && folded(field.name) == likely;
		});
		if (found != fields.end()) {
			return &*found;
		}
	}
	return nullptr;
}

std::string quoted(const std::string &name) {
	std::string text = "\"";
	for (const char c : name) {
		text += c == '"' ? "\"\"" : std::string(1, c);
	}
	return text + "\"";
}

// How to write the name so that it arrives as it is: folded to lower case unless quoted.
std::string as_written(Role role) {
	return role == Role::customer_id ? "\"customerId\"" : to_text(role);
}

std::string advice_for_missing(Role role, const std::vector<Field> &fields) {
	const std::string wanted = as_written(role);
	const Field *near = near_miss(role, fields);
	if (near == nullptr) {
		return "Return " + std::string(to_text(role)) + " as a column: ... AS " + wanted + ".";
	}
	if (role == Role::customer_id && near->name == "customerid") {
		return "Write \"customerId\" with its double quotes: PostgreSQL folds a name without them to customerid.";
	}
	return "Rename the column " + quoted(near->name) + ": " + quoted(near->name) + " AS " + wanted + ".";
}

bool is_there(Role role, const std::vector<Field> &fields) {
	return std::any_of(fields.begin(), fields.end(), [&](const Field &field) { return field.name == to_text(role); });
}

bool is_time(ValueKind kind) {
	return kind == ValueKind::date || kind == ValueKind::timestamp || kind == ValueKind::timestamptz;
}

std::string advice_for_timestamp(const Field &field) {
	switch (field.kind) {
	case ValueKind::integer:
	case ValueKind::number:
		return "For seconds since 1970 write to_timestamp(x) AS timestamp, for milliseconds to_timestamp(x / 1000.0).";
	case ValueKind::text:
		return "Cast it: (x)::timestamptz AS timestamp.";
	default:
		return "Return a timestamptz, a timestamp or a date.";
	}
}

bool orders(ValueKind kind) {
	return is_time(kind) || kind == ValueKind::integer || kind == ValueKind::number || kind == ValueKind::text;
}

std::size_t count_of(const std::string &name, const std::vector<Field> &fields) {
	return static_cast<std::size_t>(
		std::count_if(fields.begin(), fields.end(), [&](const Field &field) { return field.name == name; }));
}

FieldReport report_of(const Field &field, const std::vector<Field> &fields) {
	const Role role = role_of(field.name);
	FieldReport report{field.name, field.type_name, to_text(role), {}, {}, false};
	if (count_of(field.name, fields) > 1) {
		report.problem = "the field is there more than once";
		report.advice = "Give each column a name of its own with AS.";
		report.refuses = true;
	} else if (role == Role::timestamp && !is_time(field.kind)) {
		report.problem = "the field is not a time: it is of type " + field.type_name;
		report.advice = advice_for_timestamp(field);
		report.refuses = true;
	}
	return report;
}

void check_setting(const char *setting, const std::string &name, const std::vector<Field> &fields) {
	if (name.empty()) {
		return;
	}
	const auto found =
		std::find_if(fields.begin(), fields.end(), [&](const Field &field) { return field.name == name; });
	if (found == fields.end()) {
		throw Error(sqlstate::kUndefinedColumn,
					std::string(setting) + " " + quoted(name) + " is not a field of the query", {},
					"Return it as a column of the query; names are compared exactly.");
	}
	if (!orders(found->kind)) {
		throw Error(sqlstate::kDatatypeMismatch,
					std::string(setting) + " " + quoted(name) + " cannot be of type " + found->type_name, {},
					"Use a timestamp, a date, a number, a uuid or a text.");
	}
}

} // namespace

std::vector<FieldReport> describe(const std::vector<Field> &fields) {
	std::vector<FieldReport> report;
	report.reserve(fields.size() + kRequired.size());
	for (const Field &field : fields) {
		report.push_back(report_of(field, fields));
	}
	for (const Role role : kRequired) {
		if (!is_there(role, fields)) {
			report.push_back(FieldReport{to_text(role),
										 {},
										 to_text(role),
										 "the required field is missing",
										 advice_for_missing(role, fields),
										 true});
		}
	}
	return report;
}

void check(const std::vector<Field> &fields, const MappingOptions &options) {
	std::string missing;
	std::string advice;
	std::size_t count = 0;
	for (const Role role : kRequired) {
		if (!is_there(role, fields)) {
			count++;
			missing += (missing.empty() ? "" : ", ") + quoted(to_text(role));
			advice += (advice.empty() ? "" : " ") + advice_for_missing(role, fields);
		}
	}
	if (count > 0) {
		throw Error(
			sqlstate::kUndefinedColumn,
			std::string(count == 1 ? "the query lacks the required field " : "the query lacks the required fields ") +
				missing,
			{}, advice);
	}
	for (const FieldReport &report : describe(fields)) {
		if (report.refuses) {
			const bool twice = count_of(report.field, fields) > 1;
			throw Error(twice ? sqlstate::kDuplicateColumn : sqlstate::kDatatypeMismatch,
						"field " + quoted(report.field) + " of the query cannot be used: " + report.problem, {},
						report.advice);
		}
	}
	check_setting("version_field", options.version_field, fields);
	check_setting("cursor_field", options.cursor_field, fields);
}

} // namespace hyperline::event
