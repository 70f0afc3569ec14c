# Many loaders: those that are not due cost nothing, those that are due run in their order.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes ();

my $many = $ENV{HYPERLINE_MANY_LOADERS} // 10_000;
my $at_once = $ENV{HYPERLINE_DUE_AT_ONCE} // 100;

my $source = start_source('source');
# auto_explain shows the plans of the scheduler's very statements.
my $target = start_target('target',
	"shared_preload_libraries = 'hyperline_connector, auto_explain'",
	'auto_explain.log_min_duration = 0', 'auto_explain.log_nested_statements = on', 'auto_explain.log_analyze = on',
	'autovacuum = off', "log_line_prefix = '%m [%p] %b '", 'max_worker_processes = 20');
my $url = source_url($source);
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$url'); SELECT hyperline.alter_connection('product', max_concurrent_runs => 10)");

# Loaders made as the trigger of a restore would not let them be
sub add_loaders
{
	my ($count, $prefix, $due) = @_;
	$target->safe_psql('postgres', qq{
		ALTER TABLE hyperline.loader DISABLE TRIGGER restored;
		INSERT INTO hyperline.loader (name, connection_id, event_type, query, refresh_rate, time_zone, lookback, paused, next_run_at, owner)
		SELECT '$prefix' || g, connection_id, 'calls', 'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01'' AS timestamp',
		       '1 day', 'UTC', '10 minutes', false, $due, current_user::regrole
		FROM generate_series(1, $count) g, hyperline.connection;
		ALTER TABLE hyperline.loader ENABLE ALWAYS TRIGGER restored;
		SELECT hyperline.announce_installation()});
	return;
}

# Plans of the scheduler since a place in the log: whatever reads a table of ours from end to end, or many rows of it. Not the look
# at what is attached to them: it reads catalogs, once a change, as many rows as there are columns and constraints.
sub costly_plans
{
	my ($from) = @_;
	my $log = substr(slurp_file($target->logfile), $from);
	my @entries = grep { /^\S+ \S+ \S+ \[\d+\] hyperline scheduler LOG:  duration/ && !/WITH RECURSIVE named AS/ } split(/^(?=\d{4}-\d\d-\d\d )/m, $log);
	my @costly = grep { /Seq Scan on (loader|run|connection|rejected_rows)/ || /on (loader|run|rejected_rows)\b.*rows=\d{3,} loops=\d+\)/ || /Rows Removed by [^:]*: \d{3,}/ } @entries;
	return (scalar(@entries), join("\n", @costly));
}

sub rounds
{
	my ($count) = @_;
	my $from = -s $target->logfile;
	my $seen = 0;
	for my $i (1 .. $count)
	{
		my $start = -s $target->logfile;
		$target->safe_psql('postgres', 'SELECT hyperline.announce_installation()');
		for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
		{
			last if substr(slurp_file($target->logfile), $start) =~ /hyperline scheduler LOG:  duration.*next_run_at/s;
			Time::HiRes::usleep(20_000);
		}
	}
	return $from;
}

add_loaders($many, 'idle', "now() + interval '1 hour' * (1 + g % 20)");
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hyperline scheduler' AND state = 'idle'"), 'the scheduler waits');
my ($plans, $costly) = costly_plans(rounds(3));
cmp_ok($plans, '>=', 10, "a round with $many loaders, never analyzed, is a few statements");
is($costly, '', 'none of which reads more than a few rows');
$target->safe_psql('postgres', 'ANALYZE');
($plans, $costly) = costly_plans(rounds(3));
cmp_ok($plans, '>=', 10, 'the same with statistics');
is($costly, '', 'none of which reads more than a few rows either');
# It looks once a minute by itself, when something is due, and when it is told: not for what others commit, however often.
my $before = -s $target->logfile;
$target->safe_psql('postgres', join(';', map { "SELECT hyperline.create_customer('customer $_')" } 1 .. 300));
my ($looked) = costly_plans($before);
cmp_ok($looked, '<=', $plans, 'while none is due it asks nothing');
my $pid = $target->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'hyperline scheduler'");
is($target->safe_psql('postgres', "SELECT state, application_name FROM pg_stat_activity WHERE pid = $pid"), 'idle|hyperline scheduler: postgres', 'pg_stat_activity names it');

# Many due at once, four at a time: all run, first due first. The first due have the highest numbers.
add_loaders($at_once, 'due', "now() - interval '1 minute' - interval '1 second' * g");
ok($target->poll_query_until('postgres', "SELECT count(*) = $at_once FROM hyperline.loader_runs WHERE loader LIKE 'due%' AND status = 'succeeded'"), "$at_once loaders that are due at once run");
is($target->safe_psql('postgres', q{
	WITH started AS (
		SELECT due_at, started_at, finished_at, row_number() OVER (ORDER BY due_at) AS due, row_number() OVER (ORDER BY started_at) AS start
		FROM hyperline.run WHERE loader LIKE 'due%')
	SELECT max(abs(due - start)) <= 4,
	       (SELECT max(n) FROM (SELECT (SELECT count(*) FROM started b WHERE b.started_at <= a.started_at AND b.finished_at > a.started_at) AS n FROM started a) x) BETWEEN 2 AND 4
	FROM started}), 't|t', 'in the order of their due times, as near as four at a time can be, and no more than four at a time');
is($target->safe_psql('postgres', "SELECT count(*) FROM hyperline.loader WHERE name LIKE 'idle%' AND last_run_at IS NOT NULL"), '0', 'those that were not due did not');

# A clock that was set back: what is due in ten days by a rate of a day is due within a day, and a run that waits goes on.
$target->safe_psql('postgres', "UPDATE hyperline.loader SET next_run_at = next_run_at + interval '10 days' WHERE name LIKE 'idle%'");
$target->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
ok($target->poll_query_until('postgres', "SELECT count(*) = 0 FROM hyperline.loader WHERE next_run_at > now() + interval '1 day'"), 'due times that a clock has spoilt are mended when a scheduler starts');
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'hyperline scheduler' AND pid <> $pid"), 'one that was terminated is started again');

$target->stop('fast');
$source->stop('fast');
done_testing();
