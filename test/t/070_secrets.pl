# A password is nowhere: every function is called, in ways that succeed and fail, while the server logs all it can, and then
# the password is looked for, as it is and encoded, in every output, log, statistic, dump and file. HYPERLINE_LOG: the
# server's log_min_messages (debug1 when not set).
use strict;
use warnings;
use File::Find;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use IO::Socket::UNIX;
use IPC::Run;
use MIME::Base64;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

sub secret { my ($begin) = @_; return $begin . join('', map { chr(97 + int(rand(26))) } 1 .. 12); }
my ($canary, $other, $plain) = (secret('HLCANARY'), secret('HLCANARY'), secret('HLPLAIN'));

# As it is, percent-encoded (its letters stay), in hexadecimal, and in base64 at each of three offsets
my $hidden = join('|', 'HLCANARY', unpack('H*', 'HLCANARY'), map { substr(encode_base64(('x' x $_) . 'HLCANARY', ''), $_ ? 4 : 0, 8) } 0 .. 2);
like("a=$canary", qr/$hidden/i, 'a password is found as it is');
like(encode_base64("${_}url with $canary"), qr/$hidden/, 'and in base64') for '', '1', '12';
like(unpack('H*', $canary), qr/$hidden/i, 'and in hexadecimal');

my $source = start_source('source');
$source->safe_psql('postgres', "CREATE ROLE sealed LOGIN PASSWORD '$canary' IN ROLE pg_read_all_data");
$source->safe_psql('postgres', 'CREATE TABLE t AS SELECT g AS id, g % 3 AS c, now() AS at FROM generate_series(1, 100) g');
authenticate($source, 'local all sealed scram-sha-256');

