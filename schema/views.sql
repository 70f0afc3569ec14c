-- What people read.

CREATE VIEW hyperline.connections AS
SELECT c.name,
       c.provider,
       c.url,
       CASE WHEN c.has_password
             AND NOT EXISTS (SELECT FROM hyperline.connection_secret s WHERE s.connection_id = c.connection_id)
            THEN 'needs_password'
            ELSE c.status
       END AS status,
       c.server_version,
       c.is_replica,
       c.encrypted,
       c.max_concurrent_runs,
       (SELECT count(*) FROM hyperline.loader l WHERE l.connection_id = c.connection_id) AS loaders,
       c.last_checked_at,
       c.last_error,
       c.created_at,
       c.owner
FROM hyperline.connection c;
COMMENT ON VIEW hyperline.connections IS 'The connections, as the last check or run found them. The url never shows a password.';

CREATE VIEW hyperline.loaders AS
SELECT l.name,
       c.name AS connection,
       l.event_type,
       l.query,
       l.refresh_rate,
       l.time_zone,
       l.cursor_field,
       l.lookback,
       l.version_field,
       CASE WHEN r.status = 'running' THEN 'running'
            WHEN l.paused AND r.status IS NULL THEN 'paused'
            WHEN r.status = 'queued' AND r.due_at <= clock_timestamp() THEN 'queued'
            WHEN l.paused THEN 'paused'
            WHEN l.consecutive_failures > 0 THEN 'failing'
            ELSE 'idle'
       END AS status,
       l.paused,
       CASE WHEN r.status = 'queued' THEN CASE WHEN l.paused THEN r.due_at ELSE LEAST(r.due_at, l.next_run_at) END
            WHEN l.paused THEN NULL
            ELSE l.next_run_at
       END AS next_run_at,
       l.last_run_at,
       l.last_success_at,
       l.last_error,
       l.consecutive_failures,
       CASE WHEN l.cursor_field IS NOT NULL THEN l.watermark
            ELSE (l.last_refreshed_at AT TIME ZONE 'UTC')::text || '+00'
       END AS watermark,
       l.created_at,
       l.max_rejected,
       CASE WHEN l.paused THEN l.pause_reason END AS pause_reason,
       l.owner
FROM hyperline.loader l
JOIN hyperline.connection c ON c.connection_id = l.connection_id
LEFT JOIN hyperline.run r ON r.loader_id = l.loader_id AND r.status IN ('queued', 'running');
COMMENT ON VIEW hyperline.loaders IS 'The loaders: what they read, when they run next, and how the last runs went.';

CREATE VIEW hyperline.loader_runs AS
SELECT r.run_id,
       COALESCE(l.name, r.loader) AS loader,
       r.event_type,
       r.trigger,
       r.attempt,
       r.status,
       r.queued_at,
       r.started_at,
       r.finished_at,
       CASE WHEN COALESCE(r.finished_at, clock_timestamp()) >= r.started_at
            THEN COALESCE(r.finished_at, CASE WHEN r.status = 'running' THEN clock_timestamp() END) - r.started_at
       END AS duration,
       r.batches,
       r.rows_read,
       r.inserted,
       r.updated,
       r.unchanged,
       r.stale,
       r.duplicates,
       r.rejected,
       r.customers_created,
       r.bytes_read,
       r.watermark_from,
       r.watermark_to,
       r.source_position,
       r.notes,
       r.sqlstate,
       r.error,
       r.error_detail
FROM hyperline.run r
LEFT JOIN hyperline.loader l ON l.loader_id = r.loader_id;
COMMENT ON VIEW hyperline.loader_runs IS 'Every run: queued, running and finished ones, with what each read and stored.';

CREATE VIEW hyperline.customers AS
SELECT c.external_id, c.name, c.status, c.created_at, c.created_by, c.last_changed_at
FROM hyperline.all_customers c
WHERE c.status IN ('active', 'archived');
COMMENT ON VIEW hyperline.customers IS 'What a customers list shows: neither automatically created nor merged customers.';

CREATE VIEW hyperline.pending_customers AS
SELECT c.external_id, c.name, c.created_at, c.created_by, c.last_changed_at
FROM hyperline.all_customers c
WHERE c.status = 'automatically_created';
COMMENT ON VIEW hyperline.pending_customers IS 'Customers that an event named and nobody knew; see hyperline.activate_customer().';

-- From the privileges themselves, so that it is true whoever granted them: each level is told by a function that is its own.
CREATE VIEW hyperline.access AS
SELECT CASE WHEN a.grantee = 0 THEN 'public' ELSE pg_get_userbyid(a.grantee)::text END AS role,
       CASE max(CASE p.proname WHEN 'create_loader' THEN 3 WHEN 'run_loader' THEN 2 ELSE 1 END)
            WHEN 3 THEN 'admin'
            WHEN 2 THEN 'operator'
            ELSE 'reader'
       END AS level
FROM pg_proc p
CROSS JOIN LATERAL aclexplode(p.proacl) a
WHERE p.pronamespace = 'hyperline'::regnamespace
  AND p.proname IN ('create_loader', 'run_loader', 'complete_until')
  AND a.privilege_type = 'EXECUTE'
  AND a.grantee <> p.proowner
GROUP BY a.grantee;
COMMENT ON VIEW hyperline.access IS 'Which roles have which level of access; see hyperline.grant_access(). Members of a role have what it has; superusers have all.';
