// The databases of the cluster, for a worker that is connected to none.
#pragma once

#include <string>
#include <vector>

#include "pg/gate.hpp"

namespace hyperline::pg {

struct Database {
	Oid oid;
	std::string name;
};

/// Those that allow connections and are no templates. Begins and ends a transaction.
std::vector<Database> list_databases();

/// The name of the database that this process is connected to. Needs an open transaction.
std::string current_database();

/// Whether hyperline_connector.databases names that database. Needs an open transaction.
bool is_named();

} // namespace hyperline::pg
