# Too few slots for background workers: what is due waits its turn, the log says so once, and nobody starves, neither
# behind a slow connection nor in a cluster with more databases than slots.
#
# HYPERLINE_DATABASES: how many (a few when not set).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $databases = $ENV{HYPERLINE_DATABASES} // 5;
my $source = start_source('source', 'max_connections = 100');
# One for the launcher, one for PostgreSQL's own of logical replication: three are left.
my $target = start_target('target', 'max_worker_processes = 5', 'max_parallel_workers = 0', 'hyperline_connector.max_running_loaders = 10', "log_line_prefix = '%m [%p] %b '");
my $url = source_url($source);
sub sql { return $target->safe_psql('postgres', $_[0]); }
sub said { return scalar(() = slurp_file($target->logfile) =~ /WARNING:  could not start/g); }

# One database: a scheduler, and two at a time of its ten
sql("SELECT hyperline.create_connection('product', '$url'); SELECT hyperline.alter_connection('product', max_concurrent_runs => 10)");
sql(q{SELECT hyperline.create_loader('product', 'many' || g, 'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01'' AS timestamp, pg_sleep(0.1)::text', '1 hour') FROM generate_series(1, 10) g});
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE loader LIKE 'many%' AND status = 'succeeded'", '10'), 'ten runs that are due at once run, though there is no slot for most of them');
is(sql(q{SELECT max(n) <= 2 FROM (SELECT (SELECT count(*) FROM hyperline.run b WHERE b.started_at <= a.started_at AND b.finished_at > a.started_at) AS n FROM hyperline.run a) x}), 't', 'two at a time at the most');
is(said(), 1, 'the log says so once');
like(slurp_file($target->logfile), qr/WARNING:  could not start a runner for loader "many\d+"\n.*DETAIL:  No slot for a background worker is free\. The run stays queued.*\n.*HINT:  Raise max_worker_processes/, 'with what helps');
is(aftermath($target, $source, runs => 0), '', 'ten runs that took turns: afterwards');
sql("SELECT hyperline.drop_loader(name) FROM hyperline.loaders");

