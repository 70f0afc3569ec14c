// Code of others where we write: whoever owns a table, or may attach to it, has what is attached run with the rights of
// who writes (triggers, the functions of policies, checks, indexes and domains). The extension writes its own tables
// with the rights of its owner, usually a superuser, in workers and in functions that people call, and so does nothing
// while such code is there.
#pragma once

#include <cstdint>

#include "pg/spi.hpp"
#include "pg/transaction.hpp"

namespace hyperline::store {

/// Which tables.
enum class Tables : std::uint8_t {
	bookkeeping, ///< connections, loaders, runs, rejected rows: what every function and worker reads or writes
	passwords,	 ///< those of the connections are written, too
	ours,		 ///< instead, customers too; and events are read
	all,		 ///< and events are written, as a superuser (store/writer.hpp)
	all_deleting ///< and rows of events are deleted, and with them those of tables that say so
};

/// Throws Error 42501 when code of a role that is neither a superuser nor the current role is attached to one of them,
/// or such a role owns one or may attach to it; with the way out.
/// Remembers what it found for as long as no catalog changes. Needs an open pg::Connection.
void refuse_foreign_code(Tables which);

/// Holds those that are there (pg::hold_tables): what is attached to them, and who owns them, stays until the
/// transaction ends. Where passwords are only read their table is held for that. Waits for whoever changes the tables.
/// Throws Error.
void hold(Tables which);

/// Both, before they are written to: what is refused cannot come any more.
void hold_for_writing(Tables which);

/// The same for what only reads: they stay the tables that they are.
void hold_for_reading(Tables which);

/// An open pg::Connection for a function that changes what is kept.
class Bookkeeping {
public:
	Bookkeeping() { hold_for_writing(Tables::bookkeeping); }

private:
	pg::Connection spi_;
};

/// An open pg::Connection for a function that only reads it.
class ReadBookkeeping {
public:
	ReadBookkeeping() { hold_for_reading(Tables::bookkeeping); }

private:
	pg::Connection spi_;
};

/// Transactions that change what is kept: none begins while it would run code of others.
template <typename Transactions>
class Guarded final : public Transactions {
public:
	using Transactions::Transactions;
	void begin() override {
		Transactions::begin();
		try {
			hold_for_writing(Tables::bookkeeping);
		} catch (...) {
			Transactions::rollback();
			throw;
		}
	}
};

} // namespace hyperline::store
