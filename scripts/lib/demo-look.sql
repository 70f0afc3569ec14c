\pset footer off
\echo '== Some events'
SELECT event_type, customer_id, id, "timestamp", record, is_deleted FROM hyperline.events WHERE id IN ('1', '25') ORDER BY 1, 3;
\echo '== What could be billed, by event type'
SELECT event_type, count(*) AS events, count(DISTINCT customer_id) AS customers, sum((record ->> 'price')::numeric) AS total,
       hyperline.complete_until(event_type) AS complete_until
FROM hyperline.events WHERE NOT is_deleted GROUP BY event_type ORDER BY 1;
\echo '== Customers that events named and nobody knew'
SELECT external_id, name, created_by FROM hyperline.pending_customers ORDER BY external_id::int LIMIT 5;
