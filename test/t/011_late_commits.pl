# A transaction that stamps its rows, and commits after a later one was read, is not missed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $source = start_source('source', 'max_prepared_transactions = 5');
$source->safe_psql('postgres', q{
	CREATE TABLE calls (id int PRIMARY KEY, v int, updated_at timestamptz NOT NULL DEFAULT now(), local timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'America/New_York'));
	CREATE INDEX ON calls (updated_at);
	INSERT INTO calls SELECT g, 1, now() - interval '1 hour', now() AT TIME ZONE 'America/New_York' - interval '1 hour' FROM generate_series(1, 10) g;
	CREATE ROLE writer LOGIN IN ROLE pg_write_all_data, pg_read_all_data;
	CREATE ROLE watcher LOGIN IN ROLE pg_read_all_data, pg_read_all_stats});
my $target = start_target('target', 'hyperline_connector.enabled = off');
$target->safe_psql('postgres', sprintf("SELECT hyperline.create_connection('watching', '%s'); SELECT hyperline.create_connection('blind', '%s')",
	source_url($source, 'postgres', 'watcher'), source_url($source)));
my $columns = 'id, 1 AS "customerId", updated_at AS timestamp, v, updated_at, local';
for my $connection ('watching', 'blind')
{
	my $lookback = $connection eq 'watching' ? '0' : '10 minutes';
	$target->safe_psql('postgres', qq{
		SELECT hyperline.create_loader('$connection', '$connection since', 'SELECT $columns FROM calls WHERE updated_at >= {{last_refreshed_at}}', lookback => '$lookback');
		SELECT hyperline.create_loader('$connection', '$connection cursor', 'SELECT $columns FROM calls', cursor_field => 'updated_at', lookback => '$lookback');
		SELECT hyperline.create_loader('$connection', '$connection local', 'SELECT $columns FROM calls', cursor_field => 'local', lookback => '$lookback')});
}
my @watching = ('watching since', 'watching cursor', 'watching local');
my @all = (@watching, 'blind since', 'blind cursor', 'blind local');

sub refresh
{
	my ($loader) = @_;
	$target->safe_psql('postgres', "CALL hyperline.refresh_loader('$loader')");
	return $target->safe_psql('postgres', 'SELECT inserted, updated FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1');
}
sub read_last { return $target->safe_psql('postgres', 'SELECT rows_read FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1'); }

is(refresh($_), '10|0', "$_: first") for @all;

# Open across two runs, with later rows committed and read in between
my $late = open_session($source, 'postgres', 'writer');
my $began = $late->run("BEGIN; INSERT INTO calls VALUES (100, 1); UPDATE calls SET v = 2, updated_at = now(), local = now() AT TIME ZONE 'America/New_York' WHERE id = 3; SELECT now()");
$source->safe_psql('postgres', 'INSERT INTO calls VALUES (101, 1)');
is(refresh($_), '1|0', "$_: what is committed is read") for @all;
is($target->safe_psql('postgres', "SELECT bool_and(hyperline.complete_until(t) <= '$began') FROM unnest(ARRAY['watching since', 'watching cursor', 'watching local']) t"), 't', 'events are complete up to the start of what is open');
$source->safe_psql('postgres', 'INSERT INTO calls VALUES (102, 1)');
is(refresh($_), '1|0', "$_: again") for @all;
$late->run('COMMIT');
is(refresh($_), '1|1', "$_: the late commit is not missed") for @all;
is(refresh($_), '0|0', "$_: and then nothing is left") for @all;
is($target->safe_psql('postgres', "SELECT bool_and(hyperline.complete_until(t) > '$began') FROM unnest(ARRAY['watching since', 'watching cursor', 'watching local']) t"), 't', 'events are complete farther');

# A transaction that has written nothing yet stamps the time at which it began, too.
$began = $late->run('BEGIN; SELECT now()');
$source->safe_psql('postgres', 'INSERT INTO calls VALUES (103, 1)');
is(refresh($_), '1|0', "$_: an idle transaction is open") for @all;
$late->run('INSERT INTO calls VALUES (104, 1); COMMIT');
is(refresh($_), '1|0', "$_: what it writes later is not missed") for @all;

