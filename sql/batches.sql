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
-- The same from the same start, in one batch.
UPDATE hyperline.events e SET record = b.record, run_id = b.run_id FROM before b WHERE e.event_type = 'again' AND (b.event_type, b.id) = (e.event_type, e.id);
RESET hyperline_connector.batch_rows;
CALL hyperline.refresh_loader('again');
TABLE again_counts;
TABLE again_rejected;
SELECT id, record FROM hyperline.events WHERE event_type = 'again' ORDER BY 1;

-- Wherever batches close: the same counts, events and rejected rows, those that the rules ask for. Half of the events are there
-- before, half are new. An unchanged second run writes none.
CREATE VIEW numbers AS SELECT g AS n, g * 7 % 12 AS id, (g * g * 31 + g / 3) % 7 AS v FROM generate_series(1, 200) g;
CREATE VIEW contents AS -- of each key's contents the last row, the last of all first
SELECT id, v, max(n) AS n, count(*) AS times, row_number() OVER (PARTITION BY id ORDER BY max(n) DESC) AS by_row, row_number() OVER (PARTITION BY id ORDER BY v DESC) AS by_version FROM numbers GROUP BY id, v;
CREATE TABLE outcomes (version_field text, size text, run int, counts text, events text, rejected text, written bigint);
CREATE PROCEDURE start_over() LANGUAGE sql AS $$
	DELETE FROM hyperline.events WHERE event_type = 'again';
	DELETE FROM hyperline.rejected_rows WHERE loader = 'again';
	INSERT INTO hyperline.events (event_type, customer_id, id, "timestamp", record, run_id) SELECT 'again', '1', g::text, '2026-01-01Z', '{"v": 3}', 0 FROM generate_series(0, 5) g;
	TRUNCATE before_run;
$$;
CREATE TABLE before_run (id text, version text);
CREATE PROCEDURE note_outcome(run int) LANGUAGE sql AS $$
	INSERT INTO outcomes
	SELECT COALESCE((SELECT version_field FROM hyperline.loaders WHERE name = 'again'), 'none'), current_setting('hyperline_connector.batch_rows'), run,
	       (SELECT r::text FROM again_counts r),
	       (SELECT string_agg(id || ': ' || (record ->> 'v'), ', ' ORDER BY id::int) FROM hyperline.events WHERE event_type = 'again'),
	       (SELECT md5(string_agg(k::text, ',' ORDER BY row_number)) FROM again_rejected k),
	       (SELECT count(*) FROM hyperline.events e WHERE event_type = 'again' AND NOT EXISTS (SELECT FROM before_run b WHERE b.id = e.id AND b.version = e.ctid::text || e.xmin));
	TRUNCATE before_run;
	INSERT INTO before_run SELECT id, ctid::text || xmin FROM hyperline.events WHERE event_type = 'again';
$$;
\set round 'CALL start_over(); CALL hyperline.refresh_loader(\'again\'); CALL note_outcome(1); CALL hyperline.refresh_loader(\'again\'); CALL note_outcome(2);'
\set sizes 'SET hyperline_connector.batch_rows = 1; :round SET hyperline_connector.batch_rows = 2; :round SET hyperline_connector.batch_rows = 3; :round SET hyperline_connector.batch_rows = 7; :round SET hyperline_connector.batch_rows = 1000; :round'
SET client_min_messages = warning;
SELECT hyperline.alter_loader('again', query => 'SELECT g * 7 % 12 AS id, 1 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp, (g * g * 31 + g / 3) % 7 AS v FROM generate_series(1, 200) g', version_field => '');
:sizes
SELECT hyperline.alter_loader('again', version_field => 'v');
:sizes
SELECT version_field, run, count(DISTINCT (counts, events, rejected)) AS outcomes, min(counts) AS counts, min(events) AS events, max(written) FILTER (WHERE run = 2) AS written_again FROM outcomes GROUP BY 1, 2 ORDER BY 1, 2;
-- What they should be, by the rules.
SELECT string_agg(id || ': ' || v, ', ' ORDER BY id) FILTER (WHERE by_row = 1) AS events, count(*) FILTER (WHERE by_row > 1) AS rejected, sum(times - 1) AS duplicates, count(*) FILTER (WHERE by_row = 1 AND id > 5) AS inserted, count(*) FILTER (WHERE by_row = 1 AND id <= 5 AND v = 3) AS unchanged FROM contents;
SELECT string_agg(id || ': ' || v, ', ' ORDER BY id) FILTER (WHERE by_version = 1) AS events, count(*) FILTER (WHERE by_version > 1) AS rejected, sum(times - 1) AS duplicates FROM contents;
SELECT o.version_field, bool_and(o.rejected = k.rejected) AS rejected_are_right
FROM outcomes o
JOIN (SELECT 'none' AS version_field, md5(string_agg(r::text, ',' ORDER BY r.n)) AS rejected FROM (SELECT n, id::text, v FROM contents WHERE by_row > 1) r
      UNION ALL SELECT 'v', md5(string_agg(r::text, ',' ORDER BY r.n)) FROM (SELECT n, id::text, v FROM contents WHERE by_version > 1) r) k USING (version_field)
