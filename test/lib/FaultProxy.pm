# A TCP proxy between a target and its source that breaks in a place that was asked for: at byte N of either direction
# of the k-th connection, or where a pattern first comes by. It runs in a process of its own that ends with the test,
# and does nothing by chance or by the clock but where a rule names seconds.
#
#   my $proxy = FaultProxy->new($source);            # to a node that listens on 127.0.0.1
#   $proxy->rules({ from => 'source', at => 100, do => 'rst' }, ...);
#   $proxy->rules;                                   # from now on it only passes on
#
# A rule: from => 'source' or 'client': the direction whose bytes count; where: at => N (after N bytes of it), or
# before => / after => a string (around its first occurrence); connection => k (the k-th since the rules were set; left
# out: each). do =>
#   fin, rst     both sides are closed, in order or by a reset
#   stall        nothing more is passed on in this direction; an end of either side still is
#   blackhole    nothing at all is passed on any more, as if the cable were cut
#   replace      the next `length` bytes are dropped and `data` is sent instead (length 0 inserts)
#   flood        `data` is sent again and again, instead of what comes
#   delay        this direction rests for `seconds`
#   throttle     from here on `bytes` at a time, then a rest of `seconds`
package FaultProxy;

use strict;
use warnings;

use Errno qw(EAGAIN EINTR EWOULDBLOCK);
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Socket;
use Time::HiRes qw(time);

use constant CHUNK => 65536;

