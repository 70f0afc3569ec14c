# hyperline_connector.enabled = off: nothing starts but what people ask for, least of all in a copy of the server's files,
# which has the original's runs in its tables.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source', 'log_connections = on');
$source->safe_psql('postgres', 'CREATE TABLE stays AS SELECT 1');
$source->safe_psql('postgres', 'CREATE DATABASE other');
my $target = start_target('target', 'wal_level = replica', 'hyperline_connector.retry_delay = 1h');
my ($url, $other, $nowhere) = (source_url($source), source_url($source, 'other'), 'postgres:///d?host=/nowhere&user=u');
my $quick = q{'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01'' AS timestamp'};
my $waits = q{'SELECT 1 AS id, 2 AS "customerId", timestamptz ''2026-01-01'' AS timestamp, pg_sleep(600)::text'};
$target->safe_psql('postgres', qq{
	SELECT hyperline.create_connection('product', '$url');
	SELECT hyperline.alter_connection('product', max_concurrent_runs => 1);
	SELECT hyperline.create_connection('other', '$other');
	SELECT hyperline.create_connection('nowhere', '$other');
	SELECT hyperline.create_loader('product', 'waits', $waits, '1 day');
	SELECT hyperline.create_loader('nowhere', 'fails', $quick, '1 day', paused => true);
	UPDATE hyperline.connection SET url = '$nowhere' WHERE name = 'nowhere';
	SELECT hyperline.resume_loader('fails');
	SELECT hyperline.create_loader('other', 'asked', $quick, '1 day')});
my $states = "SELECT string_agg(concat_ws(' ', loader, trigger, status), ', ' ORDER BY loader, run_id) FROM hyperline.loader_runs";
ok(wait_for($target, $states, 'asked schedule succeeded, fails schedule failed, fails retry queued, waits schedule running'), 'a run waits on the source, a retry for its time');
$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', 'queued', $quick, '1 day')");
ok(wait_for($target, "$states WHERE loader = 'queued'", 'queued schedule queued'), 'another run waits for the first');

# The copy, while the original is down: whoever comes to the source is of the copy.
$target->backup('copy');
$target->stop('immediate');
ok(wait_for($source, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hyperline_connector'", '0', 600), 'nobody is at the source any more');
my $seen = -s $source->logfile;
sub visits { return scalar(() = substr(slurp_file($source->logfile), $seen) =~ /connection authorized: user=reader database=postgres/g); }
my $copy = PostgreSQL::Test::Cluster->new('copy');
$copy->init_from_backup($target, 'copy');
$copy->append_conf('postgresql.conf', "hyperline_connector.enabled = off\n");
$copy->start;
ok(wait_for($copy, "$states WHERE loader = 'waits'", 'waits schedule interrupted, waits retry queued'), 'with enabled = off the run that was under way is interrupted, and its retry waits');
$copy->safe_psql('postgres', "UPDATE hyperline.run SET due_at = now() WHERE status = 'queued'; UPDATE hyperline.loader SET next_run_at = now() WHERE name = 'asked'; SELECT hyperline.announce_installation()");
my $asked = $copy->safe_psql('postgres', "SELECT hyperline.run_loader('asked')");
is($copy->safe_psql('postgres', "SELECT hyperline.wait_for_run($asked)"), 'succeeded', 'what people ask for runs');
$asked = $copy->safe_psql('postgres', "SELECT hyperline.run_loader('asked')");
is($copy->safe_psql('postgres', "SELECT hyperline.wait_for_run($asked)"), 'succeeded', 'once more');
is($copy->safe_psql('postgres', "$states WHERE status IN ('queued', 'running')"), 'fails retry queued, queued schedule queued, waits retry queued', 'all else that is due stays queued');
is($copy->safe_psql('postgres', "$states WHERE loader = 'fails'"), 'fails schedule failed, fails retry queued', 'a retry too');
is(visits(), 0, 'no session of the copy has come to the source');
$asked = $copy->safe_psql('postgres', "SELECT hyperline.run_loader('queued')");
is($copy->safe_psql('postgres', "SELECT hyperline.wait_for_run($asked)"), 'succeeded', 'a run that waits runs when somebody asks for it');
is($copy->safe_psql('postgres', "$states WHERE loader = 'queued'"), 'queued manual succeeded', 'and is his');

$copy->append_conf('postgresql.conf', "hyperline_connector.enabled = on\n");
$copy->reload;
ok(wait_for($copy, "SELECT (SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'waits' AND trigger = 'retry' AND status = 'running') || ' ' || (SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'fails' AND trigger = 'retry' AND status = 'failed')", '1 1'),
	'turned on, it goes on');
$copy->safe_psql('postgres', "SELECT hyperline.drop_loader(name) FROM hyperline.loaders");
unlike(slurp_file($copy->logfile), qr/hyperline (?:launcher|scheduler|runner) (?:ERROR|FATAL|WARNING):|PANIC|TRAP/, 'nobody complains');
$copy->stop('fast');
$source->stop('fast');
done_testing();
