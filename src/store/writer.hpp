// As whom events are written. A loader writes with the rights of the role that owns it, so that row-level security
// holds for it, and so that what users attached to events (triggers, policies, rules) never runs with more.
//
// All functions need an open pg::Connection (SPI).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pg/gate.hpp"
#include "pg/spi.hpp"
#include "store/loaders.hpp"

namespace hyperline::store {

/// As whom a role writes events: as itself; as the owner of hyperline.events in the place of a superuser, when that
/// owner is none, so that its code runs with no more rights than it has.
struct EventsRole {
	Oid oid;
	std::string name;
	bool is_events_owner; ///< in the place of a superuser
	bool is_superuser;
};

/// Finds the role that is to write events for a loader. It is asked before each batch, and looks again when anything
/// that it goes by may have changed (pg/catalog_changes.hpp).
class Writer {
public:
	/// The loader's owner; the owner of hyperline.events instead of a superuser when that is none. Throws Error 42501
	/// when the loader's owner is gone or has lost the level admin, or when code of a role that is no superuser is
	/// attached to a table that a superuser writes to; each with the way out.
	Oid find(const Loader &loader);

	/// The same before the transaction writes, until whose end it stays true: holds all tables.
	Oid find_and_hold(const Loader &loader);

private:
	[[nodiscard]] EventsRole look(const Loader &loader);

	struct Found {
		std::string owner; ///< of the loader
		std::uint64_t catalog_changes;
		Oid writer;
		bool is_superuser;
	};
	std::optional<Found> found_;
	pg::Prepared may_write_;
};

/// Triggers that would wait for the commit would run as whoever commits, and as the writer none may wait at all: from
/// now on they run at once, in this transaction. Those that wait already, on whichever tables, do so now as who would
/// have committed: before PostgreSQL 18 they run as who is the current user, and the owner of the extension must not
/// be.
void defer_nothing();

/// As whom the caller reads events, as find_deleter(). Throws Error 42501 when code of a role that is no superuser
/// would run as one.
Oid find_reader();

/// As whom the caller deletes events: itself; the owner of hyperline.events instead of a superuser when that is none.
/// Throws Error 42501 when that role may not, or when code of a role that is no superuser would run as one.
Oid find_deleter();

/// Throws Error 42501 when a role that is no superuser owns the schema, may create something in it, or owns something
/// in it (CVE-2022-2625). Asked when the extension is installed.
void refuse_foreign_schema();

} // namespace hyperline::store
