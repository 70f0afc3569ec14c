#include "store/writer.hpp"

#include "pg/catalog_changes.hpp"
#include "pg/quote.hpp"
#include "pg/rights.hpp"
#include "store/foreign_code.hpp"

namespace hyperline::store {

namespace {

constexpr const char *kOwner = R"(
SELECT r.oid::pg_catalog.int8, r.rolsuper, t.relowner::pg_catalog.int8, o.rolsuper, o.rolname::pg_catalog.text
FROM pg_catalog.pg_class t
JOIN pg_catalog.pg_roles o ON o.oid OPERATOR(pg_catalog.=) t.relowner
LEFT JOIN pg_catalog.pg_roles r ON r.rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name
WHERE t.oid OPERATOR(pg_catalog.=) 'hyperline.events'::pg_catalog.regclass
)";

// `rows`: what kOwner says of the role of that name, which is there.
EventsRole events_role(const pg::Rows &rows, const std::string &name) {
	const bool is_superuser = rows.boolean(0, 1);
	const bool as_events_owner = is_superuser && !rows.boolean(0, 3);
	return {static_cast<Oid>(rows.number(0, as_events_owner ? 2 : 0)), as_events_owner ? rows.text(0, 4) : name,
			as_events_owner, is_superuser && !as_events_owner};
}

constexpr const char *kMayWrite = R"(
SELECT pg_catalog.has_schema_privilege($1::pg_catalog.oid, 'hyperline', 'USAGE')
   AND pg_catalog.has_table_privilege($1::pg_catalog.oid, 'hyperline.events', 'SELECT')
   AND pg_catalog.has_table_privilege($1::pg_catalog.oid, 'hyperline.events', 'INSERT')
   AND pg_catalog.has_table_privilege($1::pg_catalog.oid, 'hyperline.events', 'UPDATE')
   AND pg_catalog.has_function_privilege($1::pg_catalog.oid, 'hyperline.identical(pg_catalog.jsonb, pg_catalog.jsonb)',
                                         'EXECUTE')
)";

constexpr const char *kMayDelete = R"(
SELECT pg_catalog.has_schema_privilege($1::pg_catalog.oid, 'hyperline', 'USAGE')
   AND pg_catalog.has_table_privilege($1::pg_catalog.oid, 'hyperline.events', 'SELECT')
   AND pg_catalog.has_table_privilege($1::pg_catalog.oid, 'hyperline.events', 'DELETE')
)";

} // namespace

void defer_nothing() {
	const pg::AsCommitter as_committer; // whose triggers may be waiting
	pg::run("SET CONSTRAINTS ALL IMMEDIATE");
}

namespace {

EventsRole role_of_caller() {
	const std::string caller = pg::caller_name();
	return events_role(pg::run_on_latest(kOwner, {caller}), caller);
}

} // namespace

Oid find_reader() {
	const EventsRole reader = role_of_caller();
	refuse_foreign_code(reader.is_superuser ? Tables::all : Tables::ours);
	return reader.oid;
}

Oid find_deleter() {
	const EventsRole deleter = role_of_caller();
	hold_for_writing(deleter.is_superuser ? Tables::all_deleting : Tables::ours);
	if (!pg::run(kMayDelete, {static_cast<std::int64_t>(deleter.oid)}).boolean(0, 0)) {
		throw Error(sqlstate::kInsufficientPrivilege, "role \"" + deleter.name + "\" may not delete events",
					deleter.is_events_owner ? "It owns hyperline.events, and deletes in the place of a superuser."
											: "Events are deleted with the rights of who drops their loader.",
					"Give it the level: SELECT hyperline.grant_access(" + pg::quote_literal(deleter.name) +
						", 'admin');");
	}
	return deleter.oid;
}

namespace {

constexpr const char *kSchemaOwner = R"(
SELECT o.rolname::pg_catalog.text
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_roles o ON o.oid OPERATOR(pg_catalog.=) n.nspowner
WHERE n.nspname OPERATOR(pg_catalog.=) 'hyperline' AND NOT o.rolsuper
)";

// In a schema that this transaction has made nobody else has created anything, and schema/grants.sql closes it.
constexpr const char *kMayCreate = R"(
SELECT r.rolname::pg_catalog.text, COALESCE(pg_catalog.quote_ident(r.rolname::pg_catalog.text), 'public')
FROM pg_catalog.pg_namespace n
CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) a
LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) a.grantee
WHERE n.nspname OPERATOR(pg_catalog.=) 'hyperline' AND a.privilege_type OPERATOR(pg_catalog.=) 'CREATE'
  AND n.xmin OPERATOR(pg_catalog.<>) pg_catalog.pg_current_xact_id()::pg_catalog.xid
  AND NOT COALESCE(r.rolsuper, false)
