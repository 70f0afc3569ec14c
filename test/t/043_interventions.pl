# What people do to runs and loaders while a run is under way: they end processes on either side, cancel, pause, alter,
# drop, hold locks, and shut the server down. After each: everything is stored once, the runs' rows are true, the loader
# runs again by itself, and nothing is left behind.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $seed = $ENV{HYPERLINE_SEED} // int(rand(1_000_000));
srand($seed);
note("HYPERLINE_SEED=$seed");

# Rows come in the order of their ids, so that batches are stored before the one that waits.
my $source = start_source('source', 'autovacuum = off');
$source->safe_psql('postgres', q{
	CREATE TABLE t AS SELECT g AS id, g % 7 AS company, timestamptz '2026-01-01' + g * interval '1 second' AS at, 0 AS v FROM generate_series(1, 3000) g;
	CREATE TABLE pauses (seconds float8); INSERT INTO pauses VALUES (0);
	-- A lock that is waited for would be given up after a while.
	CREATE FUNCTION pass(key int) RETURNS void LANGUAGE plpgsql AS $f$ BEGIN WHILE NOT pg_try_advisory_xact_lock_shared(key) LOOP PERFORM pg_sleep(0.02); END LOOP; END $f$;
	CREATE VIEW slow AS SELECT id, company AS "customerId", at AS timestamp, v, CASE WHEN id = 1500 THEN (SELECT 'x' FROM pauses, pg_sleep(seconds), pass(1)) END AS pause FROM (SELECT * FROM t ORDER BY id) t});
my $gate = $source->background_psql('postgres');
my $target = start_target('target', 'restart_after_crash = on', 'hyperline_connector.retry_delay = 1s',
	'hyperline_connector.batch_rows = 500', "log_statement = 'none'");
my $url = source_url($source);
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$url')");

sub create_slow
{
	my ($rate) = @_;
	$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', 'slow', 'SELECT * FROM slow', '" . ($rate // '1 second') . "')");
	return;
}

my $at_the_gate = q{SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'hyperline_connector' AND wait_event = 'PgSleep'};

# Waits for a run that has stored something, and waits at the source until go_on(); returns its id.
my $last = 0;
sub in_the_middle
{
	$gate->query_safe('SELECT pg_advisory_lock(1)');
	$source->safe_psql('postgres', 'UPDATE t SET v = v + 1');
	wait_for($source, $at_the_gate) or die 'no run waits';
	wait_for($target, "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE run_id > $last AND status = 'running' AND rows_read > 0") or die 'no run is under way';
	return $last = $target->safe_psql('postgres', "SELECT run_id FROM hyperline.loader_runs WHERE status = 'running'");
}

sub go_on { return $gate->query_safe('SELECT pg_advisory_unlock(1)'); }

# The run goes on, as far as it may; this is how it ended.
sub ended
{
	my ($run, $status, $what, $name) = @_;
	go_on();
	ok(wait_for($target, "SELECT status FROM hyperline.loader_runs WHERE run_id = $run", $status), "$name: the run is $status");
	like(patiently($target, "SELECT concat_ws(' ', sqlstate, error) FROM hyperline.loader_runs WHERE run_id = $run"), $what, "$name: and says why");
	return;
}

create_slow();
my $run = in_the_middle();
$target->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'hyperline runner'");
ended($run, 'interrupted', qr/^57P01 the process that carried out the run ended/, 'a runner that is terminated');
is(aftermath($target, $source), '', 'a runner that is terminated: afterwards');

$run = in_the_middle();
$target->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'hyperline runner'");
ended($run, 'cancelled', qr/^57014 canceling statement/, 'a runner that is cancelled');
is(aftermath($target, $source), '', 'a runner that is cancelled: afterwards');

$run = in_the_middle();
$source->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hyperline_connector'");
ended($run, 'failed', qr/^(?:57P01|08006) /, 'a session at the source that is terminated');
is(aftermath($target, $source), '', 'a session at the source that is terminated: afterwards');

