# Sources that break: in the handshake, in the rows, at the end; cut, stalled, slow, or talking nonsense. After each:
# everything is stored once, the runs' rows are true, the loader runs again by itself, and nothing is left behind.
#
# HYPERLINE_CUTS: in how many places the handshake and the rows are cut (a few when not set; all: every byte).
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use FakeDns;
use FaultProxy;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

my $cuts = $ENV{HYPERLINE_CUTS} // 24;
my $patience = under_valgrind() ? 20 : 2; # seconds

my $source = start_source('source', "listen_addresses = '127.0.0.1'");
$source->safe_psql('postgres', q{CREATE TABLE t AS SELECT g AS id, g % 7 AS company, timestamptz '2026-01-01' + g * interval '1 second' AS at, repeat('x', 100) AS note FROM generate_series(1, 3000) g});
my $proxy = FaultProxy->new($source);
my $dns = FakeDns->new('source.test' => { A => ['127.0.0.1'] });
my $target = start_target('target', 'hyperline_connector.retry_delay = 1s', "hyperline_connector.connect_timeout = ${patience}s",
	"hyperline_connector.stall_timeout = ${patience}s", 'hyperline_connector.batch_rows = 500', "log_statement = 'none'",
	"hyperline_connector.name_servers = '" . $dns->address . "'");
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '" . $proxy->url . "')");
my $query = 'SELECT id, company AS "customerId", at AS timestamp, note FROM t';
$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', 'calls', \$q\$$query\$q\$, '1 hour', paused => true)");

# What a whole run sends, from the client and from the source
sub refresh
{
	my ($status, $out, $err) = $target->psql('postgres', "CALL hyperline.refresh_loader('calls')");
	return $err;
}
is(refresh(), '', 'without a fault it runs');
$proxy->rules;
is(refresh(), '', 'and again');
my ($whole) = $proxy->seen;
cmp_ok($whole->{source}, '>', 300_000, 'by the proxy');
$target->safe_psql('postgres', "SELECT hyperline.resume_loader('calls')");
ok(wait_for($target, "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE trigger = 'schedule' AND status = 'succeeded'"), 'a worker takes it on');

# One run under the rules, asked for by hand: how it ended, and the message.
sub run_under
{
	my (@rules) = @_;
	$proxy->rules(@rules);
	my $started = time;
	my $run = patiently($target, "SELECT hyperline.run_loader('calls')");
	my $status = patiently($target, "SELECT hyperline.wait_for_run($run, '2 minutes')");
	my $fired = $proxy->fired;
	$proxy->rules;
	$proxy->cut; # what is dark would stay at the source for as long as its own keepalives take
	return ($status, patiently($target, "SELECT concat_ws(' ', sqlstate, error, error_detail) FROM hyperline.loader_runs WHERE run_id = $run"), $fired, $run, time - $started);
}

# A fault is named, its run ends as it should, and all is well afterwards.
sub fault
{
	my ($name, $expected, $message, @rules) = @_;
	# Something to store, so that a run that is cut has something to lose
	$source->safe_psql('postgres', "UPDATE t SET note = md5(id || '$name') WHERE id % 3 = 0");
	my ($status, $error, $fired, $run) = run_under(map { { connection => 1, %{$_} } } @rules);
	cmp_ok($fired, '>', 0, "$name: it happened");
	is($status, $expected, "$name: the run") or diag($error);
	like($error, $message, "$name: what it says");
	is(aftermath($target, $source, $status eq 'failed' ? (after => $run) : (runs => 0)), '', "$name: afterwards");
	return;
}

# The time-outs of runs that begin from now on
sub have_patience
{
	my ($seconds) = @_;
	$target->safe_psql('postgres', "ALTER SYSTEM SET hyperline_connector.$_ = '${seconds}s'") for qw(connect_timeout stall_timeout);
	$target->reload;
	ok($target->poll_query_until('postgres', "SELECT count(*) = 2 FROM pg_settings WHERE name ~ '^hyperline_connector.(connect|stall)_timeout' AND current_setting(name)::interval = '$seconds s'"), "time-outs of $seconds s");
	return;
}

