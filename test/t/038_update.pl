# ALTER EXTENSION UPDATE: workers take up the new version. When it needs another library than the one that the server has
# loaded, nothing runs, and who looks is told so, once.
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
my $target = start_target('target', "log_line_prefix = '%m [%p] %b '");
sub sql { return $target->safe_psql('postgres', $_[0]); }

# Versions of this test's own, of which one goes with the library and one does not
my ($shared) = run_command([ 'pg_config', '--sharedir' ]);
my @scripts;
sub script
{
	my ($from, $to, $text) = @_;
	push @scripts, "$shared/extension/hyperline_connector--$from--$to.sql";
	open(my $file, '>', $scripts[-1]) or die "$scripts[-1]: $!";
	print {$file} "$text\n";
	close($file);
	return;
}
END { unlink(@scripts); }
script('1.0', 'test1', "CREATE FUNCTION hyperline.added() RETURNS int LANGUAGE sql AS 'SELECT 1';");
script('test1', 'test2', 'UPDATE hyperline.installation SET revision = revision + 1;');
script('test2', 'test3', 'UPDATE hyperline.installation SET revision = revision - 1;');

my $url = source_url($source);
sql("SELECT hyperline.create_connection('product', '$url')");
sql(q{SELECT hyperline.create_loader('product', 'calls', 'SELECT g AS id, 1 AS "customerId", timestamptz ''2026-01-01'' AS timestamp FROM generate_series(1, 10) g', '1 second');
	SELECT hyperline.create_loader('product', 'waits', 'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01'' AS timestamp FROM pg_sleep(600)', '1 hour')});
my $last = 0;
sub runs
{
	my ($name) = @_;
	ok(wait_for($target, "SELECT count(*) FILTER (WHERE loader = 'calls' AND status = 'succeeded') > 0 AND count(*) FILTER (WHERE loader = 'waits' AND status = 'running') = 1 FROM hyperline.loader_runs WHERE run_id > $last"), $name);
	$last = sql('SELECT max(run_id) FROM hyperline.run');
	return;
}
sub said
{
	my ($what) = @_;
	return scalar(() = slurp_file($target->logfile) =~ /$what/g);
}
runs('loaders are at work');
sql("ALTER EXTENSION hyperline_connector UPDATE TO 'test1'");
runs('after an update they are again');
is(said('hyperline scheduler LOG:  hyperline scheduler started for database "postgres", version test1'), 1, 'by workers of the new version');

sql("ALTER EXTENSION hyperline_connector UPDATE TO 'test2'");
my $mismatch = 'hyperline scheduler WARNING:  no loader runs: version test2 of the extension needs another library than the one that the server has loaded';
ok($target->wait_for_log(qr/$mismatch\n.*HINT:  Restart the server to load the library that is installed/), 'an update that needs another library is noticed');
ok(wait_for($target, "SELECT string_agg(backend_type || ' ' || state || ' ' || query, ',') FROM pg_stat_activity WHERE backend_type IN ('hyperline scheduler', 'hyperline runner')", 'hyperline scheduler idle no loader runs: the server has loaded another library'), 'nothing runs, and it shows');
$last = sql('SELECT max(run_id) FROM hyperline.run');
for (1 .. 3)
{
	my $log = -s $target->logfile;
	sql("SELECT hyperline.run_loader('calls')");
	sql('SELECT hyperline.announce_installation()');
}
my ($status, $out, $err) = $target->psql('postgres', "\\set VERBOSITY verbose\nCALL hyperline.refresh_loader('calls')");
like($err, qr/ERROR:  55000: the extension is of version test2, which needs another library than the one that the server has loaded\n.*HINT:  Install the package of that version, and restart the server\./, 'refresh_loader says so');
is(sql("SELECT count(*) FROM hyperline.loader_runs WHERE run_id > $last AND started_at IS NOT NULL"), '0', 'no run was started');
is(said($mismatch), 1, 'the log says it once');

sql("ALTER EXTENSION hyperline_connector UPDATE TO 'test3'");
runs('when they belong together again, loaders run');
sql("UPDATE hyperline.installation SET revision = revision - 1; SELECT hyperline.announce_installation()");
($status, $out, $err) = $target->psql('postgres', "CALL hyperline.refresh_loader('calls')");
like($err, qr/HINT:  Bring the extension up to date: ALTER EXTENSION hyperline_connector UPDATE\./, 'a library that is the newer one asks for the update');
sql("UPDATE hyperline.installation SET revision = revision + 1; SELECT hyperline.drop_loader('waits')");
sql('SELECT hyperline.announce_installation()');
is(aftermath($target, $source), '', 'afterwards');
unlike(slurp_file($target->logfile), qr/hyperline (?:launcher|scheduler|runner) (?:ERROR|FATAL):|PANIC|signal 11|TRAP/, 'no worker failed');
$target->stop('fast');
$source->stop('fast');
done_testing();
