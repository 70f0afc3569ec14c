SELECT * FROM hyperline.describe_query('product', $$
	SELECT c.id, c.company AS "customerId", c.at AS timestamp, o.name AS "customerName", c.deleted_at, c.cost
	FROM shop.calls c JOIN shop.companies o ON o.id = c.company $$);
-- No row is read: this would fail.
SELECT field, role FROM hyperline.describe_query('product', 'SELECT 1/(c.id - c.id) AS id, 1 AS "customerId", now() AS timestamp FROM shop.calls c');
SELECT field, problem, advice FROM hyperline.describe_query('product', 'SELECT id AS "ID", company AS customerid, at AS created_at FROM shop.calls') WHERE problem IS NOT NULL;
SELECT field, problem, advice FROM hyperline.describe_query('product', 'SELECT id, id, 1 AS "customerId", 17 AS timestamp FROM shop.calls') WHERE problem IS NOT NULL;

SELECT * FROM hyperline.preview_query('product', $$
	SELECT c.id, c.company AS "customerId", c.at AS timestamp, o.name AS "customerName", c.deleted_at, c.cost
	FROM shop.calls c JOIN shop.companies o ON o.id = c.company
	WHERE c.at > {{last_refreshed_at}} ORDER BY c.id; -- the first
	$$, 3);
SELECT * FROM hyperline.preview_query('product', $$
	VALUES (1, NULL, now(), 'x'), (2, '', now(), 'y'), (3, 'c', 'infinity', 'z') $$);
SELECT * FROM hyperline.preview_query('product', $$
	SELECT * FROM (VALUES (1, NULL, timestamptz '2026-01-01', 'x'), (NULL, 'b', '2026-01-01', 'y'), (3, '', '2026-01-01', 'y'), (4, 'c', 'infinity', 'z'), (5, 'd', NULL, 'z'))
	v(id, "customerId", timestamp, extra) $$);

-- What is wrong with a query
SELECT hyperline.preview_query('product', 'SELECT id, company AS customerid, at FROM shop.calls');
\echo :LAST_ERROR_SQLSTATE
SELECT hyperline.preview_query('product', 'SELECT id, id, 1 AS "customerId", now() AS timestamp FROM shop.calls');
SELECT hyperline.preview_query('product', 'SELECT id, 1 AS "customerId", 17 AS timestamp FROM shop.calls');
SELECT hyperline.preview_query('product', 'SELECT id FROM shop.missing');
\echo :LAST_ERROR_SQLSTATE
SELECT hyperline.preview_query('product', 'SELEC 1');
\echo :LAST_ERROR_SQLSTATE
SELECT hyperline.preview_query('product', '');
SELECT hyperline.preview_query('product', 'SELECT 1; SELECT 2');
SELECT hyperline.preview_query('product', 'SELECT ''open');
SELECT hyperline.preview_query('product', $$SELECT 1) TO PROGRAM 'touch /tmp/x' --$$);
SELECT hyperline.preview_query('product', 'WITH gone AS (DELETE FROM shop.calls RETURNING *) SELECT id, company AS "customerId", at AS timestamp FROM gone');
SELECT hyperline.preview_query('product', 'DELETE FROM shop.calls RETURNING id, company AS "customerId", at AS timestamp');
SELECT hyperline.preview_query('product', 'SELECT id, 1 AS "customerId", at AS timestamp FROM shop.calls WHERE at > ''{{last_refreshed_at}}''');
SELECT hyperline.preview_query('product', 'SELECT {{nonsense}}');
SELECT hyperline.preview_query('product', 'SELECT 1', 0);
SELECT hyperline.preview_query('nowhere', 'SELECT 1');
SELECT hyperline.describe_query('product', NULL);
SELECT * FROM hyperline.describe_query(NULL, NULL);
SELECT * FROM hyperline.preview_query(NULL, NULL);

-- The place of an error is marked in the query as it was written: as psql does, behind placeholders too.
SELECT hyperline.describe_query('product', 'SELECT id, company AS "customerId" FROM shop.calls WHERE at > {{last_refreshed_at}} AND missing = 1');
SELECT hyperline.describe_query('product', $$
	SELECT id, company AS "customerId", at AS timestamp
	FROM shop.calls
	WHERE at > {{ last_refreshed_at }} AND at < {{last_refreshed_at}} + intervall '1 day'
	ORDER BY id; -- all of them
$$);
SELECT hyperline.describe_query('product', $$SELECT id, 'größer' AS größe, {{last_refreshed_at}} + true AS timestamp FROM shop.calls$$);
SELECT hyperline.describe_query('product', E'SELECT id,\r\n\tcompany\r\n\tFRM shop.calls');
SELECT hyperline.describe_query('product', 'SELECT id FROM');
SELECT hyperline.describe_query('product', E'SELECT id FROM shop.calls WHERE\n;\n');
SELECT hyperline.preview_query('product', $$SELECT 1 AS id, 1 AS "customerId", now() AS timestamp
	WHERE now() > {{last_refreshed_at}}
	  AND 'x'::int = 1$$);
SELECT hyperline.describe_query('product', $$SELECT '日本語' AS id, missing AS "customerId" FROM shop.calls$$);
-- Where the source has no hint, there is one.
SELECT hyperline.describe_query('product', 'SELECT id company FROM shop.calls WHERE id = "one"');
SELECT hyperline.describe_query('product', 'SELECT id FROM shop.calls c JOIN shop.companies o ON o.id = c.company');
SELECT hyperline.describe_query('product', 'SELECT company, ms, sum(cost) FROM shop.calls GROUP BY company');
SELECT hyperline.preview_query('product', 'SELECT id, company / (id - id) AS "customerId", at AS timestamp FROM shop.calls');
SELECT hyperline.preview_query('product', $$SELECT id, ('x' || company)::int AS "customerId", at AS timestamp FROM shop.calls ORDER BY id$$);
SELECT hyperline.describe_query('product', 'SELECT (1');
SELECT hyperline.describe_query('product', 'SELECT 1 AS "open');
SELECT hyperline.describe_query('product', 'SELECT 1 /* open');
SELECT hyperline.describe_query('product', 'SELECT $a$open$b$');
SELECT hyperline.describe_query('product', 'SELECT ' || repeat('1,', 600000) || '1');

-- What the source ends by itself
SET hyperline_connector.statement_timeout = '1s';
SELECT hyperline.preview_query('product', 'SELECT 1 AS id, 1 AS "customerId", now() AS timestamp FROM pg_sleep(60)');
RESET hyperline_connector.statement_timeout;
SELECT hyperline.preview_query('product', 'SELECT 1 AS id, 1 AS "customerId", now() AS timestamp , CASE WHEN pg_cancel_backend(pg_backend_pid()) THEN pg_sleep(60)::text END');
