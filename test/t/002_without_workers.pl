# Without shared_preload_libraries: it says so, and loaders still run when they are called.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source');
my $target = PostgreSQL::Test::Cluster->new('target');
$target->init;
$target->start;
my ($status, $out, $err) = $target->psql('postgres', 'CREATE EXTENSION hyperline_connector');
is($status, 0, 'the extension can be created');
like($err, qr/WARNING:  loaders will not run by themselves: this server has no hyperline background worker/, 'it warns');
like($err, qr/HINT:  Add hyperline_connector to shared_preload_libraries/, 'and says what to do');

my $url = source_url($source);
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$url')");
$target->safe_psql('postgres', q{SELECT hyperline.create_loader('product', 'one', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp')});
$target->safe_psql('postgres', q{CALL hyperline.refresh_loader('one')});
is($target->safe_psql('postgres', "SELECT trigger, status, inserted FROM hyperline.loader_runs"), 'session|succeeded|1', 'refresh_loader works');
($status, $out, $err) = $target->psql('postgres', "SELECT hyperline.run_loader('one')");
like($err, qr/WARNING:  run \d+ is queued, but this server has no background worker/, 'run_loader warns');
($status, $out, $err) = $target->psql('postgres', 'SELECT hyperline.wait_for_run(max(run_id)) FROM hyperline.loader_runs');
like($err, qr/ERROR:  run \d+ does not start: this server has no background worker/, 'wait_for_run does not wait in vain');
$target->safe_psql('postgres', q{CALL hyperline.refresh_loader('one')});
is($target->safe_psql('postgres', "SELECT count(*), max(trigger), max(status) FROM hyperline.loader_runs"), '2|session|succeeded', 'refresh_loader takes a queued run over');

# With the library, in a database that is not served.
$target->append_conf('postgresql.conf', "shared_preload_libraries = 'hyperline_connector'\nhyperline_connector.databases = 'other, postgres'");
$target->restart;
$target->safe_psql('postgres', 'CREATE DATABASE unnamed');
($status, $out, $err) = $target->psql('unnamed', 'CREATE EXTENSION hyperline_connector');
like($err, qr/WARNING:  loaders will not run by themselves: this database has no hyperline background worker\nDETAIL:  hyperline_connector\.databases does not name it\./, 'a database that is not named: it warns');
$target->safe_psql('unnamed', "SELECT hyperline.create_connection('product', '$url')");
$target->safe_psql('unnamed', q{SELECT hyperline.create_loader('product', 'one', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp')});
($status, $out, $err) = $target->psql('unnamed', "SELECT hyperline.run_loader('one')");
like($err, qr/WARNING:  run \d+ is queued, but this database has no background worker\n.*\n?HINT:  Name the database in hyperline_connector\.databases/, 'run_loader warns');
($status, $out, $err) = $target->psql('unnamed', q{SELECT hyperline.wait_for_run(max(run_id), '0') FROM hyperline.loader_runs});
like($err, qr/ERROR:  run \d+ of loader "one" has not ended in time\nDETAIL:  It is queued, and hyperline_connector\.databases does not name this database\./, 'wait_for_run says why');
$target->append_conf('postgresql.conf', "hyperline_connector.databases = 'unnamed'");
$target->reload;
ok($target->poll_query_until('unnamed', q{SELECT status = 'succeeded' FROM hyperline.loader_runs ORDER BY run_id LIMIT 1}), 'named, it is served');
($status, $out, $err) = $target->psql('unnamed', "SELECT hyperline.run_loader('one')");
is($err, '', 'and nothing is said');
$target->stop;
$source->stop;
done_testing();
