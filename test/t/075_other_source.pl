# Two sessions at a time: nobody's loader writes what a source says that its owner has not seen, whoever gives the connection another
# url meanwhile, and in whatever order that is committed.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $node = start_target('node', "listen_addresses = '127.0.0.1'", 'hyperline_connector.enabled = off', "log_statement = 'none'");
authenticate($node, 'host all reader 127.0.0.1/32 scram-sha-256');
$node->safe_psql('postgres', q{
	CREATE ROLE reader LOGIN PASSWORD 's3cret';
	CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN; CREATE ROLE root LOGIN SUPERUSER;
	SELECT hyperline.grant_access('alice', 'admin'), hyperline.grant_access('bob', 'admin')});
$node->safe_psql('postgres', 'CREATE DATABASE evil');

sub sql { return $node->safe_psql('postgres', @_); }
sub url { my ($database, $more) = @_; return 'postgres://' . ($more // 'reader:s3cret') . '@127.0.0.1:' . $node->port . "/$database"; }
my $query = q{'SELECT 1 AS id, current_database() AS "customerId", now() AS timestamp'};
my $fresh = "SELECT hyperline.create_connection('c', '" . url('postgres') . "', check_now => false); SELECT hyperline.create_connection('d', '" . url('postgres') . "', check_now => false)";
sub start_anew
{
	sql("DELETE FROM hyperline.loader; DELETE FROM hyperline.connection");
	sql("SET ROLE bob; $fresh");
	sql("SET ROLE alice; SELECT hyperline.create_loader('d', 'hers', $query, paused => true)");
	return;
}
sub sources { return sql(q{SELECT l.name || ' reads ' || regexp_replace(c.url, '.*/', '') FROM hyperline.loader l JOIN hyperline.connection c USING (connection_id) WHERE c.name = 'c' ORDER BY 1}); }

# begin($role, $sql): its end is for finish(), which returns what it said.
sub begin
{
	my ($role, $sql) = @_;
	my $self = { said => '' };
	$self->{harness} = IPC::Run::start([ 'psql', '-XAtq', '-U', $role, '-d', $node->connstr('postgres') . " application_name=$role", '-c', $sql ], '>', \$self->{said}, '2>', \$self->{said},
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return $self;
}
sub finish { my ($self) = @_; $self->{harness}->finish; return $self->{said}; }

# Whether what was begun waits for a lock; false when it ends instead.
sub waits
{
	my ($self, $role) = @_;
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		return 1 if sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = '$role' AND wait_event_type = 'Lock'");
		return 0 if !$self->{harness}->pumpable;
		$self->{harness}->pump_nb;
		usleep(100_000);
	}
	return 0;
}

my $other = "SELECT hyperline.alter_connection('c', url => '" . url('evil') . "')";
my $changed = qr/^ERROR:  connection "c" has got another url or owner\nDETAIL:  Another session changed it at the same time\.\nHINT:  Look at hyperline\.connections, and try again\.$/m;
my %calls = (
	'a new loader of a user' => [ 'alice', "SELECT hyperline.create_loader('c', 'new', $query, paused => true)", 'new' ],
	'a new loader of a superuser' => [ 'root', "SELECT hyperline.create_loader('c', 'new', $query, paused => true)", 'new' ],
	'a loader that gets the connection' => [ 'alice', "SELECT hyperline.alter_loader('hers', connection => 'c')", 'hers' ]);
for my $what (sort keys %calls)
{
	my ($role, $call, $loader) = @{ $calls{$what} };

	# bob's url first
	start_anew();
	my $bob = open_session($node, 'postgres', 'bob');
	$bob->run("BEGIN; $other");
	my $waiting = begin($role, $call);
	ok(waits($waiting, $role), "$what waits for who gives the connection another url");
	$bob->run('COMMIT');
	like(finish($waiting), $changed, "$what: and is refused when he does");
	is(sources(), '', "$what: nothing of his is read");
	is(sql("SELECT owner || ' ' || url FROM hyperline.connections WHERE name = 'c'"), 'bob ' . url('evil', 'reader:********'), "$what: the connection is his to change");

	start_anew();
	$bob->run("BEGIN; $other");
	$waiting = begin($role, $call);
	waits($waiting, $role);
	$bob->run('ROLLBACK');
	unlike(finish($waiting), qr/ERROR/, "$what goes on when he does not");
	is(sources(), "$loader reads postgres", "$what: from the source that was described");
	$bob->close;

	# The loader first
	start_anew();
	my $first = open_session($node, 'postgres', $role);
	$first->run("BEGIN; $call");
	$waiting = begin('bob', $other);
	ok(waits($waiting, 'bob'), "$what: a url waits for who takes the connection");
	$first->run('COMMIT');
	like(finish($waiting), qr/^ERROR:  loader "$loader" of role "$role" uses connection "c"$/m, "$what: and is refused when he does");
	is(sources(), "$loader reads postgres", "$what: what was described is read");

	start_anew();
	$first->run("BEGIN; $call");
	$waiting = begin('bob', $other);
	waits($waiting, 'bob');
	$first->run('ROLLBACK');
	unlike(finish($waiting), qr/ERROR/, "$what: and is given when he does not");
	$first->close;
}

# A superuser's url becomes bob's
start_anew();
sql("UPDATE hyperline.connection SET owner = 'root' WHERE name = 'c'");
my $bob = open_session($node, 'postgres', 'bob');
$bob->run("BEGIN; SELECT hyperline.alter_connection('c', url => '" . url('postgres') . "')");
my $waiting = begin('alice', $calls{'a new loader of a user'}[1]);
ok(waits($waiting, 'alice'), 'a loader waits for who makes the url his own');
$bob->run('COMMIT');
like(finish($waiting), $changed, 'and is refused');

# What changes neither is in nobody's way, or is waited for
start_anew();
$bob->run("BEGIN; SELECT hyperline.alter_connection('c', max_concurrent_runs => 7)");
is(finish(begin('alice', $calls{'a new loader of a user'}[1])), "new\n", 'a number of runs is in nobody\'s way');
$bob->run('COMMIT');
start_anew();
$bob->run("BEGIN; SELECT hyperline.alter_connection('c', max_concurrent_runs => 7); SELECT hyperline.alter_connection('c', url => '" . url('postgres') . "')");
$waiting = begin('alice', $calls{'a new loader of a user'}[1]);
ok(waits($waiting, 'alice'), 'the same url again is waited for');
$bob->run('COMMIT');
is(finish($waiting), "new\n", 'and is the same url');

# A wait ends by a lock_timeout and by a cancel, on either side
start_anew();
$bob->run("BEGIN; $other");
like(finish(begin('alice', "SET lock_timeout = '100ms'; $calls{'a new loader of a user'}[1]")), qr/^ERROR:  canceling statement due to lock timeout$/m, 'a loader does not wait past lock_timeout');
$waiting = begin('alice', $calls{'a new loader of a user'}[1]);
ok(waits($waiting, 'alice'), 'a loader waits');
sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'alice'");
like(finish($waiting), qr/^ERROR:  canceling statement due to user request$/m, 'until it is cancelled');
$bob->run('ROLLBACK');
my $alice = open_session($node, 'postgres', 'alice');
$alice->run("BEGIN; $calls{'a new loader of a user'}[1]");
like(finish(begin('bob', "SET lock_timeout = '100ms'; $other")), qr/^ERROR:  canceling statement due to lock timeout$/m, 'nor does a url');
$waiting = begin('bob', $other);
ok(waits($waiting, 'bob'), 'a url waits');
sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'bob'");
like(finish($waiting), qr/^ERROR:  canceling statement due to user request$/m, 'until it is cancelled');
$alice->run('ROLLBACK');

# A transaction that keeps its snapshot does not see who has taken the connection, nor what it has become
start_anew();
my $fixed = qr/^ERROR:  another source cannot be given in a REPEATABLE READ or SERIALIZABLE transaction\nDETAIL:  .*\nHINT:  Give the url in a READ COMMITTED transaction\.$/m;
for my $level ('REPEATABLE READ', 'SERIALIZABLE')
{
	like(finish(begin('bob', "BEGIN ISOLATION LEVEL $level; $other")), $fixed, "$level: no other source");
	unlike(finish(begin('bob', "BEGIN ISOLATION LEVEL $level; SELECT hyperline.alter_connection('c', url => '" . url('postgres') . "'); COMMIT")), qr/ERROR/, "$level: the same one");
	unlike(finish(begin('root', "BEGIN ISOLATION LEVEL $level; $other; ROLLBACK")), qr/ERROR/, "$level: a superuser may");
	$alice->run("BEGIN ISOLATION LEVEL $level; SELECT name FROM hyperline.connections");
	$bob->run($other);
	$alice->send("$calls{'a new loader of a user'}[1]");
	ok(!eval { $alice->finish; 1 }, "$level: a loader of what has changed meanwhile");
	is(sources(), '', "$level: is not stored");
	$alice = open_session($node, 'postgres', 'alice');
	start_anew();
}
$_->close for $alice, $bob;
$node->stop;
done_testing();
