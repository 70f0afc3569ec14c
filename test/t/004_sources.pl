# Sources that do not answer, and waits that somebody ends.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use IO::Socket::UNIX;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source');
$source->safe_psql('postgres', 'CREATE TABLE t AS SELECT g AS id, g % 7 AS c, now() AS at FROM generate_series(1, 100000) g');
my $target = start_target('target', 'hyperline_connector.enabled = off', "log_statement = 'all'");
my $url = source_url($source);

# It accepts and never answers.
my $folder = PostgreSQL::Test::Utils::tempdir_short();
my $silent = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Local => "$folder/.s.PGSQL.5432", Listen => 5) or die "$!";
chmod 0777, $folder, "$folder/.s.PGSQL.5432";
my $silent_url = "postgres://u:canary-secret\@/d?host=$folder";
my ($status, $out, $err) = $target->psql('postgres', "SET hyperline_connector.connect_timeout = '1s'; SELECT hyperline.create_connection('silent', '$silent_url')");
like($err, qr/ERROR:  could not connect/, 'a server that does not answer is given up');
like($err, qr/time/, 'and that is what the message says');
($status, $out, $err) = $target->psql('postgres', "SET statement_timeout = '500ms'; SELECT hyperline.create_connection('silent', '$silent_url')");
like($err, qr/canceling statement due to statement timeout/, 'a wait for a connection can be ended');
is($target->safe_psql('postgres', 'SELECT count(*) FROM hyperline.connections'), '0', 'nothing is stored');
close($silent);

# A statement that takes too long, here and there
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$url')");
($status, $out, $err) = $target->psql('postgres', q{SET hyperline_connector.statement_timeout = '1s'; SELECT hyperline.preview_query('product', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp, pg_sleep(100)::text')});
like($err, qr/ERROR:  .*(time|cancel)/, 'a query that takes too long at the source is ended');
($status, $out, $err) = $target->psql('postgres', q{SET statement_timeout = '500ms'; SELECT hyperline.preview_query('product', 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp, pg_sleep(100)::text')});
like($err, qr/canceling statement due to statement timeout/, 'and by who waits for it');
ok($source->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(100)%' AND pid <> pg_backend_pid()"),
	'nothing goes on at the source');

# The source is terminated in the middle: what was stored is counted, and the next run stores the rest.
$target->safe_psql('postgres', q{SELECT hyperline.create_loader('product', 't', 'SELECT id, c AS "customerId", at AS timestamp, CASE WHEN id = 50000 THEN (SELECT pg_sleep(3)::text) END AS pause FROM t')});
my $run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('t')");
ok($target->poll_query_until('postgres', "SELECT inserted >= 10000 FROM hyperline.loader_runs WHERE run_id = $run"), 'a run in progress shows what it has stored');
$source->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'hyperline%'");
is($target->safe_psql('postgres', "SELECT hyperline.wait_for_run($run)"), 'failed', 'a source that ends the connection makes the run fail');
is($target->safe_psql('postgres', "SELECT inserted = (SELECT count(*) FROM hyperline.events), rows_read = inserted, sqlstate IS NOT NULL FROM hyperline.loader_runs WHERE run_id = $run"), 't|t|t', 'its row is true');
$target->safe_psql('postgres', "CALL hyperline.refresh_loader('t')");
is($target->safe_psql('postgres', 'SELECT count(*), count(DISTINCT id) FROM hyperline.events'), '100000|100000', 'the next one stores the rest');
is($target->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), '0', 'no lock is left');

# A source that is behind what was read is refused.
$target->safe_psql('postgres', q{UPDATE hyperline.loader SET source_position = regexp_replace(source_position, '/[^/]*(/[^/]*)$', '/FFFFFFFF\1')});
($status, $out, $err) = $target->psql('postgres', "CALL hyperline.refresh_loader('t')");
like($err, qr/stale_source: the source is behind what the last successful run read, and nothing was stored/, 'a source that went back in time is refused');
like($err, qr/HINT: .*reset_loader/, 'with the way out');
$target->safe_psql('postgres', "SELECT hyperline.reset_loader('t')");
is($target->safe_psql('postgres', "CALL hyperline.refresh_loader('t'); SELECT unchanged FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1"), '100000', 'which works');

# No password, wherever one looks
$source->safe_psql('postgres', "CREATE ROLE sealed LOGIN PASSWORD 'canary-secret' IN ROLE pg_read_all_data");
my $sealed = $url;
$sealed =~ s/user=reader/user=sealed/;
$sealed .= '&password=canary-secret';
$target->safe_psql('postgres', "SET log_statement = 'none'; SELECT hyperline.create_connection('sealed', '$sealed')");
is($target->safe_psql('postgres', "SELECT count(*) FROM hyperline.connections WHERE connections::text LIKE '%canary%'"), '0', 'not in the view');
$target->command_ok([ 'pg_dump', '-f', "$folder/dump.sql", $target->connstr('postgres') ], 'a dump');
unlike(slurp_file("$folder/dump.sql"), qr/canary/, 'holds no password');
like(slurp_file("$folder/dump.sql"), qr/\tsealed\t/, 'but the connection');
$target->stop;
$source->stop;
done_testing();
