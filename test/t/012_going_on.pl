# A run with a cursor field goes on where it stopped: after a cut, a restart of the source, and a crash of its own.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rows = 40_000;
my $primary = start_source('primary', 'wal_level = replica');
# Values that come 7 times each: ties at every place where a run can break off.
$primary->safe_psql('postgres', qq{
	CREATE TABLE calls (id int PRIMARY KEY, n bigint NOT NULL, updated_at timestamptz NOT NULL, pad text DEFAULT repeat('x', 250));
	INSERT INTO calls SELECT g, g / 7, timestamptz '2026-01-01' + (g / 7) * interval '1 second' FROM generate_series(1, $rows) g;
	CREATE INDEX ON calls (updated_at); CREATE INDEX ON calls (n);
	VACUUM ANALYZE});
my $target = start_target('target', 'hyperline_connector.enabled = off', 'hyperline_connector.batch_rows = 1000', 'restart_after_crash = on');
$target->safe_psql('postgres', "SELECT hyperline.create_connection('$_', '" . source_url($primary) . "')") for qw(primary);
my $query = 'SELECT id, 1 AS "customerId", timestamptz $$2026-01-01$$ AS timestamp, n, updated_at, updated_at AT TIME ZONE $$America/New_York$$ AS local, pad FROM calls';

my $number = 0;

# A run of a new loader, held in the middle: it stores three batches, one each time that the lock it waits for is let go
# and asked for again, and cannot store the next one while the lock is there, so that the rest waits at the source.
sub start_held
{
	my ($connection, $cursor) = @_;
	my $name = 'loader' . ++$number;
	$target->safe_psql('postgres', "SELECT hyperline.create_loader('$connection', '$name', \$q\$$query\$q\$, cursor_field => '$cursor', lookback => '0')");
	my $lock = open_session($target);
	my $run = $lock->run(qq{SELECT hyperline.run_loader('$name');
		DO \$\$ BEGIN
			FOR batch IN 1 .. 3 LOOP
				LOCK TABLE hyperline.events IN SHARE MODE;
				WHILE NOT EXISTS (SELECT FROM pg_locks WHERE relation = 'hyperline.events'::regclass AND NOT granted) LOOP PERFORM pg_sleep(0.01); END LOOP;
				COMMIT;
			END LOOP;
		END \$\$;
		BEGIN; LOCK TABLE hyperline.events IN SHARE MODE});
	ok($target->safe_psql('postgres', "SELECT inserted BETWEEN 3000 AND $rows - 20000 FROM hyperline.loader_runs WHERE run_id = $run") eq 't', "$name: under way");
	return ($name, $run, $lock);
}

# Long enough for valgrind.
sub end_of
{
	my ($run) = @_;
	return $target->safe_psql('postgres', "SELECT hyperline.wait_for_run($run, '1 hour')");
}

sub check_end
{
	my ($name, $run, $what) = @_;
	is(end_of($run), 'succeeded', "$what: the run succeeds");
	is($target->safe_psql('postgres', "SELECT inserted, updated, duplicates, rejected, rows_read = inserted + unchanged, notes ->> 'resumed' FROM hyperline.loader_runs WHERE run_id = $run"),
		"$rows|0|0|0|t|1", "$what: every row once, and it says that it went on");
	is($target->safe_psql('postgres', "SELECT count(*), count(DISTINCT id) FROM hyperline.events WHERE event_type = '$name'"), "$rows|$rows", "$what: nothing is lost");
	cmp_ok($target->safe_psql('postgres', "SELECT unchanged FROM hyperline.loader_runs WHERE run_id = $run"), '<', 8, "$what: only ties are read twice");
	$target->safe_psql('postgres', "SELECT hyperline.drop_loader('$name', true)");
	return;
}
sub readers { return "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hyperline_connector'"; }

for my $cursor ('updated_at', 'n')
{
	my ($name, $run, $lock) = start_held('primary', $cursor);
	$primary->safe_psql('postgres', readers());
	$lock->close;
	check_end($name, $run, "a cut, by $cursor");
}

{
	my ($name, $run, $lock) = start_held('primary', 'updated_at');
	$primary->stop('fast');
	$lock->close;
	ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hyperline runner'"), 'the run waits for the source');
	$primary->start;
	check_end($name, $run, 'a restart');
}

