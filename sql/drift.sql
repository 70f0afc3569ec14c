-- The shape of a query's result changes between runs: what the run notes, and what it refuses.
\set target 'dbname=' :DBNAME ' host=' :HOST ' port=' :PORT ' user=' :USER
\getenv source_admin HYPERLINE_SOURCE_ADMIN
CREATE VIEW drift AS
SELECT status, inserted, updated, unchanged, notes, sqlstate FROM hyperline.loader_runs WHERE loader = 'drift' ORDER BY run_id DESC LIMIT 1;
CREATE VIEW shape AS SELECT fields FROM hyperline.loader WHERE name = 'drift';
\connect :"source_admin"
CREATE TABLE shop.drift (id int, "customerId" text, "timestamp" timestamptz, cost numeric(10,2), note text);
INSERT INTO shop.drift VALUES (1, 'a', '2026-01-01Z', 1, 'x');
\connect :"target"
-- A first run has nothing to compare with, nor has one without a change.
SELECT hyperline.create_loader('product', 'drift', 'SELECT * FROM shop.drift', paused => true);
TABLE shape;
CALL hyperline.refresh_loader('drift');
TABLE drift;
TABLE shape;
CALL hyperline.refresh_loader('drift');
TABLE drift;
-- A field is gone, one is new, two have another type; the load goes on, and the next run has nothing to note.
\connect :"source_admin"
ALTER TABLE shop.drift DROP COLUMN note, ADD COLUMN "new ""one""" text[] DEFAULT '{a}', ALTER COLUMN cost TYPE numeric(12,4), ALTER COLUMN id TYPE bigint;
\connect :"target"
CALL hyperline.refresh_loader('drift');
TABLE drift;
TABLE shape;
CALL hyperline.refresh_loader('drift');
TABLE drift;
-- The order of the fields is no change.
\connect :"source_admin"
ALTER TABLE shop.drift DROP COLUMN cost, ADD COLUMN cost numeric(12,4);
\connect :"target"
CALL hyperline.refresh_loader('drift');
TABLE drift;
-- A required field that is gone fails the run, as create_loader() would be refused.
\connect :"source_admin"
ALTER TABLE shop.drift RENAME COLUMN "customerId" TO customer_id;
\connect :"target"
CALL hyperline.refresh_loader('drift');
TABLE drift;
SELECT hyperline.create_loader('product', 'drifted', 'SELECT * FROM shop.drift');
-- So does one of a type that it cannot have.
\connect :"source_admin"
ALTER TABLE shop.drift RENAME COLUMN customer_id TO "customerId";
ALTER TABLE shop.drift ALTER COLUMN "timestamp" TYPE bigint USING extract(epoch FROM "timestamp");
\connect :"target"
CALL hyperline.refresh_loader('drift');
TABLE drift;
-- A run that does not get through leaves what is compared with as it was: the next one notes the change again.
\connect :"source_admin"
ALTER TABLE shop.drift ALTER COLUMN "timestamp" TYPE timestamp USING to_timestamp("timestamp") AT TIME ZONE 'UTC', ADD COLUMN v int DEFAULT 0;
\connect :"target"
SELECT hyperline.alter_loader('drift', max_rejected => 0);
\connect :"source_admin"
INSERT INTO shop.drift (id) VALUES (2);
\connect :"target"
CALL hyperline.refresh_loader('drift');
TABLE drift;
\connect :"source_admin"
DELETE FROM shop.drift WHERE id = 2;
\connect :"target"
CALL hyperline.refresh_loader('drift');
TABLE drift;
-- With another query there is nothing to compare with; other settings, as a refresh rate or a version field, leave it.
SELECT hyperline.alter_loader('drift', refresh_rate => '1 day', version_field => 'v');
SELECT fields IS NOT NULL AS kept FROM hyperline.loader WHERE name = 'drift';
SELECT hyperline.alter_loader('drift', query => 'SELECT id, "customerId", "timestamp", v FROM shop.drift');
TABLE shape;
CALL hyperline.refresh_loader('drift');
TABLE drift;
SELECT hyperline.drop_loader('drift', true);
DROP VIEW drift, shape;
\connect :"source_admin"
DROP TABLE shop.drift;
