# The background workers: what is created runs by itself, also after a crash, and nothing runs twice at a time.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source');
$source->safe_psql('postgres', q{
	CREATE TABLE calls (id int PRIMARY KEY, company int, at timestamptz);
	INSERT INTO calls SELECT g, g % 10, timestamptz '2026-01-01' + g * interval '1 minute' FROM generate_series(1, 5000) g});
my $target = start_target('target', 'restart_after_crash = on');
my $url = source_url($source);
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$url')");

sub create_loader
{
	my ($name, $query, $rate, $more) = @_;
	$target->safe_psql('postgres',
		"SELECT hyperline.create_loader('product', '$name', \$q\$$query\$q\$, '$rate'" . ($more // '') . ')');
	return;
}

sub runs_of
{
	my ($name, $condition) = @_;
	return "SELECT count(*) FROM hyperline.loader_runs WHERE loader = '$name' AND ($condition)";
}

my $calls = 'SELECT id, company AS "customerId", at AS timestamp FROM calls';

# By itself, at once, and again
create_loader('calls', $calls, '1 second');
ok($target->poll_query_until('postgres', runs_of('calls', "status = 'succeeded'") . ' HAVING count(*) >= 3', '3')
	|| $target->poll_query_until('postgres', "SELECT count(*) >= 3 FROM hyperline.loader_runs WHERE status = 'succeeded'"),
	'a new loader runs, and runs again');
is($target->safe_psql('postgres', 'SELECT count(*), count(DISTINCT customer_id) FROM hyperline.events'), '5000|10',
	'all events are stored once');
$source->safe_psql('postgres', "INSERT INTO calls VALUES (5001, 77, '2026-02-01')");
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.events WHERE id = '5001'"),
	'a new row of the source arrives by itself');
is($target->safe_psql('postgres', "SELECT external_id FROM hyperline.pending_customers WHERE external_id = '77'"), '77',
	'its customer too');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('calls')");

# A cron expression: its time is brought forward.
create_loader('cron', $calls, '0 0 1 1 *');
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'cron' AND status = 'succeeded'"),
	'a loader with a cron expression runs when it is created');
is($target->safe_psql('postgres', "SELECT to_char(next_run_at AT TIME ZONE 'UTC', 'MM-DD HH24:MI') FROM hyperline.loaders WHERE name = 'cron'"),
	'01-01 00:00', 'and next when the expression says');
$target->safe_psql('postgres', "UPDATE hyperline.loader SET next_run_at = now() - interval '3 days' WHERE name = 'cron'; SELECT hyperline.run_loader('cron')");
ok($target->poll_query_until('postgres', "SELECT count(*) >= 2 FROM hyperline.loader_runs WHERE loader = 'cron' AND status = 'succeeded'"),
	'a time that was missed is made up');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('cron')");

