#include "store/foreign_code.hpp"

#include <array>
#include <optional>
#include <span>
#include <string>

#include "pg/catalog_changes.hpp"
#include "pg/lock.hpp"
#include "pg/rights.hpp"

namespace hyperline::store {

namespace {

// By their names, since whoever owns the extension may take a table out of it, and put something else in its place. In
// the order of Tables, but for the first, which all but Tables::passwords only read. Events come twice: they are read
// with our rights, which is where owners, policies, indexes and statistics come in, and written with others, a
// superuser's perhaps, which is where triggers do.
constexpr std::array kNames{"connection_secret", "installation",  "connection", "loader", "run",
							"rejected_rows",	 "all_customers", "events",		"events"};

std::span<const char *const> of(Tables which) {
	constexpr std::size_t kBookkeeping = 6;
	constexpr std::size_t kOurs = 8;
	const std::span<const char *const> names(kNames);
	return which >= Tables::all ? names : names.first(which == Tables::ours ? kOurs : kBookkeeping);
}

// The places, from 1, of those whose rows are deleted, or change what others may refer to: of all but installation and
// all_customers. Whose foreign keys lead there has code run, by the look at its rows if by nothing else.
constexpr const char *kDeleting = "1 3 4 5 6";
constexpr const char *kDeletingEvents = "1 3 4 5 6 9";

// What runs when those tables are written to or read, in the name of whom. By pg_depend: triggers with their
// conditions, and what the expressions of indexes, policies, rules, defaults, statistics and constraints and the
// domains of columns use (operators, and functions that are written as SQL, with what those use in turn). And what
// owners, and those who have the privilege, may attach to. $1: the names of all tables; $2: the places of those among
// them whose rows are deleted; $3: the current role. The first table that has such code: the code, what uses it, whose
// it is (NULL: everybody's), the table's place, and the privilege, if it is only that they may attach some.
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
	-- whose owner may put others in their place
	SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid, n.oid, 0::pg_catalog.oid, 0::pg_catalog.oid,
	       p.place
	FROM pg_catalog.pg_namespace n
	CROSS JOIN pg_catalog.unnest('{1,9}'::pg_catalog.int8[]) AS p (place)
	WHERE n.nspname OPERATOR(pg_catalog.=) 'hyperline'
	UNION
	-- what statements on events call, with our rights and with a superuser's
	SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid,
	       pg_catalog.to_regprocedure('hyperline.identical(pg_catalog.jsonb, pg_catalog.jsonb)')::pg_catalog.oid,
	       0::pg_catalog.oid, 0::pg_catalog.oid, p.place
	FROM pg_catalog.unnest('{8,9}'::pg_catalog.int8[]) AS p (place)
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
		  AND NOT (used.place OPERATOR(pg_catalog.=) 8
		           AND p.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_trigger'::pg_catalog.regclass)
		  AND NOT EXISTS (
			SELECT FROM pg_catalog.pg_trigger t
			WHERE p.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_trigger'::pg_catalog.regclass
			  AND t.oid OPERATOR(pg_catalog.=) p.objid AND t.tgenabled OPERATOR(pg_catalog.=) 'D')
		UNION ALL
		-- what refers to rows that are deleted: what that queues for later, such as triggers of a table whose rows are
		-- deleted too, runs as who deletes
		SELECT f.classid, f.objid
		FROM pg_catalog.pg_depend f
		JOIN pg_catalog.pg_constraint k ON k.oid OPERATOR(pg_catalog.=) f.objid
		WHERE used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
		  AND used.place OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array($2, ' ')::pg_catalog.int8[])
		  AND f.refclassid OPERATOR(pg_catalog.=) used.class AND f.refobjid OPERATOR(pg_catalog.=) used.oid
		  AND f.classid OPERATOR(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass
		  AND k.confrelid OPERATOR(pg_catalog.=) used.oid AND k.contype OPERATOR(pg_catalog.=) 'f'
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
	SELECT used.class, used.oid, used.by_class, used.by, used.place, NULL::pg_catalog.text AS may_attach, CASE
		WHEN used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
			THEN (SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid OPERATOR(pg_catalog.=) used.oid)
		WHEN used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_namespace'::pg_catalog.regclass
			THEN (SELECT n.nspowner FROM pg_catalog.pg_namespace n WHERE n.oid OPERATOR(pg_catalog.=) used.oid)
		WHEN used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass
			THEN (SELECT f.proowner FROM pg_catalog.pg_proc f WHERE f.oid OPERATOR(pg_catalog.=) used.oid)
		WHEN used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_operator'::pg_catalog.regclass
			THEN (SELECT o.oprowner FROM pg_catalog.pg_operator o WHERE o.oid OPERATOR(pg_catalog.=) used.oid)
		WHEN used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass
			THEN (SELECT t.typowner FROM pg_catalog.pg_type t
			      WHERE t.oid OPERATOR(pg_catalog.=) used.oid AND t.typtype OPERATOR(pg_catalog.=) 'd')
		END AS owner
	FROM used
	UNION ALL
	SELECT used.class, used.oid, used.by_class, used.by, used.place, a.privilege_type, a.grantee
	FROM used
	JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) used.oid
	CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS a
	WHERE used.class OPERATOR(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
	  AND (a.privilege_type OPERATOR(pg_catalog.=) 'TRIGGER' AND used.place OPERATOR(pg_catalog.<>) 8
	       OR a.privilege_type OPERATOR(pg_catalog.=) 'REFERENCES'
	          AND used.place OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array($2, ' ')::pg_catalog.int8[]))
)
SELECT pg_catalog.pg_describe_object(owned.class, owned.oid, 0),
       pg_catalog.pg_describe_object(owned.by_class, owned.by, 0),
       r.rolname::pg_catalog.text,
       owned.place,
       owned.may_attach
FROM owned
LEFT JOIN pg_catalog.pg_roles r ON r.oid OPERATOR(pg_catalog.=) owned.owner
WHERE owned.may_attach IS NOT NULL AND owned.owner OPERATOR(pg_catalog.=) 0::pg_catalog.oid
   OR NOT r.rolsuper
      AND (owned.place OPERATOR(pg_catalog.=) 9 OR owned.owner OPERATOR(pg_catalog.<>) $3::pg_catalog.oid)
ORDER BY owned.place, owned.may_attach NULLS FIRST
LIMIT 1
)";

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
	Oid role;
	std::size_t names;
};
std::optional<Clean> clean;

