-- :url is the product database.
\pset footer off
\pset border 1
CREATE EXTENSION hyperline_connector;
\echo
\echo '== A connection to the product database'
SELECT name, status, server_version, is_replica, encrypted, warnings FROM hyperline.create_connection('product', :'url');
\set api_calls 'SELECT c.id, c.company_id AS "customerId", c.called_at AS timestamp, o.name AS "customerName", c.endpoint, c.milliseconds, c.price FROM api_calls c JOIN companies o ON o.id = c.company_id'
\set seats 'SELECT s.id, s.company_id AS "customerId", s.since AS timestamp, s.deleted_at AS "deletedAt" FROM seats s'
\echo '== A preview: the first rows as they would be stored'
SELECT id, customer_id, customer_name, "timestamp", record FROM hyperline.preview_query('product', :'api_calls', 3);
\echo '== Two loaders: one every ten seconds, one by a cron expression'
SELECT hyperline.create_loader('product', 'api_calls', :'api_calls', '10 seconds') AS created
UNION ALL SELECT hyperline.create_loader('product', 'seats', :'seats', '*/5 * * * *', time_zone => 'Europe/Zurich');
