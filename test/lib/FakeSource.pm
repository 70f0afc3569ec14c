# A source that is none: it answers a client with what a real server has said before, as it was or with changes that a
# seed decides. It runs in a process of its own that ends with the test, and serves one connection after the other.
#
#   my $recorded = FakeSource::record($node, sub { my ($url) = @_; ... });   # what one connection to $url is told
#   my $fake = FakeSource->new(sub { my ($database) = @_; return { turns => [...], ... } });
#
# What a server says comes in turns: what it sends before it waits for its client again. A turn is a list of messages,
# each with its type and length, or any other bytes. The function gets the database that the connection asks for, and
# returns what to do with it:
#   turns     the turns
#   patience  how long to wait for the client's next turn before the connection is closed, in seconds (none: for ever)
#   split     how many bytes to send at a time (none: all)
#   deaf      nothing is read any more after the last turn, and the connection stays as it is
# FakeSource->new($decide, $folder) listens on a socket in that folder, on whose way little is kept, and not on TCP.
package FakeSource;

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();
use Socket;
use Storable qw(store retrieve);
use Time::HiRes qw(time);

our @EXPORT_OK = qw(message);
use Exporter 'import';

# message($type, $body): with its length.
sub message
{
	my ($type, $body) = @_;
	return $type . pack('N', 4 + length($body)) . $body;
}

# record($node, $file, $use): calls $use with a url that leads to the node, and returns the turns of the first
# connection that came through it. $file is where the other process leaves them.
sub record
{
	my ($node, $file, $use) = @_;
	my $to = $node->port;
	my $self = _start(sub { my ($listener) = @_; store(_listen_in(_accept($listener), $to), $file); });
	$use->(url_of($self->{port}));
	waitpid($self->{pid}, 0);
	$self->{pid} = 0;
	return retrieve($file);
}

# new($decide, $folder): a running one; see above.
sub new
{
	my ($class, $decide, $folder) = @_;
	return _start(
		sub {
			my ($listener) = @_;
			while (1)
			{
				my $client = _accept($listener);
				my $database = _database($client);
				eval { _play($client, $decide->($database)); 1 } or print STDERR "# a connection to $database: $@";
			}
		},
		$folder);
}

# Where to connect to.
sub port { my ($self) = @_; return $self->{port}; }

# url($database): what create_connection takes. No encryption, so that each connection is one of TCP.
sub url
{
	my ($self, $database) = @_;
	return "postgres:///postgres?host=$self->{folder}&port=5432&user=reader" if defined($self->{folder});
	return url_of($self->{port}, $database);
}

sub url_of
{
	my ($port, $database) = @_;
	$database //= 'postgres';
	return "postgres://reader\@127.0.0.1:$port/$database?sslmode=disable";
}

sub DESTROY
{
	my ($self) = @_;
	return unless $self->{pid} && $self->{test} == $$;
	local $?;
	kill 'KILL', $self->{pid};
	waitpid($self->{pid}, 0);
	return;
}

sub _start
{
	my ($serve, $folder) = @_;
	my $listener = defined($folder) ? IO::Socket::UNIX->new(Listen => 64, Local => "$folder/.s.PGSQL.5432")
	  : IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', Proto => 'tcp');
	die "cannot listen: $@" if !$listener;
	my $test = $$;
	my $pid = fork() // die "fork: $!";
	if ($pid == 0)
	{
		$SIG{PIPE} = 'IGNORE';
		eval { $serve->($listener); 1 } or print STDERR "# the fake source ended: $@";
		POSIX::_exit(0);
	}
	return bless { (defined($folder) ? (folder => $folder) : (port => $listener->sockport)), pid => $pid, test => $$ }, __PACKAGE__;
}

# Whether something can be read, within $wait seconds (undef: for ever). Nobody waits on when the test has ended.
sub _readable
{
	my ($socket, $wait) = @_;
	my $parent = getppid();
	my $end = defined($wait) ? time + $wait : undef;
	while (1)
	{
		my $rest = defined($end) ? $end - time : 1;
		return 0 if $rest <= 0;
		return 1 if IO::Select->new($socket)->can_read($rest < 1 ? $rest : 1);
		POSIX::_exit(0) if getppid() != $parent;
	}
	return;
}