Error refusal(const pg::Rows &found, Oid role) {
	const bool is_of_events = static_cast<std::size_t>(found.number(0, 3)) == kNames.size();
	const std::string whose = is_of_events || pg::is_superuser_role(role)
								  ? "a superuser"
								  : "role \"" + pg::role_name(role).value_or("") + "\"";
	const std::string what = found.text_or(0, 0, "what is not there any more");
	const std::string other_way = is_of_events ? ", or have a role that is no superuser own the loader." : ".";
	if (!found.is_null(0, 4)) {
		return Error(sqlstate::kInsufficientPrivilege,
					 (found.is_null(0, 2) ? std::string("every role") : "role \"" + found.text(0, 2) + "\"") +
						 " may attach code that would run with the rights of " + whose,
					 "It has the privilege " + found.text(0, 4) + " on " + what + ".",
					 "Take it back with REVOKE, and drop triggers and foreign keys that should not be there" +
						 other_way);
	}
	return Error(sqlstate::kInsufficientPrivilege,
				 "code of role \"" + found.text(0, 2) + "\" would run with the rights of " + whose,
				 "That role, which is no superuser, owns " + what +
					 (found.is_null(0, 1) ? "." : ", which " + found.text(0, 1) + " uses."),
				 "Drop what should not be there, or give it to a superuser who has read all that is attached" +
					 other_way);
}

} // namespace

void refuse_foreign_code(Tables which) {
	const std::uint64_t changes = pg::catalog_changes();
	const Oid role = pg::current_role();
	const bool deleting = which == Tables::all_deleting;
	if (!deleting && clean && clean->changes == changes && clean->role == role && clean->names >= of(which).size()) {
		return;
	}
	const std::string names = all_names();
	const pg::Rows found = pg::run_on_latest(
		kForeignCode, {names, deleting ? kDeletingEvents : kDeleting, static_cast<std::int64_t>(role)});
	const Clean now{changes, role, found.empty() ? kNames.size() : static_cast<std::size_t>(found.number(0, 3) - 1)};
	if (!deleting) {
		clean = now;
	}
	if (now.names < of(which).size()) {
		throw refusal(found, role);
	}
}

void hold(Tables which) {
	const pg::TableHold passwords = which == Tables::passwords ? pg::TableHold::writing : pg::TableHold::reading;
	pg::hold_tables("hyperline", of(which).first(1), passwords);
	const std::size_t read = which == Tables::ours ? 1 : 0; // events
	pg::hold_tables("hyperline", of(which).last(read), pg::TableHold::reading);
	pg::hold_tables("hyperline", of(which).subspan(1, of(which).size() - 1 - read), pg::TableHold::writing);
}

void hold_for_writing(Tables which) {
	hold(which);
	refuse_foreign_code(which);
}

void hold_for_reading(Tables which) {
	pg::hold_tables("hyperline", of(which), pg::TableHold::reading);
	refuse_foreign_code(which);
}

} // namespace hyperline::store
