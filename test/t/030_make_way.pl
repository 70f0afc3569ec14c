# Commands that want a database, or the extension in it, for themselves: our workers make way, quietly, and are back when
# the command has come to nothing.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source');
my $target = start_target('target', 'max_worker_processes = 30', "log_line_prefix = '%m [%p] %b '");
my $url = source_url($source);

# A database with a loader of one second and one whose run waits on the source, both at work.
my $short = 'SELECT g AS id, 1 AS "customerId", now() AS timestamp FROM generate_series(1, 100) g';
my $long = 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp, pg_sleep(600)::text';

sub make_busy
{
	my ($database) = @_;
	$target->safe_psql('postgres', "CREATE DATABASE $database");
	$target->safe_psql($database, qq{
		CREATE EXTENSION hyperline_connector;
		SELECT hyperline.create_connection('product', '$url', check_now => false);
		SELECT hyperline.create_loader('product', 'short', \$q\$$short\$q\$, '1 second');
		SELECT hyperline.create_loader('product', 'long', \$q\$$long\$q\$, '1 hour')});
	wait_busy($database);
	return;
}

sub wait_busy
{
	my ($database, $after) = @_;
	$after //= 0;
	ok($target->poll_query_until($database, qq{
		SELECT count(*) FILTER (WHERE loader = 'short' AND status = 'succeeded' AND run_id > $after) > 0
		   AND count(*) FILTER (WHERE loader = 'long' AND status = 'running') = 1 FROM hyperline.loader_runs}),
		"$database: one loader runs each second, another waits on the source") or note_log();
	return;
}

sub note_log { note(slurp_file($target->logfile)); return; }

sub workers_in
{
	my ($database) = @_;
	return "SELECT count(*) FROM pg_stat_activity WHERE datname = '$database' AND backend_type LIKE 'hyperline%'";
}

# within_10_seconds($database, $sql, $name): the command succeeds; 10 seconds are what the manual promises.
sub within_10_seconds
{
	my ($database, $sql, $name) = @_;
	my ($code, $out, $err) = $target->psql($database, "SET statement_timeout = '10s'; $sql");
	is("$code|$err", '0|', $name);
	return;
}

# Without FORCE, over and over: whatever moment it meets
for my $i (1 .. 5)
{
	make_busy("billing$i");
	within_10_seconds('postgres', "DROP DATABASE billing$i", "DROP DATABASE with loaders at work ($i)");
}
ok($source->poll_query_until('postgres', "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hyperline_connector'", '0'),
	'what they read at the source ends with them');

# A command that fails
make_busy('keep');
$target->safe_psql('postgres', 'CREATE ROLE nobody LOGIN');
my $scheduler = $target->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE datname = 'keep' AND backend_type = 'hyperline scheduler'");
my ($code, $out, $err) = $target->psql('postgres', 'SET ROLE nobody; DROP DATABASE keep');
like($err, qr/must be owner of database/, 'who may not drop a database');
is($target->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE datname = 'keep' AND backend_type = 'hyperline scheduler'"),
	$scheduler, 'does not get its workers out either');
my $guest = $target->background_psql('keep');
$guest->query_safe('SELECT 1');
my $last = $target->safe_psql('keep', 'SELECT max(run_id) FROM hyperline.loader_runs');
($code, $out, $err) = $target->psql('postgres', 'DROP DATABASE keep');
like($err, qr/is being accessed by other users.*There is 1 other session using the database/s, 'a session that stays is the only one counted');
$guest->quit;
wait_busy('keep', $last);

# DROP OWNED, of the roles that own the extension and of others
$target->safe_psql('postgres', 'CREATE ROLE leaver SUPERUSER LOGIN');
my $at_work = "SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE datname = 'keep' AND (backend_type = 'hyperline scheduler' OR query LIKE 'run % of loader long')";
my $workers = $target->safe_psql('postgres', $at_work);
$target->safe_psql('keep', 'CREATE TABLE odds (); ALTER TABLE odds OWNER TO leaver');
within_10_seconds('keep', 'DROP OWNED BY nobody, leaver', 'DROP OWNED BY roles that do not own the extension');
is($target->safe_psql('keep', "SELECT count(*) FROM pg_class WHERE relname = 'odds'"), '0', 'drops what they own');
is($target->safe_psql('postgres', $at_work), $workers, 'and the workers stay at their work');
$last = $target->safe_psql('keep', 'SELECT max(run_id) FROM hyperline.loader_runs');
($code, $out, $err) = $target->psql('keep', 'DROP OWNED BY nobody, CURRENT_USER');
like($err, qr/cannot drop objects owned by role .* because they are required by the database system/, 'DROP OWNED BY who owns it: refused for the bootstrap superuser');
wait_busy('keep', $last);
isnt($target->safe_psql('postgres', $at_work), $workers, 'but the workers made way for it');
is($target->safe_psql('keep', "SELECT count(*) FROM hyperline.loader_runs WHERE status = 'interrupted' AND loader = 'long'"), '2',
	'the run that had to end is interrupted, each time');

