# What nobody has to look after: due times do not drift, what was missed is made up by one run, sessions that die and
# prepared transactions are noticed at once, old history goes, and owners of the extension come and go.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use Hyperline;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source');
$source->safe_psql('postgres', q{CREATE TABLE t AS SELECT g AS id, g % 7 AS company, timestamptz '2026-01-01' + g * interval '1 second' AS at FROM generate_series(1, 100) g});
authenticate($source, 'local all keeper scram-sha-256');
my $target = PostgreSQL::Test::Cluster->new('target');
$target->init;
$target->append_conf('postgresql.conf', "timezone = 'UTC'\nshared_preload_libraries = 'hyperline_connector'\nmax_prepared_transactions = 2\nhyperline_connector.retry_delay = 1s\nlog_line_prefix = '%m [%p] %b '\n");
$target->start;
$target->safe_psql('postgres', 'CREATE ROLE deployer SUPERUSER LOGIN');
$target->safe_psql('postgres', 'CREATE EXTENSION hyperline_connector', extra_params => [ '-U', 'deployer' ]);
sub sql { return $target->safe_psql('postgres', $_[0]); }
my $url = source_url($source);
my $calls = 'SELECT id, company AS "customerId", at AS timestamp FROM t';
sql("SELECT hyperline.create_connection('product', '$url'); SELECT hyperline.create_loader('product', 'calls', \$q\$$calls\$q\$, '1 hour')");
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE status = 'succeeded'", '1'), 'a loader');

