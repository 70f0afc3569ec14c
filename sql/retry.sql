-- Rejected rows that fit now are stored without a run of all that the loader reads.
\set target 'dbname=' :DBNAME ' host=' :HOST ' port=' :PORT ' user=' :USER
\getenv source_admin HYPERLINE_SOURCE_ADMIN
CREATE VIEW retried AS
SELECT code, "row" ->> 'id' AS id, times, resolved_at IS NOT NULL AS resolved FROM hyperline.rejected_rows WHERE loader = 'retry' ORDER BY code, "row" ->> 'id', times;
CREATE VIEW retry_run AS
SELECT trigger, status, batches, rows_read, inserted, updated, unchanged, duplicates, rejected, customers_created, notes FROM hyperline.loader_runs WHERE loader = 'retry' ORDER BY run_id DESC LIMIT 1;
CREATE VIEW retry_state AS
SELECT watermark, last_refreshed_at, last_success_at, source_position IS NOT NULL AS has_position, complete_until FROM hyperline.loader WHERE name = 'retry';
\connect :"source_admin"
CREATE TABLE shop.retry (id int, customer text, at timestamptz, note text);
INSERT INTO shop.retry VALUES (1, 'a', '2026-01-01Z', 'x'), (2, NULL, '2026-01-02Z', 'x'), (3, 'a', NULL, 'x'), (4, 'b', NULL, 'x'), (5, 'c', '2026-01-05Z', '"\u0000"'), (NULL, 'a', '2026-01-01Z', 'x'),
	(7, 'a', '2026-01-07Z', '1'), (7, 'a', '2026-01-07Z', '2'), (8, 'd', NULL, 'x');
\connect :"target"
SELECT hyperline.retry_rejected('retry');
SELECT hyperline.create_loader('product', 'retry', 'SELECT id, customer AS "customerId", at AS timestamp, note::json AS note FROM (SELECT id, customer, at, CASE WHEN note = ''x'' THEN ''1'' ELSE note END AS note FROM shop.retry) r',
	cursor_field => 'timestamp', paused => true);
SELECT hyperline.retry_rejected('retry');
CALL hyperline.refresh_loader('retry');
TABLE retried;
-- Nothing fits yet: each is rejected once more, and nothing else is read.
SELECT hyperline.retry_rejected('retry');
TABLE retry_run;
TABLE retried;
-- Mended at the source: a customer, a time. One is gone. What the loader reads next is as it was.
\connect :"source_admin"
UPDATE shop.retry SET customer = 'e' WHERE id = 2;
UPDATE shop.retry SET at = '2025-12-31Z' WHERE id = 3;
DELETE FROM shop.retry WHERE id = 8;
INSERT INTO shop.retry VALUES (9, 'new', '2026-01-09Z', 'x');
\connect :"target"
CREATE TEMP TABLE state AS TABLE retry_state;
SELECT hyperline.retry_rejected('retry');
TABLE retry_run;
TABLE retried;
SELECT id, customer_id, record FROM hyperline.events WHERE event_type = 'retry' ORDER BY id;
TABLE state EXCEPT TABLE retry_state;
-- Mended here, by another query. At any batch size; taken back with the transaction.
BEGIN;
SET LOCAL hyperline_connector.batch_rows = 1;
SELECT hyperline.alter_loader('retry', query => 'SELECT id, customer AS "customerId", COALESCE(at, ''2026-02-01Z'') AS timestamp, replace(note, ''\u0000'', '''')::text AS note FROM shop.retry WHERE {{last_refreshed_at}} = ''-infinity''');
SELECT hyperline.retry_rejected('retry');
TABLE retry_run;
SHOW TimeZone;
SHOW enable_seqscan;
SHOW search_path;
ROLLBACK;
SELECT id FROM hyperline.events WHERE event_type = 'retry' ORDER BY id;
SELECT hyperline.alter_loader('retry', query => 'SELECT id, customer AS "customerId", COALESCE(at, ''2026-02-01Z'') AS timestamp, replace(note, ''\u0000'', '''')::text AS note FROM shop.retry WHERE {{last_refreshed_at}} = ''-infinity''');
SELECT hyperline.retry_rejected('retry');
TABLE retry_run;
TABLE retried;
SELECT id, customer_id, "timestamp", record FROM hyperline.events WHERE event_type = 'retry' ORDER BY id;
SELECT external_id, created_by FROM hyperline.pending_customers WHERE external_id IN ('c', 'e') ORDER BY 1;
SELECT hyperline.retry_rejected('retry');
-- Ids of other types, and those that a query does not return in their old form, are found as they print.
\connect :"source_admin"
CREATE TABLE shop.odd (id char(3), n int);
INSERT INTO shop.odd VALUES ('a', 1), ('o''b', 2);
\connect :"target"
SELECT hyperline.create_loader('product', 'odd', 'SELECT id, ''c'' AS "customerId", NULL::timestamp AS timestamp FROM shop.odd', paused => true);
CALL hyperline.refresh_loader('odd');
SELECT hyperline.alter_loader('odd', query => 'SELECT id, ''c'' AS "customerId", date ''2026-01-01'' AS timestamp FROM shop.odd');
SELECT hyperline.retry_rejected('odd');
SELECT quote_literal(id) FROM hyperline.events WHERE event_type = 'odd' ORDER BY 1;
SELECT hyperline.alter_loader('odd', query => 'SELECT id, ''c'' AS "customerId", NULL::date AS timestamp FROM (VALUES (''7''), (''seven''), (repeat(''7'', 30))) v(id)');
CALL hyperline.refresh_loader('odd');
SELECT hyperline.alter_loader('odd', query => 'SELECT 7 AS id, ''c'' AS "customerId", date ''2026-01-01'' AS timestamp UNION ALL SELECT 8, ''c'', ''2026-01-01''');
SELECT hyperline.retry_rejected('odd');
SELECT "row" ->> 'id' AS id, resolved_at IS NOT NULL AS resolved FROM hyperline.rejected_rows WHERE loader = 'odd' ORDER BY 1;
-- Not while a run is queued.
BEGIN;
SELECT hyperline.run_loader('odd') AS run \gset
DO $$ BEGIN
	PERFORM hyperline.retry_rejected('odd');
EXCEPTION WHEN object_in_use THEN
	RAISE NOTICE '%', regexp_replace(SQLERRM, '\d+', 'N', 'g');
END $$;
ROLLBACK;
SELECT hyperline.drop_loader('odd', true), hyperline.drop_loader('retry', true);
DROP VIEW retried, retry_run, retry_state;
\connect :"source_admin"
DROP TABLE shop.retry, shop.odd;
