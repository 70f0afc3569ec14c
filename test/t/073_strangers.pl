# Connections of roles that are no superusers: they are opened by their own password and by nothing else of this server,
# and one that fails tells nothing of the network behind it.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeDns;
use Hyperline;
use IO::Socket::INET;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# What the server could use in the place of a role's own password.
my $home = PostgreSQL::Test::Utils::tempdir();
append_to_file("$home/pass", "*:*:*:*:s3cret\n");
chmod 0600, "$home/pass";
my $dns = FakeDns->new('one.test' => { A => ['127.0.0.1'] });
my $node;
{
	local $ENV{PGPASSWORD} = 's3cret';
	local $ENV{PGPASSFILE} = "$home/pass";
	$node = start_target('node', "listen_addresses = '127.0.0.1'", 'hyperline_connector.enabled = off', 'hyperline_connector.max_retries = 0',
		"log_statement = 'none'", "hyperline_connector.name_servers = '" . $dns->address . "'");
}
authenticate($node, 'host all sealed,full,other 127.0.0.1/32 scram-sha-256', 'host all barred 127.0.0.1/32 reject');
$node->safe_psql('postgres', q{
	CREATE ROLE sealed LOGIN PASSWORD 's3cret';
	CREATE ROLE full LOGIN PASSWORD 's3cret' CONNECTION LIMIT 0;
	CREATE ROLE open LOGIN;
	CREATE ROLE alice; CREATE ROLE root SUPERUSER;
	SELECT hyperline.grant_access('alice', 'admin')});
my $port = $node->port;

sub sql { return $node->safe_psql('postgres', @_); }

# create($role, $url): 'live', or all that the error says. Nothing is kept.
sub create
{
	my ($role, $url, @before) = @_;
	my $sql = join('; ', @before, "SET ROLE $role", 'BEGIN', "SELECT status FROM hyperline.create_connection('x', '$url')", 'ROLLBACK');
	my ($status, $out, $err) = $node->psql('postgres', $sql);
	return $status == 0 ? $out : $err =~ s/^psql:<stdin>:\d+: //r;
}

