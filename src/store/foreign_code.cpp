#include "store/foreign_code.hpp"

#include <array>
#include <optional>
#include <span>
#include <string>

#include "pg/catalog_changes.hpp"
#include "pg/lock.hpp"

namespace hyperline::store {

namespace {

// By their names, since whoever owns the extension may take a table out of it, and put something else in its place. In
// the order of Tables, but for the first, which all but Tables::passwords only read.
constexpr std::array kNames{"connection_secret", "installation",  "connection", "loader", "run",
							"all_customers",	 "rejected_rows", "events"};

std::span<const char *const> of(Tables which) {
	constexpr std::size_t kBookkeeping = 5;
	constexpr std::size_t kOurs = 7;
	const std::span<const char *const> names(kNames);
	return which >= Tables::all ? names : names.first(which == Tables::ours ? kOurs : kBookkeeping);
}

// The places, from 1, of those whose rows are deleted: of all but installation and all_customers.
constexpr const char *kDeleting = "1 3 4 5 7";
constexpr const char *kDeletingEvents = "1 3 4 5 7 8";

// What runs when those tables are written to, in the name of whom. By pg_depend: triggers with their conditions, and
// what the expressions of indexes, policies, rules, defaults and constraints and the domains of columns use (operators,
// and functions that are written as SQL, with what those use in turn). And what an owner may attach to. $1: the names
// of all tables. The first of them that has such code: its place among them, and the code.
constexpr const char *kForeignCode = R"(
WITH RECURSIVE named AS (
	SELECT c.oid, k.place
	FROM pg_catalog.unnest(pg_catalog.string_to_array($1, ' ')) WITH ORDINALITY AS k (name, place)
	JOIN pg_catalog.pg_class c ON c.relname OPERATOR(pg_catalog.=) k.name::pg_catalog.name
	JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace
	WHERE n.nspname OPERATOR(pg_catalog.=) 'hyperline'
	UNION
	SELECT i.inhrelid, named.place
	FROM named
	JOIN pg_catalog.pg_inherits i ON i.inhparent OPERATOR(pg_catalog.=) named.oid
), used AS (
	SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid AS class, named.oid,
	       0::pg_catalog.oid AS by_class, 0::pg_catalog.oid AS by, named.place
	FROM named
	UNION
	-- what the statements that write events call
	SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid, i.oid, 0::pg_catalog.oid, 0::pg_catalog.oid,
	       pg_catalog.array_position(pg_catalog.string_to_array($1, ' '), 'events')
	FROM (
		SELECT pg_catalog.to_regprocedure('hyperline.identical(pg_catalog.jsonb, pg_catalog.jsonb)')::pg_catalog.oid
	) AS i (oid)
	UNION
	SELECT d.class, d.oid, used.class, used.oid, used.place
	FROM used
	CROSS JOIN LATERAL (
		-- what is part of a table or of a domain
		SELECT p.classid AS class, p.objid AS oid
		FROM pg_catalog.pg_depend p
		WHERE used.class OPERATOR(pg_catalog.=) ANY ('{pg_catalog.pg_class,pg_catalog.pg_type}'::pg_catalog.regclass[]::pg_catalog.oid[])
		  AND p.refclassid OPERATOR(pg_catalog.=) used.class AND p.refobjid OPERATOR(pg_catalog.=) used.oid
		  AND p.deptype OPERATOR(pg_catalog.=) ANY ('{a,i}'::pg_catalog."char"[])
		  AND NOT EXISTS (
			SELECT FROM pg_catalog.pg_trigger t
			WHERE p.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_trigger'::pg_catalog.regclass
			  AND t.oid OPERATOR(pg_catalog.=) p.objid AND t.tgenabled OPERATOR(pg_catalog.=) 'D')
		UNION ALL
		-- what is deleted or changed with its rows: before PostgreSQL 18 triggers of such a table that fire afterwards
		-- do so as who deletes
		SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, k.oid
		FROM pg_catalog.pg_constraint k
		WHERE used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
		  AND k.confrelid OPERATOR(pg_catalog.=) used.oid AND k.contype OPERATOR(pg_catalog.=) 'f'
		  AND k.confdeltype OPERATOR(pg_catalog.=) ANY ('{c,n,d}'::pg_catalog."char"[])
		  AND used.place OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array($2, ' ')::pg_catalog.int8[])
		UNION ALL
		SELECT 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, k.conrelid
		FROM pg_catalog.pg_constraint k
		WHERE used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass
		  AND k.oid OPERATOR(pg_catalog.=) used.oid AND k.contype OPERATOR(pg_catalog.=) 'f'
		UNION ALL
		-- what it uses
		SELECT u.refclassid, u.refobjid
		FROM pg_catalog.pg_depend u
		WHERE u.classid OPERATOR(pg_catalog.=) used.class AND u.objid OPERATOR(pg_catalog.=) used.oid
		  AND u.refclassid OPERATOR(pg_catalog.=)
		      ANY ('{pg_catalog.pg_proc,pg_catalog.pg_operator,pg_catalog.pg_type}'::pg_catalog.regclass[]::pg_catalog.oid[])
	) d
), owned AS (
	SELECT used.*, CASE
		WHEN used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
			THEN (SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) used.oid)
		WHEN used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
			THEN (SELECT f.proowner FROM pg_catalog.pg_proc f WHERE f.oid OPERATOR(pg_catalog.=) used.oid)
		WHEN used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass
			THEN (SELECT o.oprowner FROM pg_catalog.pg_operator o WHERE o.oid OPERATOR(pg_catalog.=) used.oid)
		WHEN used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass
			THEN (SELECT t.typowner FROM pg_catalog.pg_type t
			      WHERE t.oid OPERATOR(pg_catalog.=) used.oid AND t.typtype OPERATOR(pg_catalog.=) 'd')
		END AS owner
	FROM used
)
SELECT pg_catalog.pg_describe_object(owned.class, owned.oid, 0),
       pg_catalog.pg_describe_object(owned.by_class, owned.by, 0),
       r.rolname::pg_catalog.text,
       owned.place