my $target = start_target('target', "shared_preload_libraries = 'hyperline_connector, pg_stat_statements'", "log_statement = 'all'",
	'log_min_messages = ' . ($ENV{HYPERLINE_LOG} // 'debug1'), 'log_min_error_statement = debug1', 'log_min_duration_statement = 0', 'log_error_verbosity = verbose', 'log_lock_waits = on', 'deadlock_timeout = 50ms',
	'track_activity_query_size = 64kB', 'pg_stat_statements.track = all', 'pg_stat_statements.track_utility = on',
	'hyperline_connector.max_retries = 0');
$target->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements; CREATE ROLE someone');

# All that anybody was told. What psql repeats of what was typed is the user's own screen.
my $said = '';
sub told
{
	my ($sql) = @_;
	my ($status, $out, $err) = $target->psql('postgres', $sql, on_error_stop => 0, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	s/^LINE \d+:.*\n.*\n?//mg, s/^QUERY:.*\n?//mg for $err; # psql quotes what was typed when it does not parse
	$said .= "$out\n$err\n";
	return "$out\n$err";
}

# A statement with a password, as the manual has it. log_min_error_statement stays as it is: what fails is hidden.
sub typed
{
	my ($sql) = @_;
	return told("SET log_statement = 'none'; SET log_min_duration_statement = -1;\n$sql");
}

my $good = source_url($source, 'postgres', 'sealed') . "&password=$canary";
my $wrong = source_url($source, 'postgres', 'sealed') . "&password=$other";
my $nobody = "postgres://u:$canary\@127.0.0.1:1/d";
like(typed("SELECT * FROM hyperline.create_connection('product', '$good');"), qr/live/, 'the password is used');
like(typed("SELECT * FROM hyperline.create_connection('product', '$good');"), qr/23505|42710/, 'a name that is taken');
like(typed("SELECT * FROM hyperline.create_connection('wrong', '$wrong');"), qr/password authentication failed/, 'another password is not');
like(typed("SELECT hyperline.create_connection('unchecked', '$nobody', check_now => false);"), qr/unchecked/, 'one that is not opened is stored');
like(typed("SELECT hyperline.create_connection('x', '$nobody');"), qr/could not connect/, 'one that cannot be opened is not');
typed("SELECT hyperline.create_connection($_);")
  for "NULL, '$good'", "'', '$good'", "E'a\\nb', '$good'", "'x', '$good', 'mysql'", "'x', '$good&sslmode=none'", "'x', '$good&$canary=1'", "'x', '$good&options=$canary'";
typed("SELECT hyperline.create_connection('x', '$_');")
  for "postgres://sealed:$canary\@[::1/d", "postgres://sealed:$canary/x\@h/d", "postgres://sealed:$canary\@h\@i/d", "postgres://sealed:$canary%\@h/d",
  "postgres://sealed:$canary\@h,i/d", "postgres://sealed:$canary\@h:0/d", "postgres://$canary:$canary\@$canary/", "host=h password=$canary",
  "postgres://h/d?password=$canary&password=$canary", "mysql://u:$canary\@h/d", "postgres://u:$canary\@h/d%3Dx", $canary;
typed("SELECT hyperline.alter_connection('product', url => '$wrong');");
typed("SELECT hyperline.alter_connection('nobody', url => '$good');");
typed("SELECT hyperline.alter_connection('product', 'unchecked', '$good');");
typed("SELECT hyperline.alter_connection('product', url => '$good');");
typed("PREPARE p AS SELECT hyperline.create_connection(\$1, \$2); EXECUTE p('x', '$wrong');");
typed("BEGIN; SELECT hyperline.create_connection('y', '$nobody', check_now => false); DECLARE c CURSOR FOR SELECT * FROM hyperline.connections, hyperline.connection_secret; FETCH ALL FROM c; COMMIT;");
$said .= typed("SELECT hyperline.create_connection('z', '$nobody', check_now => false); SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid();");

# A url in the place of a name: each argument that is one
my $misplaced = q{SELECT format('%s hyperline.%s(%s)', CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END, p.proname,
		string_agg(a.name || ' => ' || CASE WHEN a.name = u.name THEN '%s' WHEN t.typname = 'text' THEN quote_literal('x') ELSE 'NULL' END, ', ' ORDER BY a.n))
	FROM pg_proc p, unnest(p.proargnames[1:p.pronargs]) WITH ORDINALITY a(name, n), unnest(p.proargnames[1:p.pronargs]) u(name), pg_type t
	WHERE p.pronamespace = 'hyperline'::regnamespace AND t.oid = p.proargtypes[a.n - 1]
	  AND (u.name IN ('connection', 'loader', 'new_name') OR (u.name = 'name' AND p.proname !~ 'customer'))
	GROUP BY p.oid, p.proname, p.prokind, u.name ORDER BY 1};
my @misplaced = split(/\n/, $target->safe_psql('postgres', $misplaced));
cmp_ok(scalar(@misplaced), '>=', 24, 'all functions that take a name') or diag(join("\n", @misplaced));
for my $call (@misplaced, 'DO $$ BEGIN PERFORM hyperline.check_connection(%s); END $$', "SELECT hyperline.create_loader('product', %s, 'SELECT')")
{
	for my $text ("E'$nobody'", "\$x\$host=h user=u password=$canary\$x\$")
	{
		my $from = -s $target->logfile;
		my $answer = typed('SET pg_stat_statements.track_utility = off; ' . sprintf($call, $text) . ';');
		like($answer, qr/ERROR:  22023: a url stands where the name of a connection or a loader is expected\nDETAIL:  .*\nHINT:  Give its name\. A url is for hyperline\.create_connection\(name, url\) alone\./, $call);
		my $logged = substr(slurp_file($target->logfile), $from);
		like($logged, qr/ERROR:  22023: a url stands where/, 'is logged');
		unlike($logged, qr/$hidden/i, 'without its statement');
	}
}

# While a session waits for a source that says nothing, others see what it does.
my $folder = PostgreSQL::Test::Utils::tempdir_short();
my $mute = IO::Socket::UNIX->new(Type => SOCK_STREAM(), Local => "$folder/.s.PGSQL.5432", Listen => 5) or die "$!";
chmod 0777, $folder, "$folder/.s.PGSQL.5432";
sub starts # psql with a statement that holds a password, while others go on
{
	my ($sql, $out) = @_;
	return IPC::Run::start([ 'psql', '-XAtq', '-d', $target->connstr('postgres'), '-c', "SET log_statement = 'none'", '-c', 'SET log_min_duration_statement = -1',
		'-c', 'SET pg_stat_statements.track_utility = off', '-c', "SET hyperline_connector.connect_timeout = '10min'", '-c', $sql ], '>', $out, '2>', $out);
}
my $at_mute = "'postgres://sealed:$canary\@/d?host=$folder'";
for my $case ([ "SELECT hyperline.create_connection('mute', $at_mute)", 'cancel' ], [ "SELECT hyperline.alter_connection('product', url => $at_mute)", 'cancel' ],
	[ "SELECT hyperline.create_connection('mute', $at_mute)", 'terminate' ], [ "SELECT hyperline.alter_connection('product', url => $at_mute)", 'terminate' ],
	[ "DO \$\$ BEGIN PERFORM hyperline.create_connection('mute', $at_mute); END \$\$", 'terminate' ])
{
	my ($call, $end) = @{$case};
	my ($name) = $call =~ /^(DO|SELECT \S+?)[ (]/;
	my $from = -s $target->logfile;
	my $waiting = starts($call, \my $out);
	ok($target->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'HyperlineSource' OR (wait_event = 'Extension' AND backend_type = 'client backend')"),
		"a session waits in $name");
	$said .= $target->safe_psql('postgres', 'SELECT * FROM pg_stat_activity');
	is($target->safe_psql('postgres', "SELECT query FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"), '<hyperline statement with a connection url>', 'and shows something else than its statement');
	$target->safe_psql('postgres', "SELECT pg_${end}_backend(pid) FROM pg_stat_activity WHERE query LIKE '<hyperline statement%'");
	$waiting->finish;
	$said .= $out;
	my $log = substr(slurp_file($target->logfile), $from);
	like($log, qr/FATAL: .*terminating connection due to administrator command.*STATEMENT:  <hyperline statement with a connection url>/s, 'also in what the server logs of its end') if $end eq 'terminate';
	unlike($log, qr/$hidden/i, "in the log neither when it is ended by $end");
}
close($mute);

# What the server logs by itself while a call waits for another
my $holder = $target->background_psql('postgres');
$holder->query_safe("SET log_statement = 'none'; SET log_min_duration_statement = -1");
$holder->query_safe("BEGIN; SELECT hyperline.create_connection('locked', '$nobody', check_now => false)");
my $seen = -s $target->logfile;
my $waiter = starts("DO \$\$ BEGIN PERFORM hyperline.create_connection('locked', '$nobody', check_now => false); END \$\$", \my $locked);
$target->wait_for_log(qr/still waiting for ShareLock/, $seen);
$holder->query_safe('ROLLBACK');
$holder->quit;
$waiter->finish;
unlike(substr(slurp_file($target->logfile), $seen), qr/$hidden/i, 'that a lock was waited for is logged without the statement');

# Warnings, and errors for which there is no memory
$seen = -s $target->logfile;
like(typed("SET pg_stat_statements.track_utility = off; DO \$\$ BEGIN PERFORM hyperline.alter_connection('product', url => '$good'); END \$\$;"), qr/WARNING: .*the server is not a replica/, 'a warning in a DO');
like(substr(slurp_file($target->logfile), $seen), qr/WARNING: .*the server is not a replica/, 'is logged');
unlike(substr(slurp_file($target->logfile), $seen), qr/$hidden/i, 'without what quotes the statement');
SKIP:
{
	skip 'without the library of sql/gates.sql', 4 unless -e ($ENV{HYPERLINE_GATES} // '');
	$target->safe_psql('postgres', "CREATE FUNCTION gate_throw_hidden(text) RETURNS void LANGUAGE c STRICT AS '$ENV{HYPERLINE_GATES}'");
	for my $kind ('memory', 'ours')
	{
		$seen = -s $target->logfile;
		$target->psql('postgres', "SET log_statement = 'none'; SET log_min_duration_statement = -1; SET pg_stat_statements.track_utility = off; DO \$\$ BEGIN PERFORM gate_throw_hidden('$kind'), '$canary'; END \$\$;");
		like(substr(slurp_file($target->logfile), $seen), qr/ERROR:  .*(out of memory|something of ours)/, "an error ($kind) is logged");
		unlike(substr(slurp_file($target->logfile), $seen), qr/$hidden/i, "without its statement and where it was");
	}
}

# Everything that uses a connection, well and badly
my $query = 'SELECT id, c AS "customerId", at AS timestamp FROM t';
told($_)
  for "SELECT hyperline.create_loader('product', 't', '$query', paused => true); SELECT hyperline.create_loader('unchecked', 'u', '$query')",
  "SELECT * FROM hyperline.check_connection('product'), hyperline.check_connection('product')", "SELECT * FROM hyperline.check_connection('unchecked')",
  "SELECT * FROM hyperline.describe_query('product', 'SELECT 1/0')", "SELECT * FROM hyperline.preview_query('product', 'SELECT 1/0 AS id, 2 AS \"customerId\", now() AS timestamp')",
  "SELECT * FROM hyperline.preview_query('product', 'SELECT')", "SELECT hyperline.alter_loader('t', query => 'SELECT id FROM nowhere')",
  "SELECT hyperline.alter_loader('t', connection => 'unchecked')", "CALL hyperline.refresh_loader('t')", "CALL hyperline.refresh_loader('nobody')",
  "SELECT hyperline.run_loader('t') AS run \\gset\nSELECT hyperline.wait_for_run(:run);",
  'SELECT hyperline.rotate_encryption_key(\'/nowhere/at.all\')', 'SELECT hyperline.rotate_encryption_key(\'hyperline_connector.key\')';
like($said, qr/100|succeeded/, 'and it is loaded with');

# All functions there are, with a connection, a loader, and nonsense
my @calls;
my %value = (text => undef, bool => 'true', int4 => '1', int8 => '1', interval => "'1 second'", regrole => "'someone'", jsonb => "'{}'", timestamptz => "'now'");
for my $line (split(/\n/, $target->safe_psql('postgres', q{
	SELECT p.proname, p.prokind, (SELECT string_agg(t.typname, ',' ORDER BY n) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS u(type, n) JOIN pg_type t ON t.oid = u.type)
	FROM pg_proc p WHERE p.pronamespace = 'hyperline'::regnamespace AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) AND p.proname <> 'rotate_encryption_key'})))
{
	my ($name, $kind, $types) = split(/\|/, $line, -1);
	for my $text ("'product'", "'t'", "'nonsense'", 'NULL')
	{
		my $arguments = join(', ', map { $value{$_} // ($_ eq 'text' ? $text : "NULL::$_") } split(/,/, $types));
		push @calls, $kind eq 'p' ? "CALL hyperline.$name($arguments);" : "BEGIN; SET LOCAL statement_timeout = '10s'; SELECT * FROM hyperline.$name($arguments); ROLLBACK;";
	}
}
cmp_ok(scalar(@calls), '>', 100, 'all functions are called');
told(join("\n", @calls));

# A source that stops to let it in, one that is gone, a key that is
$source->safe_psql('postgres', "ALTER ROLE sealed PASSWORD 'changed'");
like(told("CALL hyperline.refresh_loader('t')"), qr/password authentication failed/, 'a password that does not work any more');
told("SELECT hyperline.run_loader('t') AS run \\gset\nSELECT hyperline.wait_for_run(:run);");
$source->stop('immediate');
told("CALL hyperline.refresh_loader('t')");
rename($target->data_dir . '/hyperline_connector.key', $target->data_dir . '/moved') or die "$!";
like(told("CALL hyperline.refresh_loader('t')"), qr/key/, 'nor one whose key is away');
rename($target->data_dir . '/moved', $target->data_dir . '/hyperline_connector.key') or die "$!";

# What anybody may look at
told("SELECT * FROM hyperline.$_") for split(/\n/, $target->safe_psql('postgres', "SELECT relname FROM pg_class WHERE relnamespace = 'hyperline'::regnamespace AND relkind IN ('r', 'v', 'p')"));
told('SELECT * FROM pg_stat_statements; SELECT * FROM pg_stat_activity; SELECT * FROM pg_prepared_statements; SELECT * FROM pg_settings; SELECT * FROM pg_backend_memory_contexts');
cmp_ok(length($said), '>', 50_000, 'much was said');
unlike($said, qr/$hidden/i, 'nothing that was said holds a password');

# Dumps
my $dumps = PostgreSQL::Test::Utils::tempdir();
my $number = 0;
for my $how ([qw(pg_dump)], [qw(pg_dump -Fc -Z0)], [qw(pg_dump -Fd)], [qw(pg_dump -Ft)], [qw(pg_dump --inserts --data-only)], [qw(pg_dump --schema-only)], [qw(pg_dump -n hyperline)],
	[qw(pg_dump -t hyperline.*)], [qw(pg_dump --extension=*)], [qw(pg_dump -Fp --clean --create --column-inserts)], [qw(pg_dumpall)])
{
	my $to = "$dumps/" . $number++;
	if ($how->[0] eq 'pg_dumpall') { $target->command_ok([ @{$how}, '-f', $to ], "@{$how}"); }
	else { $target->command_ok([ @{$how}, '-d', $target->connstr('postgres'), '-f', $to ], "@{$how}"); }
	my $text = '';
	find({ no_chdir => 1, wanted => sub {
		return unless -f;
		if (/\.gz$/) { IPC::Run::run([ 'gzip', '-cd', $_ ], '>', \my $plain) or die 'gzip'; $text .= $plain; }
		else { $text .= slurp_file($_); }
	} }, $to);
	my $sealed = $target->safe_psql('postgres', "SELECT string_agg(substring(encode(sealed, 'hex') from 19 for 40), '|') FROM hyperline.connection_secret");
	unlike($text, qr/$hidden|$sealed/i, 'holds no password, not even a sealed one');
}

# What the server itself logs of a password that is typed, as the manual says it
sub logged
{
	my ($settings, $sql) = @_;
	my $before = -s $target->logfile;
	$target->psql('postgres', "SET log_statement = 'none'; SET log_min_duration_statement = -1; $settings\n$sql", on_error_stop => 0);
	return grep { /$plain/ } split(/\n/, substr(slurp_file($target->logfile), $before));
}
my $failing = "SELECT hyperline.create_connection('x', 'postgres://sealed:$plain\@127.0.0.1:1/d')";
is(scalar(logged('', $failing)), 0, 'with the default settings of a server a password that is typed is in no log, also when the call fails');
my @lines = logged("SET log_statement = 'all';", $failing);
is(scalar(@lines), 1, 'with log_statement = all it is logged once');
like($lines[0], qr/statement: SELECT hyperline\.create_connection/, 'as the statement that was sent');
is(scalar(logged("SET log_min_error_statement = 'panic';", "SELECT hyperline.create_conection('x', 'postgres://sealed:$plain\@127.0.0.1:1/d')")), 0, 'log_min_error_statement hides what fails before it runs');
cmp_ok(scalar(logged("SET log_statement = 'all';", "\\set url 'postgres://sealed:$plain\@127.0.0.1:1/d'\nSELECT hyperline.create_connection('x', :'url')")), '>', 0, 'a variable of psql does not change that');
append_to_file("$dumps/script", "SELECT hyperline.create_connection('x', :url);\n");
my $size = -s $target->logfile;
IPC::Run::run([ 'pgbench', '-n', '-M', 'extended', '-t', '1', '-D', "url=postgres://sealed:$plain\@127.0.0.1:1/d", '-f', "$dumps/script", $target->connstr('postgres') ], '>', \my $bench, '2>&1');
like(substr(slurp_file($target->logfile), $size), qr/execute [^\n]*create_connection\('x', \$1\).*parameters: \$1 = 'postgres:\/\/sealed:$plain/s, 'nor does a parameter');
cmp_ok(scalar(logged('', "SELECT hyperline.create_conection('x', 'postgres://sealed:$plain\@127.0.0.1:1/d')")), '>', 0, 'nor can we hide a statement that never comes to us: a misspelled name');
unlike($target->safe_psql('postgres', 'SELECT string_agg(query, \' \') FROM pg_stat_statements'), qr/create_connection\('x', 'postgres/, 'pg_stat_statements has $1 for it');

# Every file of the server. The key is in one alone.
(my $key = slurp_file($target->data_dir . '/hyperline_connector.key')) =~ s/\s//g;
like($key, qr/^[0-9a-f]{64}$/, 'there is a key');
is((stat($target->data_dir . '/hyperline_connector.key'))[2] & 07777, 0600, 'for the server alone');
$target->safe_psql('postgres', 'CHECKPOINT');
$target->stop;
my (@holding, @with_key, $files);
find({ no_chdir => 1, wanted => sub {
	return unless -f;
	$files++;
	my $content = slurp_file($_);
	my $folded = lc($content); # index() takes a tenth of a pattern's time
	push @holding, $_ if grep { index($folded, lc($_)) >= 0 } split(/\|/, $hidden);
	push @with_key, $_ if index($content, $key) >= 0 || index($content, pack('H*', $key)) >= 0;
} }, $target->data_dir);
cmp_ok($files, '>', 900, 'all files of the data folder were read');
is("@holding", '', 'none holds a password');
is("@with_key", $target->data_dir . '/hyperline_connector.key', 'one holds the key');
my $log = slurp_file($target->logfile);
like($log, qr/STATEMENT:  /, 'the log has statements');
unlike($log, qr/$hidden|$key/i, 'but neither a password nor the key');
done_testing();
