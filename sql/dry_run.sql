-- A dry run tells what the run that follows does, and writes nothing.
\set target 'dbname=' :DBNAME ' host=' :HOST ' port=' :PORT ' user=' :USER
\getenv source_admin HYPERLINE_SOURCE_ADMIN
\connect :"source_admin"
CREATE TABLE shop.dry (n int, id text, customer text, name text, at timestamptz, v numeric, note text);
INSERT INTO shop.dry SELECT g, 'id' || g, 'dry ' || g % 3, NULL, timestamptz '2026-01-01Z' + g * interval '1 hour', 5, 'x' FROM generate_series(1, 20) g;
\connect :"target"
SELECT hyperline.create_customer('dry 0');
SELECT hyperline.create_loader('product', 'dry', 'SELECT id, customer AS "customerId", name AS "customerName", at AS timestamp, v, note FROM shop.dry ORDER BY n', version_field => 'v', paused => true);
-- What each dry run said, beside what the run after it did
CREATE TABLE said (size text, rows_read bigint, would_insert bigint, would_update bigint, unchanged bigint, stale bigint, duplicates bigint, would_reject bigint, new_customers bigint);
CREATE VIEW did AS
SELECT rows_read, inserted, updated, unchanged, stale, duplicates, rejected, customers_created FROM hyperline.loader_runs WHERE loader IN ('dry', 'dry by cursor') ORDER BY run_id DESC LIMIT 1;
\set dry_run 'INSERT INTO said SELECT current_setting(\'hyperline_connector.batch_rows\'), * FROM hyperline.dry_run_loader(\'dry\');'
\set compare 'SELECT s.*, ROW(s.rows_read, s.would_insert, s.would_update, s.unchanged, s.stale, s.duplicates, s.would_reject, s.new_customers) = ROW(d.*) AS equal FROM said s, did d; TRUNCATE said;'
SELECT * FROM hyperline.dry_run_query('product', 'dry', 'SELECT id, customer AS "customerId", at AS timestamp FROM shop.dry');
:dry_run
CALL hyperline.refresh_loader('dry');
:compare
:dry_run
CALL hyperline.refresh_loader('dry');
:compare
-- New, changed, unchanged, older ones; the same row twice, other rows of one key, in the order of their versions and against it;
-- rejected ones; new customers, one of them twice, one with a rejected row only
\connect :"source_admin"
UPDATE shop.dry SET note = 'changed', v = 6 WHERE n IN (1, 2);
UPDATE shop.dry SET note = 'older', v = 4 WHERE n IN (3, 4);
UPDATE shop.dry SET note = 'as new', v = 5 WHERE n = 5;
DELETE FROM shop.dry WHERE n = 6;
INSERT INTO shop.dry VALUES (21, 'id21', 'dry new', 'New', '2026-02-01Z', 1, 'new'), (22, 'id22', 'dry new', NULL, '2026-02-01Z', NULL, 'new'), (23, 'id7', 'dry newer', NULL, '2026-02-01Z', 1, 'moved'),
	(31, NULL, 'dry bad', NULL, '2026-02-01Z', 1, 'bad'), (32, 'id32', '', NULL, '2026-02-01Z', 1, 'bad'), (33, 'id33', 'dry 1', NULL, 'infinity', 1, 'bad'),
	(41, 'id8', 'dry 2', NULL, timestamptz '2026-01-01Z' + 8 * interval '1 hour', 5, 'x'), (42, 'id21', 'dry new', NULL, '2026-02-01Z', 1, 'new'), (43, 'id21', 'dry new', NULL, '2026-02-01Z', 1, 'new'),
	(51, 'id51', 'dry 0', NULL, '2026-02-01Z', 2, 'second'), (52, 'id51', 'dry 0', NULL, '2026-02-01Z', 1, 'first'), (53, 'id51', 'dry 0', NULL, '2026-02-01Z', 10, 'third'), (54, 'id51', 'dry 0', NULL, '2026-02-01Z', 1, 'first'),
	(61, 'id9', 'dry 0', NULL, '2026-02-01Z', 4, 'older'), (62, 'id9', 'dry 0', NULL, '2026-02-01Z', 7, 'newer'), (63, 'id10', 'dry 1', NULL, '2026-02-01Z', 4, 'older'), (64, 'id10', 'dry 1', NULL, '2026-02-01Z', NULL, 'older still');
