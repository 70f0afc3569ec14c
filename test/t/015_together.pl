# Several writers at once: two loaders of one event type from two sources, other sessions, and another loader between two
# batches of a run.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source', 'fsync = off');
my $target = start_target('target', 'hyperline_connector.enabled = off', 'fsync = off', 'deadlock_timeout = 200ms', 'hyperline_connector.batch_rows = 50');
sub value { return $target->safe_psql('postgres', $_[0]); }
my $url = source_url($source);
value("SELECT hyperline.create_connection('$_', '$url')") for qw(left right);

# The two sources have the same keys, in opposite orders, and versions that no other row has: the highest has to win.
$source->safe_psql('postgres', q{
	CREATE TABLE t AS SELECT s.side, g AS id, g % 7 AS c, CASE s.side WHEN 'left' THEN 1 ELSE 2 END AS v FROM generate_series(1, 400) g, (VALUES ('left'), ('right')) s(side)});
for my $side ('left', 'right')
{
	my $order = $side eq 'left' ? 'ASC' : 'DESC';
	value("SELECT hyperline.create_loader('$side', 'both', \$\$SELECT id, c AS \"customerId\", timestamptz '2026-01-01Z' AS timestamp, v FROM t WHERE side = '$side' ORDER BY id $order\$\$, name => '$side', version_field => 'v', paused => true)");
}
my $is_right = q{SELECT count(*), sum((record ->> 'v')::int) FROM hyperline.events WHERE event_type = 'both'};
sub wanted { return $source->safe_psql('postgres', 'SELECT count(*), sum(v) FROM (SELECT max(v) AS v FROM t GROUP BY id) m'); }
sub change { $source->safe_psql('postgres', 'UPDATE t SET v = 2 * (SELECT max(v) FROM t) + (id * 7919 + length(side)) % 1000 * 2 + (side = $$left$$)::int WHERE (id * 31 + length(side)) % 3 > 0'); return; }

