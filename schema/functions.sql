-- What people call. Each function is C++ in src/api/, and does its work with the rights of its owner once the caller may
-- execute it (src/pg/rights.hpp); the search_path is fixed for all but the procedure, which commits and fixes it itself.

-- Connections --------------------------------------------------------------------------------------------------------

CREATE FUNCTION hyperline.create_connection(
	name text,
	url text,
	provider text DEFAULT 'postgresql',
	check_now bool DEFAULT true,
	OUT name text,
	OUT status text,
	OUT server_version text,
	OUT is_replica bool,
	OUT encrypted bool,
	OUT latency interval,
	OUT warnings text[]
)
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_create_connection';
COMMENT ON FUNCTION hyperline.create_connection(text, text, text, bool) IS
'Stores a connection: postgres://user:password@host:port/database?sslmode=verify-full. With check_now it is opened first, within hyperline_connector.connect_timeout, and nothing is stored when that fails. Returns what was found; warnings tell what the best practice advises against. Raises 22023 for a bad name, url or provider, 42501 for an option that takes a superuser, 42710 when the name is taken, 08xxx or the server''s own code when it cannot be opened.';

CREATE FUNCTION hyperline.check_connection(
	name text,
	OUT name text,
	OUT status text,
	OUT server_version text,
	OUT is_replica bool,
	OUT encrypted bool,
	OUT latency interval,
	OUT warnings text[]
)
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_check_connection';
COMMENT ON FUNCTION hyperline.check_connection(text) IS
'Opens a connection and runs a blank query, now. Returns what was found. Raises 42704 for an unknown name, 28P01 when its password is missing, 08xxx or the server''s own code when it cannot be opened.';