# A loader never overlaps itself. A run takes longer than it takes to look at it.
my $seconds = under_valgrind() ? 30 : 3;
create_loader('slow', qq{SELECT 1 AS id, 2 AS "customerId", now() AS timestamp, pg_sleep($seconds)::text}, '1 second');
for my $i (1 .. 5)
{
	my $active = $target->safe_psql('postgres', "SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'slow' AND status IN ('queued', 'running')");
	cmp_ok($active, '<=', 1, "at most one run of a slow loader ($i)");
	$target->safe_psql('postgres', "SELECT hyperline.run_loader('slow')");
}
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'slow' AND status = 'running'"), 'it runs');
is($target->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'hyperline runner'"), '1', 'in one worker');

# A runner that is killed: the server restarts, the run is interrupted, and the loader runs again.
my $pid = $target->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'hyperline runner'");
kill_process($target, $pid);
ok($target->poll_query_until('postgres', "SELECT count(*) >= 1 FROM hyperline.loader_runs WHERE status = 'interrupted'"),
	'a run whose process was killed is interrupted');
my $killed = $target->safe_psql('postgres', "SELECT max(run_id) FROM hyperline.loader_runs WHERE status = 'interrupted'");
ok($target->poll_query_until('postgres', "SELECT count(*) >= 1 FROM hyperline.loader_runs WHERE loader = 'slow' AND run_id > $killed AND status = 'succeeded'"),
	'and its loader runs again');

# Runs of a session beside a scheduler that is awake
$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', 'session', \$q\$$calls\$q\$, paused => true)");
$target->safe_psql('postgres', join(';', ("CALL hyperline.refresh_loader('session')") x 30));
is($target->safe_psql('postgres', "SELECT count(*), count(*) FILTER (WHERE trigger = 'session' AND status = 'succeeded') FROM hyperline.loader_runs WHERE loader = 'session'"),
	'30|30', 'each call is one run, which no worker takes');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('session')");

# Another schedule is for the next run: this one goes on.
my $holder = $source->background_psql('postgres');
$holder->query_safe('SELECT pg_advisory_lock(7)');
create_loader('later', q{SELECT 1 AS id, 2 AS "customerId", timestamptz '2026-01-01Z' AS timestamp, pg_advisory_lock_shared(7)::text}, '1 hour');
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'later' AND status = 'running'"), 'a run is under way');
$target->safe_psql('postgres', "SELECT hyperline.alter_loader('later', refresh_rate => '2 hours', time_zone => 'Europe/Zurich', lookback => '1 hour', max_rejected => 5)");
$holder->quit;
is($target->safe_psql('postgres', "SELECT hyperline.wait_for_run(run_id) FROM hyperline.loader_runs WHERE loader = 'later'"), 'succeeded', 'another schedule lets it go on');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('later', true)");

# Somebody ends a run, pauses, drops.
create_loader('forever', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp, pg_sleep(600)::text', '1 hour');
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'forever' AND status = 'running'"), 'a run that does not end');
is($target->safe_psql('postgres', "SELECT hyperline.cancel_run(run_id) FROM hyperline.loader_runs WHERE loader = 'forever' AND status = 'running'"), 't', 'can be cancelled');
is($target->safe_psql('postgres', "SELECT status FROM hyperline.loader_runs WHERE loader = 'forever'"), 'cancelled', 'and says so');
ok($source->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE application_name LIKE 'hyperline%' AND query LIKE '%pg_sleep(600)%' AND state = 'active'"), 'nothing goes on at the source');
# By a name of more bytes than most places have: what is shown of it is valid there, and the whole of it in query.
my $long = "\xc3\xbc" x 60;
$target->safe_psql('postgres', "SELECT hyperline.alter_loader('forever', new_name => '$long'); SELECT hyperline.run_loader('$long')");
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = '$long' AND status = 'running'"), 'it runs again');
my ($of_runner, $of_others) = $target->pg_version >= 17 ? ('HyperlineSource', 'HyperlineMain') : ('Extension', 'Extension');
my $shown = substr('hyperline runner: ' . '??' x 60, 0, 63); # PostgreSQL makes the names of workers ASCII
is($target->safe_psql('postgres', "SELECT application_name, state, regexp_replace(query, '\\d+', 'N') FROM pg_stat_activity WHERE backend_type = 'hyperline runner' AND query LIKE '%$long'"),
	"$shown|active|run N of loader $long", 'pg_stat_activity names the runner of a loader');
ok($target->poll_query_until('postgres', "SELECT application_name, state, wait_event_type, wait_event FROM pg_stat_activity WHERE backend_type LIKE 'hyperline%' AND NOT (backend_type = 'hyperline runner' AND query NOT LIKE '%$long') ORDER BY backend_type",
	"hyperline launcher||Extension|$of_others\n$shown|active|Extension|$of_runner\nhyperline scheduler: postgres|idle|Extension|$of_others"), 'and what each worker waits for');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('$long')");
ok($target->poll_query_until('postgres', "SELECT count(*) = 0 FROM hyperline.loader_runs WHERE loader = '$long' AND status = 'running'"), 'a loader that is dropped does not go on');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('slow')");

# The schedule can be switched off; runs that are asked for still run.
$target->append_conf('postgresql.conf', "hyperline_connector.enabled = off\n");
$target->reload;
ok($target->poll_query_until('postgres', "SELECT setting = 'off' FROM pg_settings WHERE name = 'hyperline_connector.enabled'"), 'enabled = off at a reload');
create_loader('off', $calls, '1 second');
my $run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('off')");
is($target->safe_psql('postgres', "SELECT hyperline.wait_for_run($run)"), 'succeeded', 'a run that is asked for runs');
is($target->safe_psql('postgres', "SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'off'"), '1', 'and no other');
create_loader('once', $calls, '1 hour');
$run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('once')");
is($target->safe_psql('postgres', "SELECT hyperline.wait_for_run($run)"), 'succeeded', 'a loader that is due runs when asked for');
is($target->safe_psql('postgres', "SELECT next_run_at > now() FROM hyperline.loaders WHERE name = 'once'"), 't', 'which the schedule does not do once more');
$target->append_conf('postgresql.conf', "hyperline_connector.enabled = on\n");
$target->reload;
ok($target->poll_query_until('postgres', "SELECT count(*) > 1 FROM hyperline.loader_runs WHERE loader = 'off' AND trigger = 'schedule' AND status = 'succeeded'"), 'and when it is on, the schedule goes on');

# A failing source: the run says why, is retried, and one success ends it.
$source->stop('fast');
ok($target->poll_query_until('postgres', "SELECT status = 'failing' OR consecutive_failures > 0 FROM hyperline.loaders WHERE name = 'off'"), 'a source that is gone makes the loader fail');
is($target->safe_psql('postgres', "SELECT status FROM hyperline.connections"), 'unreachable', 'the connection says so');
like($target->safe_psql('postgres', "SELECT error FROM hyperline.loader_runs WHERE status = 'failed' ORDER BY run_id DESC LIMIT 1"), qr/could not connect/, 'the run says why');
$source->start;
ok($target->poll_query_until('postgres', "SELECT consecutive_failures = 0 FROM hyperline.loaders WHERE name = 'off'"), 'it goes on when the source is back');
is($target->safe_psql('postgres', "SELECT status FROM hyperline.connections"), 'live', 'and the connection is live again');

# Other databases
$target->safe_psql('postgres', 'CREATE DATABASE other');
$target->safe_psql('other', 'CREATE EXTENSION hyperline_connector');
$target->safe_psql('other', "SELECT hyperline.create_connection('product', '$url')");
$target->safe_psql('other', "SELECT hyperline.create_loader('product', 'calls', \$q\$$calls\$q\$)");
ok($target->poll_query_until('other', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE status = 'succeeded'"),
	'an extension that is created in another database is served without a restart');
$target->safe_psql('other', 'DROP EXTENSION hyperline_connector');
ok($target->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = 'other' AND backend_type = 'hyperline scheduler'"),
	'and its scheduler goes with the extension');
$target->safe_psql('postgres', 'DROP DATABASE other');

# A crash and a fast stop
$target->stop('immediate');
$target->start;
my $before = $target->safe_psql('postgres', "SELECT max(run_id) FROM hyperline.loader_runs");
ok($target->poll_query_until('postgres', "SELECT count(*) >= 1 FROM hyperline.loader_runs WHERE run_id > $before AND status = 'succeeded'"), 'after a crash the schedule goes on');
create_loader('forever', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp, pg_sleep(600)::text', '1 hour');
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'forever' AND status = 'running'"), 'a run waits on the source');
$target->stop('fast');
$target->start;
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'forever' AND status = 'interrupted'"), 'a fast stop ends it, and the row says so after the start');

unlike(slurp_file($target->logfile), qr/PANIC|segfault|signal 11|TRAP/, 'nothing crashed by itself');
$target->stop('fast');
$source->stop('fast');
done_testing();
