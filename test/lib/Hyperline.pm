# Servers for the TAP tests, on top of PostgreSQL::Test::Cluster: targets with the extension, and sources. They stop
# with the test. Waiting for a state is poll_query_until's work.
package Hyperline;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(usleep);

our @EXPORT = qw(start_target start_source source_url kill_process);

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
	$node->init;
	$node->append_conf('postgresql.conf', join("\n", "timezone = 'UTC'", @settings) . "\n");
	$node->start;
	return $node;
}

1;
