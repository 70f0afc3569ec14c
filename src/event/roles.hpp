// What the columns of a query are for: the roles that their names give them, and whether the query can be loaded.
#pragma once

#include <string>
#include <vector>

#include "pg/failure.hpp"
#include "source/field.hpp"

namespace hyperline::event {

enum class Role : std::uint8_t { id, customer_id, timestamp, customer_name, deleted_at, extra };

/// The name of a role as people see it: "id", "customerId", ...
const char *to_text(Role role);

/// The role of a column by its name, compared exactly.
Role role_of(const std::string &name);

/// What describe_query() says of a column, or of a required field that is missing (then without a type).
struct FieldReport {
	std::string field;
	std::string type;
	std::string role;
	std::string problem; ///< of each finding its code and message; empty: none
	std::string advice;
};

/// A row a column, in the query's order, then one for each required field that is missing.
std::vector<FieldReport> describe(const std::vector<source::Field> &fields);

/// The fields of a loader that are named in its settings; empty: none.
struct MappingOptions {
	std::string version_field;
	std::string cursor_field;
};

/// 42804 for the version or cursor field (`setting`), when its type has no order; `detail` tells more, a sentence.
Error wrong_type(const char *setting, const source::Field &field, const std::string &detail);

/// Throws 42703 naming all required fields that are missing, or a version or cursor field that is; 42701 for a field
/// that is there twice; 42804 for a type that cannot be read as what it is for.
void check(const std::vector<source::Field> &fields, const MappingOptions &options);

} // namespace hyperline::event