FROM owned
JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) owned.owner
WHERE NOT r.rolsuper
ORDER BY owned.place
LIMIT 1
)";

constexpr const char *kRead = kNames.front();

std::string all_names() {
	std::string text;
	for (const char *name : kNames) {
		text += (text.empty() ? "" : " ") + std::string(name);
	}
	return text;
}

// How many of kNames, from the first, have no such code: what was found when catalog_changes() was that.
struct Clean {
	std::uint64_t changes;
	std::size_t names;
};
std::optional<Clean> clean;

} // namespace

void refuse_foreign_code(Tables which) {
	const std::uint64_t changes = pg::catalog_changes();
	if (which != Tables::all_deleting && clean && clean->changes == changes && clean->names >= of(which).size()) {
		return;
	}
	const std::string names = all_names();
	const bool deleting = which == Tables::all_deleting;
	const pg::Rows found = pg::run_on_latest(kForeignCode, {names, deleting ? kDeletingEvents : kDeleting});
	const Clean now{changes, found.empty() ? kNames.size() : static_cast<std::size_t>(found.number(0, 3) - 1)};
	if (!deleting) {
		clean = now;
	}
	if (now.names < of(which).size()) {
		throw Error(
			sqlstate::kInsufficientPrivilege,
			"code of role \"" + found.text(0, 2) + "\" would run with the rights of a superuser",
			"That role, which is no superuser, owns " + found.text(0, 0) +
				(found.is_null(0, 1) ? "." : ", which " + found.text(0, 1) + " uses."),
			now.names + 1 == kNames.size()
				? "Give it to a superuser who has read it, drop what uses it, or have a role that is no superuser own "
				  "the loader."
				: "Give it to a superuser who has read it, or drop what uses it. Until then nothing is written.");
	}
}

void hold(Tables which) {
	const pg::TableHold passwords = which == Tables::passwords ? pg::TableHold::writing : pg::TableHold::reading;
	pg::hold_tables("hyperline", of(which).first(1), passwords);
	pg::hold_tables("hyperline", of(which).subspan(1), pg::TableHold::writing);
}

void hold_for_writing(Tables which) {
	hold(which);
	refuse_foreign_code(which);
}

} // namespace hyperline::store
