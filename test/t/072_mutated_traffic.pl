# A source that speaks nonsense: what a real one has said is said again with bytes turned, messages cut, lengthened, swapped,
# repeated, dropped or made up, many times, to one backend. It never crashes, waits no longer than its time-outs, keeps no
# memory, and each session ends as an error or as a true result.
#
# HYPERLINE_SESSIONS: how many (a few hundred when not set); HYPERLINE_SEED: what decides the changes. With one seed, session N
# is always the same.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use FakeSource qw(message);
use Hyperline;
use IPC::Run;
use List::Util qw(max min);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $sessions = $ENV{HYPERLINE_SESSIONS} // 400;
my $seed = $ENV{HYPERLINE_SEED} // int(time * 1000) % 1_000_000;
diag("$sessions sessions with HYPERLINE_SEED=$seed");

my $rows = 300;
my $source = start_source('source', "listen_addresses = '127.0.0.1'", "log_statement = 'none'");
$source->safe_psql('postgres', qq{
	CREATE TABLE t AS
	SELECT g AS id, g % 7 AS "customerId", timestamptz '2026-01-01' + g * interval '1 minute' AS timestamp, 'Customer ' || g % 7 AS "customerName",
	       g * 1.25 AS amount, ARRAY[g, NULL] AS list, jsonb_build_object('a', g, 'b', E'tab\\t') AS document, g % 2 = 0 AS flag, E'line\\nend\\\\' AS note, NULL::text AS nothing
	FROM generate_series(1, $rows) g});
my $target = start_target('target', 'hyperline_connector.enabled = off', "log_statement = 'none'", 'log_min_error_statement = panic',
	'hyperline_connector.connect_timeout = 3s', 'hyperline_connector.statement_timeout = 5s', 'hyperline_connector.stall_timeout = 3s');

# What a real source says to each statement. A session is one statement, which connects once; a load does so again after a
# row that was too large, and is told the same. That there was one is forgotten then, since nobody here sends rows cut.
my $query = 'SELECT * FROM t';
my %statements = (
	check => "SELECT FROM hyperline.check_connection('product');",
	describe => "SELECT FROM hyperline.describe_query('product', '$query');",
	preview => "SELECT FROM hyperline.preview_query('product', '$query');",
	load => "UPDATE hyperline.connection SET status = 'live' WHERE status <> 'live'; CALL hyperline.refresh_loader('t');");
my @kinds = ('load', 'check', 'load', 'preview', 'load', 'describe');
my $real = FakeSource::url_of($source->port);
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$real'); SELECT hyperline.create_loader('product', 't', '$query', paused => true)");
my %recorded;
for my $kind (sort keys %statements)
{
	$recorded{$kind} = FakeSource::record($source, PostgreSQL::Test::Utils::tempdir() . "/$kind", sub {
		my ($url) = @_;
		$target->safe_psql('postgres', "UPDATE hyperline.connection SET url = '$url'");
		$target->safe_psql('postgres', $statements{$kind});
	});
	cmp_ok(scalar(@{ $recorded{$kind} }), '>', 2, "a session of $kind was recorded");
}
$target->safe_psql('postgres', 'CREATE TABLE truth AS SELECT id, customer_id, "timestamp", record FROM hyperline.events; CREATE TABLE sample (number int, kilobytes bigint, contexts bigint)');
is($target->safe_psql('postgres', 'SELECT count(*) FROM truth'), $rows, 'and loaded what it should');

