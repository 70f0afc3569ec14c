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
$target->stop;
$source->stop;
done_testing();
