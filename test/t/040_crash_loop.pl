# Processes that are killed at any moment, again and again: nothing is lost, nothing is doubled, every row of a run is
# true, the next run starts by itself, and nothing is left behind.
#
# HYPERLINE_KILLS: how many (a few when not set); HYPERLINE_SEED: what decides who is killed, and when.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $kills = $ENV{HYPERLINE_KILLS} // 12;
my $seed = $ENV{HYPERLINE_SEED} // int(time * 1000) % 1_000_000;
srand($seed);
diag("$kills kills with HYPERLINE_SEED=$seed");

my $source = start_source('source');
# The pauses give a run a length in which it can be killed; what is read stays the same.
$source->safe_psql('postgres', q{
	CREATE SEQUENCE versions;
	CREATE TABLE t (id int PRIMARY KEY, company int, at timestamptz, v int, changed_at timestamptz);
	CREATE INDEX ON t (changed_at);
	INSERT INTO t SELECT g, g % 20, timestamptz '2026-01-01' + g * interval '1 minute', 0, clock_timestamp() FROM generate_series(1, 1500) g;
	CREATE VIEW slowly AS SELECT id, company AS "customerId", at AS timestamp, v, changed_at,
		CASE WHEN id % 250 = 0 THEN (SELECT 'x' FROM pg_sleep(0.01)) END AS pause FROM t});
my $target = start_target('target', 'restart_after_crash = on', 'hyperline_connector.batch_rows = 200',
	'hyperline_connector.retry_delay = 1s', 'deadlock_timeout = 100ms', "log_statement = 'none'");
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '" . source_url($source) . "');
	SELECT hyperline.alter_connection('product', max_concurrent_runs => 4);
	SELECT hyperline.create_loader('product', 'whole', 'SELECT * FROM slowly', '1 second');
	SELECT hyperline.create_loader('product', 'since', 'SELECT * FROM slowly WHERE changed_at >= {{last_refreshed_at}}', '1 second', lookback => '5 seconds');
	SELECT hyperline.create_loader('product', 'cursor', 'SELECT * FROM slowly', '1 second', cursor_field => 'changed_at', lookback => '5 seconds')");

my ($done, $bursts, %count, @dead, %bad) = (0, 0);

sub change_the_source
{
	my $changed = 1 + int(rand(40));
	my $first = 1 + int(rand(1400));
	$source->safe_psql('postgres', "UPDATE t SET v = nextval('versions'), changed_at = clock_timestamp() WHERE id BETWEEN $first AND $first + $changed;
		INSERT INTO t SELECT m + g, (m + g) % 20, timestamptz '2026-01-01' + (m + g) * interval '1 minute', 0, clock_timestamp()
		FROM (SELECT max(id) AS m FROM t) x, generate_series(1, 1 + $changed % 7) g");
	return;
}

sub pid_of
{
	my ($kind) = @_;
	my ($status, $out) = try_psql($target, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'hyperline $kind' ORDER BY random() LIMIT 1");
	return $status == 0 && $out =~ /^(\d+)$/ ? $1 : undef;
}

sub start_again
{
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		$target->{_pid} = undef; # it believes what stands in the file that the old one left
		if ($target->start(fail_ok => 1))
		{
			@dead = grep { $_ != $target->{_pid} } @dead; # numbers of processes come again
			return;
		}
		usleep(50_000); # processes of the old server are still there
	}
	die 'the server does not start again';
}

# Kills one, returns whether there was something to kill.
sub strike
{
	my $dice = rand;
	my $kind = $dice < 0.55 ? 'runner' : $dice < 0.7 ? 'scheduler' : $dice < 0.8 ? 'launcher' : $dice < 0.9 ? 'postmaster' : 'immediate';
	if ($kind eq 'postmaster')
	{
		push @dead, $target->{_pid};
		$target->kill9;
		start_again();
	}
	elsif ($kind eq 'immediate')
	{
		$target->stop('immediate');
		start_again();
	}
	else
	{
		my $pid = pid_of($kind);
		return 0 unless $pid && kill('KILL', $pid);
	}
	$count{$kind}++;
	$done++;
	return 1;
}

while ($done < $kills)
{
	change_the_source();
	# All three at once, so that there is somebody to kill
	patiently($target, 'SELECT hyperline.run_loader(name) FROM hyperline.loaders');
	my $burst = rand() < 0.8 ? 1 : 2 + int(rand(2));
	for (1 .. $burst)
	{
		my $struck = 0;
		for (1 .. 50)
		{
			usleep(int(rand(120_000)));
			last if ($struck = strike());
		}
	}
	$bursts++;
	my $wrong = aftermath($target, $source, dead => \@dead);
	$bad{"after $done kills"} = $wrong if $wrong ne '';
	diag("after $done kills: $wrong") if $wrong ne '';
	diag("$done kills") if $kills >= 100 && $bursts % 50 == 0;
}
# A few kills may all have met workers between runs: then some more, until a run was interrupted.
my $interrupted = "SELECT count(*) FROM hyperline.loader_runs WHERE status = 'interrupted'";
for (1 .. 50)
{
	last if patiently($target, $interrupted) > 0;
	patiently($target, 'SELECT hyperline.run_loader(name) FROM hyperline.loaders');
	usleep(int(rand(100_000)));
	my ($status, $pid) = try_psql($target, "SELECT pid FROM hyperline.run WHERE status = 'running' LIMIT 1");
	next unless $status == 0 && $pid =~ /^(\d+)$/ && kill('KILL', $1);
	$done++;
	$count{runner}++;
	my $wrong = aftermath($target, $source, dead => \@dead);
	$bad{"after $done kills"} = $wrong if $wrong ne '';
}
is(join("\n", map { "$_: $bad{$_}" } sort keys %bad), '', "nothing was wrong after any of $bursts times");
cmp_ok($done, '>=', $kills, join(', ', map { "$count{$_} of $_" } sort keys %count));
is(patiently($target, "SELECT count(*) FROM hyperline.loader_runs WHERE status = 'failed' AND sqlstate !~ '^(08|57)'"), '0', 'no run failed of itself');
cmp_ok(patiently($target, $interrupted), '>', 0, 'runs were interrupted');
is(patiently($target, 'CREATE EXTENSION IF NOT EXISTS amcheck; SELECT count(bt_index_check(i.indexrelid, true)) > 0
	FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_class x ON x.oid = i.indexrelid
	WHERE n.nspname = $$hyperline$$ AND x.relam = (SELECT oid FROM pg_am WHERE amname = $$btree$$)'), 't', 'the indexes are sound');
unlike(slurp_file($target->logfile), qr/PANIC|segfault|signal 11|signal 6|TRAP|hyperline scheduler could not/, 'nothing crashed by itself');
$target->stop('fast');
$source->stop('fast');
done_testing();