GROUP BY 1 ORDER BY 1;
-- A content that the batch of its first row rejects comes again in a later batch, and is overruled again: nothing is written.
SELECT hyperline.alter_loader('again', query => 'SELECT id, 1 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp, v FROM (VALUES (1, 1, 4), (2, 1, 5), (3, 1, 4), (4, 12, 0), (5, 1, 6), (6, 13, 0)) r(n, id, v) ORDER BY n', version_field => '');
CALL start_over();
SET hyperline_connector.batch_rows = 2;
CALL hyperline.refresh_loader('again');
CALL note_outcome(1);
CALL hyperline.refresh_loader('again');
CALL note_outcome(2);
TABLE again_counts;
SELECT max(written) FILTER (WHERE run = 2) AS written_again FROM outcomes WHERE size = '2' AND events LIKE '%12: 0%';
RESET hyperline_connector.batch_rows;
-- The one that overruled the others is gone: then the last of these is stored.
SELECT hyperline.alter_loader('again', query => 'SELECT 1 AS id, 1 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp, v FROM unnest(ARRAY[4, 5, 6]) v', version_field => '');
CALL start_over();
SET hyperline_connector.batch_rows = 1;
CALL hyperline.refresh_loader('again');
TABLE again_counts;
TABLE again_rejected;
SELECT hyperline.alter_loader('again', query => 'SELECT 1 AS id, 1 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp, v FROM unnest(ARRAY[4, 5]) v');
CALL hyperline.refresh_loader('again');
TABLE again_counts;
TABLE again_rejected;
SELECT record FROM hyperline.events WHERE event_type = 'again' AND id = '1';
-- Stale rows of one key wait for the end of the run as well: one is stale, one rejected, one a duplicate.
SELECT hyperline.alter_loader('again', query => 'SELECT 1 AS id, 1 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp, v FROM unnest(ARRAY[1, 2, 1]) v', version_field => 'v');
CALL hyperline.refresh_loader('again');
TABLE again_counts;
TABLE again_rejected;
-- The first content is rejected in its batch, and comes again as the last one.
SELECT hyperline.alter_loader('again', query => 'SELECT 1 AS id, 1 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp, 1 AS v, w FROM unnest(ARRAY[''a'', ''b'', ''a'']) w');
SET hyperline_connector.batch_rows = 2;
CALL hyperline.refresh_loader('again');
TABLE again_counts;
SELECT row_number, "row" -> 'w' AS w FROM hyperline.rejected_rows WHERE loader = 'again' AND resolved_at IS NULL;
-- A batch does not wait for the disk; the end of a run does, and with it for its batches.
CREATE TABLE waits (seq serial, what text, waiting text);
CREATE FUNCTION note_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.waits (what, waiting) VALUES (TG_ARGV[0], current_setting('synchronous_commit')); RETURN NULL; END $$;
CREATE TRIGGER note_wait AFTER INSERT ON hyperline.events FOR EACH STATEMENT EXECUTE FUNCTION note_wait('a batch');
CREATE TRIGGER note_wait AFTER UPDATE OF status ON hyperline.run FOR EACH ROW WHEN (NEW.status NOT IN ('queued', 'running')) EXECUTE FUNCTION note_wait('the end');
SELECT hyperline.alter_loader('again', query => 'SELECT g AS id, 1 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp FROM generate_series(101, 105) g', version_field => '');
CALL hyperline.refresh_loader('again');
SHOW synchronous_commit;
SELECT what, waiting FROM waits ORDER BY seq;
DROP TRIGGER note_wait ON hyperline.events;
DROP TRIGGER note_wait ON hyperline.run;
DROP FUNCTION note_wait();
DROP TABLE waits;
-- Ids that come under another customer are counted once, wherever batches close: three here, of which the first one's old
-- customer still has it. Their events of before stay, for nothing says that they are no more.
\connect :"source_admin"
TRUNCATE shop.again;
INSERT INTO shop.again VALUES (1, 201, 1), (2, 202, 1), (3, 203, 1), (4, 204, 1);
\connect :"target"
SET client_min_messages = error;
SELECT hyperline.alter_loader('again', query => 'SELECT id, v AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp, n FROM shop.again ORDER BY n');
CALL hyperline.refresh_loader('again');
\connect :"source_admin"
INSERT INTO shop.again VALUES (5, 201, 2);
UPDATE shop.again SET v = 3 WHERE id IN (202, 203);
\connect :"target"
SET hyperline_connector.batch_rows = 1;
CALL hyperline.refresh_loader('again');
SELECT rows_read, inserted, unchanged, notes -> 'moves' AS moves FROM hyperline.loader_runs WHERE loader = 'again' ORDER BY run_id DESC LIMIT 1;
DELETE FROM hyperline.events WHERE event_type = 'again' AND customer_id IN ('2', '3');
SET hyperline_connector.batch_rows = 2;
CALL hyperline.refresh_loader('again');
SELECT rows_read, inserted, unchanged, notes -> 'moves' AS moves FROM hyperline.loader_runs WHERE loader = 'again' ORDER BY run_id DESC LIMIT 1;
DELETE FROM hyperline.events WHERE event_type = 'again' AND customer_id IN ('2', '3');
RESET hyperline_connector.batch_rows;
CALL hyperline.refresh_loader('again');
SELECT rows_read, inserted, unchanged, notes -> 'moves' AS moves FROM hyperline.loader_runs WHERE loader = 'again' ORDER BY run_id DESC LIMIT 1;
SELECT id, customer_id FROM hyperline.events WHERE event_type = 'again' AND id LIKE '20_' ORDER BY 1, 2;
RESET client_min_messages;
SELECT hyperline.drop_loader('again', true);
DROP PROCEDURE start_over(), note_outcome(int);
DROP VIEW contents, again_counts, again_rejected, numbers;
DROP TABLE outcomes, before_run;
\connect :"source_admin"
DROP TABLE shop.again;
