-- After CREATE EXTENSION nobody but its owner and superusers sees or calls anything.
CREATE ROLE stranger;
GRANT USAGE ON SCHEMA hyperline TO stranger;
SELECT p.proname FROM pg_proc p
WHERE pronamespace = 'hyperline'::regnamespace AND has_function_privilege('stranger', p.oid, 'EXECUTE');
SELECT c.relname FROM pg_class c
WHERE relnamespace = 'hyperline'::regnamespace AND relkind IN ('r', 'v', 'S') AND has_table_privilege('stranger', c.oid, 'SELECT, INSERT, UPDATE, DELETE');
SET ROLE stranger;
SELECT * FROM hyperline.connections;
SELECT hyperline.run_loader('calls');
RESET ROLE;
REVOKE USAGE ON SCHEMA hyperline FROM stranger;
DROP ROLE stranger;
DROP VIEW stored, last_run;
DROP EXTENSION hyperline_connector;
SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('hyperline');
