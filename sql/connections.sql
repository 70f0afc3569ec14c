\getenv url HYPERLINE_SOURCE_URL
\getenv host HYPERLINE_SOURCE_HOST
\getenv port HYPERLINE_SOURCE_PORT
\getenv source_admin HYPERLINE_SOURCE_ADMIN
\set target 'dbname=' :DBNAME ' host=' :HOST ' port=' :PORT ' user=' :USER

SELECT name, status, server_version ~ '^\d' AS has_version, is_replica, encrypted, latency > '0' AS took_time, warnings
FROM hyperline.create_connection('product', :'url');
SELECT name, provider, regexp_replace(url, 'host=[^&]*', 'host=...') ~ 'source' AS has_url, status, is_replica, encrypted,
       max_concurrent_runs, loaders, last_checked_at IS NOT NULL AS checked, last_error
FROM hyperline.connections;
SELECT name, status FROM hyperline.check_connection('product');

-- Without a look: a password is never shown.
SELECT * FROM hyperline.create_connection('warehouse', 'postgres://billing:s3cret%40word@db.example.com:5433/warehouse', check_now => false);
SELECT name, url, status, server_version, last_checked_at FROM hyperline.connections WHERE name = 'warehouse';

-- What is wrong with a name, a provider, a url
SELECT hyperline.create_connection('product', :'url');
SELECT hyperline.create_connection('', :'url');
SELECT hyperline.create_connection('  ', :'url');
SELECT hyperline.create_connection(E'a\nb', :'url');
SELECT hyperline.create_connection(NULL, :'url');
SELECT hyperline.create_connection('x', NULL);
SELECT hyperline.create_connection('x', :'url', 'mysql');
SELECT hyperline.create_connection('x', 'u:p@ss@h');
SELECT hyperline.create_connection('x', 'postgres://u:hidden@h/d?options=-csearch_path%3Dx');
SELECT hyperline.create_connection('x', 'postgres://u:hidden@h');
\echo :LAST_ERROR_SQLSTATE

-- A server that refuses says why, without the password.
\connect :"source_admin"
CREATE ROLE password_required;
CREATE ROLE billing LOGIN PASSWORD 'canary-right' IN ROLE password_required;
CREATE ROLE boss LOGIN SUPERUSER;
CREATE ROLE writer LOGIN;
GRANT UPDATE (ms) ON shop.calls TO writer;
GRANT USAGE ON SCHEMA shop TO writer;
\connect :"target"
SELECT format('postgres://billing:canary-wrong@/source?host=%s&port=%s', :'host', :'port') AS wrong,
       format('postgres://billing:canary-right@/source?host=%s&port=%s', :'host', :'port') AS "right",
       format('postgres://boss@/source?host=%s&port=%s', :'host', :'port') AS boss,
       format('postgres://writer@/source?host=%s&port=%s', :'host', :'port') AS writer,
       format('postgres://reader@/nothing?host=%s&port=%s', :'host', :'port') AS nothing \gset
CREATE FUNCTION pg_temp.refusal(command text, host text, OUT state text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$ BEGIN
	EXECUTE command;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	message := replace(message, host, '/host');
	detail := replace(detail, host, '/host');
END $$;
\x
SELECT * FROM pg_temp.refusal(format('SELECT hyperline.create_connection(%L, %L)', 'refused', :'wrong'), :'host');
SELECT * FROM pg_temp.refusal(format('SELECT hyperline.create_connection(%L, %L)', 'refused', :'nothing'), :'host');
\x
SELECT count(*) FROM hyperline.connections WHERE name = 'refused';
SELECT name, status FROM hyperline.create_connection('accepted', :'right');
SELECT warnings FROM hyperline.create_connection('as boss', :'boss');
SELECT warnings FROM hyperline.create_connection('as writer', :'writer');

-- Changes
SELECT hyperline.alter_connection('accepted', new_name => 'renamed', max_concurrent_runs => 5);
SELECT name, max_concurrent_runs, url LIKE '%********%' AS masked FROM hyperline.connections WHERE name = 'renamed';
SELECT hyperline.alter_connection('renamed', new_name => 'product');
SELECT hyperline.alter_connection('renamed', max_concurrent_runs => 0);
SELECT hyperline.alter_connection('nobody', max_concurrent_runs => 1);
SELECT state FROM pg_temp.refusal(format('SELECT hyperline.alter_connection(%L, url => %L)', 'renamed', :'wrong'), :'host');
SELECT name, status FROM hyperline.check_connection('renamed');
-- Each call has an answer of its own, in one row too.
SELECT (a).name, (b).name FROM (SELECT hyperline.check_connection('renamed') AS a, hyperline.check_connection('as writer') AS b OFFSET 0) s;
SELECT hyperline.alter_connection('renamed', url => :'writer');
SELECT status, url LIKE '%writer%' AS is_writer, url LIKE '%*%' AS masked FROM hyperline.connections WHERE name = 'renamed';

-- After a restore
DELETE FROM hyperline.connection_secret;
SELECT name, status FROM hyperline.connections ORDER BY 1;
SELECT hyperline.check_connection('warehouse');
\echo :LAST_ERROR_SQLSTATE

SELECT hyperline.drop_connection('warehouse'), hyperline.drop_connection('renamed'), hyperline.drop_connection('as boss'), hyperline.drop_connection('as writer');
SELECT hyperline.drop_connection('prodct');
SELECT hyperline.check_connection('prodct');
SELECT name FROM hyperline.connections;
