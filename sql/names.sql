-- Names of things are checked when people give them, and an unknown one gets the nearest known one as a hint.
\getenv source_url HYPERLINE_SOURCE_URL
\set query 'SELECT id, company AS "customerId", at AS timestamp FROM shop.calls'
SELECT status FROM hyperline.create_connection('names', :'source_url', check_now => false);
SELECT hyperline.create_loader('names', 'names of events', :'query', name => 'names of loaders', paused => true);

-- Each argument that takes a name, with each thing that is wrong with one
CREATE FUNCTION pg_temp.refusal(command text, OUT state text, OUT message text, OUT detail text, OUT hint text) LANGUAGE plpgsql AS $$ BEGIN
	EXECUTE command;
	message := 'accepted';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
CREATE TEMP TABLE takes (command text);
INSERT INTO takes VALUES
	('SELECT hyperline.create_connection(%L, ''postgres://h/d'', check_now => false)'),
	('SELECT hyperline.alter_connection(''names'', new_name => %L)'),
	('SELECT hyperline.create_loader(''names'', %L, ''SELECT 1'')'),
	('SELECT hyperline.create_loader(''names'', ''x'', ''SELECT 1'', name => %L)'),
	('SELECT hyperline.alter_loader(''names of loaders'', new_name => %L)'),
	('SELECT hyperline.create_customer(%L)'),
	('SELECT hyperline.create_customer(''x'', %L)'),
	('SELECT hyperline.activate_customer(''1'', %L)'),
	('SELECT hyperline.rename_customer(''1'', %L)');
\pset format unaligned
SELECT t.command, r.* FROM takes t, pg_temp.refusal(format(t.command, '')) r;
SELECT t.command, r.detail FROM takes t, pg_temp.refusal(format(t.command, U&'\00A0\3000\200B ')) r;
SELECT t.command, r.detail FROM takes t, pg_temp.refusal(format(t.command, U&'a\0085b')) r;
SELECT t.command, r.detail FROM takes t, pg_temp.refusal(format(t.command, U&'abc\202Etxt')) r;
SELECT t.command, r.detail, r.hint FROM takes t, pg_temp.refusal(format(t.command, repeat('ä', 600))) r;
SELECT t.command, r.state, r.message, r.hint FROM takes t, pg_temp.refusal(format(t.command, NULL)) r;
\pset format aligned
-- The first argument that is missing is the one that is named.
SELECT hyperline.create_connection(NULL, NULL);
SELECT hyperline.create_loader(NULL, NULL, NULL);
SELECT hyperline.rename_customer(NULL, NULL);
SELECT hyperline.wait_for_run(NULL, NULL);
SELECT hyperline.cancel_run(NULL);
CALL hyperline.refresh_loader(NULL);

-- What a load brings is stored, whatever it is called.
SELECT hyperline.create_loader('names', 'odd', $$SELECT 1 AS id, ' ' AS "customerId", now() AS timestamp, U&'x\202Ey' AS "customerName"$$, paused => true);
CALL hyperline.refresh_loader('odd');
SELECT external_id, name = U&'x\202Ey' AS as_it_came, status FROM hyperline.all_customers WHERE created_by = 'odd';
SELECT hyperline.activate_customer(' ');
SELECT external_id, name = U&'x\202Ey' AS as_it_came, status FROM hyperline.all_customers WHERE created_by = 'odd';

-- Did you mean
SELECT hyperline.check_connection('Name');
SELECT hyperline.check_connection('nmaes');
SELECT hyperline.run_loader('names of laoders');
SELECT hyperline.run_loader('NAMES OF LOADERS');
SELECT hyperline.run_loader('od');
SELECT hyperline.run_loader('b');
SELECT hyperline.create_customer('eu'), hyperline.create_customer('Globex');
SELECT hyperline.archive_customer('us');
SELECT hyperline.archive_customer('EU');
SELECT hyperline.archive_customer('Glboex');

SELECT hyperline.drop_loader('odd', delete_events => true), hyperline.drop_loader('names of loaders'), hyperline.drop_connection('names');
DELETE FROM hyperline.all_customers WHERE external_id IN (' ', 'eu', 'Globex', 'x');
