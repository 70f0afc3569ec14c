# Where connections may go, and how: hosts that are not allowed, addresses that a name turns out to have, encryption that is
# demanded and certificates that are not what they should be. Nothing of a url that is refused is looked up.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeDns;
use FaultProxy;
use File::Copy;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# 0.0.0.0 leads to this host, and looks like one beyond it.
my $dns = FakeDns->new(
	'one.test' => { A => ['127.0.0.1'] },
	'two.test' => { A => ['127.0.0.1'] },
	'tls.test' => { A => ['127.0.0.1'] },
	'both.test' => { A => [ '0.0.0.0', '127.0.0.1' ] },
	'beyond.test' => { A => ['0.0.0.0'] },
	'moving.test' => [ { A => ['127.0.0.1'] }, { A => ['0.0.0.0'] } ]);

# A certificate authority, another one, and what the first has signed
my $folder = PostgreSQL::Test::Utils::tempdir();
sub openssl { my (@arguments) = @_; run_log([ 'openssl', @arguments ]) or die "openssl @arguments"; return; }
for my $authority ('authority', 'stranger')
{
	openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', "/CN=$authority", '-keyout', "$folder/$authority.key", '-out', "$folder/$authority.crt");
}
openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=tls.test', '-keyout', "$folder/server.key", '-out', "$folder/server.csr");
for my $name ('tls', 'other')
{
	append_to_file("$folder/$name.names", "subjectAltName=DNS:$name.test\n");
	openssl('x509', '-req', '-in', "$folder/server.csr", '-CA', "$folder/authority.crt", '-CAkey', "$folder/authority.key", '-CAcreateserial', '-days', '2', '-extfile', "$folder/$name.names",
		'-out', "$folder/$name.crt");
}
copy("$folder/tls.crt", "$folder/server.crt");
chmod 0600, "$folder/server.key";

# A list of revoked certificates where libpq looks for one by itself: with any list, all authorities have to have one.
mkdir("$folder/home"), mkdir("$folder/home/.postgresql");
append_to_file("$folder/ca.conf", "[ca]\ndefault_ca = x\n[x]\ndatabase = $folder/index\ndefault_md = sha256\ndefault_crl_days = 2\n");
append_to_file("$folder/index", '');
openssl('ca', '-gencrl', '-config', "$folder/ca.conf", '-keyfile', "$folder/stranger.key", '-cert', "$folder/stranger.crt", '-out', "$folder/home/.postgresql/root.crl");
$ENV{HOME} = "$folder/home";

my $plain = start_source('plain', "listen_addresses = '127.0.0.1'", 'ssl = off');
my $tls = start_source('tls', "listen_addresses = '127.0.0.1'", 'ssl = on', "ssl_cert_file = '$folder/server.crt'", "ssl_key_file = '$folder/server.key'");
my $target = start_target('target', 'hyperline_connector.enabled = off', 'hyperline_connector.connect_timeout = ' . (under_valgrind() ? 60 : 5) . 's', "hyperline_connector.name_servers = '" . $dns->address . "'");

# What the settings say, from the next session on
sub set
{
	my (%values) = @_;
	for my $name (sort keys %values)
	{
		$target->safe_psql('postgres', "ALTER SYSTEM SET hyperline_connector.$name = '$values{$name}'");
		$target->reload;
		$target->poll_query_until('postgres', "SELECT current_setting('hyperline_connector.$name') = '$values{$name}'") or die "$name is not set";
	}
	return;
}

# How opening a connection ends: "live", with whether it is encrypted, or the error.
sub opened
{
	my ($node, $host, $options) = @_;
	my $url = sprintf('postgres://reader:unused@%s:%d/postgres%s', $host, $node->port, $options ? "?$options" : '');
	my ($status, $out, $err) = $target->psql('postgres', "BEGIN; SELECT status, encrypted FROM hyperline.create_connection('x', '$url'); ROLLBACK;");
	return $status == 0 ? $out : $err;
}

