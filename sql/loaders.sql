\set calls 'SELECT c.id, c.company AS "customerId", c.at AS timestamp, o.name AS "customerName", c.deleted_at, c.ms, c.cost FROM shop.calls c JOIN shop.companies o ON o.id = c.company'

SELECT hyperline.create_loader('product', 'calls', :'calls', paused => true);
SELECT hyperline.create_loader('product', 'calls', :'calls', '*/5 8-17 * * mon-fri', 'calls by day', 'Europe/Zurich', paused => true);
SELECT name, connection, event_type, refresh_rate, time_zone, cursor_field, lookback, version_field, status, paused,
       next_run_at, last_run_at, last_error, consecutive_failures, watermark
FROM hyperline.loaders ORDER BY name;

-- What is wrong with a loader
SELECT hyperline.create_loader('product', 'calls', :'calls');
SELECT hyperline.create_loader('nowhere', 'x', :'calls');
SELECT hyperline.create_loader('product', '', :'calls');
SELECT hyperline.create_loader('product', 'x', :'calls', name => E'\t');
SELECT hyperline.create_loader('product', 'x', :'calls', '0 seconds');
SELECT hyperline.create_loader('product', 'x', :'calls', 'often');
SELECT hyperline.create_loader('product', 'x', :'calls', '61 * * * *');
SELECT hyperline.create_loader('product', 'x', :'calls', '0 0 31 2 *');
SELECT hyperline.create_loader('product', 'x', :'calls', '@fortnightly');
SELECT hyperline.create_loader('product', 'x', :'calls', time_zone => 'Mars/Olympus');
SELECT hyperline.create_loader('product', 'x', :'calls', lookback => '-1 minute');
SELECT hyperline.create_loader('product', 'x', :'calls', lookback => '300000 years');
SELECT hyperline.create_loader('product', 'x', :'calls', cursor_field => 'updated_at');
SELECT hyperline.create_loader('product', 'x', :'calls', version_field => 'Cost');
SELECT hyperline.create_loader('product', 'x', 'SELECT id FROM shop.calls');
SELECT hyperline.create_loader('product', 'x', 'SELECT id, company AS "customerId", at AS timestamp, true AS flag FROM shop.calls', cursor_field => 'flag');
SELECT hyperline.create_loader('product', 'x', NULL);
SELECT count(*) FROM hyperline.loaders;

-- Changes
SELECT hyperline.alter_loader('calls by day', refresh_rate => '@daily', time_zone => 'UTC', new_name => 'daily');
SELECT name, refresh_rate, time_zone FROM hyperline.loaders ORDER BY name;
SELECT hyperline.alter_loader('daily', cursor_field => 'id', version_field => 'cost', lookback => '1 hour');
SELECT name, cursor_field, version_field, lookback FROM hyperline.loaders WHERE name = 'daily';
SELECT hyperline.alter_loader('daily', cursor_field => '', version_field => '');
SELECT name, cursor_field, version_field, lookback FROM hyperline.loaders WHERE name = 'daily';
SELECT hyperline.alter_loader('daily', query => 'SELECT 1 AS id');
SELECT hyperline.alter_loader('daily', refresh_rate => 'never');
SELECT hyperline.alter_loader('daily', new_name => 'calls');
SELECT hyperline.alter_loader('daily', connection => 'nowhere');
SELECT hyperline.alter_loader('weekly');
SELECT name, refresh_rate, connection FROM hyperline.loaders WHERE name = 'daily';

SELECT hyperline.drop_connection('product');
SELECT * FROM hyperline.preview_loader('calls', 1);
SELECT hyperline.preview_loader('cals');
SELECT hyperline.pause_loader('nothing');
SELECT hyperline.resume_loader('nothing');
SELECT hyperline.reset_loader('nothing');
SELECT hyperline.drop_loader('nothing');
SELECT hyperline.run_loader('nothing');
SELECT hyperline.drop_loader('daily');
SELECT name FROM hyperline.loaders;