CREATE FUNCTION hyperline.alter_connection(
	name text,
	new_name text DEFAULT NULL,
	url text DEFAULT NULL,
	max_concurrent_runs int DEFAULT NULL
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_alter_connection';
COMMENT ON FUNCTION hyperline.alter_connection(text, text, text, int) IS
'Changes what is not NULL: the name, the url (which is opened first), how many runs may use it at a time (1 to 1000). Raises what create_connection() raises, and 42501 for another source under loaders whose owners the caller may not act as; then nothing is changed.';

CREATE FUNCTION hyperline.drop_connection(
	name text
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_drop_connection';
COMMENT ON FUNCTION hyperline.drop_connection(text) IS
'Drops a connection. Raises 55006, naming them, while loaders use it.';

CREATE FUNCTION hyperline.rotate_encryption_key(
	new_key_file text
)
RETURNS bigint
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_rotate_encryption_key';
COMMENT ON FUNCTION hyperline.rotate_encryption_key(text) IS
'Seals the passwords of all connections with the key in a file of the server, which is made when it is missing, in one transaction; returns how many. For superusers. Loaders go on meanwhile. Raises F0000 for a file that cannot be used or a password that cannot be opened; then nothing is changed.';

-- Queries, before they become loaders --------------------------------------------------------------------------------

CREATE FUNCTION hyperline.describe_query(
	connection text,
	query text
)
RETURNS TABLE (field text, type text, role text, problem text, advice text)
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_describe_query';
COMMENT ON FUNCTION hyperline.describe_query(text, text) IS
'Tells what each column of a query would be used for, without reading any row; a required field that is missing is a row too. role: id, customerId, timestamp, customerName, deletedAt or extra. Raises what the source says of the query.';

CREATE FUNCTION hyperline.preview_query(
	connection text,
	query text,
	max_rows int DEFAULT 5
)
RETURNS TABLE (id text, customer_id text, customer_name text, "timestamp" timestamptz, record jsonb, problem text)
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_preview_query';
COMMENT ON FUNCTION hyperline.preview_query(text, text, int) IS
'Returns the first rows of a query, 1 to 1000, as they would be stored; a row that would be rejected says why. {{last_refreshed_at}} is -infinity. Raises 42703 when a required field is missing.';

CREATE FUNCTION hyperline.preview_loader(
	loader text,
	max_rows int DEFAULT 5
)
RETURNS TABLE (id text, customer_id text, customer_name text, "timestamp" timestamptz, record jsonb, problem text)
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_preview_loader';
COMMENT ON FUNCTION hyperline.preview_loader(text, int) IS
'The same as preview_query() for a loader''s connection and query.';

CREATE FUNCTION hyperline.dry_run_query(
	connection text,
	event_type text,
	query text,
	OUT rows_read bigint,
	OUT would_insert bigint,
	OUT would_update bigint,
	OUT unchanged bigint,
	OUT stale bigint,
	OUT duplicates bigint,
	OUT would_reject bigint,
	OUT new_customers bigint
)
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_dry_run_query';
COMMENT ON FUNCTION hyperline.dry_run_query(text, text, text) IS
'Reads a whole query as the first run of a loader would, and tells what that would do with the events of the type; writes nothing. Raises what a run would fail with.';

CREATE FUNCTION hyperline.dry_run_loader(
	name text,
	OUT rows_read bigint,
	OUT would_insert bigint,
	OUT would_update bigint,
	OUT unchanged bigint,
	OUT stale bigint,
	OUT duplicates bigint,
	OUT would_reject bigint,
	OUT new_customers bigint
)
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_dry_run_loader';
COMMENT ON FUNCTION hyperline.dry_run_loader(text) IS
'Reads all that the next run of a loader would read, and tells what that would do; writes nothing. Raises what a run would fail with.';

CREATE FUNCTION hyperline.dry_run_rejects(
	connection text,
	event_type text,
	query text,
	max_rows int DEFAULT 1000
)
RETURNS TABLE (row_number bigint, field text, code text, message text, "row" jsonb)
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_dry_run_query_rejects';
COMMENT ON FUNCTION hyperline.dry_run_rejects(text, text, text, int) IS
'Lists the first rows, 1 to 10000, that the dry run of a query counts as would_reject.';

CREATE FUNCTION hyperline.dry_run_rejects(
	name text,
	max_rows int DEFAULT 1000
)
RETURNS TABLE (row_number bigint, field text, code text, message text, "row" jsonb)
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_dry_run_loader_rejects';
COMMENT ON FUNCTION hyperline.dry_run_rejects(text, int) IS
'Lists the first rows, 1 to 10000, that the dry run of a loader counts as would_reject.';

-- Loaders ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION hyperline.create_loader(
	connection text,
	event_type text,
	query text,
	refresh_rate text DEFAULT '1 hour',
	name text DEFAULT NULL,
	time_zone text DEFAULT 'UTC',
	cursor_field text DEFAULT NULL,
	lookback interval DEFAULT '10 minutes',
	version_field text DEFAULT NULL,
	paused bool DEFAULT false,
	max_rejected int DEFAULT 10000
)
RETURNS text
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_create_loader';
COMMENT ON FUNCTION hyperline.create_loader(text, text, text, text, text, text, text, interval, text, bool, int) IS
'Stores a loader, due at once, and returns its name, which is the event type unless given. refresh_rate: an interval of 1 second or more, a five-field cron expression read in time_zone, or @hourly, @daily, @weekly, @monthly. lookback: how far before the watermark is read again. max_rejected: how many rows a run may reject before it fails. The query is described at the source first; nothing is stored when it lacks a required field (42703) or is refused there.';

CREATE FUNCTION hyperline.alter_loader(
	name text,
	connection text DEFAULT NULL,
	query text DEFAULT NULL,
	refresh_rate text DEFAULT NULL,
	new_name text DEFAULT NULL,
	time_zone text DEFAULT NULL,
	cursor_field text DEFAULT NULL,
	lookback interval DEFAULT NULL,
	version_field text DEFAULT NULL,
	max_rejected int DEFAULT NULL
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_alter_loader';
COMMENT ON FUNCTION hyperline.alter_loader(text, text, text, text, text, text, text, interval, text, int) IS
'Changes what is not NULL; '''' clears cursor_field or version_field. A new connection, query, cursor_field or version_field is described at the source first, and makes the next run, which is due at once, read everything again. A run in progress stops after its batch. Raises what create_loader() raises; then nothing is changed.';

CREATE FUNCTION hyperline.pause_loader(
	name text
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_pause_loader';
COMMENT ON FUNCTION hyperline.pause_loader(text) IS
'Stops a loader''s schedule. A run in progress finishes its batch and stops. Raises 42704 for an unknown name.';

CREATE FUNCTION hyperline.resume_loader(
	name text
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_resume_loader';
COMMENT ON FUNCTION hyperline.resume_loader(text) IS
'Starts a loader''s schedule again; what was due meanwhile is made up by one run. Raises 42704 for an unknown name.';

CREATE FUNCTION hyperline.drop_loader(
	name text,
	delete_events bool DEFAULT false
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_drop_loader';
COMMENT ON FUNCTION hyperline.drop_loader(text, bool) IS
'Drops a loader and cancels its run in progress. Its events stay unless delete_events is true, which is refused (55006) while another loader feeds the same event type.';

CREATE FUNCTION hyperline.run_loader(
	name text
)
RETURNS bigint
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_run_loader';
COMMENT ON FUNCTION hyperline.run_loader(text) IS
'Queues a run for the background worker now, paused or not, and returns its run id; when a run of this loader is queued or running, returns that one. Raises 42704 for an unknown name.';

CREATE PROCEDURE hyperline.refresh_loader(
	name text
)
LANGUAGE c
AS 'MODULE_PATHNAME', 'hyperline_refresh_loader';
COMMENT ON PROCEDURE hyperline.refresh_loader(text) IS
'Runs a loader in this session, committing batch by batch, after a run of it that is in progress elsewhere. Needs no background worker. Raises 25001 in a transaction block, and what the run fails with; its row in loader_runs says so too.';

CREATE FUNCTION hyperline.wait_for_run(
	run_id bigint,
	timeout interval DEFAULT '1 minute'
)
RETURNS text
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_wait_for_run';
COMMENT ON FUNCTION hyperline.wait_for_run(bigint, interval) IS
'Waits until a run has ended and returns its status: succeeded, failed, cancelled or interrupted. Raises 57014 on time-out, 55000 at once when it was queued in this transaction, 42704 for an unknown run.';

CREATE FUNCTION hyperline.cancel_run(
	run_id bigint
)
RETURNS bool
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_cancel_run';
COMMENT ON FUNCTION hyperline.cancel_run(bigint) IS
'Ends a queued or running run; committed batches stay. False when it had ended already. Raises 42704 for an unknown run.';

CREATE FUNCTION hyperline.reset_loader(
	name text
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_reset_loader';
COMMENT ON FUNCTION hyperline.reset_loader(text) IS
'Forgets the watermark and where the source stood: the next run reads everything again, from whatever state the source is in. Raises 42704 for an unknown name.';

CREATE FUNCTION hyperline.retry_rejected(
	loader text
)
RETURNS bigint
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_retry_rejected';
COMMENT ON FUNCTION hyperline.retry_rejected(text) IS
'Reads the open rejected rows of a loader again, by their ids and with its query as it is now, stores those that fit, in this transaction, and returns how many. What does not fit stays, as does what is not found. Waits for a run in progress. Raises 55006 while a run is queued, 42704 for an unknown name, and what a run would fail with.';

CREATE FUNCTION hyperline.complete_until(
	event_type text
)
RETURNS timestamptz
LANGUAGE c STABLE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_complete_until';
COMMENT ON FUNCTION hyperline.complete_until(text) IS
'The time up to which invoices may rely on the events of a type: the earliest, over all its loaders, of the source''s clock at the start of the last run that succeeded with nothing rejected and unresolved. NULL when one of them never has; NULL with a warning when no loader has the type. In a query over events write (SELECT hyperline.complete_until(...)), so that it is looked up once.';

-- Customers ----------------------------------------------------------------------------------------------------------

CREATE FUNCTION hyperline.create_customer(
	external_id text,
	name text DEFAULT NULL
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_create_customer';
COMMENT ON FUNCTION hyperline.create_customer(text, text) IS
'Creates an active customer. Raises 42710 when the id is known, with a hint how to activate it.';

CREATE FUNCTION hyperline.activate_customer(
	external_id text,
	name text DEFAULT NULL
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_activate_customer';
COMMENT ON FUNCTION hyperline.activate_customer(text, text) IS
'Makes a pending or archived customer active; a name that is given becomes its name. Raises 42704 for an unknown id.';

CREATE FUNCTION hyperline.rename_customer(
	external_id text,
	name text
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_rename_customer';
COMMENT ON FUNCTION hyperline.rename_customer(text, text) IS
'Changes a customer''s name, which no loader does. Raises 42704 for an unknown id.';

CREATE FUNCTION hyperline.archive_customer(
	external_id text
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_archive_customer';
COMMENT ON FUNCTION hyperline.archive_customer(text) IS
'Archives a customer; its events stay. Raises 42704 for an unknown id.';

-- Access -------------------------------------------------------------------------------------------------------------

CREATE FUNCTION hyperline.grant_access(
	role regrole,
	level text
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_grant_access';
COMMENT ON FUNCTION hyperline.grant_access(regrole, text) IS
'Gives a role exactly the rights of a level: reader (events, customers, loaders, runs), operator (also previews, runs, pausing, customers'' changes) or admin (also connections, loaders, rejected rows, access; not the keys). They are ordinary privileges. Raises 22023 for another level, 42704 for a role that does not exist.';

CREATE FUNCTION hyperline.revoke_access(
	role regrole
)
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_revoke_access';
COMMENT ON FUNCTION hyperline.revoke_access(regrole) IS
'Takes from a role all rights in the schema hyperline that were granted to it. What it has as a member of another role stays. Loaders that it owns fail from their next batch on. Raises 42704 for a role that does not exist.';

-- Of the extension itself --------------------------------------------------------------------------------------------

CREATE FUNCTION hyperline.identical(
	jsonb,
	jsonb
)
RETURNS bool
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'hyperline_identical';
COMMENT ON FUNCTION hyperline.identical(jsonb, jsonb) IS
'Whether two jsonb are the same to the last digit: 1.0 and 1.00 differ.';

CREATE FUNCTION hyperline.restored()
RETURNS trigger
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_restored';
COMMENT ON FUNCTION hyperline.restored() IS
'The trigger of hyperline.loader and hyperline.run that pauses loaders which come from a dump, and ends their runs.';
CREATE TRIGGER restored BEFORE INSERT ON hyperline.loader FOR EACH ROW EXECUTE FUNCTION hyperline.restored();
CREATE TRIGGER restored BEFORE INSERT ON hyperline.run FOR EACH ROW EXECUTE FUNCTION hyperline.restored();
ALTER TABLE hyperline.loader ENABLE ALWAYS TRIGGER restored;
ALTER TABLE hyperline.run ENABLE ALWAYS TRIGGER restored;

CREATE FUNCTION hyperline.announce_installation()
RETURNS void
LANGUAGE c
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'hyperline_announce';
COMMENT ON FUNCTION hyperline.announce_installation() IS
'Tells the background worker at commit that the extension is installed in this database; warns when there is none.';

SELECT hyperline.announce_installation();
