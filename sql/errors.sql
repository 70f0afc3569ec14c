-- What goes wrong for reasons that other tests have no place for: the message, and the way out.
\getenv source_url HYPERLINE_SOURCE_URL
\set VERBOSITY default
SELECT status FROM hyperline.create_connection('wrong', :'source_url', check_now => false);

-- Urls: never repeated, only what is wrong with them
CREATE FUNCTION pg_temp.refusal(url text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text; hint text;
BEGIN
	PERFORM hyperline.create_connection('x', url, check_now => false);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, detail, hint);
END $$;
\pset format unaligned
SELECT u.what, pg_temp.refusal(u.url), pg_temp.refusal(u.url) ~ 'secret|u:' AS tells FROM (VALUES
	('colons', 'postgres://u:p:q@h:1:2/d'), ('host', 'postgres://u:secret@-h/d'), ('port', 'postgres://u:secret@h:99999/d'),
	('no database', 'postgres://u:secret@h/'), ('long database', 'postgres://u:secret@h/' || repeat('d', 64)),
	('conninfo in the database', 'postgres://u:secret@h/a%3Db'), ('url in the database', 'postgres://u:secret@h/a%3A%2F%2Fb'),
	('slash in the database', 'postgres://u:secret@h/a/b'), ('empty password', 'postgres://u:@h/d'),
	('brackets', 'postgres://u:secret@[::x]/d'), ('twice', 'postgres://u:secret@h/d?sslmode=require&sslmode=disable'),
	('no list', 'postgres://u:secret@h/d?sslmode'), ('long', 'postgres://u:secret@h/d?application_name=' || repeat('a', 9000)),
	('blank', 'postgres://u:sec ret@h/d'), ('second @', 'postgres://u:se@cret@h/d'), ('NUL', 'postgres://u:se%00cret@h/d'),
	('value', 'postgres://u:secret@h/d?sslmode=perhaps'), ('option', 'postgres://u:secret@h/d?passfile=/etc/passwd'),
	('socket', 'postgres://u:secret@/d?host=%2F' || repeat('s', 200))) u(what, url);
\pset format aligned
SELECT hyperline.create_connection('x', 'postgres://u:secret@/d?host=/nonexistent');

-- Queries
SELECT hyperline.describe_query('wrong', 'SELECT FROM shop.calls');
SELECT hyperline.describe_query('wrong', 'SELECT 1 AS id, 1 AS "customerId", now() AS timestamp, $1 AS value');
\echo :LAST_ERROR_SQLSTATE
SELECT id, "timestamp", problem FROM hyperline.preview_query('wrong', 'SELECT 1 AS id, 1 AS "customerId", date ''5874897-12-31'' AS timestamp');
SELECT id FROM hyperline.preview_query('wrong', 'SELECT 1 AS id, 1 AS "customerId", now() AS timestamp, set_config(''DateStyle'', ''German'', false)');

-- Customers
SELECT hyperline.create_customer('lost'), hyperline.create_customer('found');
UPDATE hyperline.all_customers SET status = 'merged', merged_into = 'found' WHERE external_id = 'lost';
SELECT hyperline.rename_customer('lost', 'x');
SELECT hyperline.activate_customer('lost');
DELETE FROM hyperline.all_customers WHERE external_id IN ('lost', 'found');
SELECT hyperline.create_customer(repeat('x', 2000));
SELECT hyperline.create_customer(E'a\nb');

-- Runs
SELECT hyperline.create_loader('wrong', 'wrong', 'SELECT 1 AS id, 1 AS "customerId", now() AS timestamp, pg_sleep(600)::text', paused => true);
SELECT hyperline.run_loader('wrong') AS run \gset
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT hyperline.wait_for_run(:run);
ROLLBACK;
SELECT hyperline.cancel_run(:run);

-- Keys
SELECT hyperline.rotate_encryption_key('');
SELECT hyperline.rotate_encryption_key('/dev/null');
SELECT hyperline.rotate_encryption_key('/nonexistent/key');
CREATE ROLE no_keys;
GRANT USAGE ON SCHEMA hyperline TO no_keys;
GRANT EXECUTE ON FUNCTION hyperline.rotate_encryption_key(text) TO no_keys;
SET ROLE no_keys;
SELECT hyperline.rotate_encryption_key('other');
RESET ROLE;
DROP OWNED BY no_keys;
DROP ROLE no_keys;
SELECT hyperline.drop_loader('wrong'), hyperline.drop_connection('wrong');
