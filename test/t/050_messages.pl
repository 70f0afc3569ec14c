# Errors and warnings that take a server of a certain kind: what a source's administrator has taken away, where connections
# may go, keys, and servers that are short of something.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $source = start_source('source', "listen_addresses = '127.0.0.1'", 'max_connections = 100');
$source->safe_psql('postgres', 'CREATE DATABASE faulty');
my $target = start_target('target', 'max_worker_processes = 2', 'max_logical_replication_workers = 0', 'max_files_per_process = 64');
my $url = source_url($source, 'faulty');
my $query = q{SELECT * FROM hyperline.preview_query('faulty', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp')};

sub error_of
{
	my ($sql, $node) = @_;
	my ($status, $out, $err) = ($node // $target)->psql('postgres', $sql);
	return $err;
}

# The source's own functions
$target->safe_psql('postgres', "SELECT hyperline.create_connection('faulty', '$url')");
$source->safe_psql('faulty', 'REVOKE EXECUTE ON FUNCTION pg_catalog.pg_is_in_recovery() FROM PUBLIC');
like(error_of($query), qr/ERROR:  could not begin to read at the source: permission denied for function pg_is_in_recovery$/m, 'without pg_is_in_recovery');
like(error_of(q{SELECT hyperline.check_connection('faulty')}), qr/ERROR:  the source does not answer: permission denied for function pg_is_in_recovery$/m, 'a check says so');
$source->safe_psql('faulty', 'GRANT EXECUTE ON FUNCTION pg_catalog.pg_is_in_recovery() TO PUBLIC; REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, bool) FROM PUBLIC');
like(error_of($query), qr/ERROR:  could not prepare the session at the source: permission denied for function set_config$/m, 'without set_config');
$source->safe_psql('faulty', 'GRANT EXECUTE ON FUNCTION pg_catalog.set_config(text, text, bool) TO PUBLIC; REVOKE EXECUTE ON FUNCTION pg_catalog.format_type(oid, int) FROM PUBLIC');
like(error_of($query), qr/ERROR:  could not look up the types of the query's columns: permission denied for function format_type\n.*HINT:  Grant it to the connection's role/, 'without format_type');
$source->safe_psql('faulty', 'GRANT EXECUTE ON FUNCTION pg_catalog.format_type(oid, int) TO PUBLIC; REVOKE EXECUTE ON FUNCTION pg_catalog.json_array_elements(json) FROM PUBLIC');
like(error_of($query), qr/ERROR:  could not ask the source how it would read the query: permission denied for function json_array_elements\n.*HINT:  Grant it to the connection's role/, 'without json_array_elements');
$source->safe_psql('faulty', 'GRANT EXECUTE ON FUNCTION pg_catalog.json_array_elements(json) TO PUBLIC');

# Where connections may go
my $tcp = 'postgres://reader:secret@127.0.0.1:' . $source->port . '/postgres';
sub set_and_reload
{
	my ($name, $value) = @_;
	$target->safe_psql('postgres', "ALTER SYSTEM SET hyperline_connector.$name = '$value'");
	$target->reload;
	ok($target->poll_query_until('postgres', "SELECT current_setting('hyperline_connector.$name') = '$value'"), "$name = $value");
	return;
}
set_and_reload('require_encryption', 'on');
like(error_of("SELECT hyperline.create_connection('open', '$tcp?sslmode=disable')"), qr/ERROR:  sslmode "disable" is weaker than what this server demands$/m, 'encryption that is demanded');
set_and_reload('allowed_hosts', 'db.example.com');
like(error_of("SELECT hyperline.create_connection('elsewhere', '$tcp')"), qr/ERROR:  connections to "127\.0\.0\.1" are not allowed$/m, 'a host that is not allowed');
$target->safe_psql('postgres', "ALTER SYSTEM RESET ALL");
$target->reload;
ok($target->poll_query_until('postgres', "SELECT current_setting('hyperline_connector.allowed_hosts') = '*'"), 'as before');

# Keys
my $data = $target->data_dir;
sub write_file
{
	my ($name, $text) = @_;
	open(my $file, '>', "$data/$name") or die "$data/$name: $!";
	print $file $text;
	close($file) or die $!;
	chmod 0600, "$data/$name";
	return;
}
write_file('no_key', 'x');
like(error_of(q{SELECT hyperline.rotate_encryption_key('no_key')}), qr/ERROR:  key file "no_key" does not hold a key$/m, 'a file without a key');
$target->safe_psql('postgres', q{SELECT hyperline.create_connection('sealed', 'postgres://u:secret@127.0.0.1:1/d', check_now => false); SELECT hyperline.rotate_encryption_key('own_key')});
write_file('own_key', '0' x 64 . "\n");
like(error_of(q{SELECT hyperline.check_connection('sealed')}), qr/ERROR:  the password of connection "sealed" cannot be opened$/m, 'a key that was replaced');
like(error_of(q{SELECT hyperline.check_connection('sealed')}), qr/HINT:  Put the key file back/, 'with the way out');

# A connection that is dropped while a loader for it is made
$target->safe_psql('postgres', "CREATE EXTENSION dblink; SELECT hyperline.create_connection('brief', '$url')");
my $self = $target->connstr('postgres');
like(error_of("SELECT dblink_connect('other', \$c\$$self\$c\$); BEGIN; SELECT hyperline.drop_connection('brief');
	SELECT dblink_send_query('other', \$q\$SELECT hyperline.create_loader('brief', 'brief', 'SELECT 1 AS id, 2 AS \"customerId\", now() AS timestamp')\$q\$);
	DO \$\$ BEGIN FOR i IN 1 .. 18000 LOOP EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE NOT granted); PERFORM pg_sleep(0.01); END LOOP; END \$\$;
	COMMIT; SELECT * FROM dblink_get_result('other') AS r(name text)"), qr/ERROR:  the connection of the loader was dropped$/m, 'a connection that is dropped meanwhile');

# Files: libpq's sockets count as the server's. Other connections take what it has for them.
{
	my $here = $source->connstr('postgres') . ' user=reader';
	my $taken = "DO \$\$ BEGIN FOR g IN 1 .. 90 LOOP PERFORM dblink_connect('c' || g, \$c\$$here\$c\$); END LOOP; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '%', SQLERRM; END \$\$;";
	like(error_of("$taken $query"), qr/ERROR:  could not open a connection: too many files are open$/m, 'too many files');
}

# Workers: one for the launcher, one for the scheduler, none for a run
sub wait_for_log
{
	my ($pattern) = @_;
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return 1 if slurp_file($target->logfile) =~ $pattern;
		usleep(100_000);
	}
	return 0;
}
$target->safe_psql('postgres', q{SELECT hyperline.create_loader('faulty', 'waits', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp')});
ok(wait_for_log(qr/WARNING:  could not start a runner for loader "waits"$/m), 'no worker for a run');
$target->safe_psql('postgres', 'UPDATE hyperline.installation SET revision = 99');
$target->restart;
ok(wait_for_log(qr/WARNING:  no loader runs: version [0-9.]+ of the extension needs another library than the one that the server has loaded$/m), 'a library of another version');
$target->append_conf('postgresql.conf', 'max_worker_processes = 1');
$target->restart;
ok(wait_for_log(qr/WARNING:  could not start the hyperline scheduler of database "postgres"$/m), 'no worker for a scheduler');

# More databases than it serves: as the catalog has them, which is all that is looked at before.
$target->safe_psql('postgres', q{INSERT INTO pg_database SELECT (jsonb_populate_record(d, jsonb_build_object('oid', 100000 + g, 'datname', 'other' || g))).* FROM pg_database d, generate_series(1, 256) g WHERE d.datname = 'postgres'});
$target->restart;
ok(wait_for_log(qr/WARNING:  the cluster has too many databases for hyperline_connector\n.*DETAIL:  It serves 256 at the most\.\n.*HINT:  Name those with loaders in hyperline_connector\.databases\./), 'too many databases');

$_->stop('immediate') for ($target, $source);
done_testing();