my $retried = qr/^08/;
# The handshake
fault('it accepts and never answers', 'failed', qr/^08001 could not connect.*no answer within $patience s/s, { from => 'client', at => 0, do => 'blackhole' });
fault('it closes at once', 'failed', qr/^08001 could not connect/, { from => 'client', at => 0, do => 'fin' });
fault('it answers the request for TLS with garbage', 'failed', qr/^08001 could not connect/, { from => 'source', at => 0, do => 'replace', length => 1, data => 'x' });
fault('it answers the request for TLS late', 'succeeded', qr/^$/, { from => 'source', at => 0, do => 'delay', seconds => 0.5 });
fault('it says that it speaks TLS and does not', 'succeeded', qr/^$/, { from => 'source', at => 0, do => 'replace', length => 1, data => 'S' . 'x' x 100 });
fault('it answers with an endless error', 'failed', qr/^08001 could not connect/, { from => 'source', at => 1, do => 'flood', data => "E\x7f\xff\xff\xffSFATAL\0" . 'x' x 1000 });
fault('it sends parameters for ever', 'failed', qr/^08001 could not connect.*no answer within/s, { from => 'source', after => 'R' . pack('NN', 8, 0), do => 'flood', data => 'S' . pack('N', 4 + 12) . "abcdef\0true\0" });
have_patience(60); # on a busy machine its bytes take long
fault('it sends a byte at a time', 'succeeded', qr/^$/, { from => 'source', at => 0, do => 'throttle', bytes => 1, seconds => 0.001 }, { from => 'source', after => 'BEGIN', do => 'throttle', bytes => 65536, seconds => 0 });
have_patience($patience);

# A name that does not resolve any more
my $by_name = $proxy->url =~ s/127\.0\.0\.1/source.test/r;
$target->safe_psql('postgres', "SELECT hyperline.alter_connection('product', url => '$by_name'); UPDATE hyperline.connection SET url = replace(url, 'source.test', 'gone.test')");
my ($gone, $why, $fired, $lost) = run_under();
is($gone, 'failed', 'a name that does not resolve: the run');
like($why, qr/^08001 could not connect.*gone\.test/, 'a name that does not resolve: what it says');
$target->safe_psql('postgres', "SELECT hyperline.alter_connection('product', url => '$by_name')");
is(aftermath($target, $source, after => $lost), '', 'a name that does not resolve, until it does: afterwards');

# Before the rows
fault('it stops before the transaction', 'failed', qr/^08006 the source did not answer in time/, { from => 'client', before => 'BEGIN ISOLATION', do => 'stall' });
fault('it sends notices for ever', 'failed', qr/^08006 the source did not answer in time/, { from => 'source', before => 'C' . pack('N', 10) . "BEGIN\0", do => 'flood', data => 'N' . pack('N', 4 + 8 + 5 + 1) . "SNOTICE\0Mhey\0\0" });
fault('it notifies for ever', 'failed', qr/^08006 the source did not answer in time/, { from => 'source', after => "BEGIN\0Z\0\0\0\5T", do => 'flood', data => 'A' . pack('NN', 4 + 4 + 8, 1) . "abc\0def\0" });
fault('it ends when the query is described', 'failed', $retried, { from => 'client', before => 'FROM t', do => 'rst' });

