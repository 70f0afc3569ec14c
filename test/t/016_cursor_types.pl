# Cursor fields of every kind that a source may offer: a run that is cut in its middle goes on without a gap, ties and
# NULLs included, and the next run reads what is at or past the watermark. The order is the one that the source sorts by,
# which for a text is not the one of its own collation.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FaultProxy;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# The value of step n, and what it is in SQL; each comes seven times.
my @kinds = (
	[ 'timestamp', q{timestamp '2026-01-01' + n * interval '1 millisecond'} ],
	[ 'date', q{date '0044-03-15 BC' + n * 400} ],
	[ 'smallint', q{(n - 400)::smallint} ],
	[ 'numeric', q{n * 0.00000000000000000001 + 12345678901234567890} ],
	[ 'uuid', q{('01890000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid} ],
	[ 'text COLLATE "en-x-icu"', q{(ARRAY['b', 'B', 'ä', '_', 'Z', '10', '9', E'tab\t', ''])[1 + n % 9] || to_char(n, 'FM00000')} ]);
my $rows = 6_000;
my $nulls = 5;

my $source = start_source('source', "listen_addresses = '127.0.0.1'");
my $proxy = FaultProxy->new($source);
my $target = start_target('target', 'hyperline_connector.enabled = off', 'hyperline_connector.batch_rows = 400');
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '" . $proxy->url . "')");

for my $kind (@kinds)
{
	my ($type, $value) = @$kind;
	my ($name) = $type =~ /^(\w+)/;
	my $order = $name eq 'text' ? 'c COLLATE "C"' : 'c';
	$source->safe_psql('postgres', qq{
		CREATE TABLE t_$name (id int PRIMARY KEY, c $type, pad text DEFAULT repeat('x', 300));
		INSERT INTO t_$name (id, c) SELECT g, CASE WHEN g > $nulls THEN $value END FROM (SELECT g, g / 7 AS n FROM generate_series(1, $rows) g ORDER BY md5(g::text)) x;
		CREATE INDEX ON t_$name ($order); VACUUM ANALYZE t_$name});
	$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', '$name', 'SELECT id, 1 AS \"customerId\", timestamptz ''2026-01-01Z'' AS timestamp, c, pad FROM t_$name', cursor_field => 'c', lookback => '0')");
	my $counts = sub { return $target->safe_psql('postgres', "SELECT status, inserted, updated, duplicates, rejected, rows_read = inserted + unchanged, notes ->> 'resumed', notes ->> 'null_cursor' FROM hyperline.loader_runs WHERE run_id = $_[0]"); };

	# Cut when some batches are stored and more are to come.
	$proxy->rules({ connection => 1, from => 'source', at => 1_000_000, do => 'rst' });
	my $run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('$name')");
	is($target->safe_psql('postgres', "SELECT hyperline.wait_for_run($run)"), 'succeeded', "$type: it goes on");
	is($counts->($run), "succeeded|$rows|0|0|0|t|1|$nulls", "$type: every row once");
	my $highest = $source->safe_psql('postgres', "SELECT c::text AS highest FROM t_$name WHERE c IS NOT NULL ORDER BY $order DESC LIMIT 1");
	is($target->safe_psql('postgres', "SELECT watermark FROM hyperline.loaders WHERE name = '$name'"), $highest, "$type: the watermark is the highest value");

	$proxy->rules;

	# Of what does not tell when it was given out, everything is read once more, for what had not committed.
	$target->safe_psql('postgres', "CALL hyperline.refresh_loader('$name')");
	is($target->safe_psql('postgres', "SELECT inserted + updated + rejected, notes ? 'reads_late' FROM hyperline.loader_runs WHERE loader = '$name' ORDER BY run_id DESC LIMIT 1"),
		$name =~ /^(?:timestamp|date)$/ ? '0|f' : '0|t', "$type: the second run");

	# A tie, one above, one below, which is too late, and a NULL.
	my ($tie, $above, $below, $null) = map { $rows + $_ } 1 .. 4;
	my $top = $name eq 'text' ? q{'ä99999'} : "(SELECT $value FROM (SELECT $rows AS n) x)";
	$top = q{400::smallint + 400} if $name eq 'smallint';
	$source->safe_psql('postgres', qq{
		INSERT INTO t_$name (id, c) SELECT $tie, c FROM (SELECT c FROM t_$name WHERE c IS NOT NULL ORDER BY $order DESC LIMIT 1) x;
		INSERT INTO t_$name (id, c) SELECT $below, c FROM (SELECT c FROM t_$name WHERE c IS NOT NULL ORDER BY $order LIMIT 1) x;
		INSERT INTO t_$name (id, c) VALUES ($above, $top), ($null, NULL)});
	my $expected = $source->safe_psql('postgres', qq{SELECT count(*) - 3 FROM t_$name WHERE c IS NULL OR $order >= (SELECT c FROM t_$name WHERE id = $tie)});
	$target->safe_psql('postgres', "CALL hyperline.refresh_loader('$name')");
	is($target->safe_psql('postgres', "SELECT inserted, unchanged, rejected FROM hyperline.loader_runs WHERE loader = '$name' ORDER BY run_id DESC LIMIT 1"), "3|$expected|0", "$type: the next run reads ties, what is above, and NULLs");
	is($target->safe_psql('postgres', "SELECT string_agg(id, ' ' ORDER BY id) FROM hyperline.events WHERE event_type = '$name' AND id::int > $rows"), "$tie $above $null", "$type: and not what is below");
	is($target->safe_psql('postgres', "SELECT count(*), count(DISTINCT id) FROM hyperline.events WHERE event_type = '$name'"), ($rows + 3) . '|' . ($rows + 3), "$type: nothing is lost or doubled");
	$target->safe_psql('postgres', "SELECT hyperline.drop_loader('$name', true)");
}
unlike(slurp_file($target->logfile), qr/PANIC|signal 11|TRAP/, 'nothing crashed');
$_->stop('fast') for ($target, $source);
done_testing();
