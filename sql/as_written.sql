-- A query runs as it is written, and nothing in it can leave its place.
\getenv source_admin HYPERLINE_SOURCE_ADMIN
\set target 'dbname=' :DBNAME ' host=' :HOST ' port=' :PORT ' user=' :USER
\connect :"source_admin"
CREATE TABLE shop.kept (id int);
INSERT INTO shop.kept VALUES (1);
CREATE SEQUENCE shop.numbers;
CREATE FUNCTION shop.write() RETURNS int LANGUAGE sql VOLATILE SECURITY DEFINER AS 'INSERT INTO shop.kept VALUES (2) RETURNING id';
GRANT SELECT, INSERT, UPDATE, DELETE ON shop.kept TO reader;
GRANT ALL ON SEQUENCE shop.numbers TO reader;
\connect :"target"
CREATE FUNCTION as_written(query text) RETURNS TABLE (id text, customer_id text, record jsonb) LANGUAGE sql AS $$ SELECT p.id, p.customer_id, p.record FROM hyperline.preview_query('product', query) p $$;
CREATE TABLE written (n int GENERATED ALWAYS AS IDENTITY, query text);

-- Comments, ends, quotes
INSERT INTO written (query) VALUES
	('SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp ; '),
	(E'  \n\t/* first /* nested ; */ ) */ -- ) TO STDOUT\nSELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp /* ; */;  -- the end ;\n-- and after it'),
	('SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp -- no line end'),
	(E'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp -- a carriage return\r'),
	($q$SELECT $$a;b'c$$ AS id, $x$ $$ ; -- $x$ AS "customerId", timestamptz '2026-01-01Z' AS timestamp, E'it\'s; \\ \x41\u00e9\t' AS e, U&'d\0061t\+000061' AS u, U&'d!0061ta' UESCAPE '!' AS v, 'a' -- joined
	'b' AS joined, B'10' AS bits, N'n' AS n, 'back\slash' AS plain$q$),
	($q$SELECT 1 AS id, 2 AS U&"customer\0049d", timestamptz '2026-01-01Z' AS timestamp, 3 AS "a "" b;", 4 AS "{x", 5 AS dol$lar$, 6 AS größe, '{{last_refreshed_at' AS half$q$);
-- CTEs, VALUES, TABLE, unions, windows, locks of rows that are read only
INSERT INTO written (query) VALUES
	('WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 3), u AS MATERIALIZED (SELECT n FROM t) SELECT n AS id, row_number() OVER (ORDER BY n DESC) AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp FROM u ORDER BY n DESC LIMIT 2 OFFSET 1'),
	('(SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp) UNION ALL (SELECT 2, 3, NULL) ORDER BY 1 DESC'),
	('SELECT id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp FROM shop.kept WHERE id = ANY (ARRAY[1]) AND id::text ~ ''^\d$'''),
	('TABLE shop.kept'),
	('SELECT id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp FROM shop.kept FOR UPDATE');
-- Ways out
INSERT INTO written (query) VALUES
	($$SELECT 1) TO PROGRAM 'touch /tmp/hyperline_out' --$$),
	($$SELECT 1 AS id) TO STDOUT; DROP TABLE shop.kept; COPY (SELECT 1$$),
	($$SELECT 1 /* $$ || E'\n' || $$) TO PROGRAM 'true' --$$),
	($$SELECT E'\') TO PROGRAM ''true'' --$$),
	($$SELECT '\') TO PROGRAM ''true'' --'$$),
	($$SELECT U&"a" UESCAPE ')' ) TO PROGRAM 'true' --'$$),
	('SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp; COMMIT; DROP TABLE shop.kept'),
	('SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp; SELECT 2 AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp'),
	(';'),
	('/* nothing */ -- here'),
	('COMMIT'),
	('COPY shop.kept TO STDOUT'),
	('COPY (SELECT 1) TO PROGRAM ''touch /tmp/hyperline_out'''),
	('DO $x$ BEGIN DELETE FROM shop.kept; END $x$'),
	('CALL shop.anything()'),
	('SET TRANSACTION READ WRITE'),
	('SHOW server_version'),
	('EXPLAIN SELECT 1'),
	('EXECUTE hyperline'),
	('FETCH ALL FROM hyperline'),
	('CREATE TABLE shop.made AS SELECT 1 AS id'),
	('SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp INTO shop.made'),
	('INSERT INTO shop.kept VALUES (3) RETURNING id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp'),
	('WITH w AS (UPDATE shop.kept SET id = 4 RETURNING id) SELECT id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp FROM w'),
	('SELECT shop.write() AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp'),
	('SELECT nextval(''shop.numbers'') AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp'),
	('SELECT set_config(''transaction_read_only'', ''off'', false) AS id, shop.write() AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp'),
	('SELECT set_config(''default_transaction_read_only'', ''off'', false) AS id, shop.write() AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp'),
	('SELECT pg_notify(''a'', ''b'') AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp'),
	('SELECT query_to_xml(''DELETE FROM shop.kept'', true, true, '''') AS id, 2 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp');

-- Each in a preview
SELECT format('SELECT * FROM as_written(%L);', query) FROM written ORDER BY n \gexec
-- Each as a loader, whose query goes through COPY
CREATE FUNCTION as_loader(n int, query text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM hyperline.create_loader('product', 'written ' || n, query, paused => true); RETURN 'created'; EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
SET client_min_messages = error;
SELECT n, as_loader(n, query) FROM written ORDER BY n;
RESET client_min_messages;
SELECT format('CALL hyperline.refresh_loader(%L);', name) FROM hyperline.loader WHERE name LIKE 'written%' ORDER BY loader_id \gexec
SELECT event_type, id, customer_id, record FROM hyperline.events WHERE event_type LIKE 'written%' ORDER BY length(event_type), event_type, id;
SELECT loader, rows_read, inserted, rejected FROM hyperline.loader_runs WHERE loader LIKE 'written%' ORDER BY run_id;

-- Nothing has left its place.
\connect :"source_admin"
SELECT id, (SELECT last_value FROM shop.numbers) AS number, to_regclass('shop.made') AS made, (pg_stat_file('/tmp/hyperline_out', true)).size AS outside FROM shop.kept;
DROP FUNCTION shop.write();
DROP SEQUENCE shop.numbers;
DROP TABLE shop.kept;
\connect :"target"
DROP FUNCTION as_written(text);
DROP FUNCTION as_loader(int, text);
DROP TABLE written;
SELECT count(hyperline.drop_loader(name, delete_events => true)) FROM hyperline.loader WHERE name LIKE 'written%';
DELETE FROM hyperline.run WHERE loader LIKE 'written%';
DELETE FROM hyperline.rejected_rows;
DELETE FROM hyperline.all_customers;
ALTER SEQUENCE hyperline.run_run_id_seq RESTART;