# What may be done to a session: [ weight, name, what it does to the turns ]. What a change says of how the session may end
# is "same", as if nothing had been done, or "error".
my @types = split(//, 'RSKZTDdHGWCEINA123tnsVvcf');
sub some { my ($list) = @_; return int(rand(@{$list})); }

sub place
{
	my ($turns) = @_;
	my $turn = $turns->[ some($turns) ];
	return ($turn, some($turn));
}

sub some_text
{
	my @texts = ("\e]0;title\a\e[31mred", "line\nLOG:  a forged line\n\n2026-01-01 00:00:00 UTC [1] LOG:  more", "\x{e2}\x{80}\x{ae}reversed", "\xff\xfe\x80", 'x' x 5000, '%s%n%p', '', "\r\b\x7f", 'postgres://u:secret@h/d');
	return $texts[ some(\@texts) ];
}

sub fields
{
	my ($severity) = @_;
	my @states = ('57P01', '00000', '40001', 'XX000', '42601', '28P01', '\'; ', '');
	my $text = some_text();
	return join('', map { "$_\0" } "S$severity", "V$severity", 'C' . $states[ some(\@states) ], 'M' . $text, 'D' . some_text(), 'H' . some_text(), 'P' . int(rand(5000)), 'W' . some_text()) . "\0";
}

my @changes = (
	[ 10, 'bytes turned', sub {
		my ($turns) = @_;
		for (0 .. int(rand(4)))
		{
			my ($turn, $at) = place($turns);
			substr($turn->[$at], int(rand(length($turn->[$at]))), 1) = chr(int(rand(256)));
		}
		return '';
	} ],
	[ 10, 'a byte of a value turned', sub {
		my ($turns) = @_;
		my ($turn, $at) = place($turns);
		return '' if length($turn->[$at]) < 6;
		my $byte = 5 + int(rand(length($turn->[$at]) - 5));
		substr($turn->[$at], $byte, 1) = substr($turn->[$at], $byte, 1) ^ chr(1 << int(rand(8)));
		return '';
	} ],
	[ 10, 'a length changed', sub {
		my ($turns) = @_;
		my ($turn, $at) = place($turns);
		return '' if length($turn->[$at]) < 5;
		my $length = unpack('x N', $turn->[$at]);
		my @lengths = (0, 3, 4, 5, $length - 1, $length + 1, $length * 2, 65536, 900_000_000, 2_000_000_000, 0x7fffffff, 0x80000000, 0xffffffff);
		substr($turn->[$at], 1, 4) = pack('N', $lengths[ some(\@lengths) ] & 0xffffffff);
		return '';
	} ],
	[ 8, 'a length of a field changed', sub {
		my ($turns) = @_;
		my ($turn, $at) = place($turns);
		return '' if length($turn->[$at]) < 11;
		my @lengths = (0, 1, 0xffffffff, 0xfffffffe, 0x7fffffff, 70000);
		substr($turn->[$at], 5 + int(rand(length($turn->[$at]) - 9)), 4) = pack('N', $lengths[ some(\@lengths) ]);
		return '';
	} ],
	[ 6, 'a type changed', sub {
		my ($turns) = @_;
		my ($turn, $at) = place($turns);
		substr($turn->[$at], 0, 1) = $types[ some(\@types) ];
		return '';
	} ],
	[ 6, 'a cut', sub {
		my ($turns) = @_;
		my $number = some($turns);
		my ($turn) = ($turns->[$number]);
		my $at = some($turn);
		$turn->[$at] = substr($turn->[$at], 0, int(rand(length($turn->[$at]))));
		splice(@{$turn}, $at + 1);
		splice(@{$turns}, $number + 1);
		return 'error';
	} ],
	[ 6, 'a message dropped', sub {
		my ($turns) = @_;
		my ($turn, $at) = place($turns);
		my $gone = splice(@{$turn}, $at, 1);
		return $gone =~ /\Ad/ ? 'error' : '';
	} ],
	[ 6, 'a message repeated', sub {
		my ($turns) = @_;
		my ($turn, $at) = place($turns);
		my $message = $turn->[$at];
		splice(@{$turn}, $at, 0, ($message) x (1 + int(rand(3))));
		return $message =~ /\Ad/ ? 'error' : '';
	} ],
	[ 6, 'two messages swapped', sub {
		my ($turns) = @_;
		my ($one, $at) = place($turns);
		my ($other, $there) = rand() < 0.5 ? ($one, some($one)) : place($turns);
		($one->[$at], $other->[$there]) = ($other->[$there], $one->[$at]);
		return '';
	} ],
	[ 4, 'two turns swapped', sub {
		my ($turns) = @_;
		my ($one, $other) = (some($turns), some($turns));
		@{$turns}[ $one, $other ] = @{$turns}[ $other, $one ];
		return '';
	} ],
	[ 6, 'bytes made up', sub {
		my ($turns) = @_;
		my ($turn, $at) = place($turns);
		splice(@{$turn}, $at, 0, join('', map { chr(int(rand(256))) } 0 .. int(rand(200))));
		return '';
	} ],
	[ 6, 'a message made up', sub {
		my ($turns) = @_;
		my ($turn, $at) = place($turns);
		splice(@{$turn}, $at, 0, message($types[ some(\@types) ], rand() < 0.5 ? some_text() . "\0" : join('', map { chr(int(rand(8))) } 0 .. int(rand(60)))));
		return '';
	} ],
	[ 6, 'an error', sub {
		my ($turns) = @_;
		my ($turn, $at) = place($turns);
		splice(@{$turn}, $at, rand() < 0.5 ? 0 : @{$turn} - $at, message('E', fields('ERROR')), message('Z', 'I'));
		return '';
	} ],
	[ 6, 'the answer to something else', sub {
		my ($turns) = @_;
		my $number = some($turns);
		my $other = $recorded{ $kinds[ some(\@kinds) ] };
		$turns->[$number] = [ @{ $other->[ some($other) ] } ];
		return '';
	} ],
	[ 4, 'a setting', sub {
		my ($turns) = @_;
		my ($turn, $at) = place($turns);
		my @settings = ([ 'client_encoding', 'LATIN1' ], [ 'DateStyle', 'SQL, DMY' ], [ 'TimeZone', 'Asia/Tehran' ], [ 'standard_conforming_strings', 'off' ], [ 'server_version', some_text() ], [ 'x' x 3000, 'y' ], [ '', '' ]);
		splice(@{$turn}, $at, 0, message('S', join('', map { "$_\0" } @{ $settings[ some(\@settings) ] })));
		return '';
	} ],
	[ 8, 'notices and notifications between messages', sub {
		my ($turns) = @_;
		for (0 .. int(rand(20)))
		{
			my $turn = $turns->[ 1 + int(rand(@{$turns} - 1)) ];
			splice(@{$turn}, some($turn), 0, rand() < 0.5 ? message('N', fields('NOTICE')) : message('A', pack('N', 7) . "channel\0" . some_text() . "\0"));
		}
		return 'same';
	} ],
	[ 4, 'a few bytes at a time', sub { my ($turns, $session) = @_; $session->{split} = 7 + int(rand(50)); return 'same'; } ],
	[ 4, 'nothing', sub { return 'same'; } ],
);
my $weights = 0;
$weights += $_->[0] for @changes;

sub session
{
	my ($number) = @_;
	srand($seed * 100_003 + $number);
	my $kind = $kinds[ $number % @kinds ];
	my $session = { turns => [ map { [ @{$_} ] } @{ $recorded{$kind} } ], kind => $kind, end => 'same', name => '' };
	for (1 .. (rand() < 0.6 ? 1 : 1 + int(rand(3))))
	{
		my $draw = rand($weights);
		my ($change) = grep { ($draw -= $_->[0]) < 0 } @changes;
		my $end = $change->[2]->($session->{turns}, $session);
		@{ $session->{turns} } = map { [ grep { length } @{$_} ] } @{ $session->{turns} };
		@{ $session->{turns} } = grep { @{$_} } @{ $session->{turns} };
		$session->{name} .= ($session->{name} ? ', ' : '') . $change->[1];
		$session->{end} = $session->{end} eq 'same' ? $end : $end eq 'same' ? $session->{end} : '';
		last if !@{ $session->{turns} };
	}
	# A client that waits for what does not come is sent an end, or, now and then, left to its own time-out.
	$session->{patience} = 0.1 if $session->{end} ne 'same' && rand() < 0.993;
	return $session;
}

my $fake = FakeSource->new(sub { my ($database) = @_; return session($database =~ /(\d+)/); }); # whose number it has

# One psql, one backend: after each statement comes how it ended.
my $script = "SET client_min_messages = error;\n\\set VERBOSITY terse\nSELECT 'begins', pg_backend_pid();\n";
for my $number (1 .. $sessions)
{
	my $kind = $kinds[ $number % @kinds ];
	$script .= "UPDATE hyperline.connection SET url = '" . $fake->url("session$number") . "';\n$statements{$kind}\n\\echo\n\\echo session $number :SQLSTATE :LAST_ERROR_MESSAGE\n";
	$script .= "SELECT 'found', count(*) FROM truth t JOIN hyperline.events e USING (id, customer_id) WHERE e.event_type = 't' AND e.record = t.record AND e.\"timestamp\" = t.\"timestamp\";\n"
	  . "SELECT hyperline.reset_loader('t'); UPDATE hyperline.run SET sqlstate = '54000' WHERE sqlstate = 'HL002';\n" if $kind eq 'load';
	$script .= "INSERT INTO sample SELECT $number, substring(pg_read_file('/proc/self/status') from 'VmData:\\s+(\\d+)')::bigint, (SELECT sum(used_bytes) / 1024 FROM pg_backend_memory_contexts);\n" if $number % 20 == 0;
}
$script .= "SELECT 'ends', pg_backend_pid();\n";
my ($said, $complained) = ('', '');
my $seen = -s $target->logfile;
my $psql = IPC::Run::start([ 'psql', '-XAtq', '-d', $target->connstr('postgres') ], '<', \$script, '>', \$said, '2>', \$complained,
	IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default + $sessions));