# A connection that is at its limit, with runs that were due before all others
$target->append_conf('postgresql.conf', "max_worker_processes = 8\nhyperline_connector.max_running_loaders = 4\n");
$target->restart;
sql("SELECT hyperline.create_connection('slow', '$url')");
sql(q{SELECT hyperline.create_loader('slow', 'slow' || g, 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp, pg_sleep(600)::text', '1 hour') FROM generate_series(1, 20) g});
ok(wait_for($target, "SELECT count(*) FILTER (WHERE status = 'running') || ' ' || count(*) FILTER (WHERE status = 'queued') FROM hyperline.loader_runs WHERE loader LIKE 'slow%'", '2 18'), 'a slow connection has two runs and many that wait');
sql(q{SELECT hyperline.create_loader('product', 'quick' || g, 'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01'' AS timestamp', '1 hour') FROM generate_series(1, 10) g});
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE loader LIKE 'quick%' AND status = 'succeeded'", '10'), 'others run meanwhile');
is(sql("SELECT count(*) FROM hyperline.loader_runs WHERE loader LIKE 'slow%' AND status = 'running'"), '2', 'and it has its two');
sql("SELECT hyperline.drop_loader(name) FROM hyperline.loaders WHERE name LIKE 'slow%'");
is(aftermath($target, $source, runs => 0), '', 'a connection at its limit: afterwards');

# More databases than slots. Each has a loader of an hour, whose first run is due; the first ones are also busy with a
# loader of a second, and would keep the others out if they could.
$target->append_conf('postgresql.conf', "max_worker_processes = 6\n");
$target->restart;
for my $i (1 .. $databases)
{
	sql("CREATE DATABASE d$i");
	$target->safe_psql("d$i", qq{
		CREATE EXTENSION hyperline_connector;
		SELECT hyperline.create_connection('product', '$url', check_now => false);
		SELECT hyperline.create_loader('product', 'hourly', 'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01'' AS timestamp', '1 hour')});
	$target->safe_psql("d$i", q{SELECT hyperline.create_loader('product', 'busy', 'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01'' AS timestamp', '1 second')}) if $i <= 3;
}
sub succeeded
{
	my ($i, $condition) = @_;
	return ok($target->poll_query_until("d$i", "SELECT count(*) > 0 FROM hyperline.loader_runs WHERE status = 'succeeded' AND $condition"), "database $i of $databases: $condition");
}
succeeded($_, "loader = 'hourly'") for 1 .. $databases;
my @before = map { $target->safe_psql("d$_", 'SELECT COALESCE(max(run_id), 0) FROM hyperline.run') } 1 .. $databases;
$target->safe_psql("d$databases", "SELECT hyperline.run_loader('hourly')");
succeeded($databases, "loader = 'hourly' AND trigger = 'manual'");
succeeded($_, "loader = 'busy' AND run_id > $before[$_ - 1]") for 1 .. 3;
cmp_ok(said(), '<=', 2, 'the log says once that slots are short, since the restart');
my $log = slurp_file($target->logfile);
cmp_ok(scalar(() = $log =~ /hyperline scheduler started for database "d$databases"/g), '==', 1, 'and that a database is served, though its scheduler comes and goes');
is(sql("SELECT count(*) > 0 AND count(*) <= 4 FROM pg_stat_activity WHERE backend_type IN ('hyperline scheduler', 'hyperline runner')"), 't', 'there are no more workers than slots');

# When there is room for all, all have their own again.
$target->append_conf('postgresql.conf', 'max_worker_processes = ' . (2 * $databases + 6) . "\n");
$target->restart;
ok(wait_for($target, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'hyperline scheduler'", $databases + 1), 'with slots for all, each database has its scheduler');
for my $i (1 .. $databases)
{
	is($target->safe_psql("d$i", "SELECT string_agg(event_type || ' ' || id || ' ' || customer_id, ', ' ORDER BY event_type) FROM hyperline.events"), $i <= 3 ? 'busy 1 2, hourly 1 2' : 'hourly 1 2', "database $i of $databases: what there is, once");
	is($target->safe_psql("d$i", "SELECT count(*) FROM hyperline.loader_runs WHERE status NOT IN ('succeeded', 'interrupted', 'queued', 'running')"), '0', 'no run has failed for it');
}
unlike(slurp_file($target->logfile), qr/hyperline (?:launcher|scheduler|runner) (?:ERROR|FATAL):  (?!terminating background worker)|PANIC|signal 11|TRAP/, 'no worker complains');
$target->stop('fast');

# Databases without the extension are looked into one at a time, and take no slot that a scheduler or a run needs: two are
# left here, beside the launcher and PostgreSQL's own.
my $lonely = start_target('lonely', 'max_worker_processes = 4', 'max_parallel_workers = 0', 'log_min_messages = debug1', "log_line_prefix = '%m [%p] %b '");
$lonely->safe_psql('postgres', "CREATE DATABASE e$_") for 1 .. 8;
$lonely->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$url')");
$lonely->safe_psql('postgres', q{SELECT hyperline.create_loader('product', 'often', 'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01'' AS timestamp', '1 second')});
my $again = "SELECT count(*) >= 3 FROM hyperline.loader_runs WHERE status = 'succeeded' AND run_id > ";
ok(wait_for($lonely, "$again 0"), 'one database with the extension among eight without');
my $runs = $lonely->safe_psql('postgres', 'SELECT max(run_id) FROM hyperline.run');
my $seen = -s $lonely->logfile;
$lonely->restart;
ok(wait_for($lonely, "$again $runs"), 'its loader runs');
sub looks { my %in = map { $_ => 1 } substr(slurp_file($lonely->logfile), $seen) =~ /starting background worker process "hyperline scheduler: (e\d)"/g; return scalar(keys %in); }
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default) { last if looks() == 8; select(undef, undef, undef, 0.1); }
is(looks(), 8, 'while the launcher has the eight looked into');
# Valgrind makes runs longer than a first look waits for a slot: that is a shortage, and the launcher says so.
my $is_said = under_valgrind() ? '(?!could not start the hyperline scheduler)' : '';
unlike(slurp_file($lonely->logfile), qr/WARNING:  ${is_said}could not start/, 'and no slot was missing');
is(aftermath($lonely, $source), '', 'databases without the extension: afterwards');

# A slot that is about to be free is not missing: here the postmaster, which frees it, stands still when the run has ended.
$lonely->safe_psql('postgres', "SELECT hyperline.drop_loader('often')");
ok(wait_for($lonely, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'hyperline runner' OR backend_type = 'hyperline scheduler' AND datname LIKE 'e_'", '0'), 'all looks have ended');
make_gate($source);
my $closing = open_session($source);
$closing->run('SELECT pg_advisory_lock(1)');
my $session = open_session($lonely);
sub until_so # in a session that is there: the postmaster would begin none
{
	my ($query) = @_;
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default) { return 1 if $session->run($query) eq 't'; select(undef, undef, undef, 0.1); }
	return 0;
}
$lonely->safe_psql('postgres', q{SELECT hyperline.create_loader('product', 'ends', 'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01'' AS timestamp, gate()', '1 hour')});
ok(wait_for($source, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted", '1'), 'a run');
my ($postmaster) = slurp_file($lonely->data_dir . '/postmaster.pid') =~ /\A(\d+)/;
kill 'STOP', $postmaster;
$closing->run('SELECT pg_advisory_unlock(1)');
ok(until_so("SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'ends' AND status = 'succeeded'"), 'it ends, and its slot is not free yet');
$session->run(q{SELECT hyperline.create_loader('product', 'waits', 'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01'' AS timestamp', '1 hour')});
ok(until_so("SELECT state = 'idle' AND state_change > (SELECT queued_at FROM hyperline.loader_runs WHERE loader = 'waits') FROM pg_stat_activity WHERE backend_type = 'hyperline scheduler'"), 'when the next is due');
kill 'CONT', $postmaster;
ok(until_so("SELECT status = 'succeeded' FROM hyperline.loader_runs WHERE loader = 'waits'"), 'which runs when it is');
$_->close for $session, $closing;
unlike(slurp_file($lonely->logfile), qr/WARNING:  could not start a runner/, 'which the log has no warning for');
unlike(slurp_file($lonely->logfile), qr/hyperline (?:launcher|scheduler|runner) (?:ERROR|FATAL|WARNING):  $is_said|PANIC|TRAP/, 'nobody complains');
$lonely->stop('fast');
$source->stop('fast');
done_testing();