$run = in_the_middle();
$source->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'hyperline_connector'");
ended($run, 'failed', qr/^57014 the query failed at the source: canceling statement due to user request/, 'a query that is cancelled at the source');
is(aftermath($target, $source), '', 'a query that is cancelled at the source: afterwards');

$run = in_the_middle();
is($target->safe_psql('postgres', "SELECT hyperline.cancel_run($run)"), 't', 'cancel_run ends a run');
ended($run, 'cancelled', qr/^57014 /, 'cancel_run');
is($target->safe_psql('postgres', "SELECT hyperline.cancel_run($run)"), 'f', 'once');
is(aftermath($target, $source), '', 'cancel_run: afterwards');

$run = in_the_middle();
$target->safe_psql('postgres', "SELECT hyperline.pause_loader('slow')");
ended($run, 'cancelled', qr/^57014 the loader was paused; it is due again when it is resumed/, 'pause_loader');
$target->safe_psql('postgres', "SELECT hyperline.resume_loader('slow')");
is(aftermath($target, $source), '', 'pause_loader: afterwards');

$run = in_the_middle();
$target->safe_psql('postgres', q{SELECT hyperline.alter_loader('slow', query => 'SELECT *, id % 2 AS odd FROM slow')});
ended($run, 'cancelled', qr/^57014 the loader was changed; it is due again with its new settings/, 'alter_loader');
is(aftermath($target, $source), '', 'alter_loader: afterwards, by the new query');

$run = in_the_middle();
my ($status, $out, $err) = $target->psql('postgres', "SELECT hyperline.drop_connection('product')");
like($err, qr/ERROR: .*product.*\n?.*slow/s, 'drop_connection is refused, and names the loader');
$target->safe_psql('postgres', q{SELECT hyperline.drop_loader('slow')});
ended($run, 'cancelled', qr/^57014 /, 'drop_loader');
is(aftermath($target, $source, runs => 0), '', 'drop_loader: afterwards');

# A run that begins while its loader is dropped, when the drop has seen that it is only queued: it waits for the loader, which
# the beginning holds, and a trigger keeps that from its end.
$target->safe_psql('postgres', q{CREATE FUNCTION begin_slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		WHILE NOT pg_try_advisory_xact_lock(2) LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN NEW; END $$;
	CREATE TRIGGER begin_slowly BEFORE UPDATE ON hyperline.run FOR EACH ROW WHEN (OLD.status = 'queued' AND NEW.status = 'running') EXECUTE FUNCTION begin_slowly();
	ALTER TABLE hyperline.run ENABLE ALWAYS TRIGGER begin_slowly});