LIMIT 1
)";

constexpr const char *kForeignObject = R"(
SELECT pg_catalog.pg_describe_object(x.class, x.oid, 0), o.rolname::pg_catalog.text
FROM (
	SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, p.oid, p.pronamespace, p.proowner
	FROM pg_catalog.pg_proc p
	UNION ALL
	SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, c.oid, c.relnamespace, c.relowner
	FROM pg_catalog.pg_class c
	UNION ALL
	SELECT 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid, t.oid, t.typnamespace, t.typowner
	FROM pg_catalog.pg_type t
	UNION ALL
	SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass::pg_catalog.oid, q.oid, q.oprnamespace, q.oprowner
	FROM pg_catalog.pg_operator q
) AS x (class, oid, namespace, owner)
JOIN pg_catalog.pg_roles o ON o.oid OPERATOR(pg_catalog.=) x.owner
WHERE x.namespace OPERATOR(pg_catalog.=) 'hyperline'::pg_catalog.regnamespace::pg_catalog.oid AND NOT o.rolsuper
LIMIT 1
)";

} // namespace

void refuse_foreign_schema() {
	const pg::Rows owner = pg::run(kSchemaOwner);
	if (!owner.empty()) {
		throw Error(sqlstate::kInsufficientPrivilege,
					"schema \"hyperline\" belongs to role \"" + owner.text(0, 0) + "\", which is no superuser",
					"Its owner could put into it, and drop from it, what it likes.",
					"Look at what is in it, then: ALTER SCHEMA hyperline OWNER TO CURRENT_USER;");
	}
	const pg::Rows creator = pg::run(kMayCreate);
	if (!creator.empty()) {
		throw Error(sqlstate::kInsufficientPrivilege,
					(creator.is_null(0, 0) ? std::string("every role")
										   : "role \"" + creator.text(0, 0) + "\", which is no superuser,") +
						" may create objects in schema \"hyperline\"",
					"What stands there could be taken for the extension's.",
					"Look at what is in it, then: REVOKE CREATE ON SCHEMA hyperline FROM " + creator.text(0, 1) + ";");
	}
	const pg::Rows object = pg::run(kForeignObject);
	if (!object.empty()) {
		throw Error(sqlstate::kInsufficientPrivilege,
					"schema \"hyperline\" holds an object of role \"" + object.text(0, 1) + "\", which is no superuser",
					"It is " + object.text(0, 0) + ", and could be taken for the extension's.",
					"Look at what is in the schema, and drop what is not wanted.");
	}
}

Oid Writer::find_and_hold(const Loader &loader) {
	hold(Tables::all); // whoever writes: the owner of events stays who it is
	return find(loader);
}

Oid Writer::find(const Loader &loader) {
	const std::uint64_t changes = pg::catalog_changes();
	if (!found_ || found_->catalog_changes != changes || found_->owner != loader.owner) {
		found_.reset();
		const EventsRole writer = look(loader);
		found_ = Found{loader.owner, changes, writer.oid, writer.is_superuser};
	}
	refuse_foreign_code(found_->is_superuser ? Tables::all : Tables::ours);
	return found_->writer;
}

EventsRole Writer::look(const Loader &loader) {
	const pg::Rows rows = pg::run_on_latest(kOwner, {loader.owner});
	const std::string way_out = "An admin who gives it its query again owns it from then on: SELECT "
								"hyperline.alter_loader(" +
								pg::quote_literal(loader.name) + ", query => '...');";
	if (rows.empty() || rows.is_null(0, 0)) {
		throw Error(sqlstate::kInsufficientPrivilege,
					"the role that owns loader \"" + loader.name + "\" does not exist any more",
					"It was \"" + loader.owner + "\".", way_out);
	}
	EventsRole writer = events_role(rows, loader.owner);
	if (!may_write_.run(kMayWrite, {static_cast<std::int64_t>(writer.oid)}).boolean(0, 0)) {
		throw Error(sqlstate::kInsufficientPrivilege,
					"loader \"" + loader.name + "\" may not write events as role \"" + writer.name + "\"",
					writer.is_events_owner ? "That role owns hyperline.events, and writes in the place of a superuser."
										   : "It owns the loader and has not, or not any more, the level admin.",
					"Give it the level: SELECT hyperline.grant_access(" + pg::quote_literal(writer.name) +
						", 'admin');" + (writer.is_events_owner ? std::string() : " " + way_out));
	}
	return writer;
}

} // namespace hyperline::store