# Hosts
my $not_allowed = qr/ERROR:  connections to "[^"]+" are not allowed\nDETAIL:  .*allowed_hosts/;
is(opened($plain, 'one.test'), 'live|f', 'everything is allowed by default');
set(allowed_hosts => 'one.test, 192.0.2.0/24');
is(opened($plain, 'one.test'), 'live|f', 'a name that is listed may have any address');
is(opened($plain, 'ONE.test.'), 'live|f', 'however it is written');
like(opened($plain, 'two.test'), $not_allowed, 'another one of the same address is refused');
like(opened($plain, '127.0.0.1'), $not_allowed, 'and so is the address');
set(allowed_hosts => '*.test');
is(opened($plain, 'two.test'), 'live|f', 'names below a domain');
like(opened($plain, 'localhost'), $not_allowed, 'and no others');
set(allowed_hosts => '127.0.0.0/8');
is(opened($plain, 'one.test'), 'live|f', 'a range is compared with the addresses of a name');
is(opened($plain, '127.0.0.1'), 'live|f', 'or with one that is given');
is(opened($plain, 'both.test'), 'live|f', 'the addresses that are in it are tried');
like(opened($plain, 'beyond.test', 'sslmode=disable'), $not_allowed, 'a name that has none in it is refused');
like(opened($plain, '192.0.2.1'), $not_allowed, 'nor is an address outside connected to');
set(allowed_hosts => '*, !127.0.0.0/8, !::1');
like(opened($plain, $_), $not_allowed, "$_: an address that is excluded") for 'one.test', 'both.test', 'beyond.test', '127.0.0.1', '[::ffff:127.0.0.1]', '[::1]', 'localhost';
like((($target->psql('postgres', "SELECT hyperline.create_connection('x', '" . source_url($plain) . "')"))[2]), qr/^$/, 'a socket is not') or diag('it was refused');
$target->safe_psql('postgres', "SELECT hyperline.drop_connection('x')");
set(allowed_hosts => '127.0.0.1');
like((($target->psql('postgres', "SELECT hyperline.create_connection('x', '" . source_url($plain) . "')"))[2]), $not_allowed, 'until only addresses are listed');
set(allowed_hosts => $plain->host);
is($target->safe_psql('postgres', "SELECT status FROM hyperline.create_connection('socket', '" . source_url($plain) . "')"), 'live', 'a socket is listed by its directory');
like((($target->psql('postgres', "ALTER SYSTEM SET hyperline_connector.allowed_hosts = '10.0.0.0/33'"))[2]), qr/ERROR:  invalid value for parameter/, 'a list that says nothing is refused');

# What was allowed once is looked at again each time: the setting, and what a name has become.
set(allowed_hosts => '127.0.0.0/8');
my $port = $plain->port;
my $query = q{'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp'};
is($target->safe_psql('postgres', "SELECT status FROM hyperline.create_connection('moving', 'postgres://reader:unused\@moving.test:$port/postgres?sslmode=disable')"), 'live', 'a name is checked at first');
like((($target->psql('postgres', "SELECT hyperline.check_connection('moving')"))[2]), $not_allowed, 'and again when it has moved');
$target->safe_psql('postgres', "SELECT hyperline.create_connection('one', 'postgres://reader:unused\@one.test:$port/postgres'); SELECT hyperline.create_loader('one', 't', $query, paused => true)");
set(allowed_hosts => '192.0.2.0/24');
like((($target->psql('postgres', "CALL hyperline.refresh_loader('t')"))[2]), $not_allowed, 'loaders too stop where they may not go any more');
is($target->safe_psql('postgres', 'SELECT status, sqlstate FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1'), 'failed|42501', 'and their runs say so');
set(allowed_hosts => '*');
like(opened($plain, $_, 'sslmode=disable'), $not_allowed, "$_: what leads to this host and is no address of it is refused unless it is named") for 'beyond.test', '0.0.0.0', '[::]';
set(allowed_hosts => '*, 0.0.0.0');

# Encryption
my $no_tls = qr/ERROR:  could not connect to .*\nDETAIL:  .*server does not support SSL/;
like(opened($plain, 'beyond.test'), $no_tls, 'auto: encryption is demanded beyond this host');
is(opened($plain, 'beyond.test', 'sslmode=disable'), 'live|f', 'unless the url says otherwise');
is(opened($tls, 'beyond.test'), 'live|t', 'it is there');
is(opened($tls, 'one.test', 'sslmode=disable'), 'live|f', 'or not');
set(require_encryption => 'on');
like(opened($plain, 'one.test'), $no_tls, 'on: everywhere');
like(opened($tls, 'one.test', "sslmode=$_"), qr/ERROR:  sslmode "$_" is weaker than what this server demands/, "on: $_ is refused") for 'disable', 'allow', 'prefer';
is(opened($tls, 'one.test'), 'live|t', 'on: any certificate will do');
is($target->safe_psql('postgres', "SELECT status, encrypted FROM hyperline.check_connection('socket')"), 'live|f', 'on: a socket needs none');
set(require_encryption => 'verify-full', root_certificates => "$folder/authority.crt");
is(opened($tls, 'tls.test'), 'live|t', 'verify-full: a server that proves who it is');
like(opened($tls, 'one.test'), qr/ERROR:  could not connect.*\nDETAIL:  .*"tls\.test".*does not match host name "one\.test"/, 'and no other');
like(opened($tls, 'tls.test', 'sslmode=require'), qr/ERROR:  sslmode "require" is weaker/, 'whatever the url says');
set(root_certificates => "$folder/stranger.crt");
like(opened($tls, 'tls.test'), qr/ERROR:  could not connect.*\nDETAIL:  .*certificate verify failed/, 'a certificate of a stranger proves nothing');
set(root_certificates => '');
my $knows_some = grep { -e } '/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt', '/etc/ssl/cert.pem';
my $unknown = $knows_some ? 'certificate verify failed' : 'root certificate file .* does not exist';
like(opened($tls, 'tls.test'), qr/ERROR:  could not connect.*\nDETAIL:  .*$unknown/, 'nor one that the operating system does not know');
is(opened($tls, 'tls.test', "sslmode=verify-full&sslrootcert=$folder/authority.crt"), 'live|t', 'a superuser may name the authority');

