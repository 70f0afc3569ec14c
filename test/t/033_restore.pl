# A dump that is restored elsewhere: its loaders are paused, its runs are over, and it tells how to go on.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source');
my $origin = start_target('origin');
my $copy = PostgreSQL::Test::Cluster->new('copy');
$copy->init;
$copy->append_conf('postgresql.conf', "timezone = 'UTC'\nshared_preload_libraries = 'hyperline_connector'\nlog_line_prefix = '%m [%p] %b '\n");
$copy->start;
my $url = source_url($source);

# Loaders of each kind: at work, waiting on the source, paused, with a run that waits for its time
my $calls = 'SELECT g AS id, 1 AS "customerId", now() AS timestamp FROM generate_series(1, 10) g';
$origin->safe_psql('postgres', qq{
	SELECT hyperline.create_connection('product', '$url');
	SELECT hyperline.create_loader('product', 'short', \$q\$$calls\$q\$, '1 second');
	SELECT hyperline.create_loader('product', 'long', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp, pg_sleep(600)::text', '1 hour');
	SELECT hyperline.create_loader('product', 'resting', \$q\$$calls /* \$q\$ || (SELECT string_agg(md5(g::text), ' ') FROM generate_series(1, 5000) g) || \$q\$ */\$q\$, paused => true);
	SELECT hyperline.create_loader('product', 'waiting', \$q\$$calls\$q\$, '1 hour')});
ok($origin->poll_query_until('postgres', q{
	SELECT count(*) FILTER (WHERE loader = 'short' AND status = 'succeeded') > 0
	   AND count(*) FILTER (WHERE loader = 'long' AND status = 'running') = 1
	   AND count(*) FILTER (WHERE loader = 'waiting' AND status = 'succeeded') = 1 FROM hyperline.loader_runs}),
	'loaders are at work');
$origin->safe_psql('postgres', q{
	ALTER TABLE hyperline.run DISABLE TRIGGER restored;
	INSERT INTO hyperline.run (loader_id, loader, event_type, trigger, status, due_at)
	SELECT loader_id, name, event_type, 'manual', 'queued', now() + interval '1 hour' FROM hyperline.loader WHERE name = 'waiting';
	ALTER TABLE hyperline.run ENABLE ALWAYS TRIGGER restored});

my $directory = PostgreSQL::Test::Utils::tempdir;
$origin->command_ok(['pg_dump', '-f', "$directory/plain", 'postgres'], 'a dump as a script');
$origin->command_ok(['pg_dump', '-f', "$directory/clean", '--clean', '--if-exists', 'postgres'], 'one that drops first');
$origin->command_ok(['pg_dump', '-Fd', '-j2', '-f', "$directory/parallel", 'postgres'], 'one made in parallel');

my $runs = "SELECT count(*) FROM hyperline.loader_runs WHERE status IN ('queued', 'running') OR status = 'succeeded' AND loader <> 'short' AND loader <> 'waiting'";
my $loaders = "SELECT string_agg(format('%s %s %s %s', name, status, paused, COALESCE(pause_reason, '-')), ', ' ORDER BY name) FROM hyperline.loaders";
my $expected = 'long paused t restored, resting paused t -, short paused t restored, waiting paused t restored';

# pg_restore shows what the server says with -v only; the server's log has it too.
sub restored
{
	my ($database, $how, $err) = @_;
	like($err, qr/WARNING:\s+loaders that come from a dump are paused\n.*HINT:  .*hyperline.resume_loader\(name\)/s, "$how: says how to resume them");
	is($copy->safe_psql($database, $loaders), $expected, "$how: loaders are paused, and it shows which were before");
	is($copy->safe_psql($database, $runs), '0', "$how: no run is queued or running");
	is($copy->safe_psql($database, "SELECT string_agg(DISTINCT loader || ' ' || status, ', ' ORDER BY loader || ' ' || status) FROM hyperline.loader_runs WHERE loader IN ('long', 'waiting')"),
		'long interrupted, waiting cancelled, waiting succeeded', "$how: what was under way is over");
	is($copy->safe_psql($database, 'SELECT count(*) FROM hyperline.events'), '20', "$how: the events are there");
	return;
}

my ($status, $out, $err);
($out, $err) = run_command(['psql', '-X', '-d', $copy->connstr('postgres'), '-f', "$directory/plain"]);
restored('postgres', 'psql', $err);

# The scheduler is there, and runs nothing.
ok($copy->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = 'postgres' AND backend_type = 'hyperline scheduler'"), 'a scheduler is there');
my $last = $copy->safe_psql('postgres', 'SELECT max(run_id) FROM hyperline.run');

# One that is resumed runs, and on the numbers go.
$copy->safe_psql('postgres', "SELECT hyperline.resume_loader('short')");
ok($copy->poll_query_until('postgres', "SELECT count(*) > 0 FROM hyperline.loader_runs WHERE run_id > $last AND loader = 'short' AND status = 'succeeded'"), 'a loader that is resumed runs');
is($copy->safe_psql('postgres', "SELECT count(*) FROM hyperline.loader_runs WHERE run_id > $last AND loader <> 'short'"), '0', 'and no other');
is($copy->safe_psql('postgres', $loaders . " WHERE name = 'resting'"), 'resting paused t -', 'one that somebody had paused stays paused');

# Over a database that has it all already, and into another one
($out, $err) = run_command(['psql', '-X', '-d', $copy->connstr('postgres'), '-f', "$directory/clean"]);
restored('postgres', 'psql of a clean dump', $err);
$copy->safe_psql('postgres', 'CREATE DATABASE other');
($out, $err) = run_command(['pg_restore', '-v', '-d', $copy->connstr('other'), "$directory/parallel"]);
restored('other', 'pg_restore', $err);

# In parallel the largest tables come first: loaders, by a long query, before the connection that they name. What holds
# them together does so afterwards.
$copy->safe_psql('postgres', 'CREATE DATABASE quick');
($out, $err) = run_command(['pg_restore', '-v', '-j2', '-d', $copy->connstr('quick'), "$directory/parallel"]);
unlike($err, qr/error:|ERROR:/, 'pg_restore -j: no error');
restored('quick', 'pg_restore -j', $err);
($status, $out, $err) = $copy->psql('quick', "DELETE FROM hyperline.connection WHERE name = 'product'");
like($err, qr/violates foreign key constraint "loader_connection_id_fkey"/, 'a connection that loaders use cannot be deleted');

# Before it is stopped: that ends workers in the middle of what they do, and says so.
unlike(slurp_file($copy->logfile), qr/hyperline (scheduler|runner) (ERROR|FATAL|WARNING)/, 'no worker complains of anything');
$copy->stop('fast');
$origin->stop('fast');
$source->stop('fast');
done_testing();
