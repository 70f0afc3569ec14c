-- Medians, and the peers' times as multiples of hyperline's in the same round.
\pset footer off
\pset numericlocale off
SELECT r.shape, r.load, r.way,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY r.seconds)::numeric(10, 2) AS seconds,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY r.cpu_seconds)::numeric(10, 2) AS "CPU",
       percentile_cont(0.5) WITHIN GROUP (ORDER BY r.source_cpu_seconds)::numeric(10, 2) AS "source CPU",
       CASE WHEN r.way <> 'hyperline'
            THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY r.seconds / h.seconds)::numeric(10, 2) END AS "times ours",
       CASE WHEN r.way <> 'hyperline' AND count(*) > 1
            THEN min(r.seconds / h.seconds)::numeric(10, 2) || ' - ' || max(r.seconds / h.seconds)::numeric(10, 2) END AS "from - to",
       CASE WHEN r.way <> 'hyperline'
            THEN percentile_cont(0.5) WITHIN GROUP (ORDER BY (r.cpu_seconds + r.source_cpu_seconds)
                 / NULLIF(h.cpu_seconds + h.source_cpu_seconds, 0))::numeric(10, 2) END AS "times our CPU",
       round(percentile_cont(0.5) WITHIN GROUP (ORDER BY r.wal_bytes)::numeric / 1e6, 2) AS "WAL MB",
       max(r.dead_rows) AS "dead rows",
       round(max(r.memory_bytes) / 1e6, 1) AS "memory MB"
FROM bench.result r
LEFT JOIN bench.result h
  ON h.shape = r.shape AND h.load = r.load AND h.round = r.round AND h.way = 'hyperline'
GROUP BY r.shape, r.load, r.way
ORDER BY r.shape <> 'narrow', r.shape <> 'wide', r.load <> 'fresh', r.load <> 'unchanged', r.way <> 'hyperline', r.way <> 'fdw', r.way;

\echo What is asked for:
WITH ratio AS (
	SELECT r.shape, r.load, r.way, percentile_cont(0.5) WITHIN GROUP (ORDER BY r.seconds / h.seconds)::numeric(10, 2) AS found
	FROM bench.result r
	JOIN bench.result h ON h.shape = r.shape AND h.load = r.load AND h.round = r.round AND h.way = 'hyperline'
	WHERE r.way <> 'hyperline' AND r.shape <> 'huge'
	GROUP BY r.shape, r.load, r.way
), change AS (
	SELECT c.shape, percentile_cont(0.5) WITHIN GROUP (ORDER BY c.seconds / u.seconds)::numeric(10, 2) AS found
	FROM bench.result c
	JOIN bench.result u ON u.shape = c.shape AND u.round = c.round AND u.way = c.way
	WHERE c.way = 'hyperline' AND c.load = 'changed' AND u.load = 'unchanged' AND c.shape <> 'huge'
	GROUP BY c.shape
), ours AS (
	SELECT shape, load, max(wal_bytes) AS wal, max(dead_rows) AS dead, max(memory_bytes) AS memory
	FROM bench.result WHERE way = 'hyperline' GROUP BY shape, load
), goal(number, shape, what, found, least, aim, held, reached) AS (
	SELECT 1, shape, 'first load: times faster than postgres_fdw', found, '2.0', '3', found >= 2, found >= 3
	FROM ratio WHERE load = 'fresh' AND way = 'fdw'
	UNION ALL
	SELECT 2, shape, 'first load: our time in that of COPY from a file', (1 / found)::numeric(10, 2), '1.2', '0.8', 1 / found <= 1.2, 1 / found <= 0.8
	FROM ratio WHERE load = 'fresh' AND way = 'copy'
	UNION ALL
	SELECT 3, shape, 'unchanged: times faster than postgres_fdw', found, '3', '5', found >= 3, found >= 5
	FROM ratio WHERE load = 'unchanged' AND way = 'fdw'
	UNION ALL
	SELECT 4, shape, 'unchanged: times faster than postgres_fdw, filtered', found, '1.9', '3', found >= 1.9, found >= 3
	FROM ratio WHERE load = 'unchanged' AND way = 'fdw_filtered'
	UNION ALL
	SELECT 5, shape, 'unchanged: MB of WAL', round(wal / 1e6, 3), '1', '', wal < 1e6, NULL FROM ours WHERE load = 'unchanged'
	UNION ALL
	SELECT 6, shape, 'unchanged: dead rows', dead, '0', '', dead = 0, NULL FROM ours WHERE load = 'unchanged'
	UNION ALL
	SELECT 7, shape, '1 % changed: times the unchanged load', found, '1.1', '', found <= 1.1, NULL FROM change
	UNION ALL
	SELECT 8, shape, 'MB of memory over an idle session', round(max(memory) / 1e6, 1), '100', '', max(memory) < 1e8, NULL FROM ours GROUP BY shape
)
SELECT shape, what, found, least AS "at least", aim,
       CASE WHEN reached THEN 'the aim' WHEN held THEN 'yes' ELSE 'no' END AS reached
FROM goal
ORDER BY shape <> 'narrow', shape <> 'wide', number;
