# A soak: loaders of one second, sources that change, faults at random. In the end the memory of every worker is flat,
# the tables of runs and loaders hold no bloat that vacuum does not get back, and what is stored is what the source has.
#
# HYPERLINE_SOAK: for how many seconds (a few when not set); HYPERLINE_SEED: what decides which faults come.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use FaultProxy;
use Hyperline;
use List::Util qw(max sum);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $seconds = $ENV{HYPERLINE_SOAK} // 14;
my $seed = $ENV{HYPERLINE_SEED} // int(time * 1000) % 1_000_000;
srand($seed);
diag("$seconds s with HYPERLINE_SEED=$seed");

my $source = start_source('source', "listen_addresses = '127.0.0.1'", "log_statement = 'none'");
$source->safe_psql('postgres', q{
	CREATE TABLE t (id int PRIMARY KEY, company int, at timestamptz, v int, changed_at timestamptz, note text);
	CREATE INDEX ON t (changed_at);
	INSERT INTO t SELECT g, g % 20, timestamptz '2026-01-01' + g * interval '1 minute', 0, clock_timestamp(), repeat('n', g % 300) FROM generate_series(1, 2000) g;
	CREATE VIEW slowly AS SELECT id, company AS "customerId", at AS timestamp, v, changed_at, note, CASE WHEN id % 500 = 0 THEN (SELECT 'x' FROM pg_sleep(0.02)) END AS pause FROM t});
my $proxy = FaultProxy->new($source);
my $target = start_target('target', 'hyperline_connector.retry_delay = 1s', 'hyperline_connector.batch_rows = 300', 'hyperline_connector.stall_timeout = 2s',
	'hyperline_connector.connect_timeout = 2s', 'autovacuum_naptime = 5s', "log_statement = 'none'");
$target->safe_psql('postgres', "SELECT hyperline.create_connection('direct', '" . source_url($source) . "'); SELECT hyperline.create_connection('broken', '" . $proxy->url . "')");
my @loaders;
for my $connection ('direct', 'broken')
{
	my %kinds = (whole => 'SELECT * FROM slowly', since => 'SELECT * FROM slowly WHERE changed_at >= {{last_refreshed_at}}', cursor => 'SELECT * FROM slowly');
	for my $kind (sort keys %kinds)
	{
		my $more = $kind eq 'cursor' ? ", cursor_field => 'changed_at'" : '';
		$target->safe_psql('postgres', "SELECT hyperline.create_loader('$connection', '${connection}_$kind', '$kinds{$kind}', '1 second', lookback => '5 seconds'$more)");
		push @loaders, "${connection}_$kind";
	}
}

