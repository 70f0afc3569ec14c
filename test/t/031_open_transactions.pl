# What somebody does to a loader in a transaction that stays open concerns that loader only; and what was asked for is
# neither lost nor left behind when transactions, pauses and dead processes cross.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source');
my $target = start_target('target');
my $url = source_url($source);
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$url', check_now => false)");
sub sql { return $target->safe_psql('postgres', $_[0]); }

sub create_loader
{
	my ($name, $query, $more) = @_;
	return sql("SELECT hyperline.create_loader('product', '$name', \$q\$$query\$q\$$more)");
}
my $quick = 'SELECT g AS id, 1 AS "customerId", now() AS timestamp FROM generate_series(1, 10) g';

# in_open_transaction($sql): a session that has run $sql in a transaction and holds it open.
sub in_open_transaction
{
	my ($statement) = @_;
	my ($out, $err) = ('', '');
	my $harness = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $target->connstr('postgres'), '-c', 'BEGIN', '-c', $statement, '-c', 'SELECT pg_sleep(600)' ],
		'>', \$out, '2>', \$err);
	$target->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query = 'SELECT pg_sleep(600)'")
		or die 'the session did not get there';
	return $harness;
}

sub end_open_transaction
{
	my ($harness) = @_;
	sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query = 'SELECT pg_sleep(600)'");
	$harness->finish;
	return;
}

sub runs_go_on
{
	my ($name, $why) = @_;
	my $last = sql("SELECT coalesce(max(run_id), 0) FROM hyperline.loader_runs WHERE loader = '$name'");
	return ok($target->poll_query_until('postgres',
			"SELECT count(*) >= 2 FROM hyperline.loader_runs WHERE loader = '$name' AND status = 'succeeded' AND run_id > $last"),
		$why);
}

# One loader in an open transaction, another at work
create_loader('fast', $quick, ", '1 second'");
create_loader('other', $quick, ", '2 seconds'");
runs_go_on('fast', 'a loader runs each second');
for my $statement ("SELECT hyperline.run_loader('other')", "SELECT hyperline.pause_loader('other')",
	"SELECT hyperline.alter_loader('other', refresh_rate => '3 seconds')", "SELECT hyperline.drop_loader('other')")
{
	my $session = in_open_transaction($statement);
	runs_go_on('fast', "the others run while a transaction holds: $statement");
	end_open_transaction($session);
	runs_go_on('other', 'and the one that was held goes on when that was rolled back');
}

# A run that is queued while its loader is dropped
create_loader('gone', $quick, ", '1 hour', paused => true");
my $session = in_open_transaction("SELECT hyperline.run_loader('gone')");
my ($out, $err) = ('', '');
my $drop = IPC::Run::start([ 'psql', '-XAtq', '-d', $target->connstr('postgres'), '-c', "SELECT hyperline.drop_loader('gone')" ], '>', \$out, '2>', \$err);
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%drop_loader(''gone''%' AND wait_event_type = 'Lock'"),
	'the drop waits for the transaction that queues a run');
end_open_transaction($session);
$drop->finish;
is($err, '', 'and is done then');
is(sql("SELECT count(*) FROM hyperline.loader_runs r WHERE status IN ('queued', 'running') AND NOT EXISTS (SELECT FROM hyperline.loaders l WHERE l.name = r.loader)"),
	'0', 'no run waits for a loader that is gone');

# A run whose session died is not the run that is asked for
create_loader('dead', 'SELECT 1 AS id, 1 AS "customerId", now() AS timestamp, pg_sleep(600)::text', ", '1 hour', paused => true");
my $refresh = IPC::Run::start([ 'psql', '-XAtq', '-d', $target->connstr('postgres'), '-c', "CALL hyperline.refresh_loader('dead')" ], '>', \$out, '2>', \$err);
$target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'dead' AND status = 'running'") or die 'no run';
my $died = sql("SELECT run_id FROM hyperline.loader_runs WHERE loader = 'dead'");
sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CALL hyperline.refresh_loader%'");
$refresh->finish;
$target->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE query LIKE 'CALL hyperline.refresh_loader%'") or die 'it stays';
my $asked = sql("SELECT hyperline.run_loader('dead')");
isnt($asked, $died, 'run_loader() after a session died queues a new run');
is(sql("SELECT status FROM hyperline.loader_runs WHERE run_id = $died"), 'interrupted', 'and the dead one says so');
sql("SELECT hyperline.drop_loader('dead')");

# A pause and a resume lose no run that was due
sql("SELECT hyperline.alter_connection('product', max_concurrent_runs => 1)");
create_loader('hog', 'SELECT 1 AS id, 1 AS "customerId", now() AS timestamp, pg_sleep(600)::text', ", '1 hour'");
$target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'hog' AND status = 'running'") or die 'no hog';
create_loader('daily', $quick, ", '1 day'");
$target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'daily' AND status = 'queued'") or die 'not queued';
sql("SELECT hyperline.pause_loader('daily')");
is(sql("SELECT status FROM hyperline.loader_runs WHERE loader = 'daily'"), 'cancelled', 'a pause takes a waiting run back');
sql("SELECT hyperline.resume_loader('daily')");
sql("SELECT hyperline.drop_loader('hog')");
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'daily' AND status = 'succeeded'"),
	'and the run is made up when the loader is resumed');

my $log = slurp_file($target->logfile);
unlike($log, qr/deadlock detected|PANIC|signal 11/, 'nobody deadlocked');
$target->stop('fast');
$source->stop('fast');
done_testing();
