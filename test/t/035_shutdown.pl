# A shutdown does not wait for sources, whatever they do; and settings apply at a reload.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use FaultProxy;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes ();

my $source = start_source('source', "listen_addresses = '127.0.0.1'");
$source->safe_psql('postgres', q{
	CREATE TABLE t AS SELECT g AS id, g % 7 AS company, timestamptz '2026-01-01' + g * interval '1 second' AS at, repeat('n', 100) AS note FROM generate_series(1, 5000) g;
	CREATE VIEW calls AS SELECT id, company AS "customerId", at AS timestamp, note FROM t});
my $proxy = FaultProxy->new($source);
# Time-outs of the loaders are far beyond the one of the shutdown: who ends by one of them ends too late.
my $target = start_target('target', 'hyperline_connector.connect_timeout = 1h', 'hyperline_connector.stall_timeout = 1h',
	'hyperline_connector.batch_rows = 1000', "log_line_prefix = '%m [%p] %b '", 'max_worker_processes = 20');
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '" . $proxy->url . "', check_now => false)");
$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', 'calls', 'SELECT * FROM calls', '1 hour')");
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE status = 'succeeded'", '1'), 'the loader runs');


# pg_ctl gives up, and the test fails, when somebody waits on. Every worker is gone before the checkpoint of the
# shutdown, none had to be killed, and what was under way is made up after the start.
sub stop_in_time
{
	my ($name) = @_;
	my $seen = -s $target->logfile;
	my $run = $target->safe_psql('postgres', "SELECT run_id FROM hyperline.loader_runs WHERE status = 'running'");
	my $began = Time::HiRes::time;
	is(system_log('pg_ctl', '-D', $target->data_dir, '-m', 'fast', '-t', '30', 'stop'), 0, "$name: the server stops");
	note(sprintf('%s: stopped after %.2f s', $name, Time::HiRes::time - $began));
	$target->{_pid} = undef;
	my $log = substr(slurp_file($target->logfile), $seen);
	like($log, qr/received fast shutdown request.*(?:hyperline scheduler for database "postgres" ends|terminating background worker "hyperline scheduler").*checkpointer LOG:  shutting down.*database system is shut down/s, "$name: in order");
	unlike($log, qr/terminated by signal|PANIC|TRAP|hyperline \w+ (?:ERROR|WARNING)/, "$name: nobody had to be killed");
	$proxy->rules;
	$proxy->cut;
	$target->start;
	ok(wait_for($target, "SELECT status FROM hyperline.loader_runs WHERE run_id = $run", 'interrupted'), "$name: the run is interrupted");
	is(aftermath($target, $source, after => $run), '', "$name: afterwards");
	return;
}

sub run_into
{
	my ($name, $sql, @rules) = @_;
	$proxy->rules(@rules);
	$target->safe_psql('postgres', "SELECT hyperline.run_loader('calls')");
	ok(wait_for($target, "SELECT count(*) = 1 FROM pg_stat_activity a, hyperline.loader_runs r WHERE a.backend_type = 'hyperline runner' AND r.status = 'running' AND $sql"), "a run waits: $name");
	return;
}

run_into('a source that accepts and is mute', "a.wait_event_type = 'Extension'", { from => 'source', at => 0, do => 'blackhole' });
stop_in_time('a source that is mute');
run_into('rows that stop', "a.wait_event_type = 'Extension' AND r.rows_read >= 1000", { from => 'source', at => 300_000, do => 'stall' });
# A reload in the middle of a batch, whose memory is not that of the settings
$target->reload;
ok($target->wait_for_log(qr/received SIGHUP/), 'a reload while rows come');
is($target->safe_psql('postgres', "SELECT count(*) FROM hyperline.loader_runs WHERE status = 'running'"), '1', 'ends nobody') for 1 .. 3;
stop_in_time('rows that stop');
my $holder = $target->background_psql('postgres');
$holder->query_safe('BEGIN; LOCK TABLE hyperline.events IN EXCLUSIVE MODE');
$source->safe_psql('postgres', "UPDATE t SET note = 'other'");
run_into('a lock', "a.wait_event_type = 'Lock'");
stop_in_time('a lock that somebody holds');
$holder->{run}->kill_kill; # its server is gone

# Settings apply at a reload: nobody starts again, and nobody has to be told.
$target->safe_psql('postgres', q{
	SELECT hyperline.drop_loader('calls');
	SELECT hyperline.alter_connection('product', max_concurrent_runs => 10);
	SELECT hyperline.create_loader('product', 'long' || g, 'SELECT 1 AS id, 2 AS "customerId", now() AS timestamp, pg_sleep(600)::text', '1 hour') FROM generate_series(1, 6) g});
my $running = "SELECT count(*) FROM hyperline.loader_runs WHERE status = 'running'";
my $workers = "SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE backend_type IN ('hyperline launcher', 'hyperline scheduler')";
my $seen = -s $target->logfile;
sub set
{
	my ($name, $value) = @_;
	$target->safe_psql('postgres', "ALTER SYSTEM SET hyperline_connector.$name = '$value'");
	$target->reload;
	return;
}
ok(wait_for($target, $running, '4'), 'four run at a time');
my $who = $target->safe_psql('postgres', $workers);
set('max_running_loaders', 6);
ok(wait_for($target, $running, '6'), 'six after a reload');
set('enabled', 'off');
set('retry_delay', '1s');
is($target->safe_psql('postgres', $workers), $who, 'the launcher and the scheduler are the same ones');
set('databases', 'another');
ok(wait_for($target, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'hyperline scheduler'", '0'), 'a database that is not named any more is left');
is($target->safe_psql('postgres', $running), '6', 'what runs there goes on');
set('databases', 'another, postgres');
ok(wait_for($target, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'hyperline scheduler'", '1'), 'and served again when it is');
is($target->safe_psql('postgres', $running), '6', 'without a run being taken for dead');
is(join(', ', substr(slurp_file($target->logfile), $seen) =~ /LOG:  hyperline scheduler.* (started|ends)/g), 'ends, started', 'the log says so, once each');

$target->stop('fast');
unlike(slurp_file($target->logfile), qr/PANIC|segfault|signal 11|signal 6|TRAP/, 'nothing crashed');
$source->stop('fast');
done_testing();
