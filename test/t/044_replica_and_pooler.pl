# A source that is a streaming replica, whose recovery ends what conflicts with it, and a source behind pgbouncer in
# transaction mode.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use FaultProxy;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->append_conf('postgresql.conf', "timezone = 'UTC'\nautovacuum = off\nlisten_addresses = '127.0.0.1'\n");
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE ROLE reader LOGIN PASSWORD 'reader' IN ROLE pg_read_all_data;
	CREATE TABLE t AS SELECT g AS id, g % 7 AS company, timestamptz '2026-01-01' + g * interval '1 second' AS at, 0 AS v FROM generate_series(1, 3000) g;
	CREATE TABLE pauses (seconds float8); INSERT INTO pauses VALUES (0);
	CREATE VIEW slow AS SELECT id, company AS "customerId", at AS timestamp, v, CASE WHEN id = 1500 THEN (SELECT 'x' FROM pauses, pg_sleep(seconds)) END AS pause
	FROM (SELECT * FROM t ORDER BY id) t}); # in order: some batches come before the pause
$primary->backup('base');
my $replica = PostgreSQL::Test::Cluster->new('replica');
$replica->init_from_backup($primary, 'base', has_streaming => 1);
$replica->append_conf('postgresql.conf', "max_standby_streaming_delay = 0\nhot_standby_feedback = off\nlog_recovery_conflict_waits = on\ndeadlock_timeout = 100ms\n");
$replica->start;
$primary->wait_for_catchup('replica');

my $target = start_target('target', 'hyperline_connector.retry_delay = 1s', 'hyperline_connector.batch_rows = 500', "log_statement = 'none'");
$target->safe_psql('postgres', "SELECT hyperline.create_connection('replica', '" . source_url($replica) . "');
	SELECT hyperline.create_loader('replica', 'calls', 'SELECT * FROM slow', '1 hour')");
is($target->safe_psql('postgres', 'SELECT is_replica FROM hyperline.connections'), 't', 'the source is a replica');
ok(wait_for($target, "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE status = 'succeeded'"), 'it is read');

# Recovery removes rows that the run's snapshot still sees.
for my $round (1, 2)
{
	$primary->safe_psql('postgres', 'UPDATE pauses SET seconds = 60');
	$primary->wait_for_catchup('replica');
	my $run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('calls')");
	ok(wait_for($replica, "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'hyperline_connector' AND wait_event = 'PgSleep'"), 'a run is in the middle');
	$primary->safe_psql('postgres', 'UPDATE pauses SET seconds = 0; UPDATE t SET v = v + 1');
	$primary->safe_psql('postgres', 'VACUUM t');
	$primary->wait_for_catchup('replica');
	ok(wait_for($target, "SELECT status FROM hyperline.loader_runs WHERE run_id = $run", 'failed'), 'a conflict with recovery ends it');
	like($target->safe_psql('postgres', "SELECT concat_ws(' ', sqlstate, error, error_detail) FROM hyperline.loader_runs WHERE run_id = $run"),
		qr/^40001 .*conflict with recovery.*HINT: .*(?:max_standby_streaming_delay|hot_standby_feedback)/s, 'and its row says what helps');
	is(aftermath($target, $replica, after => $run), '', 'a conflict with recovery: afterwards');
}
is($target->safe_psql('postgres', "SELECT string_agg(trigger, ',' ORDER BY run_id) FROM hyperline.loader_runs WHERE loader = 'calls' AND status = 'succeeded'"), 'schedule,retry,retry', 'by retries');

# With a cursor field the same run goes on from its last batch. The proxy holds the rows until recovery has ended the query.
{
	$primary->safe_psql('postgres', q{
		CREATE TABLE ordered AS SELECT g AS id, g / 7 AS c, repeat('x', 3000) AS pad FROM generate_series(0, 8000) g;
		CREATE INDEX ON ordered (c)});
	$primary->safe_psql('postgres', 'VACUUM ANALYZE ordered');
	$primary->wait_for_catchup('replica');
	my $proxy = FaultProxy->new($replica);
	$target->safe_psql('postgres', "SELECT hyperline.create_connection('held', '" . $proxy->url . "')");
	$target->safe_psql('postgres', q{SELECT hyperline.create_loader('held', 'ordered', 'SELECT id, 1 AS "customerId", timestamptz ''2026-01-01Z'' AS timestamp, c, pad FROM ordered', '1 hour', cursor_field => 'c', lookback => '0', paused => true)});
	$proxy->rules({ connection => 1, from => 'source', at => 4_000_000, do => 'stall' }); # of 24 MB, more than the network's buffers hold
	my $run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('ordered')");
	ok(wait_for($replica, "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'hyperline_connector' AND wait_event = 'ClientWrite'"), 'rows are held back');
	ok(wait_for($target, "SELECT inserted >= 1000 FROM hyperline.loader_runs WHERE run_id = $run"), 'some batches are stored');
	$primary->safe_psql('postgres', 'DELETE FROM ordered WHERE id = 0');
	$primary->safe_psql('postgres', 'VACUUM ordered');
	# Recovery is past what the run's snapshot still saw, or waits for the run, which looks up when it may send again.
	my $vacuumed = $primary->lsn('flush');
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last if slurp_file($replica->logfile) =~ /recovery still waiting after .* snapshot/ || $replica->safe_psql('postgres', "SELECT pg_last_wal_replay_lsn() >= '$vacuumed'") eq 't';
		usleep(100_000);
	}
	$proxy->go_on;
	is($target->safe_psql('postgres', "SELECT hyperline.wait_for_run($run)"), 'succeeded', 'a conflict with recovery does not end a run with a cursor field');
	is($target->safe_psql('postgres', "SELECT inserted, updated, duplicates, rejected, rows_read = inserted + unchanged, notes ->> 'resumed' FROM hyperline.loader_runs WHERE run_id = $run"), '8001|0|0|0|t|1', 'it goes on, and has every row once');
	is($replica->safe_psql('postgres', q{SELECT confl_snapshot >= 3 FROM pg_stat_database_conflicts WHERE datname = 'postgres'}), 't', 'it was one');
	$target->safe_psql('postgres', "SELECT hyperline.drop_loader('ordered', true); SELECT hyperline.drop_connection('held'); DELETE FROM hyperline.run WHERE event_type = 'ordered'");
}

