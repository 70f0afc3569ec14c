# What a load costs, in what does not drift: what is written, which plans run, how batches close, and memory.
# HYPERLINE_MEMORY_ROWS: how many rows the run has whose memory is looked at.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source', 'fsync = off');
$source->safe_psql('postgres', q{CREATE TABLE t AS SELECT g AS id, g % 100 AS c, timestamptz '2026-01-01 00:00+00' + g * interval '1 s' AS at, g * 3 AS n FROM generate_series(1, 100000) g});
my $target = start_target('target', 'hyperline_connector.enabled = off', 'autovacuum = off', 'fsync = off', 'shared_buffers = 32MB');
my $url = source_url($source);
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$url')");

sub value { return $target->safe_psql('postgres', $_[0]); }

sub create_loader
{
	my ($name, $event_type, $query) = @_;
	value("SELECT hyperline.create_loader('product', '$event_type', \$\$$query\$\$, '\@monthly', name => '$name')");
	return;
}

# refresh($loader, @settings): what the last run did.
sub refresh
{
	my ($loader, @settings) = @_;
	$target->safe_psql('postgres', join('', map { "SET $_;\n" } @settings) . "CALL hyperline.refresh_loader('$loader')");
	return value("SELECT concat_ws(' ', batches, inserted, updated, unchanged, rejected) FROM hyperline.loader_runs WHERE loader = '$loader' ORDER BY run_id DESC LIMIT 1");
}

# all_plans($loader, @settings): a run, and the plans of its statements. plans() are those that name both a batch and the events.
sub all_plans
{
	my ($loader, @settings) = @_;
	my ($status, $out, $err) = $target->psql('postgres', join('', map { "SET $_;\n" } @settings) . <<"SQL");
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_analyze = on;
SET auto_explain.log_timing = off;
SET auto_explain.log_buffers = on;
SET client_min_messages = log;
CALL hyperline.refresh_loader('$loader');
SQL
	is($status, 0, "$loader is loaded");
	return split /LOG:  duration: /, $err;
}
sub plans { return grep { /^FROM hyperline_(?:batch|updates) b$/m && /hyperline\.events/ } all_plans(@_); }

# Each row of a batch is looked up by its whole key.
sub by_key
{
	my ($what, @plans) = @_;
	ok(@plans > 0, "$what: it looks");
	my $key = qr/Index Scan using events_pkey on events e .*\n\s+Index Cond: \(\(id = b\.id\) AND \(customer_id = b\.customer_id\) AND \(event_type = \$1\)\)/;
	is(scalar(grep { !/$key/ || /Seq Scan on events|Hash|Merge|Bitmap|Materialize|Memoize/ } @plans), 0, "$what: by the key's index");
	return;
}