# Rows that change between the two connections come again, and are no duplicates.
{
	my ($name, $run, $lock) = start_held('primary', 'updated_at');
	$primary->safe_psql('postgres', readers());
	$primary->safe_psql('postgres', "UPDATE calls SET updated_at = '2027-01-01', pad = 'changed' WHERE id IN (1, 2); DELETE FROM calls WHERE id = 3");
	$lock->close;
	is(end_of($run), 'succeeded', 'rows changed in between: the run succeeds');
	is($target->safe_psql('postgres', "SELECT inserted, updated, duplicates, rejected FROM hyperline.loader_runs WHERE run_id = $run"), "$rows|2|0|0", 'and stores the change');
	is($target->safe_psql('postgres', "SELECT watermark FROM hyperline.loaders WHERE name = '$name'"), '2027-01-01 00:00:00+00', 'and the watermark is the highest');
	$target->safe_psql('postgres', "SELECT hyperline.drop_loader('$name', true)");
	$primary->safe_psql('postgres', "UPDATE calls SET updated_at = '2026-01-01 00:00:00.5' WHERE id IN (1, 2); INSERT INTO calls VALUES (3, 0, '2026-01-01')");
}

# Fields that are others by then, and a server that is another one: what was stored stays, and the next run begins anew.
sub check_refusal
{
	my ($name, $run, $message, $what) = @_;
	is(end_of($run), 'failed', "$what: the run fails");
	like($target->safe_psql('postgres', "SELECT error FROM hyperline.loader_runs WHERE run_id = $run"), $message, "$what: it says why");
	$target->safe_psql('postgres', "SELECT hyperline.drop_loader('$name', true)");
	return;
}
{
	my ($name, $run, $lock) = start_held('primary', 'updated_at');
	$primary->safe_psql('postgres', readers());
	$primary->safe_psql('postgres', 'ALTER TABLE calls ALTER COLUMN n TYPE numeric');
	$lock->close;
	check_refusal($name, $run, qr/^the fields of the query have changed while it was read$/, 'other fields');
	$primary->safe_psql('postgres', 'ALTER TABLE calls ALTER COLUMN n TYPE bigint');
}
# A name that leads now to one server, now to another.
my $folder = PostgreSQL::Test::Utils::tempdir_short();
chmod 0755, $folder;
sub lead_to
{
	my ($node) = @_;
	my $place = "$folder/.s.PGSQL.5432";
	unlink($place);
	symlink($node->host . '/.s.PGSQL.' . $node->port, $place) or die "$place: $!";
	return;
}
lead_to($primary);
$target->safe_psql('postgres', "SELECT hyperline.create_connection('either', 'postgres:///postgres?host=$folder&port=5432&user=reader')");
{
	my $other = start_source('other');
	$other->safe_psql('postgres', 'CREATE TABLE calls (id int, n bigint, updated_at timestamptz, pad text)');
	my ($name, $run, $lock) = start_held('either', 'updated_at');
	lead_to($other);
	$primary->safe_psql('postgres', readers());
	$lock->close;
	check_refusal($name, $run, qr/^the source is not what it was before the connection to it broke off$/, 'another server');
	$other->stop('immediate');
}
# A replica that is behind what the run has read is waited for, for half a minute; what was stored stays, and the next
# run goes on from there when it has caught up.
{
	my $replica = start_replica($primary, 'replica');
	$primary->wait_for_catchup($replica, 'replay', $primary->lsn('flush'));
	$replica->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
	$primary->safe_psql('postgres', 'CREATE TABLE later ()');
	lead_to($primary);
	my ($name, $run, $lock) = start_held('either', 'updated_at');
	lead_to($replica);
	$primary->safe_psql('postgres', readers());
	$lock->close;
	is(end_of($run), 'failed', 'a replica that is behind: the run fails in the end');
	is($target->safe_psql('postgres', "SELECT sqlstate, error, inserted >= 3000 FROM hyperline.loader_runs WHERE run_id = $run"), 'HL001|stale_source: the source is behind what this run has read from it before|t', 'a replica that is behind: it says why, and what it stored stays');
	$replica->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
	$primary->wait_for_catchup($replica, 'replay', $primary->lsn('flush'));
	$target->safe_psql('postgres', "CALL hyperline.refresh_loader('$name')");
	is($target->safe_psql('postgres', "SELECT count(*), count(DISTINCT id) FROM hyperline.events WHERE event_type = '$name'"), "$rows|$rows", 'a replica that has caught up: nothing is lost');
	$target->safe_psql('postgres', "SELECT hyperline.drop_loader('$name', true)");
	$replica->stop('immediate');
}