# The session is gone, the transaction is not: prepared
$late->run("BEGIN; INSERT INTO calls VALUES (105, 1); PREPARE TRANSACTION 'late'");
$source->safe_psql('postgres', "INSERT INTO calls VALUES (106, 1, now() + interval '1 second', now() AT TIME ZONE 'America/New_York' + interval '1 second')");
is(refresh($_), '1|0', "$_: a transaction is prepared") for @all;
is(refresh($_), '0|0', "$_: and stays so") for @all;
$source->safe_psql('postgres', "COMMIT PREPARED 'late'");
$source->safe_psql('postgres', 'UPDATE calls SET v = 9 WHERE id = 106');
is(refresh('blind since'), '1|1', 'blind since: it is not missed within lookback');

# Rows that are read again cost a look and no write.
refresh('blind cursor');
$target->safe_psql('postgres', 'CHECKPOINT');
my $before = $target->safe_psql('postgres', q{SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY event_type, id)) FROM hyperline.events});
is(refresh('blind cursor'), '0|0', 'nothing has changed');
cmp_ok(read_last(), '>=', 5, 'rows within lookback are read again');
is($target->safe_psql('postgres', q{SELECT md5(string_agg(xmin::text || ctid::text, ',' ORDER BY event_type, id)) FROM hyperline.events}), $before, 'and no row of events is touched');
is($target->safe_psql('postgres', 'SELECT unchanged = rows_read FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1'), 't', 'they count as unchanged');

# A transaction that stamped yesterday's date commits after rows of today were read.
$source->safe_psql('postgres', q{CREATE TABLE days (id int PRIMARY KEY, day date NOT NULL); INSERT INTO days VALUES (1, current_date - 9), (2, current_date)});
for my $connection ('watching', 'blind')
{
	my $lookback = $connection eq 'watching' ? '0' : '10 minutes';
	$target->safe_psql('postgres', "SELECT hyperline.create_loader('$connection', '$connection day', 'SELECT id, 1 AS \"customerId\", day AS timestamp, day FROM days', cursor_field => 'day', lookback => '$lookback')");
}
$late->run('BEGIN; INSERT INTO days VALUES (3, (SELECT max(day) - 1 FROM days))');
is(refresh($_), '2|0', "$_: what is committed is read") for ('watching day', 'blind day');
$late->run('COMMIT');
is(refresh($_), '1|0', "$_: the late commit of the day before is not missed") for ('watching day', 'blind day');
is(read_last(), '2', 'nor are older days read again');

# A number or a text does not tell when it was given out. What was open when it was read is read again when it has ended;
# events are not complete farther before.
$source->safe_psql('postgres', q{
	CREATE TABLE orders (id bigserial PRIMARY KEY, code text GENERATED ALWAYS AS ('o' || lpad(id::text, 8, '0')) STORED, at timestamptz DEFAULT '2026-01-01', v int);
	INSERT INTO orders (v) SELECT 1 FROM generate_series(1, 10);
	GRANT USAGE ON SEQUENCE orders_id_seq TO writer});
my @ordered = ('orders id', 'orders code');
$target->safe_psql('postgres', "SELECT hyperline.create_loader('watching', 'orders ' || f, 'SELECT id, 1 AS \"customerId\", at AS timestamp, v, code FROM orders', cursor_field => f, lookback => '0', max_rejected => 0) FROM unnest(ARRAY['id', 'code']) f");
sub add { return $source->safe_psql('postgres', 'INSERT INTO orders (v) VALUES (1)'); }
sub is_complete
{
	my ($sign, $time, $what) = @_;
	return is($target->safe_psql('postgres', "SELECT hyperline.complete_until('$_') $sign '$time'"), 't', "$_: $what") for @ordered;
}
sub reads
{
	my ($rows, $inserted, $what) = @_;
	for my $loader (@ordered)
	{
		is(refresh($loader), "$inserted|0", "$loader: $what");
		is(read_last(), $rows, "$loader: $what, by reading as much as it takes");
	}
	return;
}
$began = $late->run('BEGIN; INSERT INTO orders (v) VALUES (1); SELECT now()'); # 11
add(); # 12
reads(11, 11, 'the first load passes over what is open');
is_complete('<=', $began, 'events are complete up to its start');
add(); # 13
reads(2, 1, 'while it is open new rows are read');
is_complete('<=', $began, 'they are complete no farther');
$late->run('COMMIT');
reads(13, 1, 'after its end everything is read once more');
is($target->safe_psql('postgres', "SELECT count(*) FROM hyperline.loader_runs WHERE notes ? 'reads_late'"), '2', 'which the notes say');
is_complete('>', $began, 'then events are complete farther');
reads(2, 0, 'the next run reads again what the one before it has read');
reads(1, 0, 'and then no more');
$began = $late->run('BEGIN; INSERT INTO orders (v) VALUES (1); SELECT now()'); # 14
add(); # 15
reads(2, 1, 'another transaction is open');
add(); # 16
reads(3, 1, 'as long as it is, its time is read again');
is_complete('<=', $began, 'events are complete up to its start');
$late->run('COMMIT');
reads(4, 1, 'it is not missed either');
is_complete('>', $began, 'events are complete farther again');
reads(2, 0, 'what was open has ended');
reads(1, 0, 'and nothing is read again');

