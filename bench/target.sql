-- The target: the extension with its loaders, and beside it the peers' tables, which are made like hyperline.events.
SET client_min_messages = warning;
\o /dev/null
CREATE EXTENSION hyperline_connector;
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION dblink;
CREATE EXTENSION pgstattuple;

CREATE SERVER product FOREIGN DATA WRAPPER postgres_fdw
OPTIONS (host :'host', port :'port', dbname 'source', fetch_size '10000');
CREATE USER MAPPING FOR CURRENT_USER SERVER product OPTIONS (user 'reader', password_required 'false');
CREATE SCHEMA remote;
IMPORT FOREIGN SCHEMA public FROM SERVER product INTO remote;
-- 10,000 rows of 10 MB would not fit anywhere.
ALTER FOREIGN TABLE remote.huge OPTIONS (fetch_size '4');

CREATE SCHEMA bench;
CREATE TABLE bench.source AS SELECT :'conninfo'::text AS conninfo;
CREATE TABLE bench.fdw (LIKE hyperline.events INCLUDING ALL) WITH (fillfactor = 95);
CREATE TABLE bench.fdw_filtered (LIKE hyperline.events INCLUDING ALL) WITH (fillfactor = 95);
CREATE TABLE bench.dblink (LIKE hyperline.events INCLUDING ALL) WITH (fillfactor = 95);
CREATE TABLE bench.copy (LIKE hyperline.events INCLUDING ALL) WITH (fillfactor = 95);
CREATE TABLE bench.result (
	shape text,
	load text,
	round int,
	way text,
	seconds float8,
	cpu_seconds float8, -- of the target's process
	source_cpu_seconds float8,
	wal_bytes numeric,
	dead_rows bigint,
	memory_bytes bigint, -- at the most, without shared memory, over what the session had before
	PRIMARY KEY (shape, load, round, way)
);

SELECT hyperline.create_connection('product', :'url');
SELECT hyperline.create_loader('product', c.relname, format(
	$$SELECT id, company_id AS "customerId", created_at AS timestamp, %s FROM %I$$,
	string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), c.relname), '@monthly')
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'remote'::regnamespace AND a.attname NOT IN ('id', 'company_id', 'created_at')
GROUP BY c.relname;
