// What people should know of a query before it becomes a loader, each with a stable code (docs/queries.md lists them):
// what refuses it, and what is likely not meant. Found in its fields, its text and the source's plan for it; what only
// rows show is in event/sample.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "event/roles.hpp"
#include "source/field.hpp"

namespace hyperline::event {

struct Finding {
	std::string code;
	std::string field;		///< empty: the query as a whole
	std::string message;	///< the same for each finding of this code
	std::string detail;		///< the facts; a sentence
	std::string advice;		///< what to do; sentences
	std::string sqlstate;	///< of the error: no loader can have such a query; empty: a warning
	std::size_t column = 0; ///< of the query, from 1; 0: none
};

/// In the query's order, then what is missing.
std::vector<Finding> findings_of(const std::vector<source::Field> &fields);

/// The first of their names, each in double quotes, separated by commas.
std::string names_of(const std::vector<source::Field> &fields);

/// How a query reads, as its text and the source's plan tell.
struct QueryManner {
	bool selects_star = false;
	std::string id_maker;		///< the function that makes the id anew in each run; empty: none that is known to
	bool has_condition = false; ///< WHERE, or a LIMIT
	double largest_rows = 0;	///< of what it reads from a single table, as the source estimates
	std::string largest_table;	///< empty: unknown, or several parts
	bool sorts = false;			///< to bring its rows into the cursor field's order
};
std::vector<Finding> findings_of(const QueryManner &manner, const MappingOptions &options);

} // namespace hyperline::event
