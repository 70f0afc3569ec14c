-- What is found in a query before it is a loader: in its fields, its text, the source's plan for it, and its first rows.
\getenv source_url HYPERLINE_SOURCE_URL
\getenv source_admin HYPERLINE_SOURCE_ADMIN
\set target 'dbname=' :DBNAME ' host=' :HOST ' port=' :PORT ' user=' :USER
\connect :"source_admin"
CREATE SCHEMA findings;
GRANT USAGE ON SCHEMA findings TO reader;
CREATE TABLE findings.orders (id bigint PRIMARY KEY, customer text, at timestamptz, updated timestamptz, name text, note text) WITH (autovacuum_enabled = off);
CREATE INDEX ON findings.orders (updated);
CREATE INDEX ON findings.orders (note COLLATE "C");
INSERT INTO findings.orders SELECT i, 'c' || i % 3, '2026-01-01', '2026-01-01', 'n', 'n' FROM generate_series(1, 10) i;
CREATE TABLE findings.large (id bigint, customer text, at timestamptz) WITH (autovacuum_enabled = off);
INSERT INTO findings.large SELECT i, 'c', '2026-01-01' FROM generate_series(1, 10) i;
CREATE TABLE findings.parts (id bigint, customer text, at timestamptz) PARTITION BY RANGE (id);
CREATE TABLE findings.part_1 PARTITION OF findings.parts FOR VALUES FROM (1) TO (6) WITH (autovacuum_enabled = off);
CREATE TABLE findings.part_2 PARTITION OF findings.parts FOR VALUES FROM (6) TO (11) WITH (autovacuum_enabled = off);
INSERT INTO findings.parts SELECT i, 'c', '2026-01-01' FROM generate_series(1, 10) i;
-- As large as the source believes them to be
UPDATE pg_class SET relpages = 1, reltuples = 20000000 WHERE oid = 'findings.large'::regclass;
UPDATE pg_class SET relpages = 1, reltuples = 7000000 WHERE oid IN ('findings.part_1'::regclass, 'findings.part_2'::regclass);
GRANT SELECT ON ALL TABLES IN SCHEMA findings TO reader;
CREATE TABLE findings.secret AS SELECT 1 AS id, 1 AS customer, now() AS at;
REVOKE ALL ON findings.secret FROM PUBLIC;
CREATE ROLE outsider LOGIN;
GRANT USAGE ON SCHEMA findings TO outsider;
\connect :"target"
\set VERBOSITY default
SELECT status FROM hyperline.create_connection('findings', :'source_url', check_now => false);

-- Fields
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'SELECT id::float8 AS id, customer AS customer_id, at AS "createdAt" FROM findings.orders');
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'SELECT at AS id, customer AS customerid, updated AS "Timestamp", updated FROM findings.orders') WHERE problem IS NOT NULL;
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", at::timestamp AS timestamp FROM findings.orders') WHERE problem IS NOT NULL;
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", at::date AS timestamp FROM findings.orders') WHERE problem IS NOT NULL;
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", extract(epoch FROM at)::bigint AS timestamp FROM findings.orders') WHERE problem IS NOT NULL;
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", at::text AS timestamp FROM findings.orders') WHERE problem IS NOT NULL;
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", at::time AS timestamp, at::timestamp AS timestamp FROM findings.orders') WHERE problem IS NOT NULL;
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", at AS timestamp, name AS customername, name AS email, name AS "homePhone", 1 AS emails_sent, at AS deletedat FROM findings.orders') WHERE problem IS NOT NULL;
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", to_jsonb(at) AS timestamp FROM findings.orders') WHERE problem IS NOT NULL;
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", point(1, 2) AS timestamp FROM findings.orders') WHERE problem IS NOT NULL;
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", customer::varchar(30) AS timestamp FROM findings.orders') WHERE problem IS NOT NULL;
SELECT field, problem, advice FROM hyperline.describe_query('findings', 'VALUES (1, ''c'', now())');
-- The query as a whole: nothing of it is a row of the report.
SELECT field FROM hyperline.describe_query('findings', 'SELECT * FROM findings.orders');
SELECT field FROM hyperline.describe_query('findings', 'SELECT row_number() OVER (ORDER BY at) AS id, customer AS "customerId", at AS timestamp FROM findings.orders');
SELECT count(*) FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", at AS timestamp' || (SELECT string_agg(', 1 AS f' || i, '') FROM generate_series(1, 98) i) || ' FROM findings.orders');

-- Large tables
SELECT count(*) FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", at AS timestamp FROM findings.large');
SELECT count(*) FROM hyperline.describe_query('findings', 'SELECT p.id, p.customer AS "customerId", p.at AS timestamp FROM findings.parts p JOIN findings.orders o USING (id)');
SELECT count(*) FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", at AS timestamp FROM findings.large WHERE at >= {{last_refreshed_at}}');
SELECT count(*) FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", at AS timestamp FROM findings.orders');
SELECT count(*) FROM hyperline.describe_query('findings', 'SELECT id, customer AS "customerId", at AS timestamp FROM findings.large LIMIT 10');
SELECT count(*) FROM hyperline.describe_query('findings', 'SELECT l.id, l.customer AS "customerId", l.at AS timestamp, (SELECT o.note FROM findings.orders o WHERE o.id = l.id) AS note FROM findings.large l');

