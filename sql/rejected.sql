-- Rows that cannot be stored: what is kept of them, and what becomes of them.
\set target 'dbname=' :DBNAME ' host=' :HOST ' port=' :PORT ' user=' :USER
\getenv source_admin HYPERLINE_SOURCE_ADMIN
\getenv source_url HYPERLINE_SOURCE_URL
CREATE VIEW kept AS
SELECT row_number, field, code, times, "row", resolved_at IS NOT NULL AS resolved,
       rejected_at = last_rejected_at AND (first_rejected_at = last_rejected_at) = (times = 1) AS times_are_true
FROM hyperline.rejected_rows WHERE loader = 'bad' ORDER BY row_number, code, occurrence;
\connect :"source_admin"
CREATE TABLE shop.bad (n int, id text, customer text, at timestamptz, note text, payload json);
INSERT INTO shop.bad VALUES (1, NULL, 'a', '2026-01-01Z', 'x', NULL), (2, '2', NULL, '2026-01-01Z', 'x', NULL), (3, '3', 'a', NULL, 'x', NULL),
	(4, '4', 'a', '2026-01-01Z', 'x', '"\u0000"'), (5, '5', 'a', '2026-01-01Z', 'good', NULL), (6, NULL, 'a', '2026-01-01Z', 'x', NULL);
\connect :"target"
SELECT hyperline.create_loader('product', 'bad', 'SELECT id, customer AS "customerId", at AS timestamp, note, payload FROM shop.bad ORDER BY n', paused => true);
CALL hyperline.refresh_loader('bad');
SELECT status, rows_read, inserted, unchanged, rejected FROM hyperline.loader_runs WHERE loader = 'bad' ORDER BY run_id DESC LIMIT 1;
TABLE kept;
-- The same rows again: each is kept once. Two that are alike stay two.
CALL hyperline.refresh_loader('bad');
SELECT status, rows_read, inserted, unchanged, rejected FROM hyperline.loader_runs WHERE loader = 'bad' ORDER BY run_id DESC LIMIT 1;
TABLE kept;
SELECT count(*) = count(*) FILTER (WHERE run_id = (SELECT max(run_id) FROM hyperline.loader_runs WHERE loader = 'bad')) AS of_the_last_run FROM hyperline.rejected_rows WHERE loader = 'bad';
-- One is mended, one is gone; one has another content, and is still the same bad row.
\connect :"source_admin"
UPDATE shop.bad SET at = '2026-01-03Z' WHERE n = 3;
UPDATE shop.bad SET note = 'other' WHERE n = 4;
DELETE FROM shop.bad WHERE n = 6;
\connect :"target"
CALL hyperline.refresh_loader('bad');
TABLE kept;
SELECT hyperline.complete_until('bad');
-- It comes back: the row is open again.
\connect :"source_admin"
UPDATE shop.bad SET at = NULL WHERE n = 3;
\connect :"target"
CALL hyperline.refresh_loader('bad');
SELECT row_number, code, times, resolved FROM kept WHERE code = 'null_timestamp';

-- A run that reads only what is new resolves what it stores, though nothing was written: the event was there before.
\connect :"source_admin"
UPDATE shop.bad SET at = '2026-01-03Z' WHERE n = 3;
\connect :"target"
SELECT hyperline.alter_loader('bad', query => 'SELECT id, customer AS "customerId", at AS timestamp, note, payload FROM shop.bad WHERE n IN (3, 4) AND {{last_refreshed_at}} IS NOT NULL');
CALL hyperline.refresh_loader('bad');
SELECT row_number, code, times, resolved FROM kept;
\connect :"source_admin"
UPDATE shop.bad SET payload = '{}' WHERE n = 4;
\connect :"target"
CALL hyperline.refresh_loader('bad');
SELECT row_number, code, times, resolved FROM kept;
SELECT hyperline.complete_until('bad') IS NOT NULL AS complete;