# In the rows; they begin with the answer that there are four columns
my $copy = 'H' . pack('NCn', 15, 0, 4) . "\0" x 8;
my $row = $whole->{source} / 3000;
fault('it stalls in the middle of a row', 'failed', qr/^08006 the source stopped sending in the middle of its rows Nothing came for $patience s/, { from => 'source', at => int(2000.5 * $row), do => 'stall' });
fault('the cable is cut', 'failed', qr/^08006 the source stopped sending in the middle of its rows/, { from => 'source', at => int(1000.5 * $row), do => 'blackhole' });
$proxy->cut;
fault('it ends in the middle of a row', 'failed', qr/^08\w{3} .*HINT:? ?:? ?The run is tried again\./s, { from => 'source', at => int(1500.5 * $row), do => 'fin' });
# A preview is no run, and is not tried again by anybody.
$proxy->rules({ connection => 1, from => 'source', at => int(500.5 * $row), do => 'fin' });
my ($status, $out, $error) = $target->psql('postgres', "SELECT count(*) FROM hyperline.preview_query('product', \$q\$$query\$q\$, 1000)");
like($error, qr/ERROR:  the connection to the source broke off\n.*HINT:  If this happens often, look at the source's log/s, 'it ends in the middle of a preview: what it says');
unlike($error, qr/tried again/, 'it ends in the middle of a preview: and what it does not');
$proxy->rules;
fault('it is reset between rows', 'failed', $retried, { from => 'source', after => $copy, do => 'rst' });
fault('it is slow', 'succeeded', qr/^$/, { from => 'source', at => int(100 * $row), do => 'throttle', bytes => 40_000, seconds => 0.3 });
fault('it sends garbage instead of a row', 'failed', $retried, { from => 'source', at => int(700.5 * $row), do => 'replace', length => 500, data => "\xff\0z" x 400 });
fault('it announces a row of two gigabytes', 'failed', qr/^08P01 the source announces more than a PostgreSQL server sends/, { from => 'source', after => $copy, do => 'replace', length => 5, data => "d\x7f\xff\xff\xf0" });
fault('a row has fewer columns', 'failed', qr/^08P01 the source sent a row of another shape than it described/, { from => 'source', after => $copy, do => 'replace', length => 0, data => 'd' . pack('N', 4 + 4) . "1\t2\n" });
fault('the rows end too early', 'failed', qr/^08P01 the source has sent another number of rows than has come/, { from => 'source', after => $copy, do => 'replace', length => 0, data => 'c' . pack('N', 4) . 'C' . pack('N', 4 + 10) . "COPY 3000\0" });

# A row that does not come is noticed at the end only, when the cursor is past it: the run does not go on from there, nor
# does the next one.
$source->safe_psql('postgres', q{CREATE TABLE gaps AS SELECT g AS id, 'row ' || g AS note FROM generate_series(1, 3000) g});
$target->safe_psql('postgres', q{SELECT hyperline.create_loader('product', 'gaps', 'SELECT id, 1 AS "customerId", date ''2026-01-01'' AS timestamp, note FROM gaps', cursor_field => 'id', paused => true)});
my $swallowed = "1500\t1\t2026-01-01\trow 1500\n";
$swallowed = 'd' . pack('N', 4 + length($swallowed)) . $swallowed;
$proxy->rules({ connection => 1, from => 'source', before => $swallowed, do => 'replace', length => length($swallowed), data => '' });
($status, $out, $error) = $target->psql('postgres', "CALL hyperline.refresh_loader('gaps')");
is($proxy->fired, 1, 'a row is swallowed: it happened');
$proxy->rules;
is($target->safe_psql('postgres', q{SELECT status, sqlstate, inserted, split_part(error_detail, E'\n', 1) FROM hyperline.loader_runs WHERE loader = 'gaps'}), 'failed|08P01|2500|It says that it sent 3000, and 2999 have come.', 'a row is swallowed: the run');
is($target->safe_psql('postgres', q{SELECT watermark IS NULL FROM hyperline.loaders WHERE name = 'gaps'}), 't', 'a row is swallowed: the next run reads everything');
$target->safe_psql('postgres', "CALL hyperline.refresh_loader('gaps')");
is($target->safe_psql('postgres', q{SELECT count(*), count(*) FILTER (WHERE id = '1500') FROM hyperline.events WHERE event_type = 'gaps'}), '3000|1', 'a row is swallowed: nothing is lost');
$target->safe_psql('postgres', q{SELECT hyperline.drop_loader('gaps')});

# At the end
fault('it ends before the end is confirmed', 'failed', $retried, { from => 'client', before => 'COMMIT', do => 'rst' });
fault('the confirmation is lost', 'failed', $retried, { from => 'source', before => 'C' . pack('N', 11) . "COMMIT\0", do => 'fin' });
fault('the confirmation does not come', 'failed', qr/^08006 the source did not answer in time/, { from => 'source', before => 'C' . pack('N', 11) . "COMMIT\0", do => 'stall' });
fault('it has rolled back', 'failed', qr/^08006 the source does not confirm the end of the read.*rolled/s, { from => 'source', before => 'C' . pack('N', 11) . "COMMIT\0", do => 'replace', length => 12, data => 'C' . pack('N', 13) . "ROLLBACK\0" });
fault('the end is an error', 'failed', qr/^40001 the source does not confirm the end of the read: because I say so/, { from => 'source', before => 'C' . pack('N', 11) . "COMMIT\0", do => 'replace', length => 12, data => 'E' . pack('N', 4 + 7 + 7 + 19 + 1) . "SERROR\0C40001\0Mbecause I say so!\0\0" });

# A cut after each byte, or some of them: no run may succeed that did not get all of it, and none may hang.
$target->safe_psql('postgres', "SELECT hyperline.pause_loader('calls')");
$source->safe_psql('postgres', 'DELETE FROM t WHERE id > 20');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('calls'); SELECT hyperline.create_loader('product', 'few', \$q\$$query\$q\$, '1 hour', paused => true)");
$proxy->rules;
$target->safe_psql('postgres', "CALL hyperline.refresh_loader('few')");
($whole) = $proxy->seen;
my %wrong;
my $tried = 0;
for my $from ('source', 'client')
{
	my $step = $cuts eq 'all' ? 1 : int($whole->{$from} / $cuts) || 1;
	for (my $at = int(rand($step)); $at < $whole->{$from}; $at += $step)
	{
		my $how = $tried++ % 2 ? 'fin' : 'rst';
		$proxy->rules({ from => $from, at => $at, do => $how });
		my ($status, $out, $err) = $target->psql('postgres', "CALL hyperline.refresh_loader('few')");
		my $state = $err =~ /ERROR:  / ? 'failed' : 'succeeded';
		# The source's end of the last statement may be cut off behind what counts, and so may the client's farewell.
		$wrong{"$how at $at of the $from"} = $state . $err if $state ne 'failed' && $at < $whole->{$from} - ($from eq 'source' ? 6 : 5);
		$wrong{"$how at $at of the $from"} = $err if $err =~ /PANIC|server closed the connection unexpectedly.*connection to server was lost/s;
	}
}
$proxy->rules;
is(join("\n", map { "$_: $wrong{$_}" } sort keys %wrong), '', "cut in $tried places, every run failed");
is($target->safe_psql('postgres', "SELECT count(*) FILTER (WHERE status = 'failed') >= $tried - 4, count(*) FILTER (WHERE status NOT IN ('failed', 'succeeded')) FROM hyperline.loader_runs WHERE loader = 'few'"), 't|0', 'and says so in its row');
$target->safe_psql('postgres', "CALL hyperline.refresh_loader('few')");
is(aftermath($target, $source, runs => 0), '', 'afterwards');

# A source that restarts under a run
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('few')");
$source->safe_psql('postgres', "INSERT INTO t SELECT g, g % 7, '2026-01-01', 'y' FROM generate_series(21, 3000) g");
$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', 'slow', 'SELECT id, company AS \"customerId\", at AS timestamp, CASE WHEN id = 2000 THEN (SELECT ''x'' FROM pg_sleep(1)) END AS pause FROM t', '1 second')");
for my $mode ('fast', 'immediate')
{
	ok(wait_for($target, "SELECT count(*) = 1 FROM hyperline.loader_runs WHERE loader = 'slow' AND status = 'running' AND rows_read > 0"), "a run is under way");
	$source->restart if $mode eq 'fast';
	if ($mode eq 'immediate') { $source->stop('immediate'); $source->start; }
	is(aftermath($target, $source), '', "after a source that restarts, $mode");
}
like($target->safe_psql('postgres', "SELECT string_agg(DISTINCT sqlstate, ',') FROM hyperline.loader_runs WHERE loader = 'slow' AND status = 'failed'"), qr/57P01|08006/, 'the runs say why they failed');