# Does nothing until the test has ended.
sub _wait_for_end
{
	my $parent = getppid();
	select(undef, undef, undef, 1) while getppid() == $parent;
	POSIX::_exit(0);
}

sub _accept
{
	my ($listener) = @_;
	_readable($listener);
	return $listener->accept // die "accept: $!";
}

# The messages in $bytes; what is no whole message is the last of them.
sub _messages
{
	my ($bytes) = @_;
	my @messages;
	while (length($bytes) >= 5)
	{
		my $length = 1 + unpack('x N', $bytes);
		last if $length < 5 || $length > length($bytes);
		push @messages, substr($bytes, 0, $length, '');
	}
	push @messages, $bytes if length($bytes);
	return \@messages;
}

sub _listen_in
{
	my ($client, $port) = @_;
	my $server = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp') or die "cannot connect: $@";
	my $select = IO::Select->new($client, $server);
	my (@turns, $last);
	while (1)
	{
		for my $from ($select->can_read)
		{
			my $got = sysread($from, my $bytes, 65536);
			return [ map { _messages($_) } @turns ] unless $got;
			if ($from == $server)
			{
				push @turns, '' if !defined($last) || $last != $from;
				$turns[-1] .= $bytes;
			}
			my $to = $from == $server ? $client : $server;
			$last = $from;
			for (my $sent = 0; $sent < length($bytes);)
			{
				$sent += syswrite($to, $bytes, length($bytes) - $sent, $sent) // return [ map { _messages($_) } @turns ];
			}
		}
	}
	return;
}

# What the packet that begins a connection says of its database; it stays to be read.
sub _database
{
	my ($client) = @_;
	my $packet = '';
	while (_readable($client, 10))
	{
		defined(recv($client, $packet, 65536, MSG_PEEK)) or last;
		last if length($packet) == 0 || length($packet) >= 4 && length($packet) >= unpack('N', $packet);
	}
	return $packet =~ /\0database\0([^\0]*)\0/ ? $1 : '';
}

# Waits for the client's next turn: the packet that begins a connection, or messages up to a Sync, a Query or what
# answers a request for a password. False when there is none.
sub _await
{
	my ($client, $begins, $patience) = @_;
	my $bytes = '';
	my $end = defined($patience) ? time + $patience : undef;
	while (1)
	{
		if ($begins)
		{
			return 1 if length($bytes) >= 4 && length($bytes) >= unpack('N', $bytes);
		}
		else
		{
			for my $message (@{ _messages($bytes) })
			{
				return 1 if $message =~ /\A[SQp]/;
				return 0 if $message =~ /\AX/;
			}
		}
		return 0 if !_readable($client, defined($end) ? $end - time : undef);
		return 0 if !sysread($client, $bytes, 65536, length($bytes));
	}
	return;
}

sub _say
{
	my ($client, $bytes, $split) = @_;
	for (my $sent = 0; $sent < length($bytes);)
	{
		my $length = length($bytes) - $sent;
		$length = $split if $split && $split < $length;
		my $wrote = syswrite($client, $bytes, $length, $sent);
		return 0 if !defined($wrote);
		$sent += $wrote;
	}
	return 1;
}

sub _play
{
	my ($client, $session) = @_;
	setsockopt($client, Socket::IPPROTO_TCP, Socket::TCP_NODELAY, 1);
	my $begins = 1;
	for my $turn (@{ $session->{turns} })
	{
		_await($client, $begins, $begins ? undef : $session->{patience}) or last;
		$begins = 0;
		_say($client, join('', @{$turn}), $session->{split}) or last;
	}
	_wait_for_end() if $session->{deaf};
	_await($client, 0, $session->{patience});
	close($client);
	return;
}

1;
