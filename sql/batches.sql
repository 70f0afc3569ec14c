-- Rows of one key in one run, in one batch and in several: each row is counted once, nothing is rejected that was not read.
\set target 'dbname=' :DBNAME ' host=' :HOST ' port=' :PORT ' user=' :USER
\getenv source_admin HYPERLINE_SOURCE_ADMIN
\connect :"source_admin"
CREATE TABLE shop.again (n int, id int, v int);
\connect :"target"
SELECT hyperline.create_loader('product', 'again', 'SELECT id, 1 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp, v FROM shop.again ORDER BY n', version_field => 'v', paused => true);
CREATE VIEW again_counts AS
SELECT rows_read, inserted, updated, unchanged, stale, duplicates, rejected FROM hyperline.loader_runs WHERE loader = 'again' ORDER BY run_id DESC LIMIT 1;
CREATE VIEW again_rejected AS
SELECT row_number, "row" ->> 'id' AS id, "row" -> 'v' AS v FROM hyperline.rejected_rows
WHERE run_id = (SELECT max(run_id) FROM hyperline.loader_runs WHERE loader = 'again') ORDER BY 1;
-- Stored is 1: 3, 2: 3, 3: 3. Then an older and a newer row; two older ones that are the same; the same row, an older and a newer one.
\connect :"source_admin"
INSERT INTO shop.again VALUES (1, 1, 3), (2, 2, 3), (3, 3, 3);
\connect :"target"
CALL hyperline.refresh_loader('again');
TABLE again_counts;
\connect :"source_admin"
TRUNCATE shop.again;
INSERT INTO shop.again VALUES (1, 1, 1), (2, 2, 1), (3, 3, 3), (4, 1, 5), (5, 2, 1), (6, 3, 2), (7, 3, 4);
\connect :"target"
BEGIN; SELECT hyperline.reset_loader('again'); CREATE TEMP TABLE before AS TABLE hyperline.events; COMMIT;
SET hyperline_connector.batch_rows = 1;
CALL hyperline.refresh_loader('again');
TABLE again_counts;
TABLE again_rejected;
SELECT id, record FROM hyperline.events WHERE event_type = 'again' ORDER BY 1;
-- The same from the same start, in one batch: what a batch sees at once it compares with itself first.
UPDATE hyperline.events e SET record = b.record, run_id = b.run_id FROM before b WHERE e.event_type = 'again' AND (b.event_type, b.id) = (e.event_type, e.id);
RESET hyperline_connector.batch_rows;
CALL hyperline.refresh_loader('again');
TABLE again_counts;
TABLE again_rejected;
SELECT id, record FROM hyperline.events WHERE event_type = 'again' ORDER BY 1;
-- At any batch size the same events, every row counted once, and of what is rejected only what was read.
CREATE VIEW numbers AS SELECT g AS n, g * 7 % 12 AS id, (g * g * 31 + g / 3) % 7 AS v FROM generate_series(1, 200) g;
SELECT hyperline.alter_loader('again', query => 'SELECT g * 7 % 12 AS id, 1 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp, (g * g * 31 + g / 3) % 7 AS v FROM generate_series(1, 200) g');
CREATE TABLE outcomes (size text, events_are_right bool, rows_read bigint, rejects_are_right bool, no_row_twice bool);
\set round 'UPDATE hyperline.events SET record = \'{"v": 3}\', run_id = 0, last_changed_at = \'2026-01-01\' WHERE event_type = \'again\'; CALL hyperline.refresh_loader(\'again\'); INSERT INTO outcomes SELECT current_setting(\'hyperline_connector.batch_rows\'), (SELECT bool_and((e.record ->> \'v\')::int = (SELECT GREATEST(max(v), 3) FROM numbers m WHERE m.id::text = e.id)) FROM hyperline.events e WHERE event_type = \'again\'), r.rows_read, NOT EXISTS (SELECT FROM again_rejected k WHERE NOT EXISTS (SELECT FROM numbers m WHERE m.n = k.row_number AND m.id::text = k.id AND to_jsonb(m.v) = k.v)), NOT EXISTS (SELECT FROM again_rejected k GROUP BY row_number HAVING count(*) > 1) FROM again_counts r;'
SET hyperline_connector.batch_rows = 1;
:round
SET hyperline_connector.batch_rows = 2;
:round
SET hyperline_connector.batch_rows = 3;
:round
SET hyperline_connector.batch_rows = 7;
:round
RESET hyperline_connector.batch_rows;
:round
TABLE outcomes;
SELECT hyperline.drop_loader('again', true);
DROP VIEW again_counts, again_rejected, numbers;
DROP TABLE outcomes;
\connect :"source_admin"
DROP TABLE shop.again;
