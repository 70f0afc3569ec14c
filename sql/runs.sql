-- Refreshing commits, so it cannot stand in a transaction block.
BEGIN;
CALL hyperline.refresh_loader('calls');
ROLLBACK;
DO $$ BEGIN CALL hyperline.refresh_loader('calls'); END $$;
SELECT status FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1;
CALL hyperline.refresh_loader('cals');

-- A run that fails says so, here and in its row.
SELECT hyperline.create_loader('product', 'breaks', 'SELECT id, company AS "customerId", at AS timestamp, 100 / (id - 4) AS share FROM shop.calls', paused => true);
CALL hyperline.refresh_loader('breaks');
\echo :LAST_ERROR_SQLSTATE
SELECT status, trigger, rows_read, sqlstate, error FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1;
SELECT status, consecutive_failures, last_error FROM hyperline.loaders WHERE name = 'breaks';

-- Waiting and cancelling
SELECT hyperline.wait_for_run(1);
SELECT hyperline.cancel_run(1);
SELECT hyperline.wait_for_run(0);
SELECT hyperline.cancel_run(0);
SELECT hyperline.wait_for_run(NULL);
SELECT hyperline.cancel_run(NULL);
SELECT hyperline.wait_for_run(1, '-1 second');
BEGIN;
SELECT hyperline.run_loader('calls') AS run \gset
SELECT hyperline.run_loader('calls') = :run AS same;
SELECT regexp_replace('run ' || :run, '\d+', 'N');
DO $$ BEGIN
	PERFORM hyperline.wait_for_run((SELECT max(run_id) FROM hyperline.loader_runs));
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RAISE NOTICE '%', regexp_replace(SQLERRM, '\d+', 'N');
END $$;
SELECT status FROM hyperline.loaders WHERE name = 'calls';
SELECT hyperline.cancel_run(:run);
SELECT hyperline.cancel_run(:run);
SELECT hyperline.wait_for_run(:run);
COMMIT;
-- The background worker
SELECT hyperline.run_loader('calls') AS run \gset
SELECT hyperline.wait_for_run(:run);
SELECT trigger, status, error FROM hyperline.loader_runs WHERE run_id = :run;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT hyperline.wait_for_run(:run);
ROLLBACK;
SELECT hyperline.create_loader('product', 'sleeps', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp, pg_sleep(600)::text', paused => true);
SELECT hyperline.run_loader('sleeps') AS run \gset
DO $$ BEGIN
	FOR i IN 1..600 LOOP
		EXIT WHEN (SELECT status = 'running' FROM hyperline.loader_runs WHERE loader = 'sleeps');
		PERFORM pg_sleep(0.1);
	END LOOP;
END $$;
DO $$ BEGIN
	PERFORM hyperline.wait_for_run((SELECT max(run_id) FROM hyperline.loader_runs), '0.1 seconds');
EXCEPTION WHEN query_canceled THEN
	RAISE NOTICE '%', regexp_replace(SQLERRM, '\d+', 'N');
END $$;
SELECT hyperline.cancel_run(:run);
SELECT hyperline.wait_for_run(:run);
SELECT status, sqlstate, error FROM hyperline.loader_runs WHERE run_id = :run;
SELECT status, consecutive_failures FROM hyperline.loaders WHERE name = 'sleeps';
-- A new loader runs by itself, one that is dropped does not keep its run.
SELECT hyperline.resume_loader('sleeps');
SELECT hyperline.drop_loader('sleeps');
SELECT hyperline.drop_loader('breaks');
SELECT hyperline.create_loader('product', 'by itself', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp', '1 day');
DO $$ BEGIN
	FOR i IN 1..600 LOOP
		PERFORM pg_sleep(0.1);
		EXIT WHEN (SELECT status = 'succeeded' FROM hyperline.loader_runs WHERE loader = 'by itself');
	END LOOP;
END $$;
SELECT trigger, attempt, status, inserted FROM hyperline.loader_runs WHERE loader = 'by itself';
SELECT next_run_at - last_run_at BETWEEN '23 hours' AND '1 day' AS tomorrow FROM hyperline.loaders WHERE name = 'by itself';
SELECT hyperline.pause_loader('by itself');
SELECT status, next_run_at FROM hyperline.loaders WHERE name = 'by itself';
SELECT hyperline.drop_loader('by itself', true);
-- A query that the source's statement_timeout ends: the run's row says how long it had, and what shortens it.
SELECT hyperline.create_loader('product', 'takes long', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp, pg_sleep(600)::text', paused => true);
SET hyperline_connector.statement_timeout = '1s';
CALL hyperline.refresh_loader('takes long');
RESET hyperline_connector.statement_timeout;
SELECT trigger, status, sqlstate, error, error_detail FROM hyperline.loader_runs WHERE loader = 'takes long';
SELECT hyperline.drop_loader('takes long');
-- A clock that was set back during a run makes none that took less than nothing.
BEGIN;
UPDATE hyperline.run SET started_at = finished_at + interval '1 hour' WHERE run_id = (SELECT max(run_id) FROM hyperline.run);
SELECT count(*) FILTER (WHERE duration IS NULL) AS unknown, count(*) FILTER (WHERE duration < '0') AS negative FROM hyperline.loader_runs WHERE finished_at IS NOT NULL AND started_at IS NOT NULL;
ROLLBACK;
-- The sum holds, always.
SELECT count(*) FROM hyperline.loader_runs WHERE rows_read <> inserted + updated + unchanged + stale + duplicates + rejected;
