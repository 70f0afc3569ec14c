# Hosts that are names: each address is tried, a name that does not exist is said to be so, and no wait for a name
# server outlasts Ctrl-C, the deadline or a shutdown.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeDns;
use Hyperline;
use PostgreSQL::Test::Utils;
use Test::More;

my $dns = FakeDns->new(
	'one.test' => { A => ['127.0.0.1'] },
	'second.test' => { A => [ '127.9.9.9', '127.0.0.1' ] },
	'empty.test' => { A => [] },
	'silent.test' => 'silent',
	'broken.test' => 'broken');
my $source = start_source('source', "listen_addresses = '127.0.0.1'");
my $target = start_target('target', "hyperline_connector.name_servers = '" . $dns->address . "'");

sub create
{
	my ($host, @before) = @_;
	my $url = sprintf('postgres://reader:unused@%s:%d/postgres', $host, $source->port);
	my ($status, $out, $err) =
	  $target->psql('postgres', join('; ', @before, "SELECT status FROM hyperline.create_connection('$host', '$url')"));
	return $status == 0 ? $out : $err;
}

is(create('one.test'), 'live', 'a name is looked up');
is(create('second.test'), 'live', 'the second address is tried when the first does not answer');
is(create('localhost'), 'live', '/etc/hosts counts');
is($source->safe_psql('postgres', "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'reader'"), '0', 'no connection is left open');

my $error = create('missing.test');
like($error, qr/ERROR:  could not connect to database "postgres" at "missing\.test"/, 'a name that does not exist');
like($error, qr/DETAIL:  The host "missing\.test" does not exist\.\nHINT:  Check how the host is written/, 'is said to be so');
like(create('empty.test'), qr/DETAIL:  The host "empty\.test" has no address\./, 'so is a name without an address');
like(create('broken.test', "SET hyperline_connector.connect_timeout = '2s'"), qr/ERROR:  could not connect .*\nDETAIL:  .*"broken\.test"/,
	'a name server that answers with garbage is no danger');
like(create('silent.test', "SET hyperline_connector.connect_timeout = '1s'"),
	qr/DETAIL:  No name server told the address of "silent\.test" in time\.\nHINT:  .*name_servers/, 'a name server that does not answer is given up');
like(create('silent.test', "SET statement_timeout = '300ms'"), qr/canceling statement due to statement timeout/, 'and a wait for it can be ended');
is($target->safe_psql('postgres', "SELECT string_agg(name, ' ' ORDER BY name) FROM hyperline.connections"), 'localhost one.test second.test',
	'nothing is stored of what failed');

# A worker that waits for a name goes with the server.
my $url = sprintf('postgres://reader:unused@silent.test:%d/postgres', $source->port);
$target->safe_psql('postgres', "ALTER SYSTEM SET hyperline_connector.connect_timeout = '1h'; SELECT pg_reload_conf(); SELECT hyperline.create_connection('silent', '$url', check_now => false)");
$target->safe_psql('postgres', q{SELECT hyperline.create_connection('product', 'postgres://reader:unused@one.test:} . $source->port . q{/postgres')});
$target->safe_psql('postgres', q{SELECT hyperline.create_loader('product', 't', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp', paused => true)});
$target->safe_psql('postgres', q{UPDATE hyperline.loader SET connection_id = (SELECT connection_id FROM hyperline.connection WHERE name = 'silent')});
my $run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('t')");
ok($target->poll_query_until('postgres', "SELECT status = 'running' FROM hyperline.loader_runs WHERE run_id = $run"), 'a run waits for a name');
is($target->safe_psql('postgres', "SELECT hyperline.cancel_run($run)"), 't', 'it is cancelled');
is($target->safe_psql('postgres', "SELECT hyperline.wait_for_run($run)"), 'cancelled', 'and ends');
$run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('t')");
ok($target->poll_query_until('postgres', "SELECT status = 'running' FROM hyperline.loader_runs WHERE run_id = $run"), 'another one waits');
$target->stop('fast');
pass('and the server stops');

# A setting that makes no sense
$target->start;
($error) = ($target->psql('postgres', "ALTER SYSTEM SET hyperline_connector.name_servers = '127.0.0.1, ns.test'"))[2];
like($error, qr/ERROR:  invalid value for parameter "hyperline_connector.name_servers".*\nDETAIL:  "ns\.test" is not an address of a name server/,
	'name servers are addresses');
$target->stop;
$source->stop;
done_testing();