my %session = map { $_ => open_session($target) } qw(left right other);
for my $round (1 .. 3)
{
	$session{$_}->send("CALL hyperline.refresh_loader('$_')") for qw(left right);
	$session{$_}->finish for qw(left right);
	is(value($is_right), wanted(), "round $round: of each event the highest version, whichever loader was first");
	change();
}
is(value(q{SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'}), '0', 'two loaders of one event type do not deadlock');

# Other sessions write too, in the opposite order, several events in a transaction; they try again when they are in the way.
value(q{
	CREATE PROCEDURE interfere() LANGUAGE plpgsql AS $$
	DECLARE
		k int;
	BEGIN
		FOR i IN 1 .. 10 LOOP
			BEGIN
				FOR k IN SELECT n FROM generate_series(1, 390, 37) n ORDER BY n DESC LOOP
					UPDATE hyperline.events SET record = jsonb_build_object('v', -1) WHERE event_type = 'both' AND id = (k + i)::text;
				END LOOP;
				DELETE FROM hyperline.events WHERE event_type = 'both' AND id IN ((i * 11)::text, (390 - i)::text);
				INSERT INTO hyperline.events (event_type, customer_id, id, "timestamp", record) VALUES ('both', (i * 11 % 7)::text, (i * 11)::text, '2026-01-01Z', '{"v": -2}') ON CONFLICT DO NOTHING;
				INSERT INTO hyperline.all_customers (external_id) SELECT (6 - n)::text FROM generate_series(0, 6) n ON CONFLICT DO NOTHING;
			EXCEPTION WHEN deadlock_detected OR serialization_failure THEN NULL;
			END;
			COMMIT;
		END LOOP;
	END $$});
for my $round (1 .. 2)
{
	$session{other}->send('CALL interfere()');
	$session{$_}->send("CALL hyperline.refresh_loader('$_')") for qw(left right);
	$session{$_}->finish for qw(left right other);
	change();
}
value("CALL hyperline.refresh_loader('$_')") for qw(left right);
is(value($is_right), wanted(), 'what others wrote over is what the sources say again');
is(value(q{SELECT string_agg(DISTINCT status, ',') FROM hyperline.loader_runs}), 'succeeded', 'no run has failed');
is(value(q{SELECT count(*) FROM hyperline.loader_runs WHERE rows_read <> 400}), '0', 'and each counted all its rows');
$_->close for values %session;

# Between two batches of a run that has found an event unchanged, another loader writes it, in a transaction that is older
# than the run. The next row of that key is not an other one of what is stored, and nothing is rejected that was not read.
$source->safe_psql('postgres', q{CREATE TABLE gate (key int); CREATE FUNCTION wait_for(key int) RETURNS bool LANGUAGE plpgsql AS $f$ BEGIN WHILE NOT pg_try_advisory_xact_lock_shared(key) LOOP PERFORM pg_sleep(0.05); END LOOP; RETURN true; END $f$; CREATE TABLE x AS SELECT 'another' AS v});
value(q{SELECT hyperline.create_loader('left', 'held', $$
	SELECT id, 1 AS "customerId", timestamptz '2026-01-01Z' AS timestamp, v FROM (
		SELECT 'k' AS id, 'first' AS v
		UNION ALL SELECT 'full', repeat('x', 300000)
		UNION ALL SELECT 'k', 'second' FROM gate, LATERAL (SELECT wait_for(key)) w) r$$, name => 'held', paused => true);
	SELECT hyperline.create_loader('right', 'held', $$SELECT 'k' AS id, 1 AS "customerId", timestamptz '2026-01-01Z' AS timestamp, v FROM x$$, name => 'between', paused => true)});
value("CALL hyperline.refresh_loader('held')");
is(value(q{SELECT record ->> 'v' FROM hyperline.events WHERE event_type = 'held' AND id = 'k'}), 'first', 'the event is there');
$source->safe_psql('postgres', 'INSERT INTO gate VALUES (42)');
my $gate = open_session($source);
my $older = open_session($target);
my $held = open_session($target);
$held->run('SET hyperline_connector.batch_rows = 1');
for my $what ('an older transaction', 'another loader')
{
	value(q{UPDATE hyperline.events SET record = '{"v": "first"}' WHERE event_type = 'held' AND id = 'k'});
	$gate->run('SELECT pg_advisory_lock(42)');
	$older->run('BEGIN; SELECT now()') if $what =~ /older/;
	$held->send("CALL hyperline.refresh_loader('held')");
	ok($target->poll_query_until('postgres', q{SELECT unchanged FROM hyperline.loader_runs WHERE loader = 'held' AND status = 'running'}, '1'), "$what: the run has found the event unchanged");
	if ($what =~ /older/)
	{
		$older->run(q{UPDATE hyperline.events SET record = '{"v": "another"}', last_changed_at = now() WHERE event_type = 'held' AND id = 'k'; COMMIT});
	}
	else
	{
		value(q{CALL hyperline.refresh_loader('between')});
	}
	$gate->run('SELECT pg_advisory_unlock(42)');
	$held->finish;
	is(value(q{SELECT rows_read, unchanged, updated, duplicates, rejected FROM hyperline.loader_runs WHERE loader = 'held' ORDER BY run_id DESC LIMIT 1}), '3|2|1|0|0', "$what: what it wrote is no row of the run");
	is(value(q{SELECT record ->> 'v' FROM hyperline.events WHERE event_type = 'held' AND id = 'k'}), 'second', "$what: the row read last is stored");
	is(value('SELECT count(*) FROM hyperline.rejected_rows'), '0', "$what: nothing is rejected that was not read");
}
$_->close for ($gate, $older, $held);
unlike(slurp_file($target->logfile), qr/PANIC|signal 11|TRAP/, 'nothing crashed');
$_->stop('immediate') for ($target, $source);
done_testing();
