-- What there is to load: narrow rows, as calls of an API have them; wide ones with an id of random bits; and rows of
-- 10 MB. Each is in the order of its time, as a product's tables are.
CREATE TABLE narrow AS
SELECT g AS id, (1 + (g * 7919) % 1000)::int AS company_id, timestamptz '2026-01-01 00:00+00' + g * interval '3 s' AS created_at,
       '/v1/' || (ARRAY['search', 'export', 'users', 'reports'])[1 + g % 4] AS endpoint, (5 + (g * 31) % 400)::int AS milliseconds,
       (((g * 13) % 100) / 10000.0)::numeric(8, 4) AS price, 'key-' || (g * 17) % 5000 AS api_key, g % 3 = 0 AS cached,
       CASE WHEN g % 50 = 0 THEN timestamptz '2026-06-01 00:00+00' END AS "deletedAt"
FROM generate_series(1::bigint, :narrow) g;
CREATE TABLE stored AS SELECT * FROM narrow LIMIT 0;
INSERT INTO stored
SELECT g, 1 + (g * 7919) % 1000, timestamptz '2026-01-01 00:00+00' + g * interval '3 s', '/v1/search', 5 + (g * 31) % 400,
       0.001, 'key-' || (g * 17) % 5000, false, NULL
FROM generate_series(1::bigint, :stored) g;

SELECT 'CREATE TABLE wide AS SELECT md5(g::text)::uuid AS id, (1 + (g * 7919) % 1000)::int AS company_id,
	timestamptz ''2026-01-01 00:00+00'' + g * interval ''3 s'' AS created_at, NULL::timestamptz AS "deletedAt",
	jsonb_build_object(''plan'', g % 5, ''tags'', ARRAY[''a'', ''b'', g::text]) AS labels, g % 7 = 0 AS trial' ||
	string_agg(format(', (g * %1$s) %% 100000 AS number_%1$s, md5((g * %1$s)::text) AS text_%1$s, ((g * %1$s) %% 1000000) / 100.0 AS amount_%1$s,
		timestamptz ''2026-01-01 00:00+00'' + g * interval ''%1$s s'' AS time_%1$s', n), '' ORDER BY n) ||
	' FROM generate_series(1::bigint, ' || :wide || ') g'
FROM generate_series(1, 10) n \gexec

CREATE TABLE huge AS
SELECT g AS id, g::int AS company_id, timestamptz '2026-01-01 00:00+00' AS created_at,
       repeat(md5(g::text) || md5(g::text || 'x'), 10 * 1024 * 1024 / 64) AS document, 0 AS milliseconds,
       NULL::timestamptz AS "deletedAt"
FROM generate_series(1::bigint, :huge) g;
ALTER TABLE wide RENAME COLUMN number_1 TO milliseconds;
ALTER TABLE narrow ADD PRIMARY KEY (id);
ALTER TABLE wide ADD PRIMARY KEY (id);
ALTER TABLE huge ADD PRIMARY KEY (id);
VACUUM (ANALYZE);