my @faults = (
	[ 20, 'nothing', sub { } ],
	[ 10, 'connections cut', sub { $proxy->cut(rand() < 0.5 ? 'fin' : 'rst'); } ],
	[ 10, 'a cut in the rows', sub { $proxy->rules({ from => 'source', at => int(rand(300_000)), do => 'rst', connection => 1 }); } ],
	[ 5, 'a stall', sub { $proxy->rules({ from => 'source', at => int(rand(300_000)), do => 'stall', connection => 1 }); } ],
	[ 5, 'a slow network', sub { $proxy->rules({ from => 'source', at => 0, do => 'throttle', bytes => 20_000, seconds => 0.05 }); } ],
	[ 10, 'sessions at the source ended', sub { $source->psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hyperline_connector'"); } ],
	[ 10, 'runners ended', sub { $target->psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'hyperline runner' AND random() < 0.5"); } ],
	[ 10, 'runs cancelled', sub { $target->psql('postgres', "SELECT hyperline.cancel_run(run_id) FROM hyperline.loader_runs WHERE status = 'running' LIMIT 1"); } ],
	[ 5, 'a loader paused and resumed', sub { my $one = $loaders[ rand(@loaders) ]; $target->psql('postgres', "SELECT hyperline.pause_loader('$one')"); $target->psql('postgres', "SELECT hyperline.resume_loader('$one')"); } ],
	[ 5, 'a loader altered', sub { my $one = $loaders[ rand(@loaders) ]; $target->psql('postgres', "SELECT hyperline.alter_loader('$one', lookback => '" . (3 + int(rand(5))) . " seconds')"); } ],
	[ 3, 'a loader reset', sub { my $one = $loaders[ rand(@loaders) ]; $target->psql('postgres', "SELECT hyperline.reset_loader('$one')"); } ],
	[ 5, 'a reload', sub { $target->reload; } ],
	[ 5, 'runs by hand', sub { $target->psql('postgres', 'SELECT hyperline.run_loader(name) FROM hyperline.loaders'); } ],
	[ 5, 'a run of a session', sub { my $one = $loaders[ rand(@loaders) ]; $target->psql('postgres', "CALL hyperline.refresh_loader('$one')"); } ],
	[ 1, 'a source that restarts', sub { $source->restart('fast'); } ],
	[ 1, 'a source that crashes', sub { $source->stop('immediate'); $source->start; } ]);
my $all = sum(map { $_->[0] } @faults);

# Anonymous memory of each worker, in kilobytes
sub memory
{
	my %memory;
	for my $line (split /\n/, patiently($target, "SELECT pid || ' ' || backend_type FROM pg_stat_activity WHERE backend_type LIKE 'hyperline%'"))
	{
		my ($pid, $kind) = split / /, $line, 2;
		open(my $status, '<', "/proc/$pid/status") or next;
		my ($size) = join('', <$status>) =~ /^RssAnon:\s+(\d+) kB/m;
		$memory{$kind} = max($memory{$kind} // 0, $size) if $size;
	}
	return %memory;
}

my (%first, %last, %count);
my $began = time;
my $said = $began;
# On until each kind of worker was seen in both halves, however slow the faults were to come.
while (time < $began + $seconds || keys %last < 3 && time < $began + $seconds + $PostgreSQL::Test::Utils::timeout_default)
{
	my $changed = 1 + int(rand(50));
	my $first = 1 + int(rand(1900));
	patiently($source, "UPDATE t SET v = v + 1, changed_at = clock_timestamp() WHERE id BETWEEN $first AND $first + $changed");
	my $dice = rand($all);
	my ($fault) = grep { ($dice -= $_->[0]) < 0 } @faults;
	$fault->[2]->();
	$count{ $fault->[1] }++;
	usleep(int(rand(500_000)));
	$proxy->rules if rand() < 0.3;
	my %now = memory();
	my $into = time < $began + $seconds / 2 || keys %first < 3 ? \%first : \%last;
	$into->{$_} = max($into->{$_} // 0, $now{$_}) for keys %now;
	if (time > $said + 60) { $said = time; diag(sprintf('%d s: %s', time - $began, join(', ', map { "$_ $now{$_} kB" } sort keys %now))); }
}
$proxy->rules;
$proxy->cut;
note(join(', ', map { "$_: $count{$_}" } sort keys %count));

is(aftermath($target, $source), '', 'what is stored is what the source has, and nothing is left behind');
for my $kind ('hyperline launcher', 'hyperline scheduler', 'hyperline runner')
{
	# Caches fill in the first half: what a leak does, the second half shows.
	cmp_ok($last{$kind}, '<=', $first{$kind} * 1.1 + 1024, "the memory of the $kind is flat: $first{$kind} kB at most, then $last{$kind} kB");
}
my $runs = $target->safe_psql('postgres', 'SELECT count(*) FROM hyperline.run');
diag("$runs runs: " . $target->safe_psql('postgres', "SELECT string_agg(status || ' ' || n, ', ' ORDER BY status) FROM (SELECT status, count(*) AS n FROM hyperline.run GROUP BY status) x"));
$target->safe_psql('postgres', "SELECT hyperline.pause_loader(name) FROM hyperline.loaders");
ok(wait_for($target, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'hyperline runner'", '0'), 'quiet');
$target->safe_psql('postgres', 'CREATE EXTENSION pageinspect; CREATE EXTENSION pgstattuple');
$target->safe_psql('postgres', 'VACUUM hyperline.run, hyperline.loader, hyperline.events, hyperline.connection');
for my $table ('run', 'loader', 'connection', 'events')
{
	# Pages beyond what the rows fill, after a vacuum that cannot shrink the table: what updates and deletes left there
	# for good. Rows that were updated in place leave room of their own on every page. A page that is still new was never
	# used: sessions that wait for each other to extend a table get twenty of them at once for every one that waits, and
	# spread over them.
	my ($pages, $needed) = split /\|/, $target->safe_psql('postgres', qq{
		SELECT (SELECT count(*) FROM generate_series(0, pg_relation_size('hyperline.$table') / 8192 - 1) AS page, page_header(get_raw_page('hyperline.$table', page::int)) AS header WHERE header.upper <> 0),
			ceil(sum(pg_column_size(x) + 32) / 8000.0) FROM hyperline.$table x});
	cmp_ok($pages, '<=', 3 * $needed + 64, "hyperline.$table has $pages pages, and needs $needed");
	my $dead = $target->safe_psql('postgres', "SELECT dead_tuple_count FROM pgstattuple('hyperline.$table')");
	is($dead, '0', "vacuum gets all dead rows of hyperline.$table back");
}
unlike(slurp_file($target->logfile), qr/PANIC|segfault|signal 11|signal 6|TRAP|hyperline scheduler could not/, 'nothing crashed');
$target->stop('fast');
$source->stop('fast');
done_testing();