-- Loaders say the same when they are created and altered; a good one says nothing.
SELECT hyperline.create_loader('findings', 'large', 'SELECT id, customer AS "customerId", at::timestamp AS timestamp FROM findings.large', paused => true);
SELECT hyperline.create_loader('findings', 'by cursor', 'SELECT id, customer AS "customerId", at AS timestamp, updated, name, note FROM findings.orders', cursor_field => 'updated', paused => true);
SELECT hyperline.alter_loader('by cursor', cursor_field => 'name');
SELECT hyperline.alter_loader('by cursor', cursor_field => 'note');
SELECT hyperline.alter_loader('by cursor', query => 'SELECT o.id, o.customer AS "customerId", o.at AS timestamp, o.note, (SELECT string_agg(l.customer, '','' ORDER BY l.at) FROM findings.large l WHERE l.id = o.id) AS lines FROM findings.orders o');
SELECT hyperline.alter_loader('by cursor', cursor_field => 'lines');
SELECT hyperline.alter_loader('large', cursor_field => 'At');
SELECT hyperline.alter_loader('large', version_field => 'note');
SELECT hyperline.create_loader('findings', 'unnamed', 'VALUES (1, ''c'', now())');
SELECT hyperline.create_loader('findings', 'personal', 'SELECT id::float8 AS id, customer AS "customerId", at AS timestamp, name AS "e-mail", name AS phone, name AS address, at AS deletedat, name AS customername FROM findings.orders', paused => true);
SELECT hyperline.drop_loader('personal');
-- What cannot be ordered at the source is said now, and not in each run.
SELECT hyperline.alter_loader('by cursor', cursor_field => 'place', query => 'SELECT id, customer AS "customerId", at AS timestamp, point(1, 2) AS place FROM findings.orders');
\echo :LAST_ERROR_SQLSTATE
SELECT hyperline.alter_loader('by cursor', cursor_field => 'whole', query => 'SELECT id, customer AS "customerId", at AS timestamp, to_jsonb(o) AS whole FROM findings.orders o');
-- So is what the role may not read.
SELECT hyperline.create_connection('outside', replace(:'source_url', 'user=reader', 'user=outsider'), check_now => false) IS NULL;
SELECT hyperline.create_loader('outside', 'secret', 'SELECT id, customer AS "customerId", at AS timestamp FROM findings.secret');
SELECT hyperline.describe_query('findings', 'WITH gone AS MATERIALIZED (delete FROM findings.orders RETURNING *) SELECT id FROM gone');

-- The first rows
SELECT id, customer_id, problem FROM hyperline.preview_query('findings', $$
	SELECT o.id, NULLIF(o.customer, 'c2') AS "customerId", l.at AS timestamp
	FROM findings.orders o JOIN findings.large l ON l.id <= o.id WHERE o.id <= 3 ORDER BY o.id, l.id $$, 10);
SELECT id, customer_id FROM hyperline.preview_query('findings', $$
	SELECT 1 AS id, customer AS "customerId", at AS timestamp FROM findings.orders WHERE id < 3 ORDER BY customer $$);
SELECT id, "timestamp", problem FROM hyperline.preview_query('findings', $$
	SELECT v.id, 'c' AS "customerId", to_timestamp(v.at) AS timestamp
	FROM (VALUES (NULL, 1767225600), (2, 0), (3, 1767225600000), (4, 1767225600), (5, 1)) v(id, at) WHERE true $$);
SELECT id, length(record ->> 'body') FROM hyperline.preview_query('findings', $$
	SELECT id, customer AS "customerId", at AS timestamp, repeat('x', (id * 500000)::int) AS body FROM findings.orders WHERE id < 4 ORDER BY id $$);
SELECT id FROM hyperline.preview_loader('by cursor', 1);
-- What is known without a row, a preview says too.
SELECT id, "timestamp", record FROM hyperline.preview_query('findings', $$
	SELECT * FROM (SELECT id::float8 AS id, customer AS "customerId", at::timestamp AS timestamp, customer AS email, at AS deletedat, customer AS customername FROM findings.large) q $$, 1);
SELECT id FROM hyperline.preview_query('findings', 'SELECT gen_random_uuid() IS NOT NULL AS known, uuid_in(md5(random()::text)::cstring) AS id, customer AS "customerId", at::date AS timestamp FROM findings.orders LIMIT 0');
SELECT id FROM hyperline.preview_query('findings', 'SELECT id, customer AS "customerId", at AS timestamp' || (SELECT string_agg(', 1 AS f' || i, '') FROM generate_series(1, 98) i) || ' FROM findings.orders LIMIT 1');
SELECT hyperline.preview_query('findings', 'SELECT id::float8 AS id, customer AS customer_id, at AS "createdAt" FROM findings.orders');
SELECT hyperline.preview_query('findings', 'SELECT id AS "ID", customer AS customerid, at AS "Timestamp" FROM findings.orders');
SELECT hyperline.preview_query('findings', 'SELECT id, customer AS "customerId", at AS timestamp, name, name FROM findings.orders');
SELECT hyperline.preview_query('findings', 'SELECT id, customer AS "customerId", extract(epoch FROM at)::bigint AS timestamp FROM findings.orders');

SELECT hyperline.drop_loader('large'), hyperline.drop_loader('by cursor'), hyperline.drop_connection('findings'), hyperline.drop_connection('outside');
\connect :"source_admin"
SET client_min_messages = warning;
DROP SCHEMA findings CASCADE;
DROP ROLE outsider;
