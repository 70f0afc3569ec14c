#include "event/roles.hpp"

#include <algorithm>

#include "event/field_names.hpp"
#include "event/findings.hpp"
#include "pg/failure.hpp"
#include "pg/nearest.hpp"

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

bool orders(ValueKind kind) {
	return source::is_time(kind) || kind == ValueKind::integer || kind == ValueKind::number || kind == ValueKind::text;
}

std::string advice_for_setting(const char *setting, const std::string &name, const std::vector<Field> &fields) {
	std::vector<std::string> names;
	names.reserve(fields.size());
	for (const Field &field : fields) {
		names.push_back(field.name);
	}
	const std::string near = nearest(name, names);
	return near.empty() ? "Return it as a column of the query; names are compared exactly."
						: std::string("Did you mean ") + setting + " => '" + shown(near) + "'?";
}

void check_setting(const char *setting, const std::string &name, const std::vector<Field> &fields) {
	if (name.empty()) {
		return;
	}
	const auto found =
		std::find_if(fields.begin(), fields.end(), [&](const Field &field) { return field.name == name; });
	if (found == fields.end()) {
		throw Error(sqlstate::kUndefinedColumn,
					std::string(setting) + " " + quoted(name) + " is not a field of the query",
					"The query returns " + names_of(fields) + ".", advice_for_setting(setting, name, fields));
	}
	if (!orders(found->kind)) {
		throw wrong_type(setting, *found,
						 "Values of type " + found->type_name + " do not tell which of them is newer.");
	}
}

} // namespace

Error wrong_type(const char *setting, const Field &field, const std::string &detail) {
	return Error(sqlstate::kDatatypeMismatch,
				 std::string(setting) + " " + quoted(field.name) + " cannot be of type " + field.type_name, detail,
				 "Use a timestamp, a date, a number, a uuid or a text.");
}

std::vector<FieldReport> describe(const std::vector<Field> &fields) {
	std::vector<FieldReport> report;
	report.reserve(fields.size() + 3);
	for (const Field &field : fields) {
		report.push_back(FieldReport{field.name, field.type_name, to_text(role_of(field.name)), {}, {}});
	}
	for (const Finding &finding : findings_of(fields)) {
		const std::string problem = finding.code + ": " + finding.message;
		if (finding.column > 0) {
			FieldReport &row = report[finding.column - 1];
			row.problem += (row.problem.empty() ? "" : "; ") + problem;
			row.advice += (row.advice.empty() ? "" : " ") + finding.advice;
		} else if (!finding.field.empty()) {
			report.push_back(FieldReport{finding.field, {}, finding.field, problem, finding.advice});
		}
	}
	return report;
}

void check(const std::vector<Field> &fields, const MappingOptions &options) {
	const std::vector<Finding> findings = findings_of(fields);
	std::string missing;
	Finding all;
	std::size_t count = 0;
	for (const Finding &finding : findings) {
		if (finding.code == "missing_field") {
			count++;
			missing += (missing.empty() ? "" : ", ") + quoted(finding.field);
			if (all.advice.find(finding.advice) == std::string::npos) {
				all.advice += (all.advice.empty() ? "" : " ") + finding.advice;
			}
			all.detail = finding.code + ": " + finding.detail;
		}
	}
	if (count > 0) {
		throw Error(
			sqlstate::kUndefinedColumn,
			std::string(count == 1 ? "the query lacks the required field " : "the query lacks the required fields ") +
				missing,
			all.detail, all.advice);
	}
	for (const Finding &finding : findings) {
		if (!finding.sqlstate.empty()) {
			throw Error(finding.sqlstate,
						"field " + quoted(finding.field) + " of the query cannot be used: " + finding.message,
						finding.code + ": " + finding.detail, finding.advice);
		}
	}
	check_setting("version_field", options.version_field, fields);
	check_setting("cursor_field", options.cursor_field, fields);
}

} // namespace hyperline::event
