# A source that lies: what it announces is not believed, what it says stays its own words on one line, and what nobody asked
# it for is not taken. What a real server says is changed in one place each.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeSource qw(message);
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Turns writing around, ends lines, forges prefixes, moves a terminal's cursor.
my $evil = "\e]0;title\a\e[31mred\e[2J\r\nLOG:  forged\n2026-01-01 00:00:00 UTC [1] LOG:  forged too\n\x{e2}\x{80}\x{ae}reversed\x{c2}\x{9b}1m";
my $shown = '\x1b]0;title\x07\x1b[31mred\x1b[2J LOG:  forged 2026-01-01 00:00:00 UTC [1] LOG:  forged too \u202ereversed\u009b1m';
my $sql_evil = q{E'\e]0;title\a\e[31mred\e[2J\r\nLOG:  forged\n2026-01-01 00:00:00 UTC [1] LOG:  forged too\n\u202Ereversed\u009B1m'};
$sql_evil =~ s/\\e/\\x1b/g;
$sql_evil =~ s/\\a/\\x07/g;

my $source = start_source('source', "listen_addresses = '127.0.0.1'", "log_statement = 'none'");
$source->safe_psql('postgres', qq{
	CREATE TABLE t AS SELECT g AS id, g % 7 AS "customerId", timestamptz '2026-01-01' + g * interval '1 minute' AS timestamp FROM generate_series(1, 100) g;
	CREATE FUNCTION noisy(int) RETURNS text LANGUAGE plpgsql AS \$\$ BEGIN RAISE NOTICE '%: %', \$1, $sql_evil; RETURN 'x'; END \$\$;
	CREATE FUNCTION failing(int) RETURNS text LANGUAGE plpgsql AS \$\$ BEGIN
		IF \$1 = 50 THEN RAISE EXCEPTION USING MESSAGE = $sql_evil, DETAIL = 'detail ' || $sql_evil, HINT = 'hint ' || $sql_evil || repeat('x', 100000); END IF;
		RETURN 'x'; END \$\$});
my $target = start_target('target', 'hyperline_connector.max_retries = 0', 'hyperline_connector.connect_timeout = 5s', "log_statement = 'none'",
	'hyperline_connector.retry_delay = 1h', 'log_min_error_statement = panic');
my $query = 'SELECT * FROM t';
$target->safe_psql('postgres', "SELECT hyperline.create_connection('real', '" . source_url($source) . "'); SELECT hyperline.create_connection('fake', '"
	  . FakeSource::url_of($source->port) . "'); SELECT hyperline.create_loader('fake', 'fake', '$query', paused => true)");
my %statements = (
	check => "SELECT * FROM hyperline.check_connection('fake')",
	describe => "SELECT * FROM hyperline.describe_query('fake', '$query')",
	preview => "SELECT * FROM hyperline.preview_query('fake', '$query')",
	load => "CALL hyperline.refresh_loader('fake')",
	worker => "SELECT status, sqlstate, error, error_detail FROM hyperline.loader_runs WHERE run_id = (SELECT max(run_id) FROM hyperline.loader_runs)");
my %recorded;
for my $kind (qw(check describe preview load))
{
	$recorded{$kind} = FakeSource::record($source, PostgreSQL::Test::Utils::tempdir() . "/$kind", sub {
		my ($url) = @_;
		$target->safe_psql('postgres', "UPDATE hyperline.connection SET url = '$url' WHERE name = 'fake'");
		$target->safe_psql('postgres', $statements{$kind});
	});
}
is($target->safe_psql('postgres', 'SELECT count(*) FROM hyperline.events'), 100, 'what is said was recorded');
$recorded{worker} = $recorded{load};

# In pages of 1 kB: the most that a process has had, and that it has.
sub memory { my ($name) = @_; return "substring(pg_read_file('/proc/self/status') from '$name:\\s+(\\d+)')::bigint"; }

