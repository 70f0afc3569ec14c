-- After CREATE EXTENSION nobody but its owner and superusers sees or calls anything.
CREATE ROLE stranger;
SELECT p.proname FROM pg_proc p
WHERE pronamespace = 'hyperline'::regnamespace AND has_function_privilege('stranger', p.oid, 'EXECUTE');
SELECT c.relname FROM pg_class c
WHERE relnamespace = 'hyperline'::regnamespace AND relkind NOT IN ('i', 'c') AND has_table_privilege('stranger', c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER');
SET ROLE stranger;
SELECT * FROM hyperline.connections;
RESET ROLE;
GRANT USAGE ON SCHEMA hyperline TO stranger;
SET ROLE stranger;
SELECT * FROM hyperline.connections;
SELECT hyperline.run_loader('calls');
SELECT hyperline.grant_access('stranger', 'admin');
RESET ROLE;
REVOKE USAGE ON SCHEMA hyperline FROM stranger;

-- The levels. Every object of the schema is here: a new one belongs into src/store/access.cpp (or not) and docs/access.md.
CREATE ROLE reader;
CREATE ROLE operator;
CREATE ROLE "an ""admin""";
CREATE ROLE member IN ROLE "an ""admin""";
SELECT hyperline.grant_access('reader', 'reader');
SELECT hyperline.grant_access('operator', 'operator');
SELECT hyperline.grant_access('"an ""admin"""', 'admin');
SELECT * FROM hyperline.access ORDER BY 1;
CREATE FUNCTION may(role text, kind "char", object oid) RETURNS text LANGUAGE sql AS $$
	SELECT CASE kind
	WHEN 'f' THEN CASE WHEN has_function_privilege(role, object, 'EXECUTE') THEN 'call' ELSE '' END
	WHEN 'n' THEN concat_ws(' ', CASE WHEN has_schema_privilege(role, object, 'USAGE') THEN 'use' END, CASE WHEN has_schema_privilege(role, object, 'CREATE') THEN 'create' END)
	WHEN 'S' THEN (SELECT COALESCE(string_agg(lower(p), ' '), '') FROM unnest('{SELECT,UPDATE,USAGE}'::text[]) p WHERE has_sequence_privilege(role, object, p))
	ELSE (SELECT COALESCE(string_agg(lower(p), ' '), '') FROM unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) p WHERE has_table_privilege(role, object, p))
	END $$;
SELECT o.kind, o.name, may('stranger', o.kind, o.oid) AS stranger, may('reader', o.kind, o.oid) AS reader,
       may('operator', o.kind, o.oid) AS operator, may('an "admin"', o.kind, o.oid) AS admin,
       may('member', o.kind, o.oid) = may('an "admin"', o.kind, o.oid) AS member
FROM (
	SELECT 'n'::"char" AS kind, nspname AS name, oid FROM pg_namespace WHERE nspname = 'hyperline'
	UNION ALL SELECT 'f', proname, oid FROM pg_proc WHERE pronamespace = 'hyperline'::regnamespace
	UNION ALL SELECT relkind, relname, oid FROM pg_class WHERE relnamespace = 'hyperline'::regnamespace AND relkind NOT IN ('i', 'c')
) o
ORDER BY o.kind::text COLLATE "C", o.name;
-- What is in no level, by choice.
SELECT proname FROM pg_proc WHERE pronamespace = 'hyperline'::regnamespace AND NOT has_function_privilege('an "admin"', oid, 'EXECUTE') ORDER BY 1;
-- Each level has what the one before it has.
SELECT count(*) AS wrong FROM pg_proc WHERE pronamespace = 'hyperline'::regnamespace
AND (has_function_privilege('stranger', oid, 'EXECUTE')
	OR has_function_privilege('reader', oid, 'EXECUTE') AND NOT has_function_privilege('operator', oid, 'EXECUTE')
	OR has_function_privilege('operator', oid, 'EXECUTE') AND NOT has_function_privilege('an "admin"', oid, 'EXECUTE'));