# Renamed, moved, copied
$last = $target->safe_psql('keep', 'SELECT max(run_id) FROM hyperline.loader_runs');
within_10_seconds('postgres', 'ALTER DATABASE keep RENAME TO kept', 'ALTER DATABASE RENAME');
wait_busy('kept', $last);
my $space = PostgreSQL::Test::Utils::tempdir;
$target->safe_psql('postgres', "CREATE TABLESPACE elsewhere LOCATION '$space'");
$last = $target->safe_psql('kept', 'SELECT max(run_id) FROM hyperline.loader_runs');
$target->safe_psql('postgres', 'ALTER DATABASE kept SET TABLESPACE elsewhere');
wait_busy('kept', $last);
$last = $target->safe_psql('kept', 'SELECT max(run_id) FROM hyperline.loader_runs');
$target->safe_psql('postgres', 'CREATE DATABASE copy TEMPLATE kept');
wait_busy('kept', $last);
ok($target->poll_query_until('copy', "SELECT bool_and(paused) AND count(*) FILTER (WHERE pause_reason = 'copied') = 2 FROM hyperline.loaders"),
	'the loaders of a copy are paused');
is($target->safe_psql('copy', "SELECT count(*) FROM hyperline.loader_runs WHERE status IN ('queued', 'running')"), '0', 'and its runs ended');
$target->safe_psql('copy', "SELECT hyperline.resume_loader('short')");
ok($target->poll_query_until('copy', "SELECT count(*) > 0 FROM hyperline.loader_runs WHERE loader = 'short' AND run_id > $last AND status = 'succeeded'"),
	'one that is resumed runs');
is($target->safe_psql('copy', "SELECT pause_reason IS NULL AND NOT paused FROM hyperline.loaders WHERE name = 'short'"), 't', 'and is as any other');
$target->safe_psql('postgres', 'DROP DATABASE copy');

# A database that allows no connections: nothing tries, so nothing is logged.
$target->safe_psql('postgres', 'ALTER DATABASE kept ALLOW_CONNECTIONS false');
ok($target->poll_query_until('postgres', workers_in('kept') . " AND backend_type = 'hyperline scheduler'", '0'),
	'the scheduler leaves a database that is closed');
$target->safe_psql('postgres', 'ALTER DATABASE kept ALLOW_CONNECTIONS true');
wait_busy('kept', $last);

# The extension: dropped and taken back, dropped in any way
$last = $target->safe_psql('kept', 'SELECT max(run_id) FROM hyperline.loader_runs');
within_10_seconds('kept', 'BEGIN; DROP EXTENSION hyperline_connector; ROLLBACK', 'DROP EXTENSION that is rolled back');
wait_busy('kept', $last);
my @ways = ('DROP EXTENSION hyperline_connector', 'DROP EXTENSION hyperline_connector CASCADE', 'DROP SCHEMA hyperline CASCADE');
for my $i (0 .. $#ways)
{
	make_busy("drop$i");
	within_10_seconds("drop$i", "SET client_min_messages = warning; $ways[$i]", "$ways[$i] with loaders at work");
	is($target->safe_psql("drop$i", "SELECT count(*) FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid WHERE nspname = 'hyperline'"), '0', 'everything is gone');
	ok($target->poll_query_until('postgres', workers_in("drop$i"), '0'), 'its workers too');
}
is($target->safe_psql('drop0', "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database WHERE l.locktype = 'advisory' AND d.datname LIKE 'drop%'"), '0', 'no advisory lock is left where it was dropped');
$target->safe_psql('drop0', 'CREATE EXTENSION hyperline_connector');
ok($target->poll_query_until('postgres', workers_in('drop0'), '1'), 'an extension that is created again is served again');

# All of it without noise; a stop of the server is not among it: the server itself says then whom it interrupts.
my $log = slurp_file($target->logfile);
my @noise = grep { /hyperline (launcher|scheduler|runner)/ && /(ERROR|FATAL|PANIC|WARNING):/ } split(/\n/, $log);
is(join("\n", @noise), '', 'no worker complains of anything');
unlike($log, qr/FATAL: .*hyperline|PANIC|signal 11|terminating background worker/, 'nobody had to be killed');
$target->stop('fast');
$source->stop('fast');
done_testing();
