\set target 'dbname=' :DBNAME ' host=' :HOST ' port=' :PORT ' user=' :USER
\getenv source_admin HYPERLINE_SOURCE_ADMIN
\connect :"source_admin"
CREATE TABLE shop.seats (id int PRIMARY KEY, company int NOT NULL, seats int, updated_at timestamptz);
INSERT INTO shop.seats SELECT g, 1 + g % 2, g, timestamptz '2026-01-01' + g * interval '1 hour' FROM generate_series(1, 350) g;
INSERT INTO shop.seats VALUES (1000, 1, 0, NULL);
\connect :"target"
SELECT hyperline.create_loader('product', 'seats', 'SELECT id, company AS "customerId", updated_at AS timestamp, seats, updated_at FROM shop.seats',
	cursor_field => 'updated_at', lookback => '2 hours', paused => true);
SET hyperline_connector.batch_rows = 100;
CALL hyperline.refresh_loader('seats');
SELECT status, batches, rows_read, inserted, rejected, watermark_from, watermark_to FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1;
SELECT watermark FROM hyperline.loaders WHERE name = 'seats';
SELECT code, "row" FROM hyperline.rejected_rows WHERE loader = 'seats';
-- Only what is at or past the watermark, less the lookback
CALL hyperline.refresh_loader('seats');
SELECT status, rows_read, inserted, unchanged, rejected, watermark_from, watermark_to FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1;
\connect :"source_admin"
DELETE FROM shop.seats WHERE id = 1000;
UPDATE shop.seats SET seats = 0, updated_at = '2026-03-01' WHERE id IN (5, 6);
\connect :"target"
CALL hyperline.refresh_loader('seats');
SELECT status, rows_read, inserted, updated, unchanged, watermark_to FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1;
-- Ties are not skipped.
\connect :"source_admin"
INSERT INTO shop.seats VALUES (2000, 1, 1, '2026-03-01');
\connect :"target"
CALL hyperline.refresh_loader('seats');
SELECT status, rows_read, inserted, updated, unchanged FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1;
SELECT hyperline.reset_loader('seats');
CALL hyperline.refresh_loader('seats');
SELECT status, rows_read, inserted, updated, unchanged, watermark_from FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1;
SELECT count(*), sum((record->>'seats')::int) FROM hyperline.events WHERE event_type = 'seats';
-- By an integer and by a text
SELECT hyperline.alter_loader('seats', cursor_field => 'seats');
CALL hyperline.refresh_loader('seats');
CALL hyperline.refresh_loader('seats');
SELECT status, rows_read, unchanged, watermark_from, watermark_to FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1;
SELECT hyperline.drop_loader('seats', true);
