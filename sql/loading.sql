\set target 'dbname=' :DBNAME ' host=' :HOST ' port=' :PORT ' user=' :USER
\getenv source_admin HYPERLINE_SOURCE_ADMIN
CREATE VIEW last_run AS
SELECT loader, trigger, status, batches, rows_read, inserted, updated, unchanged, stale, duplicates, rejected, customers_created, notes, sqlstate
FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1;
CREATE VIEW stored AS
SELECT event_type, customer_id, id, "timestamp", record, is_deleted FROM hyperline.events ORDER BY event_type, customer_id, id;

SELECT hyperline.complete_until('calls');
SELECT hyperline.complete_until('callz');
SELECT hyperline.complete_until('nothing like it');
CALL hyperline.refresh_loader('calls');
TABLE last_run;
TABLE stored;
TABLE hyperline.customers;
SELECT external_id, name, created_by FROM hyperline.pending_customers ORDER BY 1;
SELECT hyperline.complete_until('calls') > now() - interval '1 minute' AS complete;

-- Nothing changed: nothing is written.
CALL hyperline.refresh_loader('calls');
TABLE last_run;
-- Another name of a customer changes neither the customer nor the event; a name that comes later is taken.
\connect :"source_admin"
UPDATE shop.companies SET name = 'Acme Inc.' WHERE id = 1;
UPDATE shop.companies SET name = 'Initech' WHERE id = 3;
UPDATE shop.calls SET cost = 1.250001, ms = 8 WHERE id = 2;
UPDATE shop.calls SET deleted_at = '2026-02-01' WHERE id = 3;
INSERT INTO shop.calls VALUES (5, 2, '2026-01-05', 5, 5, NULL);
DELETE FROM shop.calls WHERE id = 1;
\connect :"target"
CALL hyperline.refresh_loader('calls');
TABLE last_run;
TABLE stored;
SELECT external_id, name FROM hyperline.pending_customers ORDER BY 1;
SELECT id, first_seen_at < last_changed_at AS changed, run_id FROM hyperline.events ORDER BY id;

-- Every kind of value, and numbers to the last digit
SELECT hyperline.create_loader('product', 'values', $$
	SELECT 'a' AS id, uuid '00000000-0000-0000-0000-00000000000a' AS "customerId", date '2024-02-29' AS timestamp,
	       0.10::numeric AS numeric, 32.38::real AS real, 1e100::float8 AS float, 'NaN'::float8 AS nan, '-infinity'::numeric AS infinite,
	       true AS flag, NULL::int AS nothing, '{"b": [1, 2.50], "a": null}'::json AS json, '{"x": "\u00e4"}'::jsonb AS jsonb,
	       '{{1,2},{3,NULL}}'::int[] AS matrix, '{"a,b","\"q\"",NULL,"NULL",""}'::text[] AS texts, '{}'::int[] AS empty, '[0:1]={t,f}'::bool[] AS flags,
	       date '0044-03-15 BC' AS date, timestamp '2026-01-01 12:00:00.5' AS local, timestamptz '2026-01-01 12:00+05:30' AS instant,
	       'infinity'::date AS never, interval '1 day 2 hours' AS span, '\x00ff'::bytea AS bytes, ROW(1, 'x') AS row, '[1,5)'::int4range AS range,
	       E'tab\t, line\n, back\\slash, "quote", \U0001F600' AS text, 12345678901234567890123.45678901234567890 AS long $$, paused => true);
CALL hyperline.refresh_loader('values');
SELECT id, customer_id, "timestamp", jsonb_pretty(record) FROM hyperline.events WHERE event_type = 'values';

-- Rows that cannot be stored do not stop the others.
SELECT hyperline.create_loader('product', 'rejects', $$
	SELECT * FROM (VALUES ('1', 'a', timestamptz '2026-01-01', '1'), (NULL, 'b', '2026-01-01', '2'), ('', 'b', '2026-01-01', '3'), ('4', NULL, '2026-01-01', '4'), ('5', '', '2026-01-01', '5'),
		('6', 'c', NULL, '6'), ('7', 'c', 'infinity', '7'), ('8', 'c', '2026-01-01', '"\u0000"'), (repeat('9', 1025), 'c', '2026-01-01', '9'), ('10', 'd', '2026-01-01', '1e200000')) v(id, "customerId", timestamp, text),
	LATERAL (SELECT text::json AS json) j $$, paused => true);
