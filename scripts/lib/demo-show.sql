\pset footer off
\echo '== The runs, by the background worker'
SELECT run_id, loader, trigger, status, date_trunc('milliseconds', duration) AS duration, batches, rows_read, inserted, updated, unchanged, customers_created
FROM hyperline.loader_runs ORDER BY run_id;