# A session at the source that is stopped in the middle of its rows (a machine that swaps, a debugger): nothing ends there,
# and the loader goes on without it.
ok(wait_for($source, "SELECT count(*) = 1 FROM pg_stat_activity WHERE application_name = 'hyperline_connector' AND wait_event = 'PgSleep'"), 'a session at the source is in the middle of its rows');
my $stopped = $source->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE application_name = 'hyperline_connector'");
kill('STOP', $stopped) == 1 or die "$!";
ok(wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE loader = 'slow' AND status = 'failed' AND error LIKE 'the source stopped sending in the middle of its rows%'", '1'), 'it is stopped: the run fails');
my $failed = $target->safe_psql('postgres', "SELECT max(run_id) FROM hyperline.loader_runs WHERE loader = 'slow' AND error LIKE 'the source stopped sending in the middle of its rows%'");
ok(wait_for($target, "SELECT count(*) > 0 FROM hyperline.loader_runs WHERE loader = 'slow' AND run_id > $failed AND status = 'succeeded'"), 'and another works');
is($source->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE pid = $stopped"), '1', 'while the session is still there');
kill('CONT', $stopped) == 1 or die "$!";
is(aftermath($target, $source, after => $failed), '', 'after a session at the source that was stopped, and goes on');

# A row that is more than is taken: the run that is tried again rejects it and stores the others.
$target->safe_psql('postgres', "ALTER SYSTEM SET hyperline_connector.max_row_size = '1MB'");
$target->reload;
ok($target->poll_query_until('postgres', 'SHOW hyperline_connector.max_row_size', '1MB'), 'rows of 1 MB are taken');
$target->safe_psql('postgres', q{SELECT hyperline.create_loader('product', 'wide', $q$SELECT g AS id, 1 AS "customerId", timestamptz '2026-01-01Z' AS timestamp, repeat('x', CASE g WHEN 2 THEN 2000000 ELSE 1 END) AS note FROM generate_series(1, 3) g$q$, '1 hour')});
ok(wait_for($target, q{SELECT string_agg(concat_ws(' ', "trigger", attempt, status, sqlstate, inserted, rejected), ', ' ORDER BY run_id) FROM hyperline.loader_runs WHERE loader = 'wide'}, 'schedule 1 failed HL002 0 0, retry 2 succeeded 2 1'), 'a row that is too large does not stop the others');

unlike(slurp_file($target->logfile), qr/PANIC|segfault|signal 11|signal 6|TRAP|hyperline scheduler could not/, 'nothing crashed');
$target->stop('fast');
$source->stop('fast');
done_testing();