# A transaction that began between the two snapshots of a run is not missed when it commits before or after the next run:
# neither by a time with or without a zone, nor by a number.
$primary->safe_psql('postgres', 'GRANT pg_read_all_stats TO reader');
for my $case (map { my $cursor = $_; map { [ $cursor, $_ ] } 'before', 'after' } 'updated_at', 'local', 'n')
{
	my ($cursor, $when) = @{$case};
	my ($name, $run, $lock) = start_held('primary', $cursor);
	my $late = open_session($primary);
	$late->run("BEGIN; INSERT INTO calls VALUES (50001, 6000, now())");
	$primary->safe_psql('postgres', 'INSERT INTO calls VALUES (50002, 6001, now())');
	$primary->safe_psql('postgres', readers());
	$lock->close;
	is(end_of($run), 'succeeded', "a transaction in between, by $cursor: the run succeeds");
	$target->safe_psql('postgres', "CALL hyperline.refresh_loader('$name')") if $when eq 'after';
	$late->run('COMMIT');
	$late->close;
	$target->safe_psql('postgres', "CALL hyperline.refresh_loader('$name')");
	is($target->safe_psql('postgres', "SELECT string_agg(id, ' ' ORDER BY id) FROM hyperline.events WHERE event_type = '$name' AND id::int > $rows"), '50001 50002', "a transaction in between that commits $when the next run, by $cursor: it is not missed");
	$target->safe_psql('postgres', "SELECT hyperline.drop_loader('$name', true)");
	$primary->safe_psql('postgres', 'DELETE FROM calls WHERE id > 50000');
}

# Rejected rows do not move the cursor: those after it come again when the run goes on, and are the same ones. The source
# breaks off in the middle of them until it has done so.
{
	$primary->safe_psql('postgres', q{CREATE FUNCTION tire(after int) RETURNS int LANGUAGE plpgsql AS $$
		DECLARE count int := 1 + coalesce(nullif(current_setting('test.count', true), ''), '0')::int;
		BEGIN
			PERFORM set_config('test.count', count::text, true);
			IF count > after AND NOT pg_try_advisory_xact_lock_shared(12) THEN RAISE EXCEPTION 'tired' USING ERRCODE = '40001'; END IF;
			RETURN count;
		END $$});
	$target->safe_psql('postgres', q{SELECT hyperline.create_loader('primary', 'tiring',
		'SELECT id, CASE WHEN id <= 100 THEN 1 END AS "customerId", timestamptz $$2026-01-01$$ AS timestamp, tire(3000) > 0 AS awake FROM calls WHERE id <= 4000 ORDER BY id', cursor_field => 'id', max_rejected => 5000, paused => true)});
	my $weary = open_session($primary);
	$weary->run('SELECT pg_advisory_lock(12)');
	my $refresh = open_session($target);
	$refresh->send(q{CALL hyperline.refresh_loader('tiring')});
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default) { last if slurp_file($primary->logfile) =~ /ERROR:  tired/; select(undef, undef, undef, 0.1); }
	$weary->close;
	$refresh->finish;
	$refresh->close;
	is($target->safe_psql('postgres', q{SELECT status, inserted, rejected, (notes ->> 'resumed')::int > 0 FROM hyperline.loader_runs WHERE loader = 'tiring'}), 'succeeded|100|3900|t', 'rejected rows that come again are counted once');
	is($target->safe_psql('postgres', q{SELECT count(*), max(times) FROM hyperline.rejected_rows WHERE loader = 'tiring' AND resolved_at IS NULL}), '3900|1', 'and kept once');
	$target->safe_psql('postgres', q{SELECT hyperline.drop_loader('tiring', true)});
}

# Our own crash: the next run goes on from the last batch.
{
	my ($name, $run, $lock) = start_held('primary', 'updated_at');
	my $watermark = $target->safe_psql('postgres', "SELECT watermark FROM hyperline.loaders WHERE name = '$name'");
	$target->safe_psql('postgres', 'CHECKPOINT'); # batches do not wait until they are on disk
	kill_process($target, $target->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'hyperline runner'"));
	my $stored = $target->safe_psql('postgres', "SELECT inserted FROM hyperline.loader_runs WHERE run_id = $run");
	$target->safe_psql('postgres', "CALL hyperline.refresh_loader('$name')");
	is($target->safe_psql('postgres', "SELECT status, inserted FROM hyperline.loader_runs WHERE run_id = $run"), "interrupted|$stored", 'a crash: what was stored is counted');
	is($target->safe_psql('postgres', "SELECT watermark_from = '$watermark', inserted, rejected, unchanged < 8 FROM hyperline.loader_runs WHERE loader = '$name' AND run_id > $run ORDER BY run_id LIMIT 1"), 't|' . ($rows - $stored) . '|0|t', 'the next run goes on from its watermark');
	$target->safe_psql('postgres', "SELECT hyperline.drop_loader('$name', true)");
}

unlike(slurp_file($target->logfile), qr/PANIC|signal 11|TRAP/, 'nothing crashed by itself');
$_->stop('immediate') for ($target, $primary);
done_testing();
