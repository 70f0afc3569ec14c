SELECT EXTRACT(epoch FROM clock_timestamp() - :'began'::timestamptz) AS seconds,
       pg_current_wal_insert_lsn() - :'lsn'::pg_lsn AS wal \gset
\! perl "$BENCH"/watch --end "$BENCH_SEEN"
\set seen `cat "$BENCH_SEEN"`
INSERT INTO bench.result
SELECT :'shape', :'load', :round, :'way', :seconds, split_part(:'seen', ' ', 2)::float8, split_part(:'seen', ' ', 3)::float8,
       :wal, (SELECT dead_tuple_count FROM pgstattuple(:'table')), split_part(:'seen', ' ', 1)::bigint;