# new($node): between 127.0.0.1 and a node that listens there.
sub new
{
	my ($class, $node) = @_;
	my $listener = IO::Socket::INET->new(Listen => 64, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "cannot listen: $@";
	socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "socketpair: $!";
	$_->autoflush(1) for $ours, $theirs;
	my $pid = fork() // die "fork: $!";
	if ($pid == 0)
	{
		close($ours);
		$SIG{PIPE} = 'IGNORE';
		eval { _serve($listener, $theirs, $node->port); 1 } or print STDERR "# the proxy ended: $@";
		POSIX::_exit(0);
	}
	close($theirs);
	my $self = bless { port => $listener->sockport, control => $ours, pid => $pid, test => $$ }, $class;
	close($listener);
	return $self;
}

# Where to connect to instead of the node.
sub port { my ($self) = @_; return $self->{port}; }

# url(...): what create_connection takes.
sub url
{
	my ($self, %options) = @_;
	return sprintf('postgres://%s@127.0.0.1:%d/%s%s', $options{role} // 'reader', $self->{port}, $options{database} // 'postgres',
		$options{options} // '');
}

# Sets the rules for connections that come from now on, which are counted from 1; those that are open keep theirs.
sub rules
{
	my ($self, @rules) = @_;
	for my $rule (@rules)
	{
		$rule = { %{$rule}, map { $_ => encode_base64($rule->{$_}, '') } grep { exists $rule->{$_} } qw(before after data) };
	}
	return $self->_ask({ do => 'rules', rules => \@rules });
}

# What was stalled, delayed or throttled is passed on as it comes.
sub go_on
{
	my ($self) = @_;
	return $self->_ask({ do => 'go_on' });
}

# Ends every connection that is open; $how: fin or rst.
sub cut
{
	my ($self, $how) = @_;
	return $self->_ask({ do => 'cut', how => $how // 'rst' });
}

# What came by since the rules were set: a list of { source => bytes, client => bytes, fired => rules that came true,
# open => 0 or 1 }, by connection.
sub seen
{
	my ($self) = @_;
	return @{ $self->_ask({ do => 'seen' })->{connections} };
}

# How many rules have come true since they were set.
sub fired
{
	my ($self) = @_;
	my $sum = 0;
	$sum += $_->{fired} for $self->seen;
	return $sum;
}

sub stop
{
	my ($self) = @_;
	return unless $self->{pid} && $self->{test} == $$;
	close($self->{control});
	waitpid($self->{pid}, 0);
	$self->{pid} = 0;
	return;
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $!);
	$self->stop;
	return;
}

sub _ask
{
	my ($self, $request) = @_;
	print { $self->{control} } encode_json($request), "\n";
	my $answer = readline($self->{control}) // die 'the proxy has ended';
	return decode_json($answer);
}

# The proxy's own process --------------------------------------------------------------------------------------------

sub _serve
{
	my ($listener, $control, $port) = @_;
	my (@connections, @rules, $asked);
	my $count = 0;
	my $request = '';
	$_->blocking(0) for $listener, $control;
	for (;;)
	{
		my ($readers, $writers, $rest) = (IO::Select->new($listener, $control), IO::Select->new, undef);
		for my $connection (grep { $_->{open} } @connections)
		{
			for my $stream (@{ $connection->{streams} })
			{
				_pump($connection, $stream);
				last unless $connection->{open};
				$readers->add($stream->{in}) if !$stream->{eof} && length($stream->{held}) < CHUNK && !$connection->{dark};
				$writers->add($stream->{out}) if length($stream->{ready});
				$rest = $stream->{until} if $stream->{until} && (!defined($rest) || $stream->{until} < $rest);
			}
		}
		my $wait = defined($rest) ? $rest - time : undef;
		my ($read, $write) = IO::Select->select($readers, $writers, undef, defined($wait) ? ($wait > 0 ? $wait : 0) : undef);
		my %can_read = map { fileno($_) => 1 } @{ $read // [] };
		my %can_write = map { fileno($_) => 1 } @{ $write // [] };
		if ($can_read{ fileno($control) })
		{
			my $got = sysread($control, $request, CHUNK, length($request));
			return if defined($got) && $got == 0;
			while ($request =~ s/^(.*)\n//)
			{
				$asked = decode_json($1);
				my $answer = {};
				if ($asked->{do} eq 'rules')
				{
					@rules = map { _unpack_rule($_) } @{ $asked->{rules} };
					@connections = grep { $_->{open} } @connections;
					$_->{old} = 1 for @connections;
					$count = 0;
				}
				elsif ($asked->{do} eq 'cut') { _end($_, $asked->{how}) for grep { $_->{open} } @connections; }
				elsif ($asked->{do} eq 'go_on')
				{
					delete @{$_}{qw(stalled until throttle)} for map { @{ $_->{streams} } } grep { $_->{open} } @connections;
				}
				else
				{
					$answer->{connections} = [
						map { { client => $_->{streams}[0]{passed}, source => $_->{streams}[1]{passed}, fired => $_->{fired}, open => $_->{open} ? 1 : 0 } }
						grep { !$_->{old} } @connections
					];
				}
				syswrite($control, encode_json($answer) . "\n");
			}
		}
		for my $connection (grep { $_->{open} } @connections)
		{
			for my $stream (@{ $connection->{streams} })
			{
				last unless $connection->{open};
				_read($connection, $stream) if $can_read{ fileno($stream->{in}) };
				_write($connection, $stream) if $connection->{open} && $can_write{ fileno($stream->{out}) };
			}
		}
		if ($can_read{ fileno($listener) } && (my $client = $listener->accept))
		{
			$count++;
			push @connections, _connect($client, $port, grep { !$_->{connection} || $_->{connection} == $count } @rules);
		}
	}
	return;
}

sub _unpack_rule
{
	my ($rule) = @_;
	return { %{$rule}, map { $_ => decode_base64($rule->{$_}) } grep { exists $rule->{$_} } qw(before after data) };
}

sub _connect
{
	my ($client, $port, @rules) = @_;
	my $source = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp');
	my $connection = { open => 1, fired => 0, sockets => [ $client, $source // () ] };
	$_->blocking(0) for @{ $connection->{sockets} };
	my $stream = sub {
		my ($from, $in, $out) = @_;
		return { from => $from, in => $in, out => $out, held => '', ready => '', passed => 0, rules => [ map { { %{$_} } } grep { $_->{from} eq $from } @rules ] };
	};
	$connection->{streams} = $source ? [ $stream->('client', $client, $source), $stream->('source', $source, $client) ] : [];
	_end($connection, 'rst') unless $source; # the source is down: what a target sees of it is a connection that ends
	return $connection;
}

sub _read
{
	my ($connection, $stream) = @_;
	my $got = sysread($stream->{in}, $stream->{held}, CHUNK, length($stream->{held}));
	return if defined($got) && $got > 0;
	return if !defined($got) && ($!{EAGAIN} || $!{EINTR} || $!{EWOULDBLOCK});
	return _end($connection, 'rst') unless defined($got);
	$stream->{eof} = 1;
	return;
}

sub _write
{
	my ($connection, $stream) = @_;
	my $wrote = syswrite($stream->{out}, $stream->{ready});
	if (defined($wrote)) { substr($stream->{ready}, 0, $wrote, ''); }
	elsif (!($!{EAGAIN} || $!{EINTR} || $!{EWOULDBLOCK})) { _end($connection, 'rst'); }
	return;
}

sub _end
{
	my ($connection, $how) = @_;
	$connection->{open} = 0;
	for my $socket (@{ $connection->{sockets} })
	{
		setsockopt($socket, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0)) if $how eq 'rst';
		if ($how eq 'fin')
		{
			# What has come and was not read would make the close a reset.
			shutdown($socket, 1);
			while (sysread($socket, my $unread, CHUNK)) { }
		}
		close($socket);
	}
	return;
}

# Moves what may pass from held to ready, and lets rules come true.
sub _pump
{
	my ($connection, $stream) = @_;
	return if $connection->{dark};
	if ($stream->{stalled})
	{
		_end($connection, 'fin') if $stream->{eof} && !length($stream->{ready});
		return;
	}
	for (;;)
	{
		if ($stream->{until})
		{
			return if time < $stream->{until};
			$stream->{until} = undef;
		}
		return if length($stream->{ready}) >= CHUNK;
		if (defined($stream->{flood}))
		{
			$stream->{held} = '';
			$stream->{ready} .= $stream->{flood} x (1 + int(CHUNK / length($stream->{flood})));
			return;
		}
		if ($stream->{drop})
		{
			my $dropped = length(substr($stream->{held}, 0, $stream->{drop}, ''));
			$stream->{drop} -= $dropped;
			return if $stream->{drop} && !$stream->{eof};
		}
		my ($rule, $room) = _next_rule($stream);
		$room = $stream->{throttle}{bytes} if $stream->{throttle} && (!defined($room) || $room > $stream->{throttle}{bytes});
		my $moved = substr($stream->{held}, 0, $room // length($stream->{held}), '');
		$stream->{passed} += length($moved);
		$stream->{ready} .= $moved;
		if ($rule && $stream->{passed} == $rule->{place})
		{
			$stream->{rules} = [ grep { $_ != $rule } @{ $stream->{rules} } ];
			$connection->{fired}++;
			_fire($connection, $stream, $rule);
			return unless $connection->{open} && !$connection->{dark} && !$stream->{stalled};
			next;
		}
		if ($stream->{throttle} && length($moved)) { $stream->{until} = time + $stream->{throttle}{seconds}; }
		last;
	}
	if ($stream->{eof} && !length($stream->{held}))
	{
		_write($connection, $stream) if length($stream->{ready});
		_end($connection, 'fin') if $connection->{open} && !length($stream->{ready});
	}
	return;
}

# The rule that comes true first, if its place is known, and how many bytes may pass before it (undef: all).
sub _next_rule
{
	my ($stream) = @_;
	my ($first, $room);
	for my $rule (@{ $stream->{rules} })
	{
		my $pattern = $rule->{before} // $rule->{after};
		if (!defined($rule->{place}) && defined($pattern))
		{
			my $found = index($stream->{held}, $pattern);
			if ($found < 0)
			{
				# What may become the pattern has to wait for the rest of it.
				my $kept = length($pattern) - 1;
				$kept = length($stream->{held}) if $kept > length($stream->{held});
				$kept-- while $kept > 0 && substr($stream->{held}, -$kept) ne substr($pattern, 0, $kept);
				$kept = 0 if $stream->{eof};
				my $passes = length($stream->{held}) - $kept;
				$room = $passes if !defined($room) || $passes < $room;
				next;
			}
			$rule->{place} = $stream->{passed} + $found + (defined($rule->{after}) ? length($pattern) : 0);
		}
		$rule->{place} //= $rule->{at};
		my $passes = $rule->{place} - $stream->{passed};
		($first, $room) = ($rule, $passes) if !defined($room) || $passes < $room || (!$first && $passes == $room);
	}
	return ($first, $room);
}

sub _fire
{
	my ($connection, $stream, $rule) = @_;
	my $do = $rule->{do};
	if ($do eq 'fin' || $do eq 'rst')
	{
		while (length($stream->{ready}) && $connection->{open})
		{
			my $writable = IO::Select->new($stream->{out})->can_write(1);
			last unless $writable;
			_write($connection, $stream);
		}
		_end($connection, $do) if $connection->{open};
	}
	elsif ($do eq 'stall') { $stream->{stalled} = 1; }
	elsif ($do eq 'blackhole') { $connection->{dark} = 1; }
	elsif ($do eq 'flood') { $stream->{flood} = $rule->{data}; }
	elsif ($do eq 'delay') { $stream->{until} = time + $rule->{seconds}; }
	elsif ($do eq 'throttle') { $stream->{throttle} = $rule; }
	elsif ($do eq 'replace')
	{
		$stream->{drop} = $rule->{length} // 0;
		$stream->{ready} .= $rule->{data};
	}
	else { die "a rule cannot do \"$do\""; }
	return;
}

1;
