#include "event/sample.hpp"

#include <algorithm>
#include <string_view>

#include "event/field_names.hpp"
#include "event/time_text.hpp"
#include "pg/utf8.hpp"

namespace hyperline::event {

using source::Field;
using source::Value;

namespace {

constexpr std::size_t kLargeValue = std::size_t{1} << 20;
constexpr std::size_t kShown = 60; // bytes of an example
constexpr std::int64_t kFarAhead = std::int64_t{30} * 86'400 * 1'000'000;

std::string start_of(std::string_view text) {
	const std::string_view cut = text.substr(0, kShown);
	const std::string_view whole = cut.substr(0, valid_utf8_prefix(cut));
	return std::string(whole) + (whole.size() < text.size() ? "..." : "");
}

bool is_required(Role role) {
	return role == Role::id || role == Role::customer_id || role == Role::timestamp;
}

} // namespace

void Sample::Seen::add(std::uint64_t row, std::string value) {
	if (rows++ == 0) {
		first = row;
		example = std::move(value);
	}
}

Sample::Sample(std::vector<Field> fields, std::int64_t now)
	: fields_(std::move(fields)), now_(now), nulls_(fields_.size()), empty_(fields_.size()), large_(fields_.size()) {
}

void Sample::look_at(std::size_t column, const Value &value, std::uint64_t row) {
	const Role role = role_of(fields_[column].name);
	if (is_required(role) && value.is_null) {
		nulls_[column].add(row, {});
	} else if ((role == Role::id || role == Role::customer_id) && value.text.empty()) {
		empty_[column].add(row, {});
	}
	if (value.text.size() > kLargeValue) {
		large_[column].add(row, std::to_string(value.text.size()));
	}
	if (role != Role::timestamp || value.is_null) {
		return;
	}
	const ParsedTime time = parse_time(value.text);
	if (time.status == TimeStatus::ok && time.microseconds < 0) { // they count from 2000 on
		past_.add(row, start_of(value.text));
	} else if (time.status == TimeStatus::infinite) {
		infinite_.add(row, start_of(value.text));
	} else if (time.status == TimeStatus::out_of_range ||
			   (time.status == TimeStatus::ok && time.microseconds > now_ && time.microseconds - now_ > kFarAhead)) {
		future_.add(row, start_of(value.text));
	}
}

void Sample::add(const source::Row &row) {
	rows_++;
	const Value *id = nullptr;
	const Value *customer_id = nullptr;
	for (std::size_t i = 0; i < row.size; i++) {
		look_at(i, row.values[i], row.number);
		const Role role = role_of(fields_[i].name);
		id = role == Role::id ? &row.values[i] : id;
		customer_id = role == Role::customer_id ? &row.values[i] : customer_id;
	}
	const auto is_there = [](const Value *value) {
		return value != nullptr && !value->is_null && !value->text.empty();
	};
	if (is_there(id) && is_there(customer_id)) {
		keys_[std::string(id->text)][std::string(customer_id->text)].add(row.number, {});
	}
}

std::string Sample::rows_of(const Seen &seen, const std::string &which) const {
	return "Rows " + which + ": " + std::to_string(seen.rows) + " of the first " + std::to_string(rows_) +
		   ", beginning with row " + std::to_string(seen.first) + ".";
}

void Sample::report_fields(std::vector<Finding> &findings) const {
	for (std::size_t i = 0; i < fields_.size(); i++) {
		const std::string &name = fields_[i].name;
		if (nulls_[i].rows > 0) {
			const bool is_id = role_of(name) == Role::id;
			findings.push_back({is_id								 ? "null_id"
								: role_of(name) == Role::customer_id ? "null_customer_id"
																	 : "null_timestamp",
								name,
								"a required field is NULL",
								rows_of(nulls_[i], "without " + name),
								"Such rows are rejected and not billed. Leave them out with a WHERE, or return what "
								"stands for them, with COALESCE(x, y).",
								{}});
		}
		if (empty_[i].rows > 0) {
			findings.push_back({role_of(name) == Role::id ? "empty_id" : "empty_customer_id",
								name,
								"a required field is empty",
								rows_of(empty_[i], "with an empty " + name),
								"Such rows are rejected and not billed. Leave them out with a WHERE, or return what "
								"stands for them, with COALESCE(NULLIF(x, ''), y).",
								{}});
		}
		if (large_[i].rows > 0) {
			findings.push_back({"large_field",
								name,
								"the field holds more than 1 MB",
								"Field " + quoted(name) + " has " + large_[i].example + " bytes in row " +
									std::to_string(large_[i].first) + ".",
								"Leave it out, or return the part that invoices need.",
								{}});
		}
	}
	if (past_.rows > 0) {
		findings.push_back({"timestamp_before_2000",
							to_text(Role::timestamp),
							"the time is before 2000",
							rows_of(past_, "with such a time, as " + past_.example),
							"Look for a zero or a default that stands for no time, and for a number in another unit: "
							"to_timestamp() takes seconds.",
							{}});
	}
	if (infinite_.rows > 0) {
		findings.push_back({"infinite_timestamp",
							to_text(Role::timestamp),
							"the time is infinite",
							rows_of(infinite_, "with such a time, as " + infinite_.example),
							"Such rows are rejected and not billed. Return the time at which it happened.",
							{}});
	}
	if (future_.rows > 0) {
		findings.push_back({"timestamp_far_ahead",
							to_text(Role::timestamp),
							"the time is more than 30 days ahead",
							rows_of(future_, "with such a time, as " + future_.example),
							"Look for a date that stands for never, and for a number in another unit: to_timestamp() "
							"takes seconds, so divide milliseconds by 1000.0.",
							{}});
	}
}

void Sample::report_keys(std::vector<Finding> &findings) const {
	for (const auto &[id, customers] : keys_) {
		for (const auto &[customer, seen] : customers) {
			if (seen.rows > 1) {
				findings.push_back(
					{"repeated_id",
					 to_text(Role::id),
					 "several rows have one id and customerId",
					 rows_of(seen, "with id " + quoted(start_of(id)) + " and customerId " + quoted(start_of(customer))),
					 "They are one event, of which one row is stored: return what tells them apart, such as "
					 "a.id || '-' || b.id AS id, or mend a join that repeats rows.",
					 {}});
				return;
			}
		}
	}
	for (const auto &[id, customers] : keys_) {
		if (customers.size() > 1) {
			findings.push_back({"shared_id",
								to_text(Role::id),
								"one id comes with several customers",
								"Id " + quoted(start_of(id)) + " comes with " + std::to_string(customers.size()) +
									" of them in the first " + std::to_string(rows_) + " rows.",
								"Each is an event of its own, and all are billed. If that is not meant, mend the join "
								"that repeats rows.",
								{}});
			return;
		}
	}
}

std::vector<Finding> Sample::findings() const {
	std::vector<Finding> findings;
	if (rows_ == 0) {
		findings.push_back(
			{"no_rows",
			 {},
			 "the query returns no rows",
			 "Nothing is known of its values.",
			 "If there should be some, look at its conditions, of which x = NULL is never true (write x IS "
			 "NULL), and at whether the policies of its tables let the connection's role see rows.",
			 {}});
	}
	report_fields(findings);
	report_keys(findings);
	return findings;
}

} // namespace hyperline::event
