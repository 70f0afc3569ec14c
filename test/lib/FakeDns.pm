# A name server of the tests' own, on the loopback: it knows what it is told, and leaves questions open that it is told
# to leave open.
package FakeDns;

use strict;
use warnings;

use File::Temp qw(tempfile);
use IO::Handle;
use IO::Socket::INET;
use Socket qw(inet_aton inet_pton AF_INET6);

my %TYPE = (1 => 'A', 28 => 'AAAA');

# new(name => { A => [...], AAAA => [...] }, other => 'silent', another => 'broken'): a running one. A name that it
# does not know does not exist; a broken one is answered with garbage. Of a list of answers each A is given one after
# the other, and the last one again and again.
sub new
{
	my ($class, %names) = @_;
	my ($log, $file) = tempfile(UNLINK => 1);
	$log->autoflush(1);
	my $socket = IO::Socket::INET->new(Proto => 'udp', LocalAddr => '127.0.0.1', LocalPort => 0) or die "a socket: $!";
	my $parent = $$;
	my $pid = fork() // die "fork: $!";
	if ($pid == 0)
	{
		_serve($socket, $parent, \%names, $log);
		require POSIX;
		POSIX::_exit(0); # none of the test's END blocks
	}
	return bless { pid => $pid, parent => $parent, port => $socket->sockport, log => $file }, $class;
}

# The names that it was asked for so far
sub asked
{
	my ($self) = @_;
	open(my $log, '<', $self->{log}) or die "$self->{log}: $!";
	chomp(my @names = <$log>);
	return @names;
}

# What hyperline_connector.name_servers takes
sub address
{
	my ($self) = @_;
	return "127.0.0.1:$self->{port}";
}

sub DESTROY
{
	my ($self) = @_;
	return if $$ != $self->{parent};
	local $?;
	kill 'KILL', $self->{pid};
	waitpid $self->{pid}, 0;
	return;
}

sub _serve
{
	my ($socket, $parent, $names, $log) = @_;
	while (getppid() == $parent)
	{
		vec(my $ready = '', fileno($socket), 1) = 1;
		next if !select($ready, undef, undef, 1);
		$socket->recv(my $question, 512) // next;
		my $answer = _answer($question, $names, $log);
		$socket->send($answer) if defined $answer;
	}
	return;
}

sub _answer
{
	my ($question, $names, $log) = @_;
	my ($id) = unpack('n', $question);
	my ($at, @labels) = (12);
	while ((my $length = ord(substr($question, $at++, 1))) != 0)
	{
		push @labels, substr($question, $at, $length);
		$at += $length;
	}
	my $type = $TYPE{ unpack('n', substr($question, $at, 2)) } // '';
	my $asked = substr($question, 12, $at + 4 - 12);
	my $name = lc(join('.', @labels));
	print {$log} "$name\n";
	my $known = $names->{$name};
	if (ref($known) eq 'ARRAY')
	{
		my $one = $known->[0];
		shift @{$known} if $type eq 'A' && @{$known} > 1;
		$known = $one;
	}
	return pack('n6', $id, 0x8183, 1, 0, 0, 0) . $asked if !defined $known;
	return if $known eq 'silent';
	return pack('n', $id) . 'garbage' x 40 if $known eq 'broken';
	my @data = map { $type eq 'A' ? inet_aton($_) : inet_pton(AF_INET6, $_) } @{ $known->{$type} // [] };
	return pack('n6', $id, 0x8180, 1, scalar(@data), 0, 0) . $asked
	  . join('', map { pack('n3Nn', 0xC00C, $type eq 'A' ? 1 : 28, 1, 0, length($_)) . $_ } @data);
}

1;