# at($user, $more): a url of this server.
sub at
{
	my ($user, $more) = @_;
	return "postgres://$user\@127.0.0.1:$port/" . ($more // 'postgres');
}

# A password of its own
is(create('alice', at('sealed:s3cret')), 'live', 'who has a password gets in');
like(create('alice', at('sealed')), qr/^ERROR:  only a superuser may connect without a password\nDETAIL:  .*\nHINT:  Write the password into the url, or have a superuser create the connection\.$/, 'who gives none does not');
like(create('alice', at('open:s3cret')), qr/^ERROR:  the source does not ask for the password of the url\nDETAIL:  A connection of a role that is not a superuser has to be opened by its own password\.\nHINT:  .*scram-sha-256/, 'nor when the source asks for none');
is(create('root', at('open')), 'live', 'a superuser does');
like(create('root', at('sealed')), qr/^ERROR:  could not connect .*\nDETAIL:  .*no password supplied/, 'though not by the password of the server\'s environment');
like(create('alice', at('sealed:wrong')), qr/^ERROR:  could not connect/, 'which nobody uses who has another');

# Nothing that is this server's
for my $option (qw(password_file=/etc/passwd password_env=PGPASSWORD sslrootcert=/etc/passwd sslcert=/etc/passwd sslkey=/etc/passwd sslcrl=/etc/passwd))
{
	my ($name) = split(/=/, $option);
	my $url = $name =~ /^password/ ? at('sealed', "postgres?$option") : at('sealed:s3cret', "postgres?$option");
	like(create('alice', $url), qr/^ERROR:  only a superuser may give the option "$name"\nDETAIL:  It would give access to what only this server's own user may use\.\n/, "$name is a superuser's");
}
like(create('alice', 'postgres://sealed:s3cret@/postgres?host=' . $node->host), qr/^ERROR:  only a superuser may connect through a Unix-domain socket\n/, 'so are sockets');
for my $option (qw(passfile service options hostaddr requirepeer replication krbsrvname gssencmode sslpassword target_session_attrs))
{
	like(create('root', at('sealed:s3cret', "postgres?$option=x")), qr/^ERROR:  option "$option" is not allowed in a connection URL\n/, "$option is nobody's");
}

# What fails before the password is taken looks all the same, wherever it fails.
my $closed = IO::Socket::INET->new(Proto => 'tcp', LocalAddr => '127.0.0.1') or die "$!"; # bound, and nobody listens
my $silent = IO::Socket::INET->new(Proto => 'tcp', LocalAddr => '127.0.0.1', Listen => 5) or die "$!";
my %failing = (
	'a port where nobody listens' => 'sealed:s3cret@127.0.0.1:' . $closed->sockport . '/postgres',
	'a port that does not answer' => 'sealed:s3cret@127.0.0.1:' . $silent->sockport . '/postgres',
	'a host that does not exist' => "sealed:s3cret\@missing.test:$port/postgres",
	'another password' => "sealed:wrong\@127.0.0.1:$port/postgres",
	'a role that does not exist' => "other:s3cret\@127.0.0.1:$port/postgres",
	'a role that pg_hba.conf keeps out' => "barred:s3cret\@127.0.0.1:$port/postgres");
my %reasons;
for my $what (sort keys %failing)
{
	my @short = "SET hyperline_connector.connect_timeout = '" . (under_valgrind() ? 20 : 1) . "s'";
	my $told = create('alice', "postgres://$failing{$what}", @short);
	is($told =~ s/at "[^"]*", port \d+/at .../r,
		qq{ERROR:  could not connect to database "postgres" at ...\nHINT:  Check the host, port, database, user and password of the url. The reason is in the log of this server: only a superuser's connection tells it.},
		"$what: alice learns nothing");
	my $reason = create('root', "postgres://$failing{$what}", @short) =~ /^DETAIL:  (.*)$/m ? $1 : '';
	$reasons{$reason} = $what;
	isnt($reason, '', "$what: a superuser learns why");
	like(slurp_file($node->logfile), qr/LOG:  could not connect to database "postgres" at .*\Q$reason\E/, "$what: and so does the log");
}
is(scalar keys %reasons, scalar keys %failing, 'each has a reason of its own');

# Nor is a name whose addresses are excluded told from one that does not exist, in a session or a run.
sub set
{
	my ($name, $value) = @_;
	sql("ALTER SYSTEM SET hyperline_connector.$name = '$value'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT current_setting('hyperline_connector.$name') = '$value'") or die "$name is not set";
	return;
}
sub named { my ($host, $role, $more) = @_; return create($role // 'alice', "postgres://sealed:s3cret\@$host:$port/postgres" . ($more // '')) =~ s/"\Q$host\E"/"..."/r; }
my $nothing = qq{ERROR:  could not connect to database "postgres" at "...", port $port\nHINT:  Check the host, port, database, user and password of the url. The reason is in the log of this server: only a superuser's connection tells it.};
sql("SET ROLE alice; SELECT hyperline.create_connection('inside', 'postgres://sealed:s3cret\@one.test:$port/postgres');
	SELECT hyperline.create_loader('inside', 'inside', 'SELECT 1 AS id, 1 AS \"customerId\", now() AS timestamp', paused => true)");
set('allowed_hosts', '*, !127.0.0.0/8, !::1');
my $before = -s $node->logfile;
is(named($_), $nothing, "$_: alice learns nothing") for 'one.test', 'localhost', 'missing.test';
like(substr(slurp_file($node->logfile), $before), qr/LOG:  could not connect to database "postgres" at "one\.test", port \d+: The host has only addresses that are not in hyperline_connector\.allowed_hosts, or are excluded there\./, 'the log tells why');
like(named('one.test', 'root'), qr/^ERROR:  connections to "\.\.\." are not allowed\nDETAIL:  /, 'and a superuser is told');
like(named('127.0.0.1'), qr/^ERROR:  connections to "\.\.\." are not allowed\nDETAIL:  /, 'as is who gives the address');
$before = -s $node->logfile;
my $inside = sql("SELECT hyperline.run_loader('inside')");
is(sql("SELECT hyperline.wait_for_run($inside)"), 'failed', 'a run to it');
like(sql("SELECT sqlstate, error, error_detail FROM hyperline.loader_runs WHERE run_id = $inside"), qr/^08001\|could not connect to database "postgres" at "one\.test", port $port\|HINT: [^\n]*The reason is in the log of this server: only a superuser's connection tells it\.$/, 'tells no more');
$node->wait_for_log(qr/run $inside of loader "inside" failed: could not connect .*The host has only addresses that are not in/, $before);
for my $list ('*, !one.test, !missing.test', '10.0.0.0/8', 'other.test')
{
	set('allowed_hosts', $list);
	my $told = named('one.test');
	like($told, qr/^ERROR:  connections to "\.\.\." are not allowed\nDETAIL:  /, "$list: names that may not be looked up");
	is(named('missing.test'), $told, "$list: are all refused alike");
}
set('allowed_hosts', '*');
set('require_encryption', 'on');
my $weak = named('one.test', 'alice', '?sslmode=disable');
like($weak, qr/^ERROR:  sslmode "disable" is weaker than what this server demands/, 'an sslmode that is refused');
is(named('missing.test', 'alice', '?sslmode=disable'), $weak, 'is refused whatever the name is');
set('require_encryption', 'auto');
sql("SELECT hyperline.drop_loader('inside')");

# Once the password is taken the server speaks to who knows it.
like(create('alice', at('sealed:s3cret', 'nothing_here')), qr/^ERROR:  could not connect .*\nDETAIL:  .*database "nothing_here" does not exist/, 'a database that does not exist');
like(create('alice', at('full:s3cret')), qr/^ERROR:  could not connect .*\nDETAIL:  .*too many connections for role "full"/, 'a role that has no connection left');

# In a run it is the same, and what a run leaves behind tells no more.
sql("SET ROLE alice; SELECT hyperline.create_connection('hers', '" . at('sealed:s3cret') . "');
	SELECT hyperline.create_loader('hers', 'rows', 'SELECT 1 AS id, 1 AS \"customerId\", now() AS timestamp', paused => true)");
sql("ALTER ROLE sealed PASSWORD 'changed'");
my $seen = -s $node->logfile;
my $run = sql("SELECT hyperline.run_loader('rows')");
is(sql("SELECT hyperline.wait_for_run($run)"), 'failed', 'a run without the right password');
like(sql("SELECT error, error_detail FROM hyperline.loader_runs WHERE run_id = $run"), qr/^could not connect to database "postgres" at "127\.0\.0\.1", port $port\|HINT: [^\n]*The reason is in the log of this server: only a superuser's connection tells it\.$/, 'says that it could not connect');
like(sql("SELECT status, last_error FROM hyperline.connections WHERE name = 'hers'"), qr/^unreachable\|could not connect to database "postgres" at "127\.0\.0\.1", port $port$/, 'as does the connection');

# The log tells why, but not each time: with the 1st, 2nd, 4th ... failure in a row, and once.
sub told { return join(',', map { /\(failure (\d+) in a row/ ? $1 : 'first' } grep { /could not connect to database "postgres" at "127\.0\.0\.1", port $port/ && /password authentication failed/ } split(/\n/, substr(slurp_file($node->logfile), $seen))); }
for my $failure (2 .. 5)
{
	$run = sql("SELECT hyperline.run_loader('rows')");
	is(sql("SELECT hyperline.wait_for_run($run)"), 'failed', "failure $failure in a row");
}
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default) { last if told() eq 'first,2,4'; select(undef, undef, undef, 0.1); }
is(told(), 'first,2,4', 'and has it again after the 2nd and the 4th');

# Nor is it retried, as what passes by itself is, though it has the same SQLSTATE.
$node->append_conf('postgresql.conf', "hyperline_connector.max_retries = 5\n");
$node->reload;
$node->poll_query_until('postgres', "SELECT current_setting('hyperline_connector.max_retries') = '5'") or die 'it is not set';
sql("SELECT hyperline.resume_loader('rows')");
for my $fault ([ 'a wrong password', "PASSWORD 'changed again'", '' ], [ 'too many connections', "PASSWORD 's3cret' CONNECTION LIMIT 0", 'retry 2' ])
{
	my ($name, $change, $retried) = @{$fault};
	sql("ALTER ROLE sealed $change");
	$run = sql("SELECT hyperline.run_loader('rows')");
	is(sql("SELECT hyperline.wait_for_run($run)") . sql("SELECT sqlstate FROM hyperline.loader_runs WHERE run_id = $run"), 'failed08001', "$name: the run");
	is(sql("SELECT string_agg(trigger || ' ' || attempt, ', ') FROM hyperline.loader_runs WHERE status = 'queued'"), $retried, "$name: " . ($retried ? 'it is retried' : 'it is not retried'));
}

# Whose url it is, is asked at each connect, whoever asks for the check.
sql("SET ROLE root; SELECT hyperline.create_connection('roots', '" . at('open') . "')");
is(sql("SET ROLE alice; SELECT status FROM hyperline.check_connection('roots')"), 'live', 'an admin may use what a superuser made');
my ($status, $out, $err) = $node->psql('postgres', "SET ROLE alice; SELECT hyperline.alter_connection('roots', url => '" . at('open:s3cret') . "')");
like($err, qr/ERROR:  the source does not ask for the password of the url/, 'but not change it');
sql('ALTER ROLE root NOSUPERUSER');
($status, $out, $err) = $node->psql('postgres', "SELECT hyperline.check_connection('roots')");
like($err, qr/ERROR:  only a superuser may connect without a password/, 'and nobody may when he is none any more');
sql('ALTER ROLE root SUPERUSER');
is(sql("SELECT status FROM hyperline.check_connection('roots')"), 'live', 'until he is one again');
$node->stop;
done_testing();
