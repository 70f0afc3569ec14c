// What the names of fields tell of what they hold, and which name a person meant. Names are compared as people read
// them: "customer_id", "CustomerID" and "customerid" are all one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "event/roles.hpp"
#include "source/field.hpp"

namespace hyperline::event {

/// The field that was meant for a role that no field has; nullptr: none comes near.
const source::Field *near_miss(Role role, const std::vector<source::Field> &fields);

/// Whether a field without a role holds, by its name and type, what tells something of a person: an address of any
/// kind, a name, a birthday, a number of a card or a passport.
bool is_personal(const source::Field &field);

/// A name of a source for people: what steers a terminal, turns the direction of writing or is not seen is an escape,
/// and what is longer than a name of PostgreSQL is cut.
std::string shown(std::string_view name);

/// The same as it can be written in SQL, in double quotes.
std::string quoted(std::string_view name);

} // namespace hyperline::event