-- So does one whose customer was missing, by an event that is new under its id; one that was there before says nothing.
\connect :"source_admin"
UPDATE shop.bad SET customer = NULL WHERE n = 5;
\connect :"target"
SELECT hyperline.alter_loader('bad', query => 'SELECT id, customer AS "customerId", at AS timestamp FROM shop.bad WHERE n = 5 AND {{last_refreshed_at}} IS NOT NULL UNION ALL SELECT ''5'', ''a'', ''2026-01-01Z''');
CALL hyperline.refresh_loader('bad');
CALL hyperline.refresh_loader('bad');
SELECT code, "row" ->> 'id' AS id, times, resolved FROM kept WHERE code = 'null_customer_id' ORDER BY 2;
\connect :"source_admin"
UPDATE shop.bad SET customer = 'z' WHERE n = 5;
\connect :"target"
CALL hyperline.refresh_loader('bad');
SELECT code, "row" ->> 'id' AS id, times, resolved FROM kept WHERE code = 'null_customer_id' ORDER BY 2;

-- Past max_rejected the run fails; what it stored stays. At max_rejected it does not.
SELECT hyperline.alter_loader('bad', max_rejected => 2, query => 'SELECT n AS id, CASE WHEN n < 104 THEN NULLIF(n % 2, 0) ELSE 1 END AS "customerId", CASE WHEN n <> 101 THEN now() END AS timestamp FROM generate_series(100, 105) n ORDER BY n');
SELECT max_rejected FROM hyperline.loaders WHERE name = 'bad';
CALL hyperline.refresh_loader('bad');
\echo :LAST_ERROR_SQLSTATE
SELECT status, rows_read, inserted, rejected, sqlstate, error FROM hyperline.loader_runs WHERE loader = 'bad' ORDER BY run_id DESC LIMIT 1;
SELECT id FROM hyperline.events WHERE event_type = 'bad' AND id > '1' AND id < '2';
SELECT hyperline.alter_loader('bad', max_rejected => 3);
CALL hyperline.refresh_loader('bad');
SELECT status, rejected FROM hyperline.loader_runs WHERE loader = 'bad' ORDER BY run_id DESC LIMIT 1;
SELECT hyperline.alter_loader('bad', max_rejected => 0);
CALL hyperline.refresh_loader('bad');
SELECT hyperline.alter_loader('bad', max_rejected => -1);
-- The way out is what can be run, whatever the name.
SELECT hyperline.alter_loader('bad', new_name => 'the o''clock one');
CALL hyperline.refresh_loader('the o''clock one');
SELECT hyperline.alter_loader('the o''clock one', new_name => 'bad');
SELECT hyperline.create_loader('product', 'x', 'SELECT 1', max_rejected => -1);
-- They are found under the name that the loader has now.
SELECT count(*) > 0 AS some FROM kept WHERE NOT resolved;
SELECT hyperline.alter_loader('bad', new_name => 'good');
SELECT loader, count(*) > 0 AS some FROM hyperline.rejected_rows WHERE loader IN ('bad', 'good') GROUP BY 1;
SELECT hyperline.drop_loader('good', true);
DROP VIEW kept;

-- A source that does not know its encoding refuses to send what is not UTF-8. The advice helps.
\connect :"source_admin"
CREATE DATABASE rejected_ascii ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
\connect :"target"
SELECT status FROM hyperline.create_connection('ascii', replace(:'source_url', '/source?', '/rejected_ascii?'), check_now => false);
SELECT hyperline.create_loader('ascii', 'ascii', $$SELECT g AS id, 'a' AS "customerId", timestamptz '2026-01-01Z' AS timestamp, CASE WHEN g = 2 THEN E'a\xffb' ELSE 'ab' END AS note FROM generate_series(1, 3) g$$, paused => true);
CALL hyperline.refresh_loader('ascii');
\echo :LAST_ERROR_SQLSTATE
SELECT hyperline.alter_loader('ascii', query => $$SELECT g AS id, 'a' AS "customerId", timestamptz '2026-01-01Z' AS timestamp, convert_from(convert(convert_to(CASE WHEN g = 2 THEN E'a\xffb' ELSE 'ab' END, 'SQL_ASCII'), 'LATIN1', 'UTF8'), 'SQL_ASCII') AS note FROM generate_series(1, 3) g$$);
CALL hyperline.refresh_loader('ascii');
SELECT id, record ->> 'note' AS note FROM hyperline.events WHERE event_type = 'ascii' ORDER BY id;
SELECT hyperline.drop_loader('ascii', true), hyperline.drop_connection('ascii');
\connect :"source_admin"
DROP DATABASE rejected_ascii WITH (FORCE);