# A run that breaks off leaves its watermark, and the next goes on from there: what it has passed over is not forgotten.
$began = $late->run('BEGIN; INSERT INTO orders (v) VALUES (1); SELECT now()'); # 17
$source->safe_psql('postgres', 'INSERT INTO orders (v, at) VALUES (1, NULL)'); # 18
add(); # 19
for my $loader (@ordered)
{
	my ($status, $out, $err) = $target->psql('postgres', "CALL hyperline.refresh_loader('$loader')");
	like($err, qr/too many rows were rejected/, "$loader: a run that breaks off");
}
$source->safe_psql('postgres', "UPDATE orders SET at = '2026-01-01' WHERE id = 18");
reads(1, 0, 'the next goes on where it was');
is_complete('<=', $began, 'events are complete up to what was open in the run that broke off');
$late->run('COMMIT');
reads(4, 2, 'what that has passed over is not missed');
is_complete('>', $began, 'and then events are complete');

# Where transactions cannot be seen lookback is how long they may take.
$target->safe_psql('postgres', "SELECT hyperline.create_loader('blind', 'blind orders', 'SELECT id, 1 AS \"customerId\", at AS timestamp, v FROM orders', cursor_field => 'id', lookback => '3 seconds')");
$late->run('BEGIN; INSERT INTO orders (v) VALUES (1)');
add();
is(refresh('blind orders'), '20|0', 'blind orders: the first load passes over what is open');
is($target->safe_psql('postgres', "SELECT would_insert FROM hyperline.dry_run_loader('blind orders')"), '0', 'blind orders: a dry run reads what the next run would');
$late->run('COMMIT');
my $found = 0;
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	$found = refresh('blind orders') eq '1|0' and last;
	usleep(100_000);
}
ok($found, 'blind orders: what ends within lookback is not missed');

# What a first load has passed over stays missing until everything is read once more, whatever runs break off before.
$source->safe_psql('postgres', 'CREATE TABLE parts (id int PRIMARY KEY, at timestamptz, changed timestamptz); INSERT INTO parts SELECT g, now(), now() FROM generate_series(1, 20) g');
my $parts = 'SELECT id, 1 AS "customerId", at AS timestamp FROM parts';
sub last_run { return $target->safe_psql('postgres', "SELECT status, rows_read, inserted, rejected, COALESCE(notes ? 'reads_late', false) FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1"); }
sub try_refresh { $target->psql('postgres', "SET hyperline_connector.batch_rows = 2; CALL hyperline.refresh_loader('$_[0]')"); return last_run(); }
$target->safe_psql('postgres', "SELECT hyperline.create_loader('blind', 'blind parts', '$parts', cursor_field => 'id', lookback => '1 hour', max_rejected => 0)");
$late->run('BEGIN; INSERT INTO parts VALUES (21, now())');
$source->safe_psql('postgres', 'INSERT INTO parts VALUES (22, now())');
is(try_refresh('blind parts'), 'succeeded|21|21|0|f', 'blind parts: the first load');
my $complete = $target->safe_psql('postgres', "SELECT hyperline.complete_until('blind parts')");
$late->run('COMMIT');
$source->safe_psql('postgres', 'INSERT INTO parts VALUES (23, NULL), (24, now())');
is(try_refresh('blind parts'), 'failed|2|0|1|f', 'blind parts: a run that breaks off before lookback has passed');
$source->safe_psql('postgres', 'DELETE FROM parts WHERE id = 23');
$target->safe_psql('postgres', "UPDATE hyperline.rejected_rows SET resolved_at = now() WHERE loader = 'blind parts'"); # it holds nothing back
is(try_refresh('blind parts'), 'succeeded|2|1|0|f', 'blind parts: the next goes on');
is($target->safe_psql('postgres', "SELECT hyperline.complete_until('blind parts')"), $complete, 'blind parts: by which events are complete no farther');
is(try_refresh('blind parts'), 'succeeded|1|0|0|f', 'blind parts: and the next');
is($target->safe_psql('postgres', "SELECT hyperline.complete_until('blind parts')"), $complete, 'blind parts: nor by that');
$target->safe_psql('postgres', "SELECT hyperline.alter_loader('blind parts', lookback => '0')");
is(try_refresh('blind parts'), 'succeeded|23|1|0|t', 'blind parts: what it has passed over is read');

