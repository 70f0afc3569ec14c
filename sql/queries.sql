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
SELECT id, customer_id, record, problem FROM hyperline.preview_query('product', $$
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
