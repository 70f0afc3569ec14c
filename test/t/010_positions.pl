# Sources that go back in time: a replica that lags, an old primary, a restored backup. What is newer is not overwritten,
# and what a replica has not replayed yet is not taken for read.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $primary = start_source('primary', 'wal_level = replica', 'checkpoint_timeout = 1h', 'wal_sender_timeout = 2s');
$primary->safe_psql('postgres', q{
	CREATE TABLE calls (id int PRIMARY KEY, v int, updated_at timestamptz NOT NULL DEFAULT now());
	CREATE INDEX ON calls (updated_at);
	INSERT INTO calls SELECT g, 1 FROM generate_series(1, 20) g});
my $replica = start_replica($primary, 'replica');
my $target = start_target('target', 'hyperline_connector.enabled = off', 'hyperline_connector.retry_delay = 1s');
my %url = map { ($_->name => source_url($_)) } ($primary, $replica);
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$url{primary}')");
my $query = 'SELECT id, 1 AS "customerId", updated_at AS timestamp, v, updated_at FROM calls';
$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', 'calls', '$query')");
$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', 'cursor', '$query', cursor_field => 'updated_at', lookback => '0')");
$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', 'since', '$query WHERE updated_at >= {{last_refreshed_at}}', lookback => '0')");
$target->safe_psql('postgres', "UPDATE hyperline.loader SET next_run_at = now() + interval '1 day'");

sub use_source { my ($name) = @_; $target->safe_psql('postgres', "SELECT hyperline.alter_connection('product', url => '$url{$name}')"); return; }

sub refresh
{
	my ($loader) = @_;
	my ($status, $out, $err) = $target->psql('postgres', "CALL hyperline.refresh_loader('$loader')");
	return $err if $status != 0;
	return $target->safe_psql('postgres', 'SELECT rows_read, inserted, updated, unchanged FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1');
}
sub stored { my ($type, $id) = @_; return $target->safe_psql('postgres', "SELECT record ->> 'v' FROM hyperline.events WHERE event_type = '$type' AND id = '$id'"); }

sub replayed { $primary->wait_for_catchup($replica, 'replay', $primary->lsn('flush')); return; }

is(refresh($_), '20|20|0|0', "$_: all from the primary") for qw(calls cursor since);

# Another database of the same server is another source: it is read from the beginning.
$primary->safe_psql('postgres', 'CREATE DATABASE other');
$primary->safe_psql('other', q{
	CREATE TABLE calls (id int PRIMARY KEY, v int, updated_at timestamptz NOT NULL);
	INSERT INTO calls SELECT g, 1, '2020-01-01' FROM generate_series(101, 103) g;
	GRANT SELECT ON calls TO PUBLIC});
$url{other} = source_url($primary, 'other');
use_source('other');
is(refresh($_), '3|3|0|0', "$_: all of another database") for qw(cursor since);
is($target->safe_psql('postgres', "SELECT bool_and(notes ? 'other_source') FROM (SELECT notes FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 2) r"), 't', 'and the notes say so');
use_source('primary');
is(refresh($_), '20|0|0|20', "$_: and all of the first one, when it comes back") for qw(cursor since);

# A replica whose replay is paused is behind.
replayed();
$replica->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
$primary->safe_psql('postgres', 'UPDATE calls SET v = 2, updated_at = now() WHERE id = 1');
is(refresh('calls'), '20|0|1|19', 'a change is read from the primary');
use_source('replica');
my $run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('calls')");
is($target->safe_psql('postgres', "SELECT hyperline.wait_for_run($run)"), 'failed', 'a lagging replica is refused');
is($target->safe_psql('postgres', "SELECT sqlstate, rows_read, error ~ '^stale_source' FROM hyperline.loader_runs WHERE run_id = $run"), 'HL001|0|t', 'with its code, and nothing is read');
is(stored('calls', 1), '2', 'the newer version stays');
$replica->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
# A retry is the schedule's.
sub enable { my ($how) = @_; $target->safe_psql('postgres', "ALTER SYSTEM SET hyperline_connector.enabled = $how"); $target->reload; return; }
enable('on');
ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'calls' AND trigger = 'retry' AND status = 'succeeded' AND unchanged = 20"), 'when it has caught up, the retry succeeds');
enable('off');