-- What a level may do, it can do.
SET ROLE reader;
SELECT count(*) > 0 AS reads FROM hyperline.events;
SELECT (SELECT count(*) FROM hyperline.customers) > 0 AS customers, (SELECT count(*) FROM hyperline.loaders) > 0 AS loaders, (SELECT count(*) FROM hyperline.loader_runs) > 0 AS runs;
SELECT hyperline.complete_until('nothing');
SELECT * FROM hyperline.rejected_rows;
SELECT * FROM hyperline.connection_secret;
SELECT hyperline.run_loader('calls');
CALL hyperline.refresh_loader('calls');
SELECT hyperline.create_customer('x');
SET ROLE operator;
SELECT hyperline.pause_loader('calls');
SELECT hyperline.resume_loader('calls');
CALL hyperline.refresh_loader('calls');
SELECT status, trigger FROM hyperline.loader_runs WHERE loader = 'calls' AND trigger = 'session' ORDER BY run_id DESC LIMIT 1;
SELECT current_user, count(*) > 0 AS previews FROM hyperline.preview_loader('calls');
SELECT hyperline.create_customer('by the operator', 'Operator''s');
SELECT hyperline.reset_loader('calls');
SELECT hyperline.alter_loader('calls', query => 'SELECT 1');
SELECT hyperline.create_connection('x', 'postgres://u:p@127.0.0.1/d', check_now => false);
SELECT * FROM hyperline.connections;
SET ROLE member;
SELECT name, status FROM hyperline.create_connection('of a member', 'postgres://u:canary-p@127.0.0.1/d', check_now => false);
SELECT name, owner FROM hyperline.connections WHERE name = 'of a member';
SELECT name, status FROM hyperline.create_connection('socket', 'postgres://u:p@/d?host=/tmp', check_now => false);
SELECT name, status FROM hyperline.create_connection('file', 'postgres://u@127.0.0.1/d?password_file=/etc/shadow', check_now => false);
SELECT name, status FROM hyperline.create_connection('variable', 'postgres://u@127.0.0.1/d?password_env=PATH', check_now => false);
SELECT hyperline.rotate_encryption_key('/tmp/key');
SELECT * FROM hyperline.connection;
SELECT hyperline.grant_access('operator', 'king');
SELECT hyperline.grant_access(0::regrole, 'reader');
SELECT extowner::regrole AS owner FROM pg_extension WHERE extname = 'hyperline_connector' \gset
\set VERBOSITY sqlstate
SELECT hyperline.grant_access(:'owner', 'reader');
SELECT hyperline.revoke_access(:'owner');
\set VERBOSITY default
SELECT hyperline.grant_access('operator', 'reader');
SELECT * FROM hyperline.access ORDER BY 1;
SELECT hyperline.revoke_access('operator');
SELECT hyperline.revoke_access('reader');
SELECT * FROM hyperline.access ORDER BY 1;
RESET ROLE;

-- What takes a superuser is asked of who calls, whoever logged in and whoever wrote the function in between.
CREATE SCHEMA members AUTHORIZATION member;
SET ROLE member;
CREATE FUNCTION members.trap() RETURNS text LANGUAGE sql SECURITY DEFINER AS
	$$ SELECT status FROM hyperline.create_connection('trap', 'postgres://u:p@/d?host=/tmp', check_now => false) $$;
RESET ROLE;
SELECT members.trap();
DROP SCHEMA members CASCADE;

-- An admin who changes what another one's loader reads becomes its owner; a superuser, who may act as the owner, does not.
CREATE ROLE second;
SELECT hyperline.grant_access('second', 'admin');
\set query 'SELECT id, company AS "customerId", at AS timestamp FROM shop.calls'
SELECT c.name AS connection FROM hyperline.loaders l JOIN hyperline.connections c ON c.name = l.connection WHERE l.name = 'calls' \gset
SET ROLE member;
SELECT hyperline.create_loader(:'connection', 'owned', :'query', paused => true);
SET ROLE second;
SELECT hyperline.alter_loader('owned', refresh_rate => '2 hours');
SELECT owner FROM hyperline.loaders WHERE name = 'owned';
SELECT hyperline.alter_loader('owned', query => :'query' || ' WHERE true');
SELECT owner FROM hyperline.loaders WHERE name = 'owned';
RESET ROLE;
SELECT hyperline.alter_loader('owned', query => :'query');
SELECT owner FROM hyperline.loaders WHERE name = 'owned';

-- The url is the whole of a connection: who gives it, owns it.
SET ROLE second;
SELECT hyperline.alter_connection('of a member', max_concurrent_runs => 3);
SELECT owner FROM hyperline.connections WHERE name = 'of a member';
SELECT hyperline.drop_connection('of a member');
RESET ROLE;