CALL hyperline.refresh_loader('rejects');
TABLE last_run;
SELECT loader, row_number, field, code, left(message, 70) AS message, left("row"::text, 60) AS "row", resolved_at FROM hyperline.rejected_rows ORDER BY row_number;
SELECT id FROM hyperline.events WHERE event_type = 'rejects';
SELECT external_id FROM hyperline.pending_customers WHERE created_by = 'rejects';
SELECT hyperline.complete_until('rejects');

-- One key twice: identical rows are one; of others the one with the higher version, else the last, is stored.
SELECT hyperline.create_loader('product', 'twice', $$
	VALUES (1, 'a', timestamptz '2026-01-01', 1), (1, 'a', '2026-01-01', 1), (2, 'a', '2026-01-01', 9), (2, 'a', '2026-01-01', 8) $$, paused => true);
SELECT hyperline.create_loader('product', 'twice', $$
	SELECT * FROM (VALUES (1, 'a', timestamptz '2026-01-01', 1), (1, 'a', '2026-01-01', 1), (2, 'a', '2026-01-01', 9), (2, 'a', '2026-01-01', 8)) v(id, "customerId", timestamp, v) $$, paused => true);
SET hyperline_connector.batch_rows = 100;
CALL hyperline.refresh_loader('twice');
TABLE last_run;
SELECT id, record FROM hyperline.events WHERE event_type = 'twice' ORDER BY id;
SELECT row_number, code, message, "row" FROM hyperline.rejected_rows WHERE loader = 'twice';
SELECT hyperline.alter_loader('twice', version_field => 'v');
CALL hyperline.refresh_loader('twice');
TABLE last_run;
SELECT id, record FROM hyperline.events WHERE event_type = 'twice' ORDER BY id;
SELECT row_number, code, message, "row", resolved_at IS NULL AS open FROM hyperline.rejected_rows WHERE loader = 'twice' ORDER BY run_id, row_number;

-- A lower version than the stored one is stale; the same id under another customer is another event, and a move.
SELECT hyperline.alter_loader('twice', query => $$
	SELECT * FROM (VALUES (2, 'a', timestamptz '2026-01-01', 3), (1, 'b', '2026-01-01', 1)) v(id, "customerId", timestamp, v) $$);
CALL hyperline.refresh_loader('twice');
TABLE last_run;
SELECT customer_id, id, record FROM hyperline.events WHERE event_type = 'twice' ORDER BY 1, 2;

-- Only what is new
SELECT hyperline.create_loader('product', 'since', $$
	SELECT id, 1 AS "customerId", now() AS timestamp, {{last_refreshed_at}} <= now() AS before, {{ last_refreshed_at }} = '-infinity' AS first FROM shop.companies WHERE id = 1 $$, lookback => '0', paused => true);
CALL hyperline.refresh_loader('since');
SELECT record FROM hyperline.events WHERE event_type = 'since';
CALL hyperline.refresh_loader('since');
SELECT record FROM hyperline.events WHERE event_type = 'since';
SELECT hyperline.reset_loader('since');
CALL hyperline.refresh_loader('since');
SELECT record FROM hyperline.events WHERE event_type = 'since';

-- Events stay unless asked.
SELECT hyperline.create_loader('product', 'twice', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp', name => 'twice as well', paused => true);
SELECT hyperline.drop_loader('twice', delete_events => true);
SELECT hyperline.drop_loader('twice');
SELECT count(*) FROM hyperline.events WHERE event_type = 'twice';
SELECT hyperline.drop_loader('twice as well', true);
SELECT count(*) FROM hyperline.events WHERE event_type = 'twice';
SELECT hyperline.drop_loader(name) FROM hyperline.loaders WHERE name <> 'calls';
