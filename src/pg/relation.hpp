// Rows handed to SQL as a relation of the statement's own (an ephemeral named relation, as a trigger's transition table
// is one), so that a statement over a batch reads like SQL and takes nothing from text.
#pragma once

#include <span>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// A column of such a relation. Text columns have the collation "C".
struct RelationColumn {
	const char *name;
	Oid type;
};

/// A relation for the SPI connection that is open. Fill it inside a transaction, attach it under a name, run
/// statements, let it go before the connection ends. Columns are fixed.
class Relation {
public:
	/// `memory_bytes`: how much it keeps in memory before it goes to a temporary file.
	Relation(std::span<const RelationColumn> columns, std::size_t memory_bytes);
	~Relation();
	Relation(const Relation &) = delete;
	Relation &operator=(const Relation &) = delete;

	/// Adds a row; calls PostgreSQL: only inside a gate.
	void put(Datum *values, bool *nulls);

	/// Values larger than this are not copied into it.
	static constexpr Size kLargeValue = Size{32} * 1024;
	/// `value`, or, for a large one, a pointer to it (PostgreSQL's "indirect" datum), which whoever needs the value
	/// follows. It has to stay where it is while the relation is in use. Only inside a gate.
	static Datum by_reference(Datum value);

	/// Makes it known as `name`, a literal, to the statements that run from now on.
	void attach(const char *name);
	/// Takes it back. Done by the destructor too, unless an exception passes (the abort does it then).
	void detach();

private:
	void *state_ = nullptr; // Tuplestorestate
	TupleDesc shape_ = nullptr;
	void *entry_ = nullptr; // EphemeralNamedRelation
	MemoryContext context_ = nullptr;
	std::uint64_t rows_ = 0;
	bool attached_ = false;
	int exceptions_;
};

} // namespace hyperline::pg
