// BEFORE INSERT row triggers in C++: what is about to be inserted, and how to change it.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// The row that the trigger function was called for. Throws 39P01 unless it is called by such a trigger.
class InsertedRow {
public:
	explicit InsertedRow(FunctionCallInfo fcinfo);

	/// The table's name, without its schema.
	[[nodiscard]] std::string table() const;
	/// A column's value as text; nullopt when it is NULL. Throws when there is no such column.
	[[nodiscard]] std::optional<std::string> text(const char *column) const;
	/// Sets a column to what its type's input function makes of `text`.
	void set(const char *column, const char *text);
	/// What the trigger function has to return.
	[[nodiscard]] Datum datum() const { return PointerGetDatum(tuple_); }

private:
	void *data_;
	void *tuple_;
};

/// Whether this is the first time in this transaction that this function is asked.
bool first_time_in_transaction();

} // namespace hyperline::pg