my $beginning = $target->background_psql('postgres');
my $dropping = open_session($target);
for my $delete_events ('false', 'true')
{
	$beginning->query_safe('SELECT pg_advisory_lock(2)');
	$gate->query_safe('SELECT pg_advisory_lock(1)');
	# No row comes, so that it does not end by itself for want of its loader.
	$target->safe_psql('postgres', q{SELECT hyperline.create_loader('product', 'slow', 'SELECT id, company AS "customerId", at AS timestamp FROM t WHERE pg_advisory_xact_lock_shared(1) IS NULL', '1 day')});
	ok(wait_for($target, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hyperline runner' AND wait_event = 'PgSleep'"), 'a run is about to begin');
	$dropping->send("SET client_min_messages = warning; SELECT hyperline.drop_loader('slow', $delete_events)");
	ok(wait_for($target, "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%drop_loader%' AND wait_event_type = 'Lock'"), 'drop_loader waits for that');
	$beginning->query_safe('SELECT pg_advisory_unlock(2)');
	is($dropping->finish, '', 'drop_loader of a run that begins ends');
	like($target->safe_psql('postgres', "SELECT concat_ws(' ', status, sqlstate, started_at IS NOT NULL) FROM hyperline.loader_runs WHERE loader = 'slow' ORDER BY run_id DESC LIMIT 1"), qr/^cancelled 57014 t/, 'and the run is cancelled');
	go_on();
	is($delete_events eq 'true' ? $target->safe_psql('postgres', 'SELECT count(*) FROM hyperline.events') : aftermath($target, $source, runs => 0), $delete_events eq 'true' ? '0' : '', 'drop_loader of a run that begins: afterwards');
}
$dropping->close;
$beginning->quit;
$target->safe_psql('postgres', 'DROP TRIGGER begin_slowly ON hyperline.run');
$target->safe_psql('postgres', "SELECT hyperline.drop_connection('product'); DELETE FROM hyperline.events; DELETE FROM hyperline.run");
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$url')");

# Somebody empties the table of events under a run: what the run had stored is gone, what it stores from then on stays, its
# row is true of both, and the next run stores what is missing.
$gate->query_safe('SELECT pg_advisory_lock(1)');
create_slow('1 day');
ok(wait_for($target, 'SELECT rows_read FROM hyperline.loader_runs', '1000'), 'a run has stored two batches of six');
$run = $target->safe_psql('postgres', 'SELECT run_id FROM hyperline.loader_runs');
$target->safe_psql('postgres', 'TRUNCATE hyperline.events');
ended($run, 'succeeded', qr/^$/, 'TRUNCATE of events under a run');
is($target->safe_psql('postgres', "SELECT rows_read, inserted, (SELECT count(*) FROM hyperline.events) FROM hyperline.loader_runs WHERE run_id = $run"), '3000|3000|2000', 'TRUNCATE of events under a run: what it has done');
$run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('slow')");
is($target->safe_psql('postgres', "SELECT hyperline.wait_for_run($run)"), 'succeeded', 'TRUNCATE of events under a run: the next one');
is($target->safe_psql('postgres', "SELECT inserted, unchanged FROM hyperline.loader_runs WHERE run_id = $run"), '1000|2000', 'stores what is missing');
is(aftermath($target, $source, runs => 0), 'untrue counts: of 3000 events of type slow the runs say that they inserted 4000', 'TRUNCATE of events under a run: afterwards');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('slow'); DELETE FROM hyperline.events; DELETE FROM hyperline.run");

# The whole server
create_slow();
$run = in_the_middle();
$target->stop('immediate');
$target->start;
ended($run, 'interrupted', qr/^57P01 the process that carried out the run ended before the run did/, 'an immediate shutdown');
is(aftermath($target, $source), '', 'an immediate shutdown: afterwards');

# Runners that are ended at any moment, most of them before they took their run
$source->safe_psql('postgres', 'UPDATE pauses SET seconds = 0.02');
my $ended = 0;
for (1 .. 25)
{
	$source->safe_psql('postgres', 'UPDATE t SET v = v + 1 WHERE id % 100 = 0');
	$target->safe_psql('postgres', "SELECT hyperline.run_loader('slow')");
	usleep(int(rand(60_000)));
	$ended += $target->safe_psql('postgres', q{SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'hyperline runner' AND random() < 0.7
		UNION ALL SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'hyperline runner') x});
}
is(aftermath($target, $source), '', "runners that were terminated or cancelled at any moment ($ended)");

# A cancel that races with the end of a run: who is told that it was cancelled was told the truth, and the session that
# carried it out goes on.
$target->safe_psql('postgres', "SELECT hyperline.pause_loader('slow')");
my %said;
for my $try (1 .. 15)
{
	my $answer = '';
	my $session = IPC::Run::start([ 'psql', '-XqAt', '-v', 'VERBOSITY=verbose', '-d', $target->connstr('postgres'), '-c', "CALL hyperline.refresh_loader('slow')", '-c', "SELECT 'goes on'" ], '>&', \$answer);
	usleep(20_000 + int(rand(140_000)));
	my $cancelled = $target->safe_psql('postgres', "SELECT run_id, hyperline.cancel_run(run_id) FROM hyperline.loader_runs WHERE trigger = 'session' AND status = 'running'");
	IPC::Run::finish($session);
	my ($id, $told) = split /\|/, $cancelled;
	my $was = $id ? $target->safe_psql('postgres', "SELECT status FROM hyperline.loader_runs WHERE run_id = $id") : '';
	my $saw = $answer =~ /57014/ ? 'an error' : 'no error';
	$said{ $id ? "told $told, $was, $saw" : 'too early or too late' }++;
	fail("the session does not go on: $answer") unless $answer =~ /goes on$/;
}
is(join(', ', grep { !/^(?:told t, cancelled, an error|told f, succeeded, no error|too early or too late)$/ } sort keys %said), '', 'cancel_run says what came of it');
note(join(', ', map { "$_: $said{$_}" } sort keys %said));
is(aftermath($target, $source, runs => 0), '', 'cancels: afterwards');

# Somebody's open transaction holds locks.
$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', 'other', 'SELECT * FROM slow', '1 second'); SELECT hyperline.resume_loader('slow')");
ok(wait_for($target, "SELECT count(*) > 0 FROM hyperline.loader_runs WHERE loader = 'other' AND status = 'succeeded'"), 'two loaders');
for my $holding ("SELECT hyperline.pause_loader('slow')", "SELECT hyperline.run_loader('slow')", "SELECT hyperline.alter_loader('slow', refresh_rate => '2 seconds')")
{
	my $holder = $target->background_psql('postgres');
	$holder->query_safe("BEGIN; $holding");
	my $now = $target->safe_psql('postgres', 'SELECT clock_timestamp()');
	ok(wait_for($target, "SELECT count(*) >= 2 FROM hyperline.loader_runs WHERE loader = 'other' AND status = 'succeeded' AND started_at > '$now'"), "in an open transaction, $holding: others run");
	$holder->query_safe('ROLLBACK');
	$holder->quit;
	is(aftermath($target, $source), '', "in an open transaction, $holding: afterwards");
}

# A batch that waits for a lock is stored when the lock is gone; when it lasts, the run fails with the cause.
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('other')");
my $holder = $target->background_psql('postgres');
$holder->query_safe('BEGIN; LOCK TABLE hyperline.events IN EXCLUSIVE MODE');
$source->safe_psql('postgres', 'UPDATE t SET v = v + 1');
ok(wait_for($target, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hyperline runner' AND wait_event_type = 'Lock'"), 'a run waits for a lock on events');
$holder->query_safe('COMMIT');
is(aftermath($target, $source), '', 'a lock on events that goes away: afterwards');
$target->safe_psql('postgres', "SELECT hyperline.pause_loader('slow')");
$source->safe_psql('postgres', 'UPDATE t SET v = v + 1');
$holder->query_safe('BEGIN; LOCK TABLE hyperline.events IN EXCLUSIVE MODE');
($status, $out, $err) = $target->psql('postgres', "SET lock_timeout = '10ms'; CALL hyperline.refresh_loader('slow')");
like($err, qr/ERROR:  could not store a batch in 10 attempts\nDETAIL:  In the last one: canceling statement due to lock timeout\.\nHINT:  .*pg_locks/, 'a lock on events that stays: the cause');
is($target->safe_psql('postgres', "SELECT status, sqlstate FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1"), 'failed|55P03', 'in the row too');
$holder->query_safe('COMMIT');
$holder->quit;
$target->safe_psql('postgres', "SELECT hyperline.resume_loader('slow')");
is(aftermath($target, $source), '', 'a lock on events that stays: afterwards');

# A run that has read everything, and whose end waits for somebody's open transaction longer than for one lock: the worker
# tries again, and what it has done is not thrown away.
$target->safe_psql('postgres', q{SELECT hyperline.pause_loader('slow');
	SELECT hyperline.create_loader('product', 'end', 'SELECT id, company AS "customerId", at AS timestamp FROM t WHERE pass(1) IS NULL', '1 day', paused => true)});
my $runner = "FROM pg_stat_activity WHERE backend_type = 'hyperline runner' AND wait_event_type = 'Lock'";
for my $way ('in a worker', 'in a session')
{
	my ($answer, $said, $session) = ('', '');
	$gate->query_safe('SELECT pg_advisory_lock(1)');
	if ($way eq 'in a worker')
	{
		$target->safe_psql('postgres', "SELECT hyperline.run_loader('end')");
	}
	else
	{
		$session = IPC::Run::start([ 'psql', '-XqAt', '-d', $target->connstr('postgres'), '-c', "SET lock_timeout = '500ms'", '-c', "CALL hyperline.refresh_loader('end')" ], '>', \$answer, '2>', \$said, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
		$runner = "FROM pg_stat_activity WHERE query LIKE 'CALL hyperline.refresh%' AND wait_event_type = 'Lock'";
	}
	wait_for($source, $at_the_gate) or die 'no run waits';
	$holder = $target->background_psql('postgres');
	$holder->query_safe("BEGIN; SELECT hyperline.alter_loader('end', max_rejected => 5)");
	go_on();
	ok(wait_for($target, "SELECT count(*) = 1 AND (SELECT min(waitstart) IS NOT NULL FROM pg_locks WHERE NOT granted) $runner"), "$way: the end of a run waits for a loader that somebody holds");
	my $waits = $target->safe_psql('postgres', "SELECT min(waitstart) FROM pg_locks WHERE NOT granted");
	ok(wait_for($target, "SELECT COALESCE(min(waitstart) > '$waits', false) FROM pg_locks WHERE NOT granted"), "$way: and when that has taken too long, once more");
	$holder->query_safe('COMMIT');
	$holder->quit;
	ok(wait_for($target, "SELECT status = 'succeeded' FROM hyperline.loader_runs WHERE loader = 'end' ORDER BY run_id DESC LIMIT 1"), "$way: the run succeeds");
	$session->finish if $session;
	is($answer . $said, '', "$way: and says nothing");
}
is($target->safe_psql('postgres', "SELECT max_rejected FROM hyperline.loaders WHERE name = 'end'"), '5', 'the loader is changed');

# A queued run whose loader is held waits, without an error in the log: each runner leaves at once, and the next comes later.
$target->safe_psql('postgres', "BEGIN; SELECT hyperline.run_loader('end'); UPDATE hyperline.run SET due_at = now() + interval '1 hour' WHERE status = 'queued'; COMMIT");
$target->append_conf('postgresql.conf', "log_min_messages = debug1\n");
$target->reload;
$holder = $target->background_psql('postgres');
$holder->query_safe("BEGIN; SELECT hyperline.alter_loader('end', max_rejected => 6)");
my $seen = -s $target->logfile;
$target->safe_psql('postgres', "UPDATE hyperline.run SET due_at = now() WHERE status = 'queued'; SELECT hyperline.announce_installation()");
sub tries { return scalar(() = substr(slurp_file($target->logfile), $seen) =~ /starting background worker process "hyperline runner: end"/g); }
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default) { last if tries() >= 3; usleep(100_000); }
cmp_ok(tries(), '>=', 3, 'a queued run whose loader is held is tried again');
unlike(substr(slurp_file($target->logfile), $seen), qr/ERROR:|could not/, 'and nobody complains');
$holder->query_safe('ROLLBACK');
$holder->quit;
ok(wait_for($target, "SELECT status = 'succeeded' FROM hyperline.loader_runs WHERE loader = 'end' ORDER BY run_id DESC LIMIT 1"), 'it runs when nobody holds the loader');
$target->append_conf('postgresql.conf', "log_min_messages = warning\n");
$target->reload;
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('end'); SELECT hyperline.resume_loader('slow')");

# refresh_loader and retry_rejected while a run is under way: they say for which run they wait, can be ended, and leave the
# run alone.
$target->safe_psql('postgres', "SELECT hyperline.alter_loader('slow', refresh_rate => '1 day')");
ok(wait_for($target, q{SELECT next_run_at > now() + interval '1 hour' AND NOT EXISTS (SELECT FROM hyperline.loader_runs WHERE status IN ('queued', 'running')) FROM hyperline.loaders}), 'nothing runs by itself');
$source->safe_psql('postgres', "INSERT INTO t VALUES (3001, NULL, '2026-01-01', 0)");
$gate->query_safe('SELECT pg_advisory_lock(1)');
$run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('slow')");
ok(wait_for($target, "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE run_id = $run AND status = 'running' AND rows_read > 0"), 'a run is under way');
$source->safe_psql('postgres', 'UPDATE t SET company = 1 WHERE id = 3001'); # the run does not see it any more
for my $call ('CALL hyperline.refresh_loader', 'SELECT hyperline.retry_rejected', 'patient SELECT hyperline.retry_rejected')
{
	my ($answer, $said) = ('', '');
	my ($patient, $sql, $what) = $call =~ /^(patient )?((?:CALL|SELECT) hyperline.(.*))/;
	my $retry = IPC::Run::start([ 'psql', '-XqAt', '-d', $target->connstr('postgres'), '-c', "$sql('slow')" ], '>', \$answer, '2>', \$said, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	my $name = "$what during a run" . ($patient ? ', patiently' : ', ended by Ctrl-C');
	my $notice = "NOTICE:  waiting for run $run of loader \"slow\"\nHINT:  Its end is waited for; hyperline.cancel_run($run) ends it sooner.\n";
	$retry->pump_nb, usleep(20_000) until $said =~ /HINT.*\n/ or !$retry->pumpable;
	$patient ? go_on() : $retry->signal('INT'); # what a terminal's Ctrl-C sends to psql
	$retry->finish;
	$said =~ s/^CONTEXT:.*\z//ms; # it may come in a statement of ours
	is($said, $notice . ($patient ? '' : "Cancel request sent\nERROR:  canceling statement due to user request\n"), "$name: what it says");
	is($answer, $patient ? "1\n" : '', "$name: what it returns");
	is($target->safe_psql('postgres', "SELECT status FROM hyperline.loader_runs WHERE run_id = $run"), $patient ? 'succeeded' : 'running', "$name: the run");
}
# In a transaction that has changed the loader, whose end the run waits for
$gate->query_safe('SELECT pg_advisory_lock(1)');
$run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('slow')");
ok(wait_for($target, "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE run_id = $run AND status = 'running' AND rows_read > 0"), 'a run is under way once more');
my $altering = $target->background_psql('postgres', on_error_stop => 0);
$altering->query_safe("BEGIN; SELECT hyperline.alter_loader('slow', max_rejected => 5)");
go_on();
ok(wait_for($target, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hyperline runner' AND wait_event_type = 'Lock'"), 'it waits for the transaction');
$altering->query("SELECT hyperline.retry_rejected('slow')");
like($altering->{stderr}, qr/ERROR:  run $run of loader "slow" waits for the end of this transaction\n.*HINT:  Commit first, then call hyperline\.retry_rejected\(\) in another statement\./s,
	'retry_rejected in a transaction that is in the way of the run');
$altering->quit;
ok(wait_for($target, "SELECT status = 'succeeded' FROM hyperline.loader_runs WHERE run_id = $run"), 'the run goes on');
is($target->safe_psql('postgres', q{SELECT times, resolved_at IS NOT NULL FROM hyperline.rejected_rows WHERE loader = 'slow' AND "row" ->> 'id' = '3001'}), '1|t', 'the row was rejected by the run and stored by the retry');

unlike(slurp_file($target->logfile), qr/PANIC|segfault|signal 11|signal 6|TRAP|hyperline scheduler could not/, 'nothing crashed');
$gate->quit;
$target->stop('fast');
$source->stop('fast');
done_testing();