# Rejected rows are found one by one, whatever the planner thinks of their number: none is compared with all others.
$source->safe_psql('postgres', q{CREATE TABLE r AS SELECT CASE WHEN g <= 500 THEN g ELSE 501 + g % 500 END AS id, CASE WHEN g > 500 THEN 1 END AS c, timestamptz '2026-01-01' AS at, g AS n FROM generate_series(1, 2000) g});
create_loader('refused', 'r', 'SELECT id, c AS "customerId", at AS timestamp, n FROM r ORDER BY n');
my $many = qr/\(actual rows=\d{5,}|loops=\d{5,}|Filter: \d{5,}/;
for my $batch (500, 2000)
{
	for my $run ('first', 'second', 'third')
	{
		my @plans = grep { /rejected_rows/ } all_plans('refused', "hyperline_connector.batch_rows = $batch");
		ok(@plans > 0 && !(grep { /$many/ } @plans), "rejected rows in batches of $batch, the $run run");
	}
}
is(value("SELECT count(*) FILTER (WHERE code = 'null_customer_id') || ' ' || count(*) FILTER (WHERE code = 'duplicate_key') || ' ' || count(*) FROM hyperline.rejected_rows WHERE loader = 'refused'"), '500 1000 1500', 'and kept once');
$source->safe_psql('postgres', 'DELETE FROM r WHERE id > 500; UPDATE r SET c = 1');
my @mending = grep { /rejected_rows/ } all_plans('refused');
ok(@mending > 0 && !(grep { /$many/ } @mending), 'nor when they are mended');
is(value("SELECT count(*) FROM hyperline.rejected_rows WHERE loader = 'refused' AND resolved_at IS NULL"), '0', 'which they are');

# The first load of a type looks for nothing; then the same rows again, with statistics of a table that was empty.
create_loader('all', 't', 'SELECT id, c AS "customerId", at AS timestamp, n FROM t');
create_loader('few', 't', 'SELECT id, c AS "customerId", at AS timestamp, n FROM t WHERE id <= 3');
value('ANALYZE hyperline.events');
is(scalar(plans('few')), 0, 'a first load looks for nothing');
by_key('a table of three rows', plans('few', 'hyperline_connector.batch_rows = 1'));
is(refresh('all', 'hyperline_connector.batch_rows = 100000'), '1 99997 0 3 0', 'a batch of 100,000 rows');
by_key('100,000 rows, statistics of an empty table', my @large = plans('all', 'hyperline_connector.batch_rows = 100000'));
my ($hit, $read) = $large[0] =~ /Buffers: shared hit=(\d+)(?: read=(\d+))?/;
cmp_ok($hit + ($read // 0), '<', 100000 * 5, 'a row costs a few buffers');
by_key('a batch of one row, statistics of an empty table', plans('few', 'hyperline_connector.batch_rows = 1'));
value('VACUUM (ANALYZE) hyperline.events');
by_key('100,000 rows, with statistics', plans('all', 'hyperline_connector.batch_rows = 100000'));
by_key('a batch of one row, with statistics', plans('few', 'hyperline_connector.batch_rows = 1'));
$source->safe_psql('postgres', 'UPDATE t SET n = n + 1 WHERE id % 100 = 0 OR id = 1');
by_key('changed rows', plans('all'));

# Unchanged rows
my $versions = q{SELECT md5(string_agg(concat(ctid, xmin, xmax), '' ORDER BY id, customer_id)) FROM hyperline.events};
my $before = value($versions);
my $lsn = value('SELECT pg_current_wal_insert_lsn()');
is(refresh('all'), '10 0 0 100000 0', 'nothing has changed');
cmp_ok(value("SELECT pg_current_wal_insert_lsn() - '$lsn'"), '<', 100_000, 'an unchanged load writes less WAL than a byte a row');
is(value($versions), $before, 'and touches no event, not even with a lock');
refresh('all', 'hyperline_connector.batch_rows = 1000') for 1 .. 3;
cmp_ok(value("SELECT pg_relation_size('hyperline.run') / 8192"), '<=', 4, 'the row of a run does not grow its table, however many batches there are');

# Somebody else stored events of a type that no run has loaded: the key's index says so, and the run looks.
value(q{INSERT INTO hyperline.events (event_type, customer_id, id, "timestamp", record) SELECT 'other', '7', '7', '2026-01-01 00:00:07+00', '{"n": 21}'});
create_loader('other', 'other', 'SELECT id, c AS "customerId", at AS timestamp, n FROM t WHERE id <= 20');
is(refresh('other', 'hyperline_connector.batch_rows = 5'), '4 19 0 1 0', 'what others stored is found in a first load');

# A batch closes at its rows or at its memory.
is(refresh('few', 'hyperline_connector.batch_rows = 2'), '2 0 0 3 0', 'at its rows');
create_loader('large', 'large', q{SELECT id, c AS "customerId", at AS timestamp, repeat(md5(id::text), 32768) AS document FROM t WHERE id <= 24});
is(refresh('large', "hyperline_connector.batch_memory = '12MB'"), '4 24 0 0 0', 'at its memory: 6 rows of 1 MB, and what reading and storing one takes');
is(refresh('large', "hyperline_connector.batch_memory = '12MB'"), '4 0 0 24 0', 'documents that are large are compared as others');
is(value(q{SELECT count(*) FROM hyperline.events WHERE event_type = 'large' AND record->>'document' = repeat(md5(id), 32768) AND hyperline.identical(record, record::text::jsonb)}), '24', 'and are what the source said');

# One row of 200 MB is stored; one past jsonb's limit is rejected with the reason; of one past 1 GB the source itself
# says that it cannot print it.
create_loader('huge', 'huge', q{SELECT 1 AS id, 1 AS "customerId", date '2026-01-01' AS timestamp, repeat('x', 200 * 1024 * 1024) AS document});
is(refresh('huge'), '1 1 0 0 0', 'a row of 200 MB');
is(value(q{SELECT length(record->>'document') FROM hyperline.events WHERE event_type = 'huge'}), 200 * 1024 * 1024, 'is all there');
create_loader('too_large', 'too_large', q{SELECT id, 1 AS "customerId", date '2026-01-01' AS timestamp, repeat('x', 256 * 1024 * 1024) AS document FROM generate_series(1, 1) id UNION ALL SELECT 2, 2, '2026-01-01', 'small'});
is(refresh('too_large'), '1 1 0 0 1', 'a row of 256 MB does not stop the others');
is(value(q{SELECT concat_ws(' ', code, field, length("row"::text) < 2000) FROM hyperline.rejected_rows WHERE loader = 'too_large'}), 'too_large document t', 'and is rejected with the reason, and with its beginning');
my $past = q{SELECT id, 1 AS "customerId", date '2026-01-01' AS timestamp, repeat('\\', CASE id WHEN 2 THEN 268435455 ELSE 1 END) AS b, repeat('\\', CASE id WHEN 2 THEN 268435455 ELSE 1 END) AS c FROM generate_series(1, 3) id};
create_loader('past_1_gb', 'past_1_gb', $past);
is(refresh('past_1_gb'), '1 2 0 0 1', 'a row past 1 GB does not stop those after it');
is(value(q{SELECT string_agg(concat_ws(' ', status, sqlstate, error, error_detail), E'\n' ORDER BY run_id) FROM hyperline.loader_runs WHERE loader = 'past_1_gb'}) =~ s/ the query failed at the source: .*\n(?=succ)/\n/sr,
	"failed HL002 row 2 of the query is too large for its source to send\nsucceeded", 'the run that met it says so, another one reads on');
is(value(q{SELECT concat_ws(' ', row_number, field, code, message, "row" ->> 'id', "row" ->> 'b' = repeat('\\', 1000) || '... (268435455 bytes)') FROM hyperline.rejected_rows WHERE loader = 'past_1_gb'}),
	'2 too_large_to_send the row has 1073741837 bytes, more than its source sends or than is taken 2 t', 'and rejects it, with its size and its beginning');
is(value('SELECT 1'), '1', 'and the server lives on');

# Likewise a row that is more than is taken, of whatever its length is made; what is short of it is shown as it is.
my $taken = q{hyperline_connector.max_row_size = '2MB'};
my $cut = q{SELECT id, CASE WHEN id <> 4 THEN 1 END AS "customerId", timestamptz '2026-01-01Z' AS timestamp, decode(repeat('ff', CASE id WHEN 2 THEN 1048576 ELSE 1 END), 'hex') AS b, to_jsonb(repeat('é', CASE id WHEN 3 THEN 1048570 ELSE 1 END)) AS j,
	ARRAY[id::text, NULL, repeat('y', CASE id WHEN 5 THEN 2097152 ELSE 2 END)] AS list, repeat(chr(92) || chr(10), CASE id WHEN 6 THEN 524288 ELSE 1 END) AS escaped, ROW(NULL, NULL) AS r, NULL::text AS nothing, 'x '::char(3) AS padded, 1.50 AS n FROM generate_series(1, 7) id};
create_loader('cut', 'cut', $cut);
is(refresh('cut', $taken), '1 2 0 0 5', 'rows that are more than is taken');
is(value(q{SELECT string_agg(concat_ws(' ', row_number, code, message), E'\n' ORDER BY row_number) FROM hyperline.rejected_rows WHERE loader = 'cut'}) =~ s/the row has 2097\d\d\d bytes, more than its source sends or than is taken/so many/gr,
	"2 too_large_to_send so many\n3 too_large_to_send so many\n4 null_customer_id customerId is NULL\n5 too_large_to_send so many\n6 too_large_to_send so many", 'are rejected by what they would take as they are sent');
my $show = q{concat_ws(' ', "row" - '{id,timestamp,b,j,list,escaped,customerId}'::text[], "row" ->> 'b', "row" ->> 'j', "row" ->> 'list', "row" ->> 'escaped')};
my $rest = q({"n": 1.50, "r": "(,)", "padded": "x  ", "nothing": null});
is(value("SELECT string_agg(regexp_replace($show, '(ffff|é{4}|y{4}|(\\\\\\n){4})+', '~', 'g'), ';' ORDER BY row_number) FROM hyperline.rejected_rows WHERE loader = 'cut' AND code = 'too_large_to_send'"),
	join(';', "$rest \\x~... (1048576 bytes) é [\"2\", null, \"yy\"] \\\n", "$rest \\xff \"~ééé... (2097142 bytes) [\"3\", null, \"yy\"] \\\n", "$rest \\xff é {5,NULL,~... (2097161 bytes) \\\n", "$rest \\xff é [\"6\", null, \"yy\"] ~... (1048576 bytes)"), 'and shown cut');
is(value("SET $taken; SELECT count(*), count(problem) FROM hyperline.preview_query('product', \$q\$$cut\$q\$, 7)"), '7|5', 'a preview shows them');
is(value("SET $taken; SELECT rows_read, would_insert, unchanged, would_reject FROM hyperline.dry_run_query('product', 'cut', \$q\$$cut\$q\$)"), '7|0|2|5', 'and a dry run counts them');
is(value("SET $taken; SELECT hyperline.retry_rejected('cut')"), '0', 'they do not fit later on');
is(value("SELECT hyperline.retry_rejected('cut')"), '4', 'but when more is taken');
is(refresh('cut'), '1 0 0 6 1', 'nor are they cut any more');
$source->safe_psql('postgres', q{CREATE TABLE long AS SELECT g AS id, g AS seq, repeat('x', CASE g WHEN 30 THEN 3000000 ELSE 1 END) AS words FROM generate_series(1, 50) g});
value(q{SELECT hyperline.create_loader('product', 'goes_on', 'SELECT id, 1 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp, seq, words FROM long', cursor_field => 'seq', paused => true)});
is(refresh('goes_on', $taken, 'hyperline_connector.batch_rows = 10'), '6 49 0 1 1', 'with a cursor field the run goes on by itself');
is(value(q{SELECT count(*), max(notes ->> 'resumed') FROM hyperline.loader_runs WHERE loader = 'goes_on' AND status = 'succeeded'}), '1|1', 'and says so');

# Memory: the same for many rows as for few.
my $rows = $ENV{HYPERLINE_MEMORY_ROWS} // (under_memcheck() ? 200_000 : 800_000); # more than the keys that are kept in memory
my @peaks;
for my $count (100_000, $rows)
{
	create_loader("memory_$count", "memory_$count", qq{SELECT g AS id, 1 AS "customerId", date '2026-01-01' AS timestamp, g AS a, 'text ' || g AS b FROM generate_series(1, $count) g});
	# The peak of what is in memory but shared with nobody: the server's shared memory is small here, and taken off.
	my $said = $target->safe_psql('postgres', qq{CALL hyperline.refresh_loader('memory_$count');
\\setenv BACKEND `echo 0`
SELECT pg_backend_pid() AS pid \\gset
\\setenv BACKEND :pid
\\! grep -E '^(VmHWM|RssShmem)' /proc/\$BACKEND/status});
	my ($peak) = $said =~ /VmHWM:\s+(\d+) kB/;
	my ($shared) = $said =~ /RssShmem:\s+(\d+) kB/;
	push @peaks, ($peak - $shared) / 1024;
}
note(sprintf('%d rows: %.1f MB; %d rows: %.1f MB', 100_000, $peaks[0], $rows, $peaks[1]));
SKIP:
{
	skip 'the memory of the sanitizer or of valgrind counts', 2 if under_memcheck();
	cmp_ok($peaks[1], '<', 100, "a run of $rows rows takes less than 100 MB");
	cmp_ok($peaks[1] - $peaks[0], '<', 60, 'hardly more than one of 100,000');
}

$target->stop;
$source->stop;
done_testing();