# lie($kind, $change): a session in which $change has been made to the turns; returns how it ended, with the megabytes by
# which the backend's peak has grown (0 for a worker).
sub lie
{
	my ($kind, $change) = @_;
	my $turns = [ map { [ @{$_} ] } @{ $recorded{$kind} } ];
	$change->($turns);
	my $fake = FakeSource->new(sub { return { turns => $turns, patience => 5 }; });
	$target->safe_psql('postgres', "UPDATE hyperline.connection SET url = '" . $fake->url . "' WHERE name = 'fake'");
	my $run = '';
	$run = "SELECT hyperline.run_loader('fake') AS run \\gset\nSELECT hyperline.wait_for_run(:run) AS ended \\gset\n" if $kind eq 'worker';
	my ($status, $out, $err) = $target->psql('postgres',
		'SELECT ' . memory('VmPeak') . " AS before \\gset\n$run$statements{$kind};\nSELECT 'grown', (" . memory('VmPeak') . " - :before) / 1024;",
		on_error_stop => 0, timeout => $PostgreSQL::Test::Utils::timeout_default, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	my ($grown) = $out =~ s/^grown\|(\d+)$//m ? $1 : 'lost';
	return ("$out$err", $grown);
}

# at($type, $turns): the turn with the first message of that type, and its place.
sub at
{
	my ($type, $turns) = @_;
	for my $turn (@{$turns})
	{
		for my $i (0 .. $#{$turn}) { return ($turn, $i) if $turn->[$i] =~ /\A$type/; }
	}
	die "there is no message $type";
}

sub huge { my ($type) = @_; return sub { my ($turns) = @_; my ($turn, $i) = at($type, $turns); $turn->[$i] = $type . pack('N', 2_000_000_000) . 'abcdef'; splice(@{$turn}, $i + 1); }; }

# told_between($times, $megabytes, $name): rows by the thousand, and before each thousand as many megabytes of parameters, of the
# length that libpq takes; each has another name, or all one.
sub told_between
{
	my ($times, $megabytes, $name) = @_;
	return sub {
		my ($turns) = @_;
		my ($turn, $i) = at('d', $turns);
		my ($first) = grep { $turn->[$_] =~ /\AC/ } $i .. $#{$turn};
		my @said;
		for my $time (1 .. $times)
		{
			push @said, map { message('S', ($name // "parameter $time $_") . "\0" . 'x' x 25_000 . "\0") } 1 .. $megabytes * 40;
			push @said, ($turn->[$i]) x 1000;
		}
		splice(@{$turn}, $i, $first - $i, @said);
		my $rows = $times * 1000;
		$turn->[ $i + @said ] = message('C', "COPY $rows\0");
	};
}

# Lengths that are announced. Under AddressSanitizer and valgrind the system bounds no memory.
SKIP:
{
	skip 'the sanitizer or valgrind has memory of its own', 18 if under_memcheck();
	for my $kind ('load', 'worker')
	{
		my ($said, $grown) = lie($kind, huge('d'));
		like($said, qr/08P01.*the source announces more than a PostgreSQL server sends.*a message of (2000000000|1999999996) bytes/s, "$kind: a row that is announced with 2 GB ends the run");
		cmp_ok($grown, '<', 1400, 'without that memory') if $kind eq 'load'; # what is looked at is the session
	}
	for my $kind ('check', 'describe', 'preview')
	{
		my ($said, $grown) = lie($kind, huge('D'));
		like($said, qr/08P01.*the source announces more than a PostgreSQL server sends/s, "$kind: so does another answer");
		cmp_ok($grown, '<', 128, "$kind: with less memory still");
	}
	my ($said, $grown) = lie('check', sub { my ($turns) = @_; my ($turn, $i) = at('D', $turns); splice(@{$turn}, $i, 0, message('D', pack('nN', 1, 1_000_000) . 'x' x 1_000_000) x 100); });
	like($said, qr/08006.*the source does not answer/s, 'an answer without end is given up');
	cmp_ok($grown, '<', 192, 'with little memory');
	($said, $grown) = lie('check', sub { my ($turns) = @_; my ($turn, $i) = at('D', $turns); splice(@{$turn}, $i, 0, map { message('S', "parameter$_\0" . 'x' x 20_000 . "\0") } 1 .. 5000); });
	cmp_ok($grown, '<', 192, 'parameters without end have no more');
	# Between rows too, each time less than what is taken at once: 15 times 20 MB.
	$target->safe_psql('postgres', "ALTER DATABASE postgres SET hyperline_connector.max_row_size = '1MB'");
	for my $kind ('load', 'worker')
	{
		($said, $grown) = lie($kind, told_between(15, 20));
		like($said, qr/08P01.*the source sends more beside its rows than is kept of a connection\n?\|?(?:DETAIL:  )?It takes \d+ bytes of memory; 68157440 are the most\./s, "$kind: parameters between rows end the run");
		cmp_ok($grown, '<', 240, 'before they take much memory') if $kind eq 'load';
	}
	($said, $grown) = lie('load', told_between(15, 20, 'the same'));
	is($said, '', 'one that changes again and again does not') or diag($said);
	$target->safe_psql('postgres', 'ALTER DATABASE postgres RESET hyperline_connector.max_row_size');
	$target->safe_psql('postgres', q{SELECT hyperline.create_loader('real', 'large', 'SELECT 1 AS id, 1 AS "customerId", now() AS timestamp, repeat(''x'', 150000000) AS text', paused => true)});
	my ($status, $out, $err) = $target->psql('postgres', "SET hyperline_connector.max_row_size = '1MB'; CALL hyperline.refresh_loader('large')");
	is($target->safe_psql('postgres', "SELECT string_agg(concat_ws(' ', status, sqlstate, rejected, error), E'\\n' ORDER BY run_id) FROM hyperline.loader_runs WHERE loader = 'large'"),
		"failed HL002 0 the source announces more than is taken from it at once\nsucceeded 1", 'max_row_size is what a row may have');
	$target->safe_psql('postgres', "SET hyperline_connector.max_row_size = '150MB'; CALL hyperline.refresh_loader('large')");
	is($target->safe_psql('postgres', "SELECT length(record->>'text') FROM hyperline.events WHERE event_type = 'large'"), '150000000', 'and a row that has no more is taken');
}

# max_row_size is exact: what is small enough for the memory that there is for rows is not taken for it.
my $with = 'SELECT 1 AS id, 1 AS "customerId", timestamptz ' . "''2026-01-01'' AS timestamp, repeat(''x'', %d) AS text";
my $around = length("1\t1\t2026-01-01 00:00:00+00\t\n");
for my $case ([ 1_048_576 - $around, 1 ], [ 1_048_577 - $around, 0 ], [ 3_000_000, 0 ])
{
	my ($size, $fits) = @{$case};
	$target->safe_psql('postgres', "SELECT hyperline.create_loader('real', 'row_$size', '" . sprintf($with, $size) . "', paused => true)");
	my ($status, $out, $err) = $target->psql('postgres', "SET hyperline_connector.max_row_size = '1MB'; CALL hyperline.refresh_loader('row_$size')");
	if ($fits) { is("$status$err", 0, 'a row of max_row_size is taken'); }
	else
	{
		my $bytes = $size + $around;
		is($target->safe_psql('postgres', "SELECT string_agg(split_part(concat_ws(' ', status, sqlstate, error_detail), ';', 1), ';' ORDER BY run_id) FROM hyperline.loader_runs WHERE loader = 'row_$size'"),
			"failed HL002 It announces a message of $bytes bytes;succeeded", 'a larger one is not');
		like($target->safe_psql('postgres', "SELECT message FROM hyperline.rejected_rows WHERE loader = 'row_$size'"), qr/^the row has $bytes bytes,/, 'but rejected');
	}
	is($target->safe_psql('postgres', "SELECT count(*), max(length(record->>'text')) FROM hyperline.events WHERE event_type = 'row_$size'"), $fits ? "1|$size" : '0|', 'nor stored');
}

# Answers that are errors, or say what cannot be
my ($said) = lie('check', sub { my ($turns) = @_; my ($turn, $i) = at('I', $turns); $turn->[$i] = message('E', "SERROR\0C58000\0Mbecause I say so\0\0"); });
like($said, qr/58000: the source does not answer a blank query: because I say so$/m, 'a blank query that fails');
for my $state ('', '58', '580000', "58\e[2", "5800\xff", "58\xc2\x9b0", '58oo0', '00000', '01000', '02000', 'x' x 100_000)
{
	my $seen = -s $target->logfile;
	($said) = lie('load', sub { my ($turns) = @_; my ($turn, $i) = at('H', $turns); $turn->[$i] = message('E', "SERROR\0C$state\0Mbecause I say so\0\0"); splice(@{$turn}, $i + 1, @{$turn} - $i - 2); });
	like($said, qr/ERROR:  08P01: .*the query failed at the source: because I say so/, 'an SQLSTATE that is none: ' . substr($state =~ s/[^ -~]/?/gr, 0, 10));
	is($target->safe_psql('postgres', 'SELECT sqlstate FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1'), '08P01', 'is not kept either');
	unlike(substr(slurp_file($target->logfile), $seen), qr/[^\n\t -~]/, 'nor logged');
}

# An answer of a kind that there is none of, instead of the first one that looks like what is meant
sub instead
{
	my ($meant) = @_;
	return sub {
		my ($turns) = @_;
		for my $turn (@{$turns})
		{
			for my $message (@{$turn}) { if ($message =~ $meant) { $message = message('Y', ''); return; } }
		}
		die "nothing is said like $meant";
	};
}
my $strange = qr/DETAIL:  unexpected response from server; first received character was "Y"\nHINT:  If this happens often, look at the source's log/;
($said) = lie('describe', instead(qr/\At/));
like($said, qr/ERROR:  08006: the source refuses the query\n$strange/, 'nonsense when a query is described');
($said) = lie('load', instead(qr/\AH/));
like($said, qr/ERROR:  08006: the query failed at the source\n$strange/, 'when its rows begin');
($said) = lie('load', instead(qr/\AC....COMMIT\0/s));
like($said, qr/ERROR:  08006: the source does not confirm the end of the read\n$strange/, 'when they have ended');

# Times that no clock tells, and one without the other
sub moment
{
	my (@moment) = @_;
	my $told = message('D', pack('n', 3) . join('', map { defined($_) ? pack('N/a*', $_) : pack('N', 0xffffffff) } 'f', @moment));
	return sub {
		my ($turns) = @_;
		for my $turn (@{$turns})
		{
			for my $message (@{$turn}) { if ($message =~ /\AD....\x00\x03\x00\x00\x00\x01[ft]/s) { $message = $told; return; } }
		}
		die 'no time is told';
	};
}
my $moment = 831_000_000_000_000;
for my $none ([ '9223372036854775806', $moment ], [ $moment, '-9223372036854775807' ], [ $moment, undef ], [ undef, $moment ])
{
	($said) = lie('load', moment(@{$none}));
	like($said, qr/ERROR:  08P01: the source sends a time that no server has\nDETAIL:  (?:It is -?9223372036854775\d+ microseconds away from|Of what time it is .* it tells one only\.).*\nHINT:  Look at what answers there/, 'a time that is none: ' . join(' ', map { $_ // 'unknown' } @{$none}));
}
($said) = lie('load', moment($moment, $moment));
is($said, '', 'one that may be') or diag($said);
is($target->safe_psql('postgres', "SELECT last_refreshed_at AT TIME ZONE 'UTC' FROM hyperline.loader WHERE name = 'fake'"), '2026-05-02 01:20:00', 'is taken');

# One that listens no longer, while a query is sent that is larger than what is kept on the way
{
	my $turns = $recorded{describe};
	my ($describes) = grep { my $number = $_; grep { /\At/ } @{ $turns->[$number] } } 0 .. $#{$turns};
	my $folder = PostgreSQL::Test::Utils::tempdir_short();
	chmod 0755, $folder;
	my $fake = FakeSource->new(sub { return { turns => [ @{$turns}[ 0 .. $describes - 2 ] ], deaf => 1 }; }, $folder);
	$target->safe_psql('postgres', "UPDATE hyperline.connection SET url = '" . $fake->url . "' WHERE name = 'fake'");
	my ($status, $out, $err) = $target->psql('postgres', "SET hyperline_connector.connect_timeout = '1s'; SELECT * FROM hyperline.describe_query('fake', 'SELECT * FROM t WHERE ''' || repeat('x', 1000000) || ''' <> ''''')");
	like($err, qr/ERROR:  the source takes no more data\nDETAIL:  It has not taken a whole statement for more than 1 s\.\nHINT:  Look at what the source does and at the network/, 'a source that does not listen is given up');
}

sub in_every { my ($change) = @_; return sub { my ($turns) = @_; for my $turn (@{$turns}) { $change->() for @{$turn} } }; }
($said) = lie('describe', in_every(sub { s/customerId\0/customerI\xff\0/ if /\AT/ }));
like($said, qr/08P01: the source sends a column name that is not valid UTF-8$/m, 'a column name that is none');
($said) = lie('describe', in_every(sub { s/\A(D....\0\x07\0\0\0\x01)1/${1}9/s }));
like($said, qr/08P01: the source describes a column that the query does not have$/m, 'a column that is not there');
# What it calls its columns: two by one name. The text of a name is not among what is said but where it is cleaned.
my $name = "\x{e2}\x{80}\x{ae}\x{c2}\x{9b}1m" . substr($evil, 0, 50);
my $seen_before = -s $target->logfile;
($said) = lie('load', in_every(sub { if (/\AT/) { s/customerId\0/$name\0/; s/timestamp\0/$name\0/; $_ = message('T', substr($_, 5)); } }));
like($said, qr/42703: the query lacks the required fields/, 'columns of evil names');
like($said, qr/The query returns "id", "\\u202e\\u009b1m\\x1b\]0;title\\x07\\x1b\[31mred\\x1b\[2J\\x0d\\x0aLOG:  forged\\x0a2026-01-0/, 'are shown with escapes');
($said) = lie('load', in_every(sub { if (/\AT.*customerId/s) { my ($column) = /(timestamp\0.{18})\z/s; my ($id) = /\A.{7}(id\0.{18})/s;
	my ($customer) = /(customerId\0.{18})/s; $_ = message('T', pack('n', 5) . $id . $customer . $column . ($column =~ s/timestamp/$name/r) x 2); } }));
like($said, qr/42701: field "\\u202e\\u009b1m\\x1b\]0;title.*" of the query cannot be used: the field is there more than once/, 'and are refused when two have one');
unlike(substr(slurp_file($target->logfile), $seen_before), qr/[^\n\t -~]/, 'none of their characters is logged');
is($target->safe_psql('postgres', "SELECT count(*) FROM hyperline.loader_runs r WHERE r::text ~ E'[\\x01-\\x09\\x0b-\\x1f\\x7f-\\u009f\\u202e]'"), '0', 'nor kept');
($said) = lie('describe', in_every(sub { if (/\AT/) { my $long = 'x' x 256; s/customerId\0/$long\0/; $_ = message('T', substr($_, 5)); } }));
like($said, qr/08P01: the source sends a column name that is too long\nDETAIL:  The name of column 2 has 256 bytes\./, 'a name that no PostgreSQL server has');

# Rows and columns that nobody asked for
($said) = lie('preview', sub { my ($turns) = @_; my ($turn, $i) = at('d', $turns); splice(@{$turn}, $i, 0, ($turn->[$i]) x 1000); });
like($said, qr/08P01.*the source sent more rows than it was asked for/s, 'a preview takes no more rows than it asked for');
my ($status, $out, $err) = $target->psql('postgres', "SELECT hyperline.describe_query('real', 'SELECT " . join(', ', map { "1 AS c$_" } 1 .. 1601) . "')");
like($err, qr/ERROR:  the query returns more columns than are taken/, 'more than 1,600 columns are refused');
is($target->safe_psql('postgres', "SELECT count(*) FROM hyperline.describe_query('real', 'SELECT 1 AS id, 1 AS \"customerId\", now() AS timestamp, " . join(', ', map { "1 AS c$_" } 4 .. 1600) . "')"), '1600', '1,600 are not');
($said) = lie('describe', sub { my ($turns) = @_; for my $one (@{$turns}) { s/customerId/custo\xff\xfe\x80Id/ for @{$one}; } });
like($said, qr/08P01.*a column name that is not valid UTF-8/s, 'names are UTF-8');

# What asks us for data: COPY FROM, and COPY in both directions
for my $type ('G', 'W')
{
	($said) = lie('load', sub { my ($turns) = @_; my ($turn, $i) = at('H', $turns); splice(@{$turn}, $i, @{$turn} - $i, message($type, pack('Cnnn', 0, 2, 0, 0))); });
	like($said, qr/0800[06P].*at the source/s, "a source that asks for data ($type) gets none");
	($said) = lie('load', sub { my ($turns) = @_; my ($turn, $i) = at('H', $turns);
		splice(@{$turn}, $i, @{$turn} - $i, message('E', "SERROR\0C57014\0Mno\0\0"), message($type, pack('Cnnn', 0, 2, 0, 0)), message('Z', 'I')); });
	like($said, qr/57014.*no/s, 'nor after an error');
}

# What it says
my $before = -s $target->logfile;
($said) = lie('check', sub { my ($turns) = @_; my ($turn, $i) = at('D', $turns);
	my ($columns, $length) = unpack('x5 n N', $turn->[$i]);
	$turn->[$i] = message('D', pack('nN', $columns, length($evil)) . $evil . substr($turn->[$i], 11 + $length)); });
like($said, qr/\Q$shown\E/, 'its version is shown as one line');
($said) = lie('check', sub { my ($turns) = @_; @{$turns} = ([ message('E', "SFATAL\0C28000\0M$evil\0D$evil\0H$evil\0\0") ]); });
like($said, qr/could not connect.*\Q$shown\E/s, 'so is why it refuses');
unlike($said, qr/\e|\x{e2}\x{80}\x{ae}|^LOG/m, 'without what controls a terminal');
($said) = lie('worker', sub { my ($turns) = @_; @{$turns} = ([ message('E', "SFATAL\0C53300\0M$evil\0D$evil\0H$evil\0\0") ]); });
like($said, qr/could not connect.*\Q$shown\E/s, 'also in the row of a run');

$target->safe_psql('postgres', "SELECT hyperline.create_loader('real', 'noisy', 'SELECT *, noisy(id) FROM t', paused => true); SELECT hyperline.create_loader('real', 'failing', 'SELECT *, failing(id) FROM t', paused => true)");
($status, $out, $err) = $target->psql('postgres', "CALL hyperline.refresh_loader('noisy')");
my @notices = $err =~ /^(.*NOTICE:  .*)$/mg;
is(scalar(@notices), 10, 'a session hears the first ten notices of a run');
like($notices[0], qr/NOTICE:  the source of loader "noisy" says: 1: \Q$shown\E$/, 'each as one line');
my $seen = -s $target->logfile;
$target->safe_psql('postgres', "SELECT hyperline.run_loader('noisy') AS run \\gset\nSELECT hyperline.wait_for_run(:run)");
my @lines = grep { /forged/ } split(/\n/, substr(slurp_file($target->logfile), $seen));
is(scalar(@lines), 10, 'the log has them of a worker');
like($lines[9], qr/LOG:  the source of loader "noisy" says: 10: \Q$shown\E$/, 'each as one line');
is($target->safe_psql('postgres', "SELECT string_agg(rows_read::text, ' ') FROM hyperline.loader_runs WHERE loader = 'noisy'"), '100 100', 'and the rows come');
$seen = -s $target->logfile;
$target->safe_psql('postgres', "SELECT hyperline.run_loader('failing') AS run \\gset\nSELECT hyperline.wait_for_run(:run)");
$target->wait_for_log(qr/run \d+ of loader "failing" failed/, $seen); # it is said after the end was stored
@lines = grep { /forged/ } split(/\n/, substr(slurp_file($target->logfile), $seen));
is(scalar(@lines), 1, 'an error of a source is one line of the log');
like($lines[0], qr/failed: the query failed at the source: \Q$shown\E \(SQLSTATE P0001\); detail \Q$shown\E HINT: hint \Q$shown\Ex+\.\.\.$/, 'escaped, and of bounded length');
cmp_ok(length($lines[0]), '<', 5000, 'also when the source is talkative');
my @forged = grep { !/^(?:\d{4}-\d\d-\d\d [^\[]+\[\d+\] [^\]]*(?:LOG|ERROR|WARNING|HINT|DETAIL|STATEMENT|CONTEXT|LOCATION):  |\t)/ || /[^\t -~]/ } split(/\n/, substr(slurp_file($target->logfile), $before));
is(join("\n", @forged), '', 'each line of the log is one of this server');
is($target->safe_psql('postgres', "SELECT count(*) FROM hyperline.loader_runs r WHERE r::text ~ E'[\\x01-\\x09\\x0b-\\x1f\\x7f-\\u009f\\u202e]'"), '0', 'as is what is kept of runs');
$target->stop;
$source->stop;
done_testing();
