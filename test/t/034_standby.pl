# A standby of the target: nothing runs there and nothing is logged; after its promotion it goes on by itself.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source');
$source->safe_psql('postgres', q{CREATE TABLE t AS SELECT g AS id, g % 7 AS company, timestamptz '2026-01-01' + g * interval '1 second' AS at FROM generate_series(1, 100) g});
my $primary = start_target('primary', 'wal_level = replica');
my $url = source_url($source);
my $query = 'SELECT id, company AS "customerId", at AS timestamp FROM t';
$primary->safe_psql('postgres', qq{
	SELECT hyperline.create_connection('product', '$url');
	SELECT hyperline.create_loader('product', 'calls', \$q\$$query\$q\$, '1 second');
	SELECT hyperline.create_loader('product', 'waits', \$q\$$query WHERE pg_sleep(600) IS NULL\$q\$, '1 hour')});
my $standby = start_replica($primary, 'standby', "log_line_prefix = '%m [%p] %b '");
sub workers { return $standby->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'hyperline%'"); }

# The primary runs on, its runs arrive, also the row of one that is in progress, and the standby does nothing of its own.
ok(wait_for($primary, "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'waits' AND status = 'running'"), 'a run waits on the source');
my $last = $primary->safe_psql('postgres', 'SELECT max(run_id) FROM hyperline.run');
ok(wait_for($standby, "SELECT count(*) >= 3 FROM hyperline.loader_runs WHERE loader = 'calls' AND status = 'succeeded' AND run_id > $last"), 'runs of the primary are seen on the standby');
is(workers(), '0', 'no worker of ours is there, no launcher either');
is($standby->safe_psql('postgres', "SELECT status FROM hyperline.loaders WHERE name = 'waits'"), 'running', 'what runs on the primary is shown as running');
for my $call ("SELECT hyperline.run_loader('calls')", "CALL hyperline.refresh_loader('calls')", "SELECT hyperline.pause_loader('calls')", "SELECT hyperline.cancel_run(max(run_id)) FROM hyperline.loader_runs WHERE status = 'running'")
{
	my ($status, $out, $err) = $standby->psql('postgres', "\\set VERBOSITY verbose\n$call", on_error_stop => 0);
	like($err, qr/ERROR:  25006: cannot (?:execute|acquire|assign)/, "refused on a standby: $call");
}
is($standby->safe_psql('postgres', "SELECT hyperline.complete_until('calls') IS NOT NULL"), 't', 'what only reads works');
is(workers(), '0', 'and still nobody');
unlike(slurp_file($standby->logfile), qr/ hyperline |hyperline (launcher|scheduler|runner)/, 'nothing of ours is logged');

# The primary is gone; the standby takes over by itself, the run that was under way included.
$primary->stop('immediate');
my $seen = -s $standby->logfile;
$last = $standby->safe_psql('postgres', 'SELECT max(run_id) FROM hyperline.run');
$standby->promote;
ok(wait_for($standby, "SELECT count(*) >= 2 FROM hyperline.loader_runs WHERE run_id > $last AND loader = 'calls' AND status = 'succeeded'"), 'after the promotion loaders run by themselves');
ok(wait_for($standby, "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE run_id > $last AND loader = 'waits' AND status = 'running'"), 'the one whose run was under way on the primary runs again');
is($standby->safe_psql('postgres', "SELECT string_agg(status, ' ' ORDER BY run_id) FROM hyperline.loader_runs WHERE loader = 'waits'"), 'interrupted running', 'and that run is interrupted');
is($standby->safe_psql('postgres', 'SELECT count(*), count(DISTINCT id) FROM hyperline.events'), '100|100', 'every event is stored once');
$standby->safe_psql('postgres', "SELECT hyperline.drop_loader('waits')");
is(aftermath($standby, $source), '', 'after a promotion');
my $log = substr(slurp_file($standby->logfile), $seen);
is(() = $log =~ /hyperline scheduler started/g, 1, 'the scheduler has started once');
unlike($log, qr/hyperline (launcher|scheduler|runner) (ERROR|FATAL|WARNING)|PANIC|TRAP/, 'nobody complains');

$standby->stop('fast');
$source->stop('fast');
done_testing();
