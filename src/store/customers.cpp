#include "store/customers.hpp"

#include <algorithm>

#include "pg/relation.hpp"
#include "store/names.hpp"
#include "store/foreign_code.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
#include <utils/builtins.h>
}

namespace hyperline::store {

namespace {

constexpr std::size_t kMostKnown = 200'000;
constexpr std::size_t kLongestExternalId = 1024;
constexpr std::size_t kLongestCustomerName = 1024;

} // namespace

bool KnownCustomers::covers(std::string_view external_id, bool has_name) const {
	const auto found = known_.find(external_id);
	return found != known_.end() && (found->second || !has_name);
}

void KnownCustomers::add(std::string_view external_id, bool has_name) {
	if (known_.size() >= kMostKnown) {
		known_.clear();
	}
	const auto [entry, added] = known_.try_emplace(std::string(external_id), has_name);
	if (!added && has_name) {
		entry->second = true;
	}
}

namespace {

constexpr const char *kCreate = R"(
WITH created AS (
	INSERT INTO hyperline.all_customers (external_id, name, status, created_by)
	SELECT c.external_id, c.name, 'automatically_created', $1
	FROM hyperline_customers c
	WHERE NOT EXISTS (
		SELECT FROM hyperline.all_customers k WHERE k.external_id OPERATOR(pg_catalog.=) c.external_id)
	ON CONFLICT (external_id) DO NOTHING
	RETURNING 1
)
SELECT pg_catalog.count(*) FROM created
)";

constexpr const char *kName = R"(
UPDATE hyperline.all_customers k
SET name = c.name, last_changed_at = pg_catalog.now()
FROM hyperline_customers c
WHERE k.external_id OPERATOR(pg_catalog.=) c.external_id
  AND k.name IS NULL
  AND k.status OPERATOR(pg_catalog.=) 'automatically_created'
  AND c.name IS NOT NULL
)";

constexpr pg::RelationColumn kColumns[] = {{"external_id", TEXTOID}, {"name", TEXTOID}};

Datum to_text(std::string_view text) {
	return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size())));
}

} // namespace

std::int64_t CustomerStore::write(std::vector<NamedCustomer> &customers, const std::string &loader) {
	if (customers.empty()) {
		return 0;
	}
	std::sort(customers.begin(), customers.end(),
			  [](const NamedCustomer &a, const NamedCustomer &b) { return a.external_id < b.external_id; });
	pg::Relation relation(kColumns, std::size_t{16} << 20);
	const NamedCustomer *first = customers.data();
	const std::size_t count = customers.size();
	bool any_name = false;
	pg::call([&] {
		for (std::size_t i = 0; i < count; i++) {
			const bool named = first[i].name.has_value();
			any_name = any_name || named;
			Datum values[2] = {to_text(first[i].external_id), named ? to_text(*first[i].name) : 0};
			bool nulls[2] = {false, !named};
			relation.put(values, nulls);
		}
	});
	relation.attach("hyperline_customers");
	const std::int64_t created = create_.run(kCreate, {loader}).number(0, 0);
	if (any_name) {
		name_.run(kName, {});
	}
	return created;
}

namespace {

constexpr const char *kInsert = R"(
INSERT INTO hyperline.all_customers (external_id, name, status) VALUES ($1, $2, 'active')
ON CONFLICT (external_id) DO NOTHING
RETURNING external_id
)";

constexpr const char *kStatus = R"(
SELECT k.status, k.merged_into FROM hyperline.all_customers k WHERE k.external_id OPERATOR(pg_catalog.=) $1 FOR UPDATE
)";

constexpr const char *kSet = R"(
UPDATE hyperline.all_customers k
SET status = COALESCE($2, k.status), name = COALESCE($3, k.name), last_changed_at = pg_catalog.now()
WHERE k.external_id OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kNear = R"(
SELECT k.external_id FROM hyperline.all_customers k ORDER BY k.external_id LIMIT 10000
)";

struct Standing {
	std::string status;
	std::optional<std::string> merged_into;
};

Standing standing_of(const std::string &external_id) {
	const pg::Rows rows = pg::run(kStatus, {external_id});
	if (rows.empty()) {
		throw unknown_name("customer", external_id, kNear, "Create it with hyperline.create_customer().");
	}
	return {rows.text(0, 0), rows.optional_text(0, 1)};
}

// Of names that people give. Those that come with events are kept as they are.
void check_customer_name(const std::optional<std::string> &name) {
	if (name) {
		check_name("customer name", *name, kLongestCustomerName);
	}
}

void refuse_merged(const std::string &external_id) {
	const Standing found = standing_of(external_id);
	if (found.merged_into) {
		throw Error(sqlstate::kObjectNotInPrerequisiteState,
					"customer \"" + external_id + "\" was merged into another one",
					"Customer \"" + *found.merged_into + "\" has taken its place.", "Change that one.");
	}
}

} // namespace

void create_customer(const std::string &external_id, const std::optional<std::string> &name) {
	hold_for_writing(Tables::ours);
	check_name("external_id", external_id, kLongestExternalId);
	check_customer_name(name);
	if (!pg::run(kInsert, {external_id, name}).empty()) {
		return;
	}
	const std::string status = standing_of(external_id).status;
	throw Error(sqlstate::kDuplicateObject, "customer \"" + external_id + "\" already exists",
				"Its status is \"" + status + "\".",
				status == "automatically_created"
					? "An event has named it. Take it over with hyperline.activate_customer()."
					: "Change it with hyperline.rename_customer() or hyperline.activate_customer().");
}

void activate_customer(const std::string &external_id, const std::optional<std::string> &name) {
	hold_for_writing(Tables::ours);
	check_customer_name(name);
	refuse_merged(external_id);
	pg::run(kSet, {external_id, "active", name});
}

void rename_customer(const std::string &external_id, const std::string &name) {
	hold_for_writing(Tables::ours);
	check_customer_name(name);
	refuse_merged(external_id);
	pg::run(kSet, {external_id, std::optional<std::string>(), name});
}

void archive_customer(const std::string &external_id) {
	hold_for_writing(Tables::ours);
	refuse_merged(external_id);
	pg::run(kSet, {external_id, "archived", std::optional<std::string>()});
}

} // namespace hyperline::store
