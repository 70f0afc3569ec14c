// SQL on the local server. Every statement has a fixed text; values travel as parameters only.
//
// A Connection has to be open while statements run. Results are copied into C++ values, so nothing of SPI outlives the
// call that ran it.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// Microseconds since 2000-01-01 00:00:00 UTC: PostgreSQL's timestamptz, as a type of its own in parameters.
struct Timestamp {
	std::int64_t microseconds;
};

/// A parameter. Texts are views: they have to live until the statement has run.
class Param {
public:
	Param(std::string_view text) : type_(TEXTOID_), text_(text) {}
	Param(const std::string &text) : Param(std::string_view(text)) {}
	Param(const char *text) : Param(std::string_view(text)) {}
	Param(const std::optional<std::string> &text) : Param(std::string_view(text ? *text : std::string_view())) {
		null_ = !text;
	}
	Param(bool value);
	Param(int value);
	Param(std::int64_t value);
	Param(Timestamp value);
	Param(std::optional<Timestamp> value);
	/// NULL of a type that has no optional form above.
	static Param null_int();
	static Param null_bool();

	[[nodiscard]] Oid type() const noexcept { return type_; }
	[[nodiscard]] bool is_null() const noexcept { return null_; }
	/// The value as a Datum, in the current memory context. Calls PostgreSQL: only inside a gate.
	[[nodiscard]] Datum datum() const;

private:
	static constexpr Oid TEXTOID_ = 25;
	Oid type_;
	bool null_ = false;
	std::int64_t number_ = 0;
	std::string_view text_;
};

/// A value of a result: NULL, a number (int2, int4, int8, timestamptz in microseconds), a boolean, or a text (the
/// output function's, of every other type).
using Cell = std::variant<std::monostate, std::int64_t, bool, std::string>;

/// A result in C++'s own memory.
class Rows {
public:
	std::uint64_t processed = 0; ///< rows that the statement returned or wrote
	std::vector<std::vector<Cell>> cells;

	[[nodiscard]] bool empty() const noexcept { return cells.empty(); }
	[[nodiscard]] std::size_t size() const noexcept { return cells.size(); }
	[[nodiscard]] bool is_null(std::size_t row, std::size_t column) const {
		return std::holds_alternative<std::monostate>(cells.at(row).at(column));
	}
	[[nodiscard]] std::int64_t number(std::size_t row, std::size_t column) const {
		return std::get<std::int64_t>(cells.at(row).at(column));
	}
	[[nodiscard]] bool boolean(std::size_t row, std::size_t column) const {
		return std::get<bool>(cells.at(row).at(column));
	}
	[[nodiscard]] const std::string &text(std::size_t row, std::size_t column) const {
		return std::get<std::string>(cells.at(row).at(column));
	}
	[[nodiscard]] std::optional<std::string> optional_text(std::size_t row, std::size_t column) const;
	[[nodiscard]] std::optional<Timestamp> optional_time(std::size_t row, std::size_t column) const;
	[[nodiscard]] std::string text_or(std::size_t row, std::size_t column, const char *otherwise) const;
};

/// SPI_connect and SPI_finish. The memory context stays what it was: a function's result, which outlives SPI's own
/// memory, may be made while the connection is open. While an exception passes nothing is done: the transaction's abort
/// cleans up SPI.
class Connection {
public:
	Connection();
	~Connection();
	Connection(const Connection &) = delete;
	Connection &operator=(const Connection &) = delete;

private:
	int exceptions_;
};

/// Runs one statement. Throws Error with what PostgreSQL raised.
Rows run(const char *sql, std::initializer_list<Param> params = {});

/// The same for a query that must see what is committed by now, also where the transaction's snapshot is fixed
/// (REPEATABLE READ), as PostgreSQL sees the catalogs when it writes. Not compiled: a look takes less time than that.
Rows run_on_latest(const char *sql, std::initializer_list<Param> params);

/// A row of a result inside the gate, for visitors: nothing is copied.
class TupleView {
public:
	TupleView(void *tuple, void *shape) : tuple_(tuple), shape_(shape) {}
	[[nodiscard]] bool is_null(int column) const;
	[[nodiscard]] std::int64_t number(int column) const; ///< int4, int8; 0 when NULL
	[[nodiscard]] bool boolean(int column) const;		 ///< false when NULL
	[[nodiscard]] Datum value(int column) const;		 ///< of any type; as long as the row is there

private:
	void *tuple_;
	void *shape_;
};

/// What is called for each row, inside the gate: it must neither throw nor own anything.
struct Visitor {
	void (*visit)(void *target, const TupleView &row);
	void *target;
};

/// A statement that is planned once and run often; freed with its owner, which outlives transactions.
class Prepared {
public:
	Prepared() = default;
	~Prepared();
	Prepared(const Prepared &) = delete;
	Prepared &operator=(const Prepared &) = delete;

	/// Plans at the first call (the parameters' types are those of that call), then runs.
	Rows run(const char *sql, std::initializer_list<Param> params);
	/// The same for a large result: shows each row to `visitor` instead of copying it.
	void run(const char *sql, std::initializer_list<Param> params, Visitor visitor);

private:
	int execute(const char *sql, int count, Oid *types, Datum *values, const char *nulls);

	void *plan_ = nullptr;
};

} // namespace hyperline::pg