# Nothing is due for an hour, and the scheduler would look by itself after a minute: it is told. Half of that minute is
# the deadline.
my $soon = 30;
my ($out, $err) = ('', '');
sql("SELECT hyperline.create_loader('product', 'dies', 'SELECT 1 AS id, 1 AS \"customerId\", now() AS timestamp, pg_sleep(600)::text', '1 hour', paused => true)");
my $refresh = IPC::Run::start([ 'psql', '-XAtq', '-d', $target->connstr('postgres'), '-c', "CALL hyperline.refresh_loader('dies')" ], '>', \$out, '2>', \$err);
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'dies' AND status = 'running'", '1'), 'a session refreshes a loader');
ok(wait_for($target, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'hyperline scheduler' AND state = 'idle'", '1'), 'the scheduler sleeps');
sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL hyperline.refresh_loader%'");
$refresh->finish;
ok(wait_for($target, "SELECT status FROM hyperline.loader_runs WHERE loader = 'dies'", 'interrupted', $soon), 'the run of a session that is ended says so at once');
like(slurp_file($target->logfile), qr/hyperline scheduler LOG:  run \d+ of loader "dies" was interrupted: .*; its session has ended$/m, 'the log says why, and promises no other run');
sql("SELECT hyperline.drop_loader('dies')");

sql("BEGIN; SELECT hyperline.run_loader('calls'); PREPARE TRANSACTION 'asked'");
is(sql("SELECT count(*) FROM hyperline.loader_runs"), '2', 'a run that was asked for in a prepared transaction is not there yet');
sql("COMMIT PREPARED 'asked'");
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'calls' AND trigger = 'manual' AND status = 'succeeded'", '1', $soon), 'it runs when that is committed');

# Due times are those of the rate, however long runs take and whenever they start; what was missed is one run.
sql("SELECT hyperline.create_loader('product', 'often', 'SELECT 1 AS id, 1 AS \"customerId\", timestamptz ''2026-01-01'' AS timestamp, pg_sleep(0.3)::text', '1 second')");
ok(wait_for($target, "SELECT count(*) >= 4 FROM hyperline.loader_runs WHERE loader = 'often' AND status = 'succeeded'"), 'a loader of one second whose runs take time');
is(sql("SELECT count(DISTINCT extract(microseconds FROM due_at)::int % 1000000) FROM hyperline.run WHERE loader = 'often' AND trigger = 'schedule'"), '1', 'is due at the same fraction of a second each time');
sql("SELECT hyperline.drop_loader('often')");
my $last = sql('SELECT max(run_id) FROM hyperline.run');
$target->stop('fast');
$target->start;
my $due = sql("UPDATE hyperline.loader SET next_run_at = date_trunc('hour', now()) - interval '1 day 23 minutes' WHERE name = 'calls' RETURNING next_run_at");
sql('SELECT hyperline.announce_installation()');
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE run_id > $last AND status = 'succeeded'", '1'), 'what was missed for a day is made up');
is(sql("SELECT count(*), min(r.due_at) = '$due', min(l.next_run_at) > now() AND min(l.next_run_at) <= now() + interval '1 hour', extract(minute FROM min(l.next_run_at)) FROM hyperline.run r, hyperline.loader l WHERE r.run_id > $last AND l.name = 'calls'"),
	'1|t|t|37', 'by one run, and the next is due by the rate, counted from when it was due');

# A run that begins when the loader is due stands for the run of the schedule: after a crash, and after a wait in the queue.
sub runs_of { return sql("SELECT string_agg(trigger || ' ' || status, ', ' ORDER BY run_id) FROM hyperline.loader_runs WHERE loader = '$_[0]'"); }
make_gate($source);
my $gated = q{SELECT 1 AS id, 1 AS "customerId", timestamptz '2026-01-01' AS timestamp, gate()};
sql("SELECT hyperline.create_loader('product', 'crash', \$q\$$gated\$q\$, '1 day', paused => true)");
my $closing = $source->background_psql('postgres');
$closing->query_safe('SELECT pg_advisory_lock(1)');
my $at_gate = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
my $nobody_there = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hyperline_connector'";
sql("SELECT hyperline.resume_loader('crash')");
ok(wait_for($source, $at_gate, '1'), 'a run waits at the source');
$target->stop('immediate');
$closing->query_safe('SELECT pg_advisory_unlock(1)');
ok(wait_for($source, $nobody_there, '0'), 'the server goes down under it');
$target->append_conf('postgresql.conf', "hyperline_connector.enabled = off\n");
$target->start;
sql("UPDATE hyperline.loader SET next_run_at = now() - interval '1 hour' WHERE name = 'crash'");
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'crash' AND trigger = 'retry' AND status = 'queued'", '1'), 'it comes up when the loader is due again');
$target->append_conf('postgresql.conf', "hyperline_connector.enabled = on\n");
$target->reload;
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'crash' AND status = 'succeeded'", '1'), 'the retry runs');
is(sql("SELECT next_run_at > now() FROM hyperline.loader WHERE name = 'crash'"), 't', 'the loader is not due any more');
is(runs_of('crash'), 'schedule interrupted, retry succeeded', 'and the run of the schedule does not follow');
sql("SELECT hyperline.drop_loader('crash'); SELECT hyperline.alter_connection('product', max_concurrent_runs => 1)");
$closing->query_safe('SELECT pg_advisory_lock(1)');
sql("SELECT hyperline.create_loader('product', 'first', \$q\$$gated\$q\$, '1 day', paused => true); SELECT hyperline.create_loader('product', 'second', \$q\$$calls\$q\$, '1 day', paused => true)");
sql("SELECT hyperline.resume_loader('first')");
ok(wait_for($source, $at_gate, '1'), 'a run keeps its connection busy');
sql("SELECT hyperline.resume_loader('second')");
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'second' AND status = 'queued'", '1'), 'another waits in the queue');
sql("UPDATE hyperline.loader SET next_run_at = now() - interval '1 minute' WHERE name = 'second'");
$closing->query_safe('SELECT pg_advisory_unlock(1)');
$closing->quit;
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'second' AND status = 'succeeded'", '1'), 'it has its turn when its loader is due once more');
is(sql("SELECT next_run_at > now() FROM hyperline.loader WHERE name = 'second'") . ' ' . runs_of('second'), 't schedule succeeded', 'and stands for that, too');
sql("SELECT hyperline.drop_loader('first'); SELECT hyperline.drop_loader('second'); SELECT hyperline.alter_connection('product', max_concurrent_runs => 2)");

# Failures: retried while there is time, never past the due time; one success ends it.
$source->safe_psql('postgres', 'ALTER TABLE t RENAME TO gone');
$last = sql("SELECT hyperline.run_loader('calls')");
is(sql("SELECT hyperline.wait_for_run($last)"), 'failed', 'a query whose table is gone');
is(sql("SELECT status, consecutive_failures FROM hyperline.loaders"), 'failing|1', 'the loader fails, and nothing is queued: a retry cannot mend it');
$source->safe_psql('postgres', 'ALTER TABLE gone RENAME TO t');
$last = sql("SELECT hyperline.run_loader('calls')");
is(sql("SELECT hyperline.wait_for_run($last)"), 'succeeded', 'it is back');
is(sql("SELECT status, consecutive_failures, last_error IS NULL FROM hyperline.loaders"), 'idle|0|t', 'one success ends it');
my $seconds = under_valgrind() ? 120 : 2; # enough to ask for a run that is not the one that is due
sql("UPDATE hyperline.loader SET next_run_at = now() + interval '$seconds seconds', refresh_rate = '1 day' WHERE name = 'calls'");
$source->stop('fast');
$last = sql("SELECT hyperline.run_loader('calls')");
is(sql("SELECT hyperline.wait_for_run($last)"), 'failed', 'a source that is gone');
ok(wait_for($target, "SELECT count(*) > 0 FROM hyperline.run WHERE run_id > $last AND trigger = 'schedule'"), 'the next due time comes');
is(sql("SELECT count(*) FROM hyperline.run r WHERE run_id > $last AND trigger = 'retry' AND due_at >= (SELECT min(due_at) FROM hyperline.run WHERE run_id > $last AND trigger = 'schedule')
	AND queued_at < (SELECT min(due_at) FROM hyperline.run WHERE run_id > $last AND trigger = 'schedule')"), '0', 'no retry waits past it');
$source->start;
ok(wait_for($target, "SELECT status FROM hyperline.loaders WHERE name = 'calls'", 'idle'), 'and a retry mends it');

# As often as max_retries says, each time after twice the delay, then not before the loader is due again. The delays are long
# here, and what waits for them is told to go.
sub set
{
	my (%values) = @_;
	$target->append_conf('postgresql.conf', join('', map { "hyperline_connector.$_ = $values{$_}\n" } keys %values));
	$target->reload;
	wait_for($target, "SELECT current_setting('hyperline_connector.$_')", $values{$_}) or die "$_ is not set" for keys %values;
	return;
}
sub waiting
{
	return sql(q{SELECT string_agg(format('%s %s after %s', trigger, attempt, CASE WHEN minutes BETWEEN 8 AND 12 THEN 10 WHEN minutes BETWEEN 16 AND 24 THEN 20 ELSE minutes END), ', ')
		FROM (SELECT *, round(extract(epoch FROM due_at - queued_at) / 60) AS minutes FROM hyperline.run WHERE status = 'queued') r});
}
sub hurry
{
	my $run = sql("UPDATE hyperline.run SET due_at = now() WHERE status = 'queued' RETURNING run_id");
	sql("SELECT hyperline.announce_installation()");
	return sql("SELECT hyperline.wait_for_run($run)");
}
set(retry_delay => '10min', max_retries => 2);
$source->stop('fast');
$due = sql("UPDATE hyperline.loader SET next_run_at = now() + interval '1 day' WHERE name = 'calls' RETURNING next_run_at");
$last = sql("SELECT hyperline.run_loader('calls')");
is(sql("SELECT hyperline.wait_for_run($last)") . ', ' . waiting(), 'failed, retry 2 after 10', 'a run that fails for a while is to be retried after the delay');
is(hurry() . ', ' . waiting(), 'failed, retry 3 after 20', 'and again after twice the delay');
is(hurry() . ', ' . waiting(), 'failed, ', 'and no more than max_retries times');
is(sql("SELECT status, consecutive_failures, next_run_at = '$due' FROM hyperline.loaders"), 'failing|3|t', 'the loader waits for its next due time, which stands');
sql("UPDATE hyperline.loader SET next_run_at = now() WHERE name = 'calls'; SELECT hyperline.announce_installation()");
ok(wait_for($target, "SELECT status FROM hyperline.run WHERE run_id > $last AND trigger = 'schedule'", 'failed'), 'then it runs');
is(waiting(), 'retry 2 after 10', 'and is retried as at first');
$due = sql("UPDATE hyperline.loader SET next_run_at = now() + interval '15 minutes' WHERE name = 'calls' RETURNING next_run_at");
is(hurry() . ', ' . waiting(), 'failed, ', 'a retry that would come after the next due time is none');
is(sql("SELECT next_run_at = '$due' FROM hyperline.loaders"), 't', 'which stands');
is(sql("SELECT string_agg(trigger || ' ' || attempt || ' ' || status || ' ' || sqlstate, ', ' ORDER BY run_id) FROM hyperline.loader_runs WHERE run_id >= $last"),
	'manual 1 failed 08001, retry 2 failed 08001, retry 3 failed 08001, schedule 1 failed 08001, retry 2 failed 08001', 'the history shows them all');
$source->start;
$last = sql("SELECT hyperline.run_loader('calls')");
is(sql("SELECT hyperline.wait_for_run($last)"), 'succeeded', 'the source is back');

# What a retry cannot mend is not retried.
$source->safe_psql('postgres', q{CREATE ROLE keeper LOGIN PASSWORD 'right' IN ROLE pg_read_all_data; CREATE TABLE fields AS SELECT id, company AS "customerId", at AS timestamp FROM t});
my $guarded = source_url($source, 'postgres', 'keeper&password=right');
sql("SELECT hyperline.create_connection('guarded', '$guarded'); SELECT hyperline.create_loader('guarded', 'fields', 'SELECT * FROM fields', '1 day')");
ok(wait_for($target, "SELECT status FROM hyperline.loader_runs WHERE loader = 'fields'", 'succeeded'), 'a loader with a password');
my %lasting = (
	'a wrong password' => [ '28P01', $source, "ALTER ROLE keeper PASSWORD 'other'", "ALTER ROLE keeper PASSWORD 'right'" ],
	'a role that may not log in' => [ '28000', $source, 'ALTER ROLE keeper NOLOGIN', 'ALTER ROLE keeper LOGIN' ],
	'a query that does not parse' => [ '42601', $target, q{UPDATE hyperline.loader SET query = 'SELECT * FROM FROM fields' WHERE name = 'fields'}, q{UPDATE hyperline.loader SET query = 'SELECT * FROM fields' WHERE name = 'fields'} ],
	'a field that is missing' => [ '42703', $source, 'ALTER TABLE fields RENAME "customerId" TO customer', 'ALTER TABLE fields RENAME customer TO "customerId"' ]);
for my $fault (sort keys %lasting)
{
	my ($state, $node, $break, $mend) = @{ $lasting{$fault} };
	$due = sql("SELECT next_run_at FROM hyperline.loaders WHERE name = 'fields'");
	$node->safe_psql('postgres', $break);
	$last = sql("SELECT hyperline.run_loader('fields')");
	is(sql("SELECT hyperline.wait_for_run($last)") . ' ' . sql("SELECT sqlstate, error_detail LIKE '%tried again%' FROM hyperline.loader_runs WHERE run_id = $last"), "failed $state|f", "$fault: the run");
	is(waiting() . sql("SELECT status, next_run_at = '$due' FROM hyperline.loaders WHERE name = 'fields'"), 'failing|t', "$fault: it is not retried before the next due time");
	$node->safe_psql('postgres', $mend);
}
$last = sql("SELECT hyperline.run_loader('fields')");
is(sql("SELECT hyperline.wait_for_run($last)"), 'succeeded', 'mended by hand it runs');
sql("SELECT hyperline.drop_loader('fields', true); SELECT hyperline.drop_connection('guarded')");
set(retry_delay => '1s', max_retries => 5);

# History: runs and resolved rejected rows that are older than the retention go, by themselves.
$source->safe_psql('postgres', q{CREATE TABLE bad AS SELECT * FROM t; UPDATE bad SET at = NULL WHERE id IN (1, 2)});
my $bad = $calls =~ s/FROM t/FROM bad/r;
sql("SELECT hyperline.create_loader('product', 'bad', \$q\$$bad\$q\$, '1 day', cursor_field => 'id'); SELECT hyperline.create_loader('product', 'dropped', \$q\$$bad\$q\$, '1 day')");
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE loader IN ('bad', 'dropped') AND status = 'succeeded'", '2'), 'loaders that reject rows');
sql("SELECT hyperline.drop_loader('dropped'); SELECT hyperline.create_loader('product', 'waits', 'SELECT 1 AS id, 1 AS \"customerId\", now() AS timestamp, pg_sleep(600)::text', '1 hour')");
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'waits' AND status = 'running'", '1'), 'one that is running');
sql(q{
	ALTER TABLE hyperline.run DISABLE TRIGGER restored;
	INSERT INTO hyperline.run (loader_id, loader, event_type, trigger, status, queued_at, due_at, started_at, finished_at)
	SELECT loader_id, name, event_type, 'schedule', 'failed', t, t, t, t FROM hyperline.loader, generate_series(1, 2500) g, LATERAL (SELECT now() - interval '30 days' - g * interval '1 minute' AS t) x WHERE name = 'bad';
	ALTER TABLE hyperline.run ENABLE ALWAYS TRIGGER restored;
	UPDATE hyperline.run SET queued_at = queued_at - interval '31 days', due_at = due_at - interval '31 days', started_at = started_at - interval '31 days', finished_at = finished_at - interval '31 days' WHERE queued_at > now() - interval '1 day' AND loader <> 'calls';
	UPDATE hyperline.rejected_rows SET rejected_at = rejected_at - interval '31 days', last_rejected_at = last_rejected_at - interval '31 days';
	INSERT INTO hyperline.rejected_rows (run_id, loader, loader_id, row_number, code, message, rejected_at, last_rejected_at, identity, occurrence)
	SELECT run_id, loader, loader_id, 10 + g, 'null_id', 'id is NULL', last_rejected_at, last_rejected_at, sha256(g::text::bytea), 1 FROM (SELECT * FROM hyperline.rejected_rows WHERE loader = 'dropped' LIMIT 1) x, generate_series(1, 1500) g;
	UPDATE hyperline.rejected_rows SET resolved_at = now() - interval '31 days' WHERE "row" ->> 'id' = '1' OR loader = 'dropped' AND "row" IS NOT NULL;
	WITH resolved AS (DELETE FROM hyperline.rejected_rows WHERE resolved_at IS NOT NULL RETURNING *) INSERT INTO hyperline.rejected_rows SELECT * FROM resolved});
$last = sql("SELECT max(run_id) FROM hyperline.run WHERE loader = 'bad'");
my $young = sql("SELECT count(*) FROM hyperline.run WHERE loader = 'calls'");
my $gate = sql("SELECT hyperline.complete_until('bad')");
# Removed a portion at a time, between which the scheduler looks after what is due: the first one asks for a run here, and
# each further one notes whether that run has begun meanwhile, and what those before have left of rejected rows, of which
# those that are resolved are the last in the table.
sql(q{
	CREATE TABLE portions (number int GENERATED ALWAYS AS IDENTITY, has_begun bool, resolved bigint, of_dropped bigint);
	CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF NOT EXISTS (SELECT FROM public.portions) THEN PERFORM hyperline.run_loader('calls'); END IF;
		FOR i IN 1 .. 200 LOOP
			EXIT WHEN NOT EXISTS (SELECT FROM hyperline.run WHERE status = 'queued') OR NOT EXISTS (SELECT FROM public.portions);
			PERFORM pg_sleep(0.1);
		END LOOP;
		INSERT INTO public.portions (has_begun, resolved, of_dropped)
		SELECT NOT EXISTS (SELECT FROM hyperline.run WHERE status = 'queued'), count(*) FILTER (WHERE x.resolved_at IS NOT NULL), count(*) FILTER (WHERE x.loader = 'dropped')
		FROM hyperline.rejected_rows x;
		RETURN NULL; END $$;
	CREATE TRIGGER look BEFORE DELETE ON hyperline.run FOR EACH STATEMENT EXECUTE FUNCTION look();
	ALTER TABLE hyperline.run ENABLE ALWAYS TRIGGER look});
my $kept = "SELECT string_agg(loader || ' ' || n, ', ' ORDER BY loader) FROM (SELECT loader, count(*) AS n FROM hyperline.run GROUP BY loader) x";
is(sql("SELECT count(*) > 2500 FROM hyperline.run"), 't', 'nothing was removed yet, for nothing was that old when the scheduler looked');
$target->append_conf('postgresql.conf', "hyperline_connector.run_retention = '20d'\n");
$target->reload;
$young++; # the one that was asked for meanwhile
ok(wait_for($target, $kept, "bad 1, calls $young, waits 1"), 'old runs are removed, but for the last one of a loader and the one that is running');
sql('DROP TRIGGER look ON hyperline.run');
is(sql("SELECT count(*) >= 3 AND bool_and(has_begun) FILTER (WHERE number > 1) FROM portions"), 't', 'in portions, and what is due runs in between');
is(sql("SELECT string_agg(resolved || ' ' || of_dropped, ', ' ORDER BY number) FROM portions WHERE number <= 3"), '3 1502, 0 503, 0 0', 'rejected rows too, first those that are resolved');
is(sql("SELECT max(run_id) FROM hyperline.run WHERE loader = 'bad'"), $last, 'the last one it is');
is(sql("SELECT string_agg(loader || ' ' || (\"row\" ->> 'id') || ' ' || (resolved_at IS NULL), ', ') FROM hyperline.rejected_rows"), 'bad 2 true', 'of rejected rows only what is open, of a loader that is there');
is(sql("SELECT hyperline.complete_until('bad')"), $gate, 'which still holds the gate');
sql("SELECT hyperline.drop_loader('waits')");

# The owner of the extension leaves: nothing stops, and nothing goes with him.
sql('REASSIGN OWNED BY deployer TO CURRENT_USER; DROP OWNED BY deployer; DROP ROLE deployer');
sql("SELECT hyperline.drop_loader('bad')");
$last = sql("SELECT hyperline.run_loader('calls')");
is(sql("SELECT hyperline.wait_for_run($last)"), 'succeeded', 'after REASSIGN OWNED and DROP OWNED loaders run');
is(sql("SELECT count(*) FROM hyperline.events WHERE event_type = 'calls'"), '100', 'and store what there is');
sql('CREATE ROLE deployer SUPERUSER LOGIN; CREATE DATABASE other');
$target->safe_psql('other', "CREATE EXTENSION hyperline_connector; SELECT hyperline.create_connection('product', '$url'); SELECT hyperline.create_loader('product', 'calls', \$q\$$calls\$q\$, '1 second')", extra_params => [ '-U', 'deployer' ]);
ok($target->poll_query_until('other', "SELECT count(*) > 0 FROM hyperline.loader_runs WHERE status = 'succeeded'"), 'another database');
$target->safe_psql('other', 'SET client_min_messages = warning; DROP OWNED BY deployer CASCADE');
is($target->safe_psql('other', "SELECT count(*) FROM pg_extension WHERE extname = 'hyperline_connector'"), '0', 'DROP OWNED takes the extension with it');
ok(wait_for($target, "SELECT count(*) FROM pg_stat_activity WHERE datname = 'other' AND backend_type LIKE 'hyperline%'", '0'), 'and its workers');

unlike(slurp_file($target->logfile), qr/hyperline (?:launcher|scheduler|runner) (?:ERROR|FATAL|WARNING):  (?!terminating background worker)|PANIC|signal 11|TRAP/, 'no worker complains');
$target->stop('fast');
$source->stop('fast');
done_testing();