# A replica's clock is not the time of what it has replayed.
replayed();
is(refresh($_) =~ s/\|.*//r >= 1, 1, "$_: read from the replica") for qw(cursor since);
$replica->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
my $paused = $primary->safe_psql('postgres', 'SELECT clock_timestamp()');
$primary->safe_psql('postgres', 'INSERT INTO calls VALUES (21, 1)');
ok($replica->poll_query_until('postgres', 'SELECT pg_last_wal_receive_lsn() > pg_last_wal_replay_lsn()'), 'a change has arrived and is not replayed');
like(refresh($_), qr/^\d+\|0\|0\|/, "$_: nothing new is seen") for qw(calls cursor since);
is($target->safe_psql('postgres', "SELECT hyperline.complete_until(t) < '$paused' FROM unnest(ARRAY['calls', 'cursor', 'since']) t"), "t\nt\nt", 'events are complete up to what was replayed, not up to now');
$replica->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
replayed();
like(refresh($_), qr/^\d+\|1\|0\|/, "$_: what was replayed later is not missed") for qw(calls cursor since);
is($target->safe_psql('postgres', "SELECT hyperline.complete_until('calls') > '$paused'"), 't', 'and events are complete farther');

# A replica without any lag says so also when its primary rests.
$primary->safe_psql('postgres', 'GRANT pg_monitor TO reader');
replayed();
my $rest = $primary->safe_psql('postgres', 'SELECT clock_timestamp()');
my $complete = 0;
for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
{
	refresh('calls');
	$complete = $target->safe_psql('postgres', "SELECT hyperline.complete_until('calls') > '$rest'") eq 't' and last;
	usleep(100_000);
}
ok($complete, 'a primary that rests does not hold the events back');

# A replica that has replayed no commit and hears of no primary does not know how far it is: nothing is complete by it.
my $alone = PostgreSQL::Test::Cluster->new('alone');
$alone->init_from_backup($primary, 'for_replica');
$alone->set_standby_mode;
$alone->append_conf('postgresql.conf', "primary_conninfo = ''\n");
$alone->start;
is($alone->safe_psql('postgres', 'SELECT pg_is_in_recovery(), pg_last_xact_replay_timestamp() IS NULL'), 't|t', 'a replica that has heard nothing');
$target->safe_psql('postgres', "SELECT hyperline.create_connection('alone', '" . source_url($alone) . "'); SELECT hyperline.create_loader('alone', 'alone', '$query', cursor_field => 'id')");
is(refresh('alone'), '20|20|0|0', 'is read');
is(refresh('alone') =~ s/^\d+\|//r, '0|0|1', 'and once more');
is($target->safe_psql('postgres', "SELECT hyperline.complete_until('alone') IS NULL, settled IS NULL, mark IS NOT NULL FROM hyperline.loader WHERE name = 'alone'"), 't|t|t', 'without anything complete or settled by its clock');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('alone', true), hyperline.drop_connection('alone')");
$alone->stop('immediate');

# A promotion: what the new primary may have lost is read again, by all loaders.
my $backup = $primary->backup('restore');
$replica->promote;
is(refresh('calls'), '21|0|0|21', 'a promoted replica is read');
like($target->safe_psql('postgres', 'SELECT source_position FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1'), qr{^\d+/2/}, 'on its new timeline');
is(refresh('cursor'), '21|0|0|21', 'the whole of it by a cursor');
is(refresh('since'), '21|0|0|21', 'the whole of it since the last time');
like($target->safe_psql('postgres', 'SELECT notes FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1'), qr/other_timeline/, 'the notes say why');
like(refresh('cursor'), qr/^1\|0\|0\|1$/, 'the next one goes on');

# The old primary comes back, with more in its log.
$primary->safe_psql('postgres', 'SELECT pg_switch_wal(); UPDATE calls SET v = 7 WHERE id = 2; SELECT pg_switch_wal(); UPDATE calls SET v = 8 WHERE id = 2');
use_source('primary');
like(refresh($_), qr/stale_source/, "$_: the old primary is refused") for qw(calls cursor since);
is(stored('calls', 2), '1', 'nothing of it is stored');

# A backup is restored.
$target->safe_psql('postgres', "SELECT hyperline.reset_loader(name) FROM hyperline.loaders");
is(refresh('calls'), '21|0|1|20', 'a reset accepts it');
my $restored = PostgreSQL::Test::Cluster->new('restored');
$restored->init_from_backup($primary, 'restore');
$restored->start;
$url{restored} = source_url($restored);
use_source('restored');
like(refresh('calls'), qr/stale_source/, 'an earlier state is refused');
is(stored('calls', 2), '8', 'and stored over nothing');
$target->safe_psql('postgres', "SELECT hyperline.reset_loader('calls')");
is(refresh('calls'), '21|0|1|20', 'unless it is accepted');
is(stored('calls', 2), '1', 'as the source is');

# A crash of the source is no step back.
$restored->safe_psql('postgres', 'SET synchronous_commit = off; UPDATE calls SET v = 3 WHERE id = 3');
like(refresh('calls'), qr/^21\|0\|1\|/, 'before a crash');
$restored->stop('immediate');
$restored->start;
like(refresh('calls'), qr/^21\|0\|[01]\|/, 'after it');

# A source that hides its position, as hosted ones do
$restored->safe_psql('postgres', 'REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC');
like(refresh('calls'), qr/^21\|0\|0\|21/, 'is read');
is($target->safe_psql('postgres', 'SELECT source_position IS NULL FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1'), 't', 'and no position is noted');
$restored->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC');
use_source('primary');
like(refresh('calls'), qr/^21\|/, 'a later one is compared with the last that was known');
$_->stop('immediate') for ($target, $restored, $replica, $primary);
done_testing();