\connect :"target"
CREATE TEMP TABLE before AS TABLE hyperline.events;
SELECT hyperline.reset_loader('dry');
-- In a transaction that may not write, as one piece of it; without a transaction number there is nothing in the log.
BEGIN READ ONLY;
SELECT * FROM hyperline.dry_run_loader('dry');
SELECT * FROM hyperline.dry_run_rejects('dry');
SELECT row_number, field, code, "row" ->> 'note' AS note FROM hyperline.dry_run_rejects('dry', 2);
SELECT * FROM hyperline.dry_run_query('product', 'dry', 'SELECT id, customer AS "customerId", at AS timestamp, v, note FROM shop.dry ORDER BY n');
SELECT count(*) FROM hyperline.dry_run_rejects('product', 'dry', 'SELECT id, customer AS "customerId", at AS timestamp, v, note FROM shop.dry ORDER BY n');
SELECT * FROM hyperline.dry_run_rejects('product', 'dry', 'SELECT id, customer AS "customerId", at AS timestamp, v, note FROM shop.dry ORDER BY n', 3);
SELECT pg_current_xact_id_if_assigned() IS NULL AS nothing_written;
SHOW TimeZone;
SHOW enable_seqscan;
COMMIT;
TABLE before EXCEPT TABLE hyperline.events;
SELECT count(*) FROM hyperline.all_customers WHERE external_id IN ('dry new', 'dry newer', 'dry bad');
SELECT count(*) FROM hyperline.rejected_rows WHERE loader = 'dry';
-- At any batch size the same, and as the run.
SET hyperline_connector.batch_rows = 1;
:dry_run
SET hyperline_connector.batch_rows = 3;
:dry_run
RESET hyperline_connector.batch_rows;
:dry_run
CALL hyperline.refresh_loader('dry');
:compare
CREATE TEMP TABLE rejected AS SELECT * FROM hyperline.dry_run_rejects('dry');
TABLE rejected EXCEPT SELECT row_number, field, code, message, "row" FROM hyperline.rejected_rows WHERE loader = 'dry' AND resolved_at IS NULL;
SELECT row_number, field, code, message, "row" FROM hyperline.rejected_rows WHERE loader = 'dry' AND resolved_at IS NULL EXCEPT TABLE rejected;
-- Without versions: the row that is read last. And with the time, and a text, as the version
SELECT hyperline.alter_loader('dry', version_field => '');
:dry_run
CALL hyperline.refresh_loader('dry');
:compare
SELECT hyperline.alter_loader('dry', version_field => 'timestamp');
:dry_run
CALL hyperline.refresh_loader('dry');
:compare
SELECT hyperline.alter_loader('dry', version_field => 'note');
:dry_run
CALL hyperline.refresh_loader('dry');
:compare
-- With a cursor field what is new, and what has none
SELECT hyperline.create_loader('product', 'dry', 'SELECT n AS id, ''dry 0'' AS "customerId", at AS timestamp, NULLIF(n, 3) AS n FROM shop.dry', name => 'dry by cursor', cursor_field => 'n', paused => true);
CALL hyperline.refresh_loader('dry by cursor');
\connect :"source_admin"
INSERT INTO shop.dry VALUES (70, 'id70', 'dry 0', NULL, '2026-02-01Z', 2, 'second');
\connect :"target"
INSERT INTO said SELECT current_setting('hyperline_connector.batch_rows'), * FROM hyperline.dry_run_loader('dry by cursor');
CALL hyperline.refresh_loader('dry by cursor');
:compare
-- What is wrong
SELECT * FROM hyperline.dry_run_loader('drie');
SELECT * FROM hyperline.dry_run_query('prodct', 'dry', 'SELECT 1');
SELECT * FROM hyperline.dry_run_query('product', '', 'SELECT 1');
SELECT * FROM hyperline.dry_run_query('product', 'dry', 'SELECT 1 AS id');
SELECT * FROM hyperline.dry_run_query('product', 'dry', NULL);
SELECT * FROM hyperline.dry_run_rejects('dry', 0);
SELECT * FROM hyperline.dry_run_rejects('product', 'dry', 'SELECT 1', 10001);
SELECT * FROM hyperline.dry_run_query('product', 'dry', 'SELECT 1 AS id, ''a'' AS "customerId", now() AS timestamp, 1 / (2 - g) FROM generate_series(1, 3) g');
-- A run that would fail for what it rejects, and one that would just not
SELECT hyperline.alter_loader('dry', max_rejected => would_reject::int - 1) FROM hyperline.dry_run_loader('dry');
SELECT would_reject FROM hyperline.dry_run_loader('dry');
SELECT hyperline.alter_loader('dry', max_rejected => would_reject::int) FROM hyperline.dry_run_loader('dry');
SELECT would_reject FROM hyperline.dry_run_loader('dry');
-- It ends where one waits for it.
SET statement_timeout = '100ms';
SELECT * FROM hyperline.dry_run_query('product', 'dry', 'SELECT g AS id, ''a'' AS "customerId", now() AS timestamp, pg_sleep(0.01)::text AS rest FROM generate_series(1, 1000000) g');
RESET statement_timeout;
SELECT hyperline.drop_loader('dry by cursor'), hyperline.drop_loader('dry', true);
DELETE FROM hyperline.all_customers WHERE external_id LIKE 'dry %';
DROP VIEW did;
DROP TABLE said;
\connect :"source_admin"
DROP TABLE shop.dry;
