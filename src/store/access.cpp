#include "store/access.hpp"

#include <array>

#include "pg/rights.hpp"
#include "pg/spi.hpp"

namespace hyperline::store {

namespace {

enum class Level : std::uint8_t { reader, operating, admin };

struct Right {
	Level least; ///< and the levels above it
	const char *what;
};

// The table of docs/access.md. sql/access.sql walks every object of the schema with every level, so that a new one
// shows up there. What stands in no line is the owner's alone: the tables connection, connection_secret, installation,
// loader and run, and the keys.
constexpr Right kRights[] = {
	{Level::reader, "USAGE ON SCHEMA hyperline"},
	{Level::reader, "SELECT ON hyperline.events, hyperline.all_customers, hyperline.customers, "
					"hyperline.pending_customers, hyperline.loaders, hyperline.loader_runs"},
	{Level::reader, "EXECUTE ON FUNCTION hyperline.complete_until"},
	{Level::operating,
	 "EXECUTE ON FUNCTION hyperline.describe_query, hyperline.preview_query, hyperline.preview_loader"},
	{Level::operating, "EXECUTE ON FUNCTION hyperline.dry_run_query, hyperline.dry_run_loader, "
					   "hyperline.dry_run_rejects(pg_catalog.text, pg_catalog.text, pg_catalog.text, pg_catalog.int4), "
					   "hyperline.dry_run_rejects(pg_catalog.text, pg_catalog.int4)"},
	{Level::operating, "EXECUTE ON FUNCTION hyperline.identical"}, // a dry run compares as its caller
	{Level::operating, "EXECUTE ON FUNCTION hyperline.run_loader, hyperline.wait_for_run, hyperline.cancel_run"},
	{Level::operating, "EXECUTE ON PROCEDURE hyperline.refresh_loader"},
	{Level::operating, "EXECUTE ON FUNCTION hyperline.retry_rejected"},
	{Level::operating, "EXECUTE ON FUNCTION hyperline.pause_loader, hyperline.resume_loader"},
	{Level::operating, "EXECUTE ON FUNCTION hyperline.create_customer, hyperline.activate_customer, "
					   "hyperline.rename_customer, hyperline.archive_customer"},
	{Level::admin, "SELECT ON hyperline.connections, hyperline.rejected_rows, hyperline.access"},
	{Level::admin, "EXECUTE ON FUNCTION hyperline.create_connection, hyperline.check_connection, "
				   "hyperline.alter_connection, hyperline.drop_connection"},
	{Level::admin, "EXECUTE ON FUNCTION hyperline.create_loader, hyperline.alter_loader, hyperline.drop_loader, "
				   "hyperline.reset_loader"},
	{Level::admin, "EXECUTE ON FUNCTION hyperline.grant_access, hyperline.revoke_access"},
	// A loader writes events as the role that owns it, which must be an admin.
	{Level::admin, "INSERT, UPDATE ON hyperline.events"},
	// drop_loader() deletes them as its caller.
	{Level::admin, "DELETE ON hyperline.events"},
};

constexpr std::array kRevoked = {
	"ALL ON ALL TABLES IN SCHEMA hyperline",
	"ALL ON ALL SEQUENCES IN SCHEMA hyperline",
	"ALL ON ALL ROUTINES IN SCHEMA hyperline",
	"ALL ON SCHEMA hyperline",
};

Level parse_level(const std::string &text) {
	if (text == "reader") {
		return Level::reader;
	}
	if (text == "operator") {
		return Level::operating;
	}
	if (text == "admin") {
		return Level::admin;
	}
	throw Error(sqlstate::kInvalidParameterValue, "there is no level of access \"" + text + "\"", {},
				"The levels are reader, operator and admin, each with the rights of those before it.");
}

// As it stands in a statement. The owner, with whose rights this runs, has all of them by what PostgreSQL is, and must
// not lose them: everything runs with them.
std::string grantee(Oid role) {
	const std::optional<std::string> name = pg::role_name(role);
	if (!name) {
		throw Error(sqlstate::kUndefinedObject, "role with OID " + std::to_string(role) + " does not exist", {},
					"Name a role of this server.");
	}
	if (role == pg::current_role()) {
		throw Error(sqlstate::kInvalidParameterValue,
					"role \"" + *name + "\" owns the extension and has all rights in it", {},
					"Give a level to another role.");
	}
	return pg::quote_identifier(*name);
}

void revoke_all(const std::string &from) {
	for (const char *what : kRevoked) {
		pg::run((std::string("REVOKE ") + what + " FROM " + from).c_str());
	}
}

} // namespace

void grant_access(Oid role, const std::string &level) {
	const Level wanted = parse_level(level);
	const std::string to = grantee(role);
	revoke_all(to);
	for (const Right &right : kRights) {
		if (right.least <= wanted) {
			pg::run((std::string("GRANT ") + right.what + " TO " + to).c_str());
		}
	}
}

void revoke_access(Oid role) {
	revoke_all(grantee(role));
}

} // namespace hyperline::store