# Reading everything once more comes to its end, though rows are rejected on the way: what it has read stays read, and what
# was rejected before does not count again.
$source->safe_psql('postgres', 'UPDATE parts SET at = NULL WHERE id = 3');
$target->safe_psql('postgres', "SELECT hyperline.create_loader('watching', 'parts', '$parts', cursor_field => 'id', lookback => '0', max_rejected => 0)");
is(try_refresh('parts'), 'failed|4|3|1|f', 'parts: the first load breaks off at a bad row');
is(try_refresh('parts'), 'succeeded|20|19|0|f', 'parts: and goes on');
$source->safe_psql('postgres', 'UPDATE parts SET at = NULL WHERE id = 9');
is(try_refresh('parts'), 'failed|10|0|2|t', 'parts: everything once more, to a row that was good');
is(try_refresh('parts'), 'succeeded|14|0|0|f', 'parts: the next goes on from there');
is(try_refresh('parts'), 'succeeded|1|0|0|f', 'parts: and that was all');

# A placeholder in the query leaves nothing out that came late.
$target->safe_psql('postgres', "SELECT hyperline.create_loader('watching', 'both', 'SELECT id, 1 AS \"customerId\", now() AS timestamp, id AS same FROM parts WHERE changed IS NULL OR changed >= {{last_refreshed_at}}', cursor_field => 'same', lookback => '0')");
$late->run("BEGIN; INSERT INTO parts VALUES (31, now(), '2020-01-01')");
$source->safe_psql('postgres', 'INSERT INTO parts VALUES (32, now(), now())');
try_refresh('both');
$late->run('COMMIT');
like(try_refresh('both'), qr/^succeeded\|\d+\|1\|0\|t$/, 'both: a late row with an old stamp');
$source->safe_psql('postgres', 'UPDATE parts SET at = now()');

# A row that says 2099 does not end the loading of the present, nor does one at the end of time.
$source->safe_psql('postgres', q{INSERT INTO calls VALUES (200, 1, '2099-01-01', '2099-01-01'), (201, 1, 'infinity', 'infinity'), (202, 1, '-infinity', '-infinity')});
$target->safe_psql('postgres', q{SELECT hyperline.create_loader('watching', 'future ' || f, 'SELECT id, 1 AS "customerId", timestamp ''2026-01-01'' AS timestamp, v, updated_at, local FROM calls', cursor_field => f, lookback => '0') FROM unnest(ARRAY['updated_at', 'local']) f});
refresh($_) for ('future updated_at', 'future local');
is($target->safe_psql('postgres', "SELECT string_agg(watermark, ' ' ORDER BY name) FROM hyperline.loaders WHERE name LIKE 'future%'"), '2099-01-01 00:00:00 2099-01-01 00:00:00+00', 'the watermark is what was read');
$source->safe_psql('postgres', 'INSERT INTO calls VALUES (203, 1)');
is(refresh($_), '1|0', "$_: rows of the present still arrive") for ('future updated_at', 'future local');

$late->close;
$_->stop('immediate') for ($target, $source);
done_testing();
