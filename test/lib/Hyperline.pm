# Servers for the TAP tests, on top of PostgreSQL::Test::Cluster: targets with the extension, and sources. They stop
# with the test. Waiting for a state is poll_query_until's work.
package Hyperline;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep);

our @EXPORT = qw(start_target start_source start_replica source_url open_session kill_process make_gate authenticate under_memcheck under_valgrind);

# under_memcheck(): whether targets run under AddressSanitizer or valgrind, whose own memory spoils bounds of it.
sub under_memcheck { return ($ENV{HYPERLINE_MEMCHECK} // '') ne ''; }

# under_valgrind(): whether they run under valgrind, which takes so long that what happens in time elsewhere does not.
sub under_valgrind { return ($ENV{HYPERLINE_MEMCHECK} // '') eq 'valgrind'; }

# start_target($name, @settings): a running node with the library preloaded and the extension in database postgres.
sub start_target
{
	my ($name, @settings) = @_;
	my $node = _start($name, "shared_preload_libraries = 'hyperline_connector'", @settings);
	$node->safe_psql('postgres', 'CREATE EXTENSION hyperline_connector');
	return $node;
}

# start_source($name, @settings): a running node with a role reader, which may read everything and write nothing.
sub start_source
{
	my ($name, @settings) = @_;
	my $node = _start($name, @settings);
	$node->safe_psql('postgres', 'CREATE ROLE reader LOGIN IN ROLE pg_read_all_data');
	return $node;
}

# make_gate($source): a function gate() there, at which queries wait while a session has pg_advisory_lock(1), however long: a run
# itself waits for a lock for some seconds only.
sub make_gate
{
	my ($node) = @_;
	$node->safe_psql('postgres', q{CREATE FUNCTION gate() RETURNS text LANGUAGE sql SET lock_timeout = 0 AS 'SELECT pg_advisory_xact_lock_shared(1)::text'});
	return;
}

# start_replica($primary, $name, @settings): a running standby of a node that was started with wal_level = replica.
sub start_replica
{
	my ($primary, $name, @settings) = @_;
	$primary->backup("for_$name");
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init_from_backup($primary, "for_$name", has_streaming => 1);
	$node->append_conf('postgresql.conf', join("\n", @settings) . "\n");
	$node->start;
	return $node;
}

# open_session($node, $database, $role): a psql that stays; ->run($sql) waits for its end and returns what it printed;
# ->send($sql) does not wait; ->close ends it. An error in it dies.
sub open_session
{
	my ($node, $database, $role) = @_;
	my $self = bless { in => '', out => '', count => 0 }, 'Hyperline::Session';
	$self->{harness} = IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database // 'postgres'), '-U', $role // $ENV{PGUSER} // getpwuid($<) ],
		'<', \$self->{in}, '>', \$self->{out}, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return $self;
}

sub Hyperline::Session::send
{
	my ($self, $sql) = @_;
	$self->{count}++;
	$self->{in} .= "$sql;\n\\echo end $self->{count}\n";
	$self->{harness}->pump_nb;
	return;
}

sub Hyperline::Session::finish
{
	my ($self) = @_;
	$self->{harness}->pump until $self->{out} =~ /^end $self->{count}$/m;
	my ($said) = $self->{out} =~ /\A(.*?)^end $self->{count}$/ms;
	$self->{out} = '';
	chomp $said;
	return $said;
}

sub Hyperline::Session::run
{
	my ($self, $sql) = @_;
	$self->send($sql);
	return $self->finish;
}

sub Hyperline::Session::close
{
	my ($self) = @_;
	$self->{in} .= "\\q\n";
	$self->{harness}->finish;
	return;
}

# authenticate($node, @rules): these lines of pg_hba.conf come before those that are there.
sub authenticate
{
	my ($node, @rules) = @_;
	my $hba = $node->data_dir . '/pg_hba.conf';
	my $trusting = slurp_file($hba);
	unlink $hba or die "$hba: $!";
	append_to_file($hba, join("\n", @rules, $trusting));
	$node->reload;
	return;
}

# source_url($node, $database, $role): what create_connection takes; database postgres and role reader when left out.
sub source_url
{
	my ($node, $database, $role) = @_;
	my $host = $node->host;
	$host =~ s/([^A-Za-z0-9\/._~-])/sprintf('%%%02X', ord($1))/ge;
	return sprintf('postgres:///%s?host=%s&port=%d&user=%s',
		$database // 'postgres', $host, $node->port, $role // 'reader');
}

# kill_process($node, $pid): SIGKILL for a process of a node that has restart_after_crash on; returns when it is up again.
sub kill_process
{
	my ($node, $pid) = @_;
	my $seen = -s $node->logfile;
	kill 'KILL', $pid;
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		last if substr(slurp_file($node->logfile), $seen) =~ /all server processes terminated.*ready to accept connections/s;
		usleep(100_000);
	}
	return;
}

sub _start
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);
	$node->init(allows_streaming => scalar grep { /wal_level = replica/ } @settings);
	$node->append_conf('postgresql.conf', join("\n", "timezone = 'UTC'", @settings) . "\n");
	$node->start;
	return $node;
}

1;
