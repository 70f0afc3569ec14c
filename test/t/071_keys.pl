# The key that seals passwords: lost, wrong, open to others, and changed while loaders run. Passwords that come from a file or a
# variable of the server.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

$ENV{HYPERLINE_TEST_PASSWORD} = 'from-the-environment';
$ENV{HYPERLINE_TEST_EMPTY} = '';
my $node = start_target('node');
my $folder = $node->data_dir;
my $secrets = PostgreSQL::Test::Utils::tempdir();
$node->safe_psql('postgres', "CREATE ROLE sealed LOGIN PASSWORD 's3cret'; CREATE ROLE other LOGIN PASSWORD 'from-the-environment'");
authenticate($node, 'local all sealed scram-sha-256', 'local all other scram-sha-256');
my $url = source_url($node, 'postgres', 'sealed');

# check($name): 'live', or the message, detail and hint.
sub check
{
	my ($name) = @_;
	my ($status, $out, $err) = $node->psql('postgres', "SELECT status FROM hyperline.check_connection('$name')", on_error_die => 0);
	return $status == 0 ? $out : $err;
}

sub sql { return $node->safe_psql('postgres', @_); }

sub fails
{
	my ($sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', $sql);
	return $status == 0 ? "it worked: $out" : $err;
}

sub write_file
{
	my ($path, $content, $mode) = @_;
	unlink $path;
	append_to_file($path, $content);
	chmod $mode // 0600, $path;
	return $path;
}

ok(!-e "$folder/hyperline_connector.key", 'there is no key before the first password');
sql("SELECT hyperline.create_connection('$_', '$url&password=s3cret&application_name=$_')") for 'a', 'b';
is(check('a'), 'live', 'a sealed password opens');
is(sql('SELECT count(DISTINCT sealed) = 2, count(DISTINCT substr(sealed, 10, 12)) = 2 FROM hyperline.connection_secret'), 't|t', 'no two are sealed alike');

# Sealed bytes open in their own row only, and for the url that they were given for.
sql("UPDATE hyperline.connection_secret s SET sealed = (SELECT sealed FROM hyperline.connection_secret WHERE connection_id <> s.connection_id)");
like(check('a'), qr/ERROR:  the password of connection "a" cannot be opened\nDETAIL:  The sealed password was altered.*\nHINT:  Give the whole url again/, 'not in another row');
sql("UPDATE hyperline.connection_secret s SET sealed = (SELECT sealed FROM hyperline.connection_secret WHERE connection_id <> s.connection_id)");
is(check('a'), 'live', 'moved back it opens');
sql("UPDATE hyperline.connection SET url = replace(url, 'application_name=a', 'application_name=evil')");
like(check('a'), qr/cannot be opened/, 'not for a url that was changed in the table');
sql("UPDATE hyperline.connection SET url = replace(url, 'application_name=evil', 'application_name=a')");
sql("UPDATE hyperline.connection_secret SET sealed = set_byte(sealed, 25, get_byte(sealed, 25) # 1)");
like(check('a'), qr/cannot be opened/, 'not when a bit of it was changed');
sql("SELECT hyperline.alter_connection('$_', url => '$url&password=s3cret&application_name=$_')") for 'a', 'b';
is(check('a'), 'live', 'the url, given again, is the way out');

# A key that is lost, another one, none, and open to others
my $key = slurp_file("$folder/hyperline_connector.key");
rename "$folder/hyperline_connector.key", "$secrets/kept";
like(check('a'), qr/ERROR:  the password of connection "a" cannot be opened\nDETAIL:  Key file "hyperline_connector\.key" could not be read: No such file or directory\.\nHINT:  Put the key file back, or give the whole url again/, 'without the key file');
like(fails("SELECT hyperline.rotate_encryption_key('$secrets/new.key')"), qr/the password of connection "a" cannot be opened/, 'nothing can be sealed again');
write_file("$folder/hyperline_connector.key", ('0' x 64) . "\n");
like(check('a'), qr/DETAIL:  Key file "hyperline_connector\.key" holds another key than the one it was sealed with\./, 'with another key');
write_file("$folder/hyperline_connector.key", "too short\n");
like(check('a'), qr/DETAIL:  Key file "hyperline_connector\.key" does not hold a key\./, 'with something else');
like(fails("SELECT hyperline.create_connection('c', '$url&password=s3cret')"), qr/ERROR:  key file "hyperline_connector\.key" does not hold a key\nHINT:  .*64 hexadecimal digits/, 'nothing new is sealed');
write_file("$folder/hyperline_connector.key", $key, 0644);
like(check('a'), qr/DETAIL:  Key file "hyperline_connector\.key" can be read or changed by other users\./, 'with a key that others may read');
like(fails("SELECT hyperline.create_connection('c', '$url&password=s3cret')"), qr/ERROR:  key file.*other users\nDETAIL:  .*0600.*\nHINT:  .*known to others/, 'nothing is sealed with it');
unlike(slurp_file($node->logfile), qr/too short\n|$key/, 'what such a file holds is not told');
write_file("$folder/hyperline_connector.key", $key);
is(check('a'), 'live', 'with its key back it opens');

# A lost key that does not come back: the url, given again, makes a new one.
unlink "$folder/hyperline_connector.key";
sql("SELECT hyperline.alter_connection('a', url => '$url&password=s3cret&application_name=a')");
is(check('a'), 'live', 'a connection gets over the loss of its key');
like(check('b'), qr/holds another key/, 'the other one has yet to');
like(fails("SELECT hyperline.rotate_encryption_key('$secrets/new.key')"), qr/the password of connection "b" cannot be opened/, 'a rotation that cannot open all');
is(sql('SELECT DISTINCT key_file FROM hyperline.connection_secret'), 'hyperline_connector.key', 'changes none');
sql("SELECT hyperline.alter_connection('b', url => '$url&password=s3cret&application_name=b')");
unlink "$secrets/new.key";

# Another key, while a loader goes on: at no moment can a password not be opened.
sql(q{SELECT hyperline.create_loader('a', 'rows', 'SELECT 1 AS id, 1 AS "customerId", now() AS timestamp', '1 second')});
my $failed = "SELECT count(*) FROM hyperline.loader_runs WHERE status = 'failed'";
my ($status, $out, $err) = $node->psql('postgres', "SELECT hyperline.rotate_encryption_key('$secrets/new.key')");
is($out, 2, 'all passwords are sealed again');
like($err, qr/NOTICE:  .*new ones still with the one that hyperline_connector\.encryption_key_file names\nDETAIL:  .*\nHINT:  ALTER SYSTEM/, 'and what is to be done is said');
is((stat("$secrets/new.key"))[2] & 07777, 0600, 'the new file was made, for the server alone');
is(check('a') . check('b'), 'livelive', 'they open before the setting follows');
sql("SELECT hyperline.create_connection('c', '$url&password=s3cret')");
$node->append_conf('postgresql.conf', "hyperline_connector.encryption_key_file = '$secrets/new.key'");
$node->reload;
ok($node->poll_query_until('postgres', "SELECT setting LIKE '%/new.key' FROM pg_settings WHERE name = 'hyperline_connector.encryption_key_file'"), 'the setting follows');
is(check('a') . check('c'), 'livelive', 'what was sealed in between opens with the old key');
is(sql("SELECT hyperline.rotate_encryption_key('$secrets/new.key')"), 3, 'once more');
unlink "$folder/hyperline_connector.key";
is(check('a') . check('b') . check('c'), 'livelivelive', 'and the old key is not needed any longer');
my $run = sql("SELECT hyperline.run_loader('rows')");
is(sql("SELECT hyperline.wait_for_run($run)"), 'succeeded', 'loaders go on');
is(sql($failed), '0', 'and no run failed meanwhile');
rename "$secrets/new.key", "$secrets/moved.key";
like(check('a'), qr/could not be read: No such file/, 'a file that moved');
$node->append_conf('postgresql.conf', "hyperline_connector.encryption_key_file = '$secrets/moved.key'");
$node->reload;
ok($node->poll_query_until('postgres', "SELECT setting LIKE '%/moved.key' FROM pg_settings WHERE name = 'hyperline_connector.encryption_key_file'"), 'is told by the setting');
is(check('a'), 'live', 'whatever the rows say');
unlink "$secrets/moved.key";
like(fails("SELECT hyperline.create_connection('d', '$url&password=s3cret')"), qr/ERROR:  key file .* could not be read.*\nHINT:  .*rotate_encryption_key/, 'a file that was named and is missing is not made in silence');
$node->append_conf('postgresql.conf', "hyperline_connector.encryption_key_file = 'hyperline_connector.key'\nhyperline_connector.enabled = off");
$node->reload;

# Passwords from the server's files and environment, read at each connect
my $file = write_file("$secrets/password", "wrong\n");
sql("SELECT hyperline.create_connection('file', '$url&password_file=$file', check_now => false)");
is(sql("SELECT url FROM hyperline.connections WHERE name = 'file'") =~ s/.*\?//r, "password_file=$file", 'the url says where the password is');
is(sql("SELECT count(*) FROM hyperline.connection_secret s JOIN hyperline.connection USING (connection_id) WHERE name = 'file'"), '0', 'nothing is kept');
like(check('file'), qr/password authentication failed/, 'a file with another password');
write_file($file, "s3cret\n");
is(check('file'), 'live', 'that is replaced is read again');
chmod 0644, $file;
like(check('file'), qr/ERROR:  password file "\Q$file\E" can be read or changed by other users/, 'open to others');
write_file($file, "\n");
like(check('file'), qr/ERROR:  password file "\Q$file\E" is empty/, 'empty');
unlink $file;
like(check('file'), qr/ERROR:  password file "\Q$file\E" could not be read: No such file or directory/, 'missing');
my $variable = source_url($node, 'postgres', 'other') . '&password_env=HYPERLINE_TEST';
sql("SELECT hyperline.create_connection('variable', '${variable}_PASSWORD')");
is(check('variable'), 'live', 'a variable of the server');
like(fails("SELECT hyperline.create_connection('unset', '${variable}_NOTHING')"), qr/environment variable "HYPERLINE_TEST_NOTHING" of the server, which holds the password, is not set/, 'that is not set');
like(fails("SELECT hyperline.create_connection('empty', '${variable}_EMPTY')"), qr/environment variable "HYPERLINE_TEST_EMPTY" of the server, which holds the password, is empty/, 'that is empty');
unlike(fails('SELECT hyperline.check_connection(\'variable\'); SELECT * FROM hyperline.connections; SELECT 1/0'), qr/from-the-env/, 'is not shown');
unlike(slurp_file($node->logfile), qr/from-the-environment.*hyperline/, 'nor logged');
$node->stop;
done_testing();