# The replica becomes a primary under a run.
$primary->safe_psql('postgres', 'UPDATE pauses SET seconds = 1; UPDATE t SET v = v + 1');
$primary->wait_for_catchup('replica');
my $run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('calls')");
ok(wait_for($replica, "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'hyperline_connector' AND wait_event = 'PgSleep'"), 'a run is in the middle');
$replica->promote;
is($target->safe_psql('postgres', "SELECT hyperline.wait_for_run($run)"), 'succeeded', 'a promotion does not disturb it');
is(aftermath($target, $replica, runs => 0), '', 'a promotion: afterwards');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('calls'); SELECT hyperline.drop_connection('replica')");
$replica->stop('fast');

# pgbouncer
SKIP:
{
	my $pgbouncer = (grep { -x $_ } map { "$_/pgbouncer" } '/usr/sbin', split(/:/, $ENV{PATH}))[0];
	skip 'pgbouncer is not installed', 1 unless $pgbouncer;
	my $folder = PostgreSQL::Test::Utils::tempdir();
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	my $upstream = $primary->port;
	my $start = sub {
		my ($mode) = @_;
		open(my $config, '>', "$folder/pgbouncer.ini") or die "$!";
		print $config "[databases]\npostgres = host=127.0.0.1 port=$upstream dbname=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = $port\n"
			. "unix_socket_dir =\nauth_type = trust\nauth_file = $folder/users\npool_mode = $mode\ndefault_pool_size = 2\nlogfile = $folder/log\n"
			. "server_lifetime = 3600\nadmin_users = postgres\n";
		close($config);
		open(my $users, '>', "$folder/users") or die "$!";
		print $users qq{"reader" "reader"\n"postgres" ""\n};
		close($users);
		return IPC::Run::start([ $pgbouncer, '-q', "$folder/pgbouncer.ini" ], '<', \undef, '>', "$folder/out", '2>', "$folder/err");
	};
	my $stop = sub { my ($process) = @_; $process->signal('INT'); $process->finish; return; };
	my $admin = sub { my ($command) = @_; return qx{psql -XqAt 'host=127.0.0.1 port=$port dbname=pgbouncer user=postgres' -c '$command' 2>&1}; };
	my $up = sub { for (1 .. 200) { return 1 if $admin->('SHOW VERSION') =~ /PgBouncer/; usleep(50_000); } return 0; };
	my $pooler = $start->('transaction');
	ok($up->(), 'pgbouncer runs');
	$primary->safe_psql('postgres', 'UPDATE pauses SET seconds = 0');
	$target->safe_psql('postgres', "SELECT hyperline.create_connection('pooled', 'postgres://reader:reader\@127.0.0.1:$port/postgres');
		SELECT hyperline.create_loader('pooled', 'pooled', 'SELECT * FROM slow', '1 second'); SELECT hyperline.create_loader('pooled', 'also', 'SELECT * FROM slow', '1 second')");
	ok(wait_for($target, "SELECT min(n) >= 2 FROM (SELECT loader, count(*) FILTER (WHERE status = 'succeeded') AS n FROM hyperline.loader_runs WHERE loader IN ('pooled', 'also') GROUP BY loader HAVING count(*) > 0) x"), 'loaders run through it');
	is($target->safe_psql('postgres', "SELECT count(*) FROM hyperline.loader_runs WHERE loader IN ('pooled', 'also') AND status = 'failed'"), '0', 'without a failure');

	# Sessions of the pool are nobody's afterwards: what a run sets there must not stay.
	my $left = qx{psql -XqAt 'host=127.0.0.1 port=$port dbname=postgres user=reader' -c 'SELECT current_setting(\$\$TimeZone\$\$), current_setting(\$\$statement_timeout\$\$), current_setting(\$\$lock_timeout\$\$), current_setting(\$\$transaction_read_only\$\$)'};
	is($left, "UTC|0|0|off\n", 'its settings go with its transaction');

	for my $fault (
		[ 'a pooler that is killed', sub { $pooler->signal('KILL'); $pooler->finish; $pooler = $start->('transaction'); $up->(); } ],
		[ 'a pooler that restarts', sub { $stop->($pooler); $pooler = $start->('transaction'); $up->(); } ],
		[ 'a pooler that reconnects', sub { $admin->('RECONNECT'); } ],
		[ 'a server that goes away behind the pooler', sub { $primary->restart('immediate'); } ])
	{
		my $pause = under_valgrind() ? 60 : 3; # most of the time of a run
		$primary->safe_psql('postgres', "UPDATE pauses SET seconds = $pause; UPDATE t SET v = v + 1");
		my $now = $target->safe_psql('postgres', 'SELECT clock_timestamp()');
		ok(wait_for($target, "SELECT count(*) = 2 FROM hyperline.loader_runs WHERE status = 'running' AND started_at > '$now' AND rows_read > 0"), "$fault->[0]: two runs are in the middle");
		$fault->[1]->();
		$primary->safe_psql('postgres', 'UPDATE pauses SET seconds = 0');
		is(aftermath($target, $primary, pooled => 1), '', "$fault->[0]: afterwards");
	}

	# In statement mode there are no transactions, and so no snapshot to read in.
	$stop->($pooler);
	$pooler = $start->('statement');
	ok($up->(), 'pgbouncer runs in statement mode');
	my ($status, $out, $err) = $target->psql('postgres', "SELECT hyperline.pause_loader(name) FROM hyperline.loaders; CALL hyperline.refresh_loader('pooled')");
	like($err, qr/ERROR: .*transaction blocks not allowed in statement pooling mode/s, 'statement mode is refused');
	$stop->($pooler);
}
unlike(slurp_file($target->logfile), qr/PANIC|segfault|signal 11|signal 6|TRAP|hyperline scheduler could not/, 'nothing crashed');
$target->stop('fast');
$primary->stop('fast');
done_testing();
