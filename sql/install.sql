-- The source, as the people have it who own it.
\set target 'dbname=' :DBNAME ' host=' :HOST ' port=' :PORT ' user=' :USER
\getenv source_admin HYPERLINE_SOURCE_ADMIN
\connect :"source_admin"
CREATE SCHEMA shop;
CREATE TABLE shop.companies (id int PRIMARY KEY, name text);
CREATE TABLE shop.calls (id int PRIMARY KEY, company int, at timestamptz, ms int, cost numeric(8,2), deleted_at timestamptz);
INSERT INTO shop.companies VALUES (1, 'Acme'), (2, 'Umbrella'), (3, NULL);
INSERT INTO shop.calls VALUES
	(1, 1, '2026-01-01 10:00+01', 12, 0.50, NULL), (2, 1, '2026-01-01 10:05+01', 7, 1.25, NULL),
	(3, 2, '2026-01-02 00:00+00', NULL, 10.00, NULL), (4, 3, '2026-01-03 00:00+00', 1, 0.10, '2026-01-04');

\connect :"target"
-- What arrives is UTF-8: another encoding would store other characters.
\set target_database :DBNAME
CREATE DATABASE latin1 TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C';
\connect latin1
CREATE EXTENSION hyperline_connector;
\connect :target_database
DROP DATABASE latin1;
-- Whom the installer lets have all that it creates gets nothing of ours.
CREATE ROLE app;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO app;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO app, pg_monitor WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES GRANT ALL ON ROUTINES TO app;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO app, CURRENT_USER;
CREATE EXTENSION hyperline_connector;
SELECT DISTINCT o.class, a.grantee::regrole, a.privilege_type
FROM (
	SELECT 'schema', n.nspacl, n.nspowner FROM pg_namespace n WHERE n.nspname = 'hyperline'
	UNION ALL
	SELECT 'relation', c.relacl, c.relowner FROM pg_class c WHERE c.relnamespace = 'hyperline'::regnamespace
	UNION ALL
	SELECT 'routine', p.proacl, p.proowner FROM pg_proc p WHERE p.pronamespace = 'hyperline'::regnamespace
) AS o (class, acl, owner), aclexplode(o.acl) a
WHERE a.grantee <> o.owner;
SELECT * FROM hyperline.access;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM app;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SEQUENCES FROM app, pg_monitor;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON ROUTINES FROM app;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM app, CURRENT_USER;
DROP ROLE app;
SELECT extversion, extnamespace::regnamespace, extrelocatable FROM pg_extension WHERE extname = 'hyperline_connector';
-- Everything that can be called says what it does.
SELECT p.proname FROM pg_proc p WHERE pronamespace = 'hyperline'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT c.relname FROM pg_class c
WHERE relnamespace = 'hyperline'::regnamespace AND relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL;
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE relnamespace = 'hyperline'::regnamespace AND relkind IN ('r', 'v') AND col_description(c.oid, a.attnum) IS NULL;
-- The names and defaults that other people's scripts are written against.
SELECT p.proname, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result
FROM pg_proc p WHERE pronamespace = 'hyperline'::regnamespace ORDER BY 1, 2;
SELECT c.relname, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) AS columns
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'hyperline'::regnamespace AND (c.relkind = 'v' OR c.relname IN ('events', 'all_customers', 'rejected_rows'))
GROUP BY 1 ORDER BY 1;
SELECT name, setting, unit, context FROM pg_settings WHERE name LIKE 'hyperline\_connector.%' ORDER BY 1;
