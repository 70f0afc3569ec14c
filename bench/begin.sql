SELECT pg_backend_pid() AS pid \gset
\setenv BENCH :bench
\setenv BENCH_PID :pid
\setenv BENCH_SOURCE :postmaster
\setenv BENCH_SEEN :seen
\! perl "$BENCH"/watch "$BENCH_PID" "$BENCH_SOURCE" "$BENCH_SEEN"
SELECT clock_timestamp() AS began, pg_current_wal_insert_lsn() AS lsn \gset