$psql->finish;
my ($begun) = $said =~ /^begins\|(\d+)$/m;
my ($ended) = $said =~ /^ends\|(\d+)$/m;
is($ended // 'the connection was lost', $begun, 'one backend has seen all of it');

# How each ended
my (%ends, @wrong);
while ($said =~ /^session (\d+) (\S+) (.*)\n(?:found\|(\d+)\n)?/mg)
{
	my ($number, $state, $message, $found) = ($1, $2, $3, $4);
	my $session = session($number);
	$ends{$state}++;
	my $fault =
	    $session->{end} eq 'same' && $state ne '00000' ? 'should have succeeded'
	  : $session->{end} eq 'same' && $session->{kind} eq 'load' && $found != $rows ? "has only $found rows right"
	  : $session->{end} eq 'error' && $state eq '00000' ? 'should have failed'
	  : $message =~ /[^ -~]|secret/ ? 'says what it should not'
	  : $state eq 'XX000' && $session->{name} !~ /an error/ ? 'is an internal error'
	  : undef;
	push @wrong, "session $number, $session->{kind}, $session->{name}: $fault: $state $message" if $fault;
}
my $counted = 0;
$counted += $_ for values %ends;
is($counted, $sessions, 'each session ended');
is(join("\n", @wrong), '', 'as an error or as a true result');
cmp_ok($ends{'00000'} // 0, '>', $sessions / 20, 'some as the one');
cmp_ok($sessions - ($ends{'00000'} // 0), '>', $sessions / 3, 'many as the other');
diag(join(' ', map { "$_: $ends{$_}" } sort keys %ends));
is($target->safe_psql('postgres', "SELECT count(*) FROM hyperline.loader_runs WHERE status NOT IN ('succeeded', 'failed') OR rows_read <> inserted + updated + unchanged + stale + duplicates + rejected"), '0', 'the rows of all runs add up');
is($target->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), '0', 'no lock is left');

# Memory: the first half of the samples holds what is made once. What malloc() has cut to pieces is allowed for.
my $grown = sub {
	my ($what) = @_;
	return $target->safe_psql('postgres', "SELECT max($what) FILTER (WHERE number > $sessions * 0.9) - max($what) FILTER (WHERE number <= $sessions * 0.5) FROM sample");
};
cmp_ok($grown->('contexts'), '<', 256, 'no memory context of the backend has grown');
cmp_ok($grown->('kilobytes'), '<', 8 * 1024 + 8 * $sessions, 'nor has what it has of the operating system');
my $log = substr(slurp_file($target->logfile), $seen);
unlike($log, qr/terminated by signal|PANIC|TRAP|leak|still referenced/, 'and the log tells of no crash and no leak');
my @forged = grep { !/^(?:\d{4}-\d\d-\d\d [^\[]+\[\d+\] .*(?:LOG|ERROR|WARNING|HINT|DETAIL|STATEMENT|CONTEXT):  |\t)/ || /[^\t -~]/ } split(/\n/, $log);
is(join("\n", @forged[ 0 .. min(5, $#forged) ]), '', 'each line of the log is one of this server');
$target->stop;
$source->stop;
done_testing();
