// What people are told of a query before it becomes a loader: by its fields, and by its first rows.
#include "event/findings.hpp"

#include "event/field_names.hpp"
#include "event/sample.hpp"

#include <gtest/gtest.h>

namespace hyperline::event {
namespace {

using source::Field;
using source::Row;
using source::Value;
using source::ValueKind;

Field field(const char *name, ValueKind kind = ValueKind::text, const char *type = "text") {
	Field made;
	made.name = name;
	made.kind = kind;
	made.type_name = type;
	return made;
}

std::vector<Field> good(std::vector<Field> extras = {}) {
	std::vector<Field> fields{field("id", ValueKind::integer, "bigint"), field("customerId"),
							  field("timestamp", ValueKind::timestamptz, "timestamp with time zone")};
	fields.insert(fields.end(), extras.begin(), extras.end());
	return fields;
}

// "code(field) ..." of what is found
std::string codes(const std::vector<Finding> &findings) {
	std::string text;
	for (const Finding &finding : findings) {
		EXPECT_FALSE(finding.message.empty() || finding.detail.empty() || finding.advice.empty()) << finding.code;
		EXPECT_TRUE(finding.detail.ends_with('.') && finding.advice.ends_with('.')) << finding.code;
		text += (text.empty() ? "" : " ") + finding.code + "(" + finding.field + ")";
	}
	return text;
}

std::string codes(std::vector<Field> extras) {
	return codes(findings_of(good(std::move(extras))));
}

std::string missed(Role role, const std::vector<Field> &fields) {
	const Field *found = near_miss(role, fields);
	return found == nullptr ? "" : found->name;
}

TEST(Findings, AGoodQueryHasNone) {
	EXPECT_EQ(codes({field("cost", ValueKind::number, "numeric(8,2)"), field("deletedAt"), field("customerName")}), "");
	EXPECT_EQ(codes(findings_of(QueryManner{}, {})), "");
}

TEST(Findings, KnowWhichNameWasMeant) {
	for (const char *name :
		 {"customerid", "customer_id", "CustomerID", "customer", "account_id", "custmerId", "company", "client_no"}) {
		EXPECT_EQ(missed(Role::customer_id, {field("other"), field(name)}), name);
	}
	for (const char *name : {"ID", "Id", "uuid", "event_id", "order_id", "orderNo"}) {
		EXPECT_EQ(missed(Role::id, {field("other"), field("customer_id"), field(name)}), name);
	}
	for (const char *name : {"createdAt", "created_at", "createdat", "time", "timestmap", "TimeStamp", "ts"}) {
		EXPECT_EQ(missed(Role::timestamp, {field("other"), field(name)}), name);
	}
	EXPECT_EQ(
		missed(Role::timestamp, {field("x"), field("started", ValueKind::timestamp), field("y", ValueKind::date)}),
		"started");
	EXPECT_EQ(missed(Role::id, {field("customer_id"), field("od")}), "") << "too short to be near";
	EXPECT_EQ(missed(Role::customer_id, {field("customerName"), field("total")}), "") << "it has a role of its own";
	EXPECT_EQ(missed(Role::customer_name, {field("customername")}), "customername");
	EXPECT_EQ(missed(Role::customer_name, {field("customerid")}), "");
	for (const char *name : {"deletedat", "DELETED_AT", "is_deleted", "deleted"}) {
		EXPECT_EQ(missed(Role::deleted_at, {field(name)}), name);
	}
	EXPECT_EQ(missed(Role::deleted_at, {field("created_at")}), "");
}

TEST(Findings, TellWhatRefusesAQuery) {
	const std::vector<Finding> findings =
		findings_of({field("id"), field("id"), field("timestamp", ValueKind::integer, "bigint")});
	EXPECT_EQ(codes(findings),
			  "duplicate_field(id) duplicate_field(id) timestamp_not_a_time(timestamp) missing_field(customerId)");
	EXPECT_EQ(findings[0].sqlstate, "42701");
	EXPECT_EQ(findings[0].column, 1U);
	EXPECT_EQ(findings[1].column, 2U);
	EXPECT_EQ(findings[2].sqlstate, "42804");
	EXPECT_NE(findings[2].advice.find("to_timestamp(x)"), std::string::npos);
	EXPECT_EQ(findings[3].sqlstate, "42703");
	EXPECT_EQ(findings[3].column, 0U);
}

TEST(Findings, TellOfTimesWithoutAZone) {
	for (const ValueKind kind : {ValueKind::timestamp, ValueKind::date}) {
		EXPECT_EQ(codes(findings_of({field("id"), field("customerId"), field("timestamp", kind, "x")})),
				  "timestamp_without_zone(timestamp)");
	}
}

TEST(Findings, TellOfKeysThatAreValues) {
	const auto of_id = [](ValueKind kind, const char *type) {
		std::vector<Field> fields = good();
		fields[0] = field("id", kind, type);
		return codes(findings_of(fields));
	};
	EXPECT_EQ(of_id(ValueKind::number, "double precision"), "id_is_a_value(id)");
	EXPECT_EQ(of_id(ValueKind::number, "real"), "id_is_a_value(id)");
	EXPECT_EQ(of_id(ValueKind::number, "numeric(10,2)"), "id_is_a_value(id)");
	EXPECT_EQ(of_id(ValueKind::number, "numeric(10,0)"), "");
	EXPECT_EQ(of_id(ValueKind::number, "numeric"), "");
	EXPECT_EQ(of_id(ValueKind::timestamptz, "timestamp with time zone"), "id_is_a_value(id)");
	EXPECT_EQ(of_id(ValueKind::json, "jsonb"), "id_is_a_value(id)");
	EXPECT_EQ(of_id(ValueKind::text, "uuid"), "");
}

TEST(Findings, TellOfPersonalData) {
	for (const char *name : {"email", "Email", "e_mail", "userEmail", "email_address", "phone", "phone_number",
							 "ship_address", "ship_postal_code", "first_name", "lastName", "birth_date", "dateOfBirth",
							 "ip_address", "client_ip", "mobile", "iban"}) {
		EXPECT_TRUE(is_personal(field(name))) << name;
	}
	for (const char *name : {"ship_name", "mobile_app", "zip_format", "description", "name", "gigabytes", "trip",
							 "mailbox", "last_seen"}) {
		EXPECT_FALSE(is_personal(field(name))) << name;
	}
	EXPECT_TRUE(is_personal(field("phone", ValueKind::integer)));
	EXPECT_TRUE(is_personal(field("birth_date", ValueKind::date)));
	EXPECT_FALSE(is_personal(field("email_opens", ValueKind::integer)));
	EXPECT_FALSE(is_personal(field("address_id", ValueKind::integer)));
	EXPECT_FALSE(is_personal(field("has_email", ValueKind::boolean)));
	EXPECT_EQ(codes({field("email")}), "personal_data(email)");
}

TEST(Findings, TellOfOptionalNamesSpeltOtherwise) {
	EXPECT_EQ(codes({field("deletedat")}), "deleted_at_spelling(deletedat)");
	EXPECT_EQ(codes({field("is_deleted", ValueKind::boolean, "boolean")}), "deleted_at_spelling(is_deleted)");
	EXPECT_EQ(codes({field("deletedat"), field("deleted_at")}), "") << "one of them is there";
	EXPECT_EQ(codes({field("customer_name")}), "customer_name_spelling(customer_name)");
}

TEST(Findings, TellOfTheQueryAsAWhole) {
	std::vector<Field> extras;
	extras.reserve(98);
	for (int i = 0; i < 97; i++) {
		extras.push_back(field(("f" + std::to_string(i)).c_str()));
	}
	EXPECT_EQ(codes(extras), "");
	extras.push_back(field("f97"));
	EXPECT_EQ(codes(extras), "too_many_fields()");

	QueryManner manner;
	manner.largest_rows = 2e7;
	manner.largest_table = "calls";
	EXPECT_EQ(codes(findings_of(manner, {})), "no_condition()");
	EXPECT_EQ(codes(findings_of(manner, MappingOptions{{}, "at"})), "") << "a cursor field reads on";
	manner.has_condition = true;
	EXPECT_EQ(codes(findings_of(manner, {})), "");
	manner.selects_star = true;
	manner.sorts = true;
	EXPECT_EQ(codes(findings_of(manner, {})), "select_star()") << "nobody asked for an order";
	EXPECT_EQ(codes(findings_of(manner, MappingOptions{{}, "at"})), "select_star() cursor_without_index(at)");
}

// Rows of (id, customerId, timestamp, extra); "-" is NULL.
std::vector<Finding> sampled(const std::vector<std::vector<std::string>> &rows) {
	constexpr std::int64_t kNow = 820'540'800'000'000; // 2026-01-01
	Sample sample(good({field("extra")}), kNow);
	std::uint64_t number = 0;
	for (const std::vector<std::string> &texts : rows) {
		std::vector<Value> values;
		values.reserve(texts.size());
		for (const std::string &text : texts) {
			values.push_back(text == "-" ? Value{{}, true} : Value{text, false});
		}
		Row row;
		row.values = values.data();
		row.size = values.size();
		row.number = ++number;
		sample.add(row);
	}
	return sample.findings();
}

TEST(Sample, GoodRowsSayNothing) {
	EXPECT_EQ(codes(sampled({{"1", "a", "2026-01-30 00:00:00+00", "x"}, {"2", "a", "2000-01-01", "-"}})), "");
	EXPECT_EQ(codes(sampled({{"1", "a", "2026-01-30 00:00:00+00", ""}})), "") << "what is no key may be empty";
}

TEST(Sample, TellsWhenThereAreNone) {
	EXPECT_EQ(codes(sampled({})), "no_rows()");
}

TEST(Sample, TellsOfKeysThatAreMissingOrComeAgain) {
	const std::vector<Finding> missing =
		sampled({{"1", "a", "2025-01-01", ""}, {"-", "a", "2025-01-01", ""}, {"-", "-", "-", ""}});
	EXPECT_EQ(codes(missing), "null_id(id) null_customer_id(customerId) null_timestamp(timestamp)");
	EXPECT_EQ(missing[0].detail, "Rows without id: 2 of the first 3, beginning with row 2.");
	const std::vector<Finding> again =
		sampled({{"1", "a", "2025-01-01", ""}, {"2", "b", "2025-01-01", "x"}, {"2", "b", "2025-01-01", "y"}});
	EXPECT_EQ(codes(again), "repeated_id(id)");
	EXPECT_EQ(again[0].detail, "Rows with id \"2\" and customerId \"b\": 2 of the first 3, beginning with row 2.");
	EXPECT_EQ(codes(sampled({{"1", "a", "2025-01-01", ""}, {"1", "b", "2025-01-01", ""}})), "shared_id(id)");
}

// They are rejected: they do not come again, and nobody pays for them.
TEST(Sample, TellsOfKeysThatAreEmpty) {
	const std::vector<Finding> findings = sampled({{"", "a", "2025-01-01", ""},
												   {"", "b", "2025-01-01", ""},
												   {"1", "", "2025-01-01", ""},
												   {"", "-", "infinity", ""}});
	EXPECT_EQ(codes(findings),
			  "empty_id(id) null_customer_id(customerId) empty_customer_id(customerId) infinite_timestamp(timestamp)");
	EXPECT_EQ(findings[0].detail, "Rows with an empty id: 3 of the first 4, beginning with row 1.");
	EXPECT_EQ(findings[2].detail, "Rows with an empty customerId: 1 of the first 4, beginning with row 3.");
	EXPECT_EQ(findings[3].detail, "Rows with such a time, as infinity: 1 of the first 4, beginning with row 4.");
}

TEST(Sample, TellsOfTimesThatCannotBeMeant) {
	const std::vector<Finding> findings = sampled({{"1", "a", "1970-01-01 00:00:00+00", ""},
												   {"2", "a", "1999-12-31 23:59:59+00", ""},
												   {"3", "a", "2026-02-01", ""},
												   {"4", "a", "55000-01-01", ""},
												   {"5", "a", "5874897-12-31", ""}});
	EXPECT_EQ(codes(findings), "timestamp_before_2000(timestamp) timestamp_far_ahead(timestamp)");
	EXPECT_EQ(findings[0].detail,
			  "Rows with such a time, as 1970-01-01 00:00:00+00: 2 of the first 5, beginning with row 1.");
	EXPECT_EQ(findings[1].detail, "Rows with such a time, as 2026-02-01: 3 of the first 5, beginning with row 3.");
}

TEST(Sample, TellsOfLargeValues) {
	EXPECT_EQ(codes(sampled({{"1", "a", "2025-01-01", std::string(1U << 20U, 'x')}})), "");
	const std::vector<Finding> findings =
		sampled({{"1", "a", "2025-01-01", "x"}, {"2", "a", "2025-01-01", std::string((1U << 20U) + 1, 'x')}});
	EXPECT_EQ(codes(findings), "large_field(extra)");
	EXPECT_EQ(findings[0].detail, "Field \"extra\" has 1048577 bytes in row 2.");
}

TEST(Sample, CutsExamplesBetweenCharacters) {
	std::string id;
	for (int i = 0; i < 30; i++) {
		id += "€";
	}
	const std::vector<Finding> findings = sampled({{id, "a", "2025-01-01", ""}, {id, "a", "2025-01-01", ""}});
	ASSERT_EQ(findings.size(), 1U);
	EXPECT_NE(findings[0].detail.find("€...\""), std::string::npos) << findings[0].detail;
}

TEST(FieldNames, ShownNamesDeceiveNobody) {
	EXPECT_EQ(quoted("a\"b"), "\"a\"\"b\"");
	EXPECT_EQ(quoted("\x1b[2J\r\n\x7f"), "\"\\x1b[2J\\x0d\\x0a\\x7f\"");
	EXPECT_EQ(shown("a\xe2\x80\xae"
					"b\xc2\x9b\xe2\x80\x8b"),
			  "a\\u202eb\\u009b\\u200b");
	EXPECT_EQ(shown("\xff\xc3"), "\\xff\\xc3");
	EXPECT_EQ(shown("größe 数"), "größe 数");
	EXPECT_EQ(shown("as\u00a0id"), "as\\u00a0id");
	EXPECT_EQ(shown("\u3000"), "\\u3000");
	EXPECT_EQ(shown(std::string(63, 'x')), std::string(63, 'x'));
	EXPECT_EQ(shown(std::string(64, 'x')), std::string(63, 'x') + "...");
	EXPECT_EQ(shown(std::string(62, 'x') + "ü"), std::string(62, 'x') + "...");
}

TEST(Findings, OneNameForAllColumnsIsToldShortly) {
	const std::vector<Finding> findings = findings_of(std::vector<Field>(1600, field("same")));
	EXPECT_EQ(findings[0].detail,
			  "Columns 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, ... of "
			  "the query are called \"same\".");
}

} // namespace
} // namespace hyperline::event