# A run whose source does not prove who it is is not retried, for that lasts. One that was cut off before the proof is.
my $between = FaultProxy->new($tls);
sub run_secure
{
	my $run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('secure')");
	$target->safe_psql('postgres', "SELECT hyperline.wait_for_run($run)");
	my $retries = $target->safe_psql('postgres', "SELECT hyperline.cancel_run(run_id) FROM hyperline.loader_runs WHERE loader = 'secure' AND status = 'queued'");
	return $target->safe_psql('postgres', "SELECT concat_ws(' ', status, sqlstate, error_detail) FROM hyperline.loader_runs WHERE run_id = $run") . ($retries ? ' and is retried' : '');
}
set(root_certificates => "$folder/authority.crt");
$target->safe_psql('postgres', sprintf(q{SELECT hyperline.create_connection('secure', 'postgres://reader:unused@tls.test:%d/postgres'); SELECT hyperline.create_loader('secure', 'secure', %s, '1 day')}, $between->port, $query));
is(run_secure(), 'succeeded', 'a source that proves who it is');
my $certificate = 'HINT: Check that the certificate of the source is valid for the host of the url, and that its authority is in';
set(root_certificates => "$folder/stranger.crt");
like(run_secure(), qr/^failed 08001 .*certificate verify failed\n$certificate (?!.*retried)/, 'an unknown authority: not retried');
set(root_certificates => "$folder/none.crt");
like(run_secure(), qr/^failed 08001 .*root certificate file .* does not exist.*\n$certificate (?!.*retried)/, 'a list of authorities that is not there: not retried');
set(root_certificates => "$folder/authority.crt");
copy("$folder/other.crt", "$folder/server.crt");
$tls->restart;
like(run_secure(), qr/^failed 08001 .*"other\.test" does not match host name "tls\.test"\n$certificate (?!.*retried)/, 'a certificate for another host: not retried');
copy("$folder/tls.crt", "$folder/server.crt");
$tls->restart;
for my $rule ({ from => 'source', at => 500, do => 'fin' }, { from => 'source', at => 500, do => 'rst' }, { from => 'source', at => 0, do => 'fin' }, { from => 'client', at => 0, do => 'rst' })
{
	$between->rules($rule);
	like(run_secure(), qr/^failed 08001 .*HINT: The run is tried again\. .* and is retried$/s, "TLS that is cut off, $rule->{do} at $rule->{at} of the $rule->{from}: retried");
}
$between->rules({ from => 'source', at => 500, do => 'fin', connection => 1 });
is(run_secure(), 'succeeded', 'cut off once, it goes on');
$between->stop;
set(require_encryption => 'off');
is(opened($plain, 'beyond.test'), 'live|f', 'off: as the url says');
is(opened($tls, 'beyond.test'), 'live|t', 'which prefers encryption');
set(require_encryption => 'auto');

# Urls that are refused: nothing of them is repeated, and no name server hears of it.
my $heard = () = $dns->asked;
for my $url ('postgres://u:hl@pw@host.test/d', 'postgres://u:hl/pw@host.test/d', 'postgres://u:hl#pw@host.test/d', 'postgres://u:hlpw@host.test/d%3Dhost%3Dother.test',
	'postgres://u:hlpw@host.test/postgres%3A%2F%2Fother.test', 'postgres://u:hlpw@host.test/x%20host%3Dother.test', 'postgres://u:hlpw@host.test,other.test/d',
	'postgres://u:hlpw@host.test/d?host=other.test', 'postgres://u:hlpw@host.test/d?hostaddr=127.0.0.1', 'postgres://u:hlpw@host.test/d?service=x', 'postgres://u:hlpw@ho%20st.test/d')
{
	my ($status, $out, $err) = $target->psql('postgres', "SELECT hyperline.create_connection('x', '$url')", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($err, qr/ERROR:  22023: /, "$url is refused");
	unlike($err, qr/hl.?pw|host\.test|other\.test/, 'without a part of it');
}
is(scalar(() = $dns->asked), $heard, 'and without a question to a name server');
$target->stop;
$tls->stop;
$plain->stop;
done_testing();
