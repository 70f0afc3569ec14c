-- Errors for which something has to be out of order: a trigger in the way, a row that somebody has changed by hand.
\set VERBOSITY default
CREATE FUNCTION pg_temp.told(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
	EXECUTE command;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, NULLIF(detail, ''), NULLIF(hint, ''));
END $$;
SELECT hyperline.create_loader('product', 'odd', 'SELECT g AS id, ''odd'' AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp FROM generate_series(1, 3) g', paused => true);
CREATE SCHEMA odd;
CREATE FUNCTION odd.nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION odd.ends() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	UPDATE hyperline.run SET status = 'failed', finished_at = now() WHERE status = 'running' AND loader = 'odd';
	RETURN NULL;
END $$;
CREATE FUNCTION odd.drops() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	DELETE FROM hyperline.loader WHERE name = 'odd';
	RETURN NULL;
END $$;
\pset format unaligned
-- No run is queued.
CREATE TRIGGER odd BEFORE INSERT ON hyperline.run FOR EACH ROW EXECUTE FUNCTION odd.nothing();
SELECT pg_temp.told('SELECT hyperline.run_loader(''odd'')');
DROP TRIGGER odd ON hyperline.run;
-- Rows are kept out, and a run is ended by hand.
CREATE TRIGGER odd BEFORE INSERT ON hyperline.events FOR EACH ROW EXECUTE FUNCTION odd.nothing();
CALL hyperline.refresh_loader('odd');
DROP TRIGGER odd ON hyperline.events;
CREATE TRIGGER odd AFTER INSERT ON hyperline.events FOR EACH STATEMENT EXECUTE FUNCTION odd.ends();
CALL hyperline.refresh_loader('odd');
DROP TRIGGER odd ON hyperline.events;
SELECT status, rows_read, sqlstate FROM hyperline.loader_runs WHERE loader = 'odd' ORDER BY run_id DESC LIMIT 2;
-- The library of another version
BEGIN;
UPDATE hyperline.installation SET revision = 99;
SELECT pg_temp.told('SELECT hyperline.retry_rejected(''odd'')');
UPDATE hyperline.installation SET revision = 0;
SELECT pg_temp.told('SELECT hyperline.retry_rejected(''odd'')');
ROLLBACK;
-- A login that is refused is not tried again before the loader is due; a server that is not there is.
\getenv host HYPERLINE_SOURCE_HOST
\getenv port HYPERLINE_SOURCE_PORT
SELECT status FROM hyperline.create_connection('nobody', format('postgres:///source?host=%s&port=%s&user=nobody', :'host', :'port'), check_now => false);
SELECT status FROM hyperline.create_connection('nowhere', 'postgres:///d?host=/nowhere&user=u', check_now => false);
UPDATE hyperline.loader SET paused = false, next_run_at = now() + interval '1 day' WHERE name = 'odd';
UPDATE hyperline.loader SET connection_id = (SELECT connection_id FROM hyperline.connection WHERE name = 'nobody') WHERE name = 'odd';
SELECT hyperline.run_loader('odd') AS run \gset
SELECT hyperline.wait_for_run(:run);
SELECT status, sqlstate FROM hyperline.loader_runs WHERE run_id = :run;
SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'odd' AND trigger = 'retry';
UPDATE hyperline.loader SET connection_id = (SELECT connection_id FROM hyperline.connection WHERE name = 'nowhere') WHERE name = 'odd';
SELECT hyperline.run_loader('odd') AS run \gset
SELECT hyperline.wait_for_run(:run);
SELECT status, sqlstate FROM hyperline.loader_runs WHERE run_id = :run;
SELECT DISTINCT trigger FROM hyperline.loader_runs WHERE loader = 'odd' AND run_id > :run;
UPDATE hyperline.loader SET paused = true WHERE name = 'odd';
SELECT count(*) >= 0 AS ended FROM (SELECT hyperline.cancel_run(run_id) FROM hyperline.loader_runs WHERE loader = 'odd' AND status IN ('queued', 'running')) c;
UPDATE hyperline.loader SET connection_id = (SELECT connection_id FROM hyperline.connection WHERE name = 'product') WHERE name = 'odd';
SELECT hyperline.drop_connection('nobody'), hyperline.drop_connection('nowhere');
-- A connection that is in use, and one that is gone all the same
SELECT status FROM hyperline.create_connection('odd', 'postgres:///d?host=/nowhere&user=u', check_now => false);
UPDATE hyperline.loader SET connection_id = (SELECT connection_id FROM hyperline.connection WHERE name = 'odd') WHERE name = 'odd';
SELECT pg_temp.told('SELECT hyperline.drop_connection(''odd'')');
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM hyperline.connection WHERE name = 'odd';
SELECT pg_temp.told('SELECT * FROM hyperline.preview_loader(''odd'')');
ROLLBACK;
UPDATE hyperline.loader SET connection_id = (SELECT connection_id FROM hyperline.connection WHERE name = 'product') WHERE name = 'odd';
SELECT hyperline.drop_connection('odd');
-- The trigger of loaders and runs on another table
CREATE TABLE odd.t (n int);
CREATE TRIGGER odd AFTER INSERT ON odd.t FOR EACH ROW EXECUTE FUNCTION hyperline.restored();
SELECT pg_temp.told('INSERT INTO odd.t VALUES (1)');
-- Rights that nobody can take away
SELECT pg_temp.told('SELECT hyperline.grant_access(current_user::regrole, ''reader'')');
-- What takes a superuser
CREATE ROLE odd_role;
GRANT USAGE ON SCHEMA hyperline, odd TO odd_role;
GRANT EXECUTE ON FUNCTION hyperline.create_connection(text, text, text, bool) TO odd_role;
CREATE FUNCTION odd.told(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM);
END $$;
SET ROLE odd_role;
SELECT u.url, odd.told(format('SELECT hyperline.create_connection(''x'', %L, check_now => false)', u.url)) FROM (VALUES
	('postgres:///d?host=/tmp&user=u'), ('postgres://u@db.example.com/d'), ('postgres://u:p@db.example.com/d?sslmode=verify-full&sslkey=/etc/key')) u(url);
RESET ROLE;
DROP OWNED BY odd_role;
DROP ROLE odd_role;
-- A loader that vanishes while it runs
CREATE TRIGGER odd AFTER INSERT ON hyperline.events FOR EACH STATEMENT EXECUTE FUNCTION odd.drops();
SET hyperline_connector.batch_rows = 1;
CALL hyperline.refresh_loader('odd');
RESET hyperline_connector.batch_rows;
DROP SCHEMA odd CASCADE;
DELETE FROM hyperline.events WHERE event_type = 'odd';
DELETE FROM hyperline.all_customers WHERE external_id = 'odd';