-- An owner who has lost the level, or is gone: its runs say so, and another admin can take the loader over.
CALL hyperline.refresh_loader('owned');
SELECT hyperline.revoke_access('second');
CALL hyperline.refresh_loader('owned');
SELECT sqlstate, error FROM hyperline.loader_runs WHERE loader = 'owned' AND trigger = 'session' ORDER BY run_id DESC LIMIT 1;
SELECT status FROM hyperline.connections WHERE name = :'connection';
DROP ROLE second;
CALL hyperline.refresh_loader('owned');
SET ROLE member;
SELECT hyperline.alter_loader('owned', query => :'query');
CALL hyperline.refresh_loader('owned');
SELECT owner, status FROM hyperline.loaders WHERE name = 'owned';
SELECT hyperline.drop_loader('owned', delete_events => true);
RESET ROLE;

-- What stands first on the caller's search_path is not found, whatever runs.
CREATE SCHEMA planted;
CREATE FUNCTION planted.grab() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'planted code runs'; END $$;
CREATE FUNCTION planted.equal(text, text) RETURNS bool LANGUAGE sql AS $$ SELECT planted.grab() IS NULL $$;
CREATE FUNCTION planted.equal(int, int) RETURNS bool LANGUAGE sql AS $$ SELECT planted.grab() IS NULL $$;
CREATE FUNCTION planted.equal(bigint, bigint) RETURNS bool LANGUAGE sql AS $$ SELECT planted.grab() IS NULL $$;
CREATE OPERATOR planted.= (FUNCTION = planted.equal, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR planted.= (FUNCTION = planted.equal, LEFTARG = int, RIGHTARG = int);
CREATE OPERATOR planted.= (FUNCTION = planted.equal, LEFTARG = bigint, RIGHTARG = bigint);
CREATE FUNCTION planted.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT planted.grab()::timestamptz $$;
CREATE VIEW planted.pg_roles AS SELECT planted.grab() AS rolname;
SET search_path = planted, pg_catalog;
SELECT 'a'::text = 'a';
SELECT * FROM pg_roles;
CALL hyperline.refresh_loader('calls');
SELECT count(*) FROM hyperline.preview_loader('calls') LIMIT 1;
SELECT hyperline.complete_until('nothing'), hyperline.retry_rejected('calls'), hyperline.rename_customer('by the operator', 'Renamed');
RESET search_path;
SET client_min_messages = warning;
DROP SCHEMA planted CASCADE;
RESET client_min_messages;

-- A role that holds rights is dropped after they were taken from it.
\set VERBOSITY terse
DROP ROLE "an ""admin""";
\set VERBOSITY default
SELECT hyperline.revoke_access('"an ""admin"""');
DROP FUNCTION may;
DROP ROLE stranger, reader, operator, member, "an ""admin""";
DROP VIEW stored, last_run;
DROP EXTENSION hyperline_connector;
SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('hyperline');

-- What somebody planted in the schema before is not taken for ours (CVE-2022-2625): nothing is installed then.
CREATE TABLE hyperline.events (event_type text);
CREATE EXTENSION hyperline_connector;
DROP TABLE hyperline.events;
CREATE VIEW hyperline.customers AS SELECT 'planted' AS name;
CREATE EXTENSION hyperline_connector;
DROP VIEW hyperline.customers;
CREATE FUNCTION hyperline.run_loader(name text) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
CREATE EXTENSION hyperline_connector;
DROP FUNCTION hyperline.run_loader;
CREATE ROLE planter;
ALTER SCHEMA hyperline OWNER TO planter;
CREATE EXTENSION hyperline_connector;
ALTER SCHEMA hyperline OWNER TO CURRENT_USER;
-- Nor are things put beside ours that would be found in their place by another type.
GRANT CREATE ON SCHEMA hyperline TO planter;
SET ROLE planter;
CREATE FUNCTION hyperline.run_loader(name varchar) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint';
RESET ROLE;
CREATE EXTENSION hyperline_connector;
REVOKE CREATE ON SCHEMA hyperline FROM planter;
CREATE EXTENSION hyperline_connector;
DROP OWNED BY planter;
GRANT CREATE ON SCHEMA hyperline TO public;
CREATE EXTENSION hyperline_connector;
REVOKE CREATE ON SCHEMA hyperline FROM public;
DROP ROLE planter;
-- Nor is what stands elsewhere on the search_path found.
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT 1 / 0; SELECT NULL::timestamptz $$;
CREATE TYPE public.text AS ENUM ('planted');
SET search_path = public, pg_catalog;
CREATE EXTENSION hyperline_connector;
RESET search_path;
SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'hyperline_connector';
DROP EXTENSION hyperline_connector;
DROP SCHEMA hyperline;
DROP FUNCTION public.now;
DROP TYPE public.text;
