# What has to hold after a fault, whatever it was. One function asks all of it, and says what does not hold:
#
#   is(aftermath($target, $source), '', 'after a source that was reset');
#
# - every loader that is not paused runs again by itself, and succeeds
# - every event is stored exactly once, as the source has it now
# - every run's row is true
# - nothing is left behind: locks, runners, sessions at the source, temporary files, shared memory
#
# The source must not be written to meanwhile. Loaders have event types of their own, and queries that return the same
# rows whenever they run; an event that the source no longer has is missed by nobody.
package Aftermath;

use strict;
use warnings;

use Exporter 'import';
use File::Find;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(aftermath ask wait_for patiently try_psql);

# patiently($node, $sql): what a query returns, asked again while the server starts or ends connections.
sub patiently
{
	my ($node, $sql, $database) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	for (;;)
	{
		my ($status, $out, $err) = try_psql($node, $sql, $database);
		return $out if $status == 0 && $err !~ /(?:ERROR|FATAL|server closed)/;
		die "$err\n(in: $sql)" unless $err =~ /starting up|shutting down|recovery|terminating connection|server closed|not accepting|could not connect|connection to server|Connection re(?:fused|set)/;
		die "the server did not come back: $err" if time > $deadline;
		usleep(50_000);
	}
}

# try_psql($node, $sql): status, output and errors; a psql that has no server to talk to, or one without memory, may end before it reads.
sub try_psql
{
	my ($node, $sql, $database) = @_;
	my @answer = eval { $node->psql($database // 'postgres', $sql) };
	return @answer if @answer;
	return (2, '', "server closed: $@") if $@ =~ /Broken pipe|connection error/;
	die $@;
}

# ask($node, $sql): alias of patiently, for a line that reads well.
sub ask { return patiently(@_); }

# wait_for($node, $sql, $expected): polls until the query returns what is expected ('t' when left out). Returns whether
# it did before the deadline.
sub wait_for
{
	my ($node, $sql, $expected, $seconds) = @_;
	$expected //= 't';
	my $deadline = time + ($seconds // $PostgreSQL::Test::Utils::timeout_default);
	my $last;
	for (;;)
	{
		$last = patiently($node, $sql);
		return 1 if $last eq $expected;
		last if time > $deadline;
		usleep(50_000);
	}
	diag("waited for \"$expected\", got \"$last\": $sql");
	return 0;
}

# aftermath($target, $source, %options): '' when all holds, else what does not, a line each. Options: database of the
# source (postgres), after => the run that the fault hit (the last one that there is), runs => 0 when no loader is to run
# again, pooled => 1 when what is idle at the source belongs to a pooler, dead => [pids of postmasters that were killed].
sub aftermath
{
	my ($target, $source, %options) = @_;
	my @wrong;
	push @wrong, _run_again($target, $options{after}) if $options{runs} // 1;
	my @loaders = split /\n/, patiently($target, 'SELECT name FROM hyperline.loaders WHERE NOT paused ORDER BY name');
	patiently($target, "SELECT hyperline.pause_loader(name) FROM hyperline.loaders WHERE NOT paused");
	push @wrong, 'runs go on though every loader is paused: ' . patiently($target, "SELECT string_agg(format('%s %s', loader, status), ', ') FROM hyperline.loader_runs WHERE status IN ('queued', 'running')")
		unless wait_for($target, "SELECT count(*) FROM hyperline.loader_runs WHERE status IN ('queued', 'running')", '0');
	push @wrong, _differences($target, $source, $options{database} // 'postgres');
	push @wrong, _untrue_rows($target);
	push @wrong, _left_behind($target, $source, $options{pooled}, @{ $options{dead} // [] });
	patiently($target, "SELECT hyperline.resume_loader('$_')") for @loaders;
	return join("\n", @wrong);
}

sub _run_again
{
	my ($target, $before) = @_;
	$before //= patiently($target, 'SELECT COALESCE(max(run_id), 0) FROM hyperline.loader_runs');
	my $waiting = "SELECT count(*) FROM hyperline.loaders l WHERE NOT l.paused AND NOT EXISTS (SELECT FROM hyperline.loader_runs r WHERE r.loader = l.name AND r.run_id > $before AND r.status = 'succeeded')";
	return () if wait_for($target, $waiting, '0');
	return 'loaders do not run again: '
		. patiently($target, "SELECT string_agg(format('%s (%s, %s)', name, status, last_error), ', ') FROM hyperline.loaders l WHERE NOT paused");
}

# Each event type against the query at the source, all fields of it.
sub _differences
{
	my ($target, $source, $database) = @_;
	my @wrong;
	my $digest = "count(*), md5(COALESCE(string_agg(concat_ws('|', id, customer_id, at, record), E'\\n' ORDER BY id, customer_id), ''))";
	for my $loader (split /\n/, patiently($target, "SELECT name || '|' || event_type || '|' || encode(convert_to(query, 'UTF8'), 'hex') FROM hyperline.loaders"))
	{
		my ($name, $type, $hex) = split /\|/, $loader;
		my $query = pack('H*', $hex);
		$query =~ s/\{\{last_refreshed_at\}\}/'-infinity'::timestamptz/g;
		my $expected = patiently($source, qq{SET TimeZone = 'UTC'; SELECT $digest FROM (
			SELECT q.id::text COLLATE "C" AS id, q."customerId"::text COLLATE "C" AS customer_id, q.timestamp::timestamptz AS at, to_jsonb(q) - 'id' - 'customerId' - 'customerName' - 'timestamp' AS record FROM ($query) q) e}, $database);
		my $stored = patiently($target, qq{SET TimeZone = 'UTC'; SELECT $digest FROM (
			SELECT id, customer_id, timestamp AS at, record FROM hyperline.events WHERE event_type = '$type') e});
		push @wrong, "loader $name: the source has $expected, stored is $stored" if $stored ne $expected;
	}
	push @wrong, map { "stored more than once: $_" } split /\n/, patiently($target, q{
		SET enable_indexscan = off; SET enable_indexonlyscan = off; SET enable_bitmapscan = off;
		SELECT event_type || ' ' || id || ' ' || customer_id FROM hyperline.events GROUP BY event_type, id, customer_id HAVING count(*) > 1 LIMIT 5});
	push @wrong, map { "a customer of events is missing: $_" } split /\n/, patiently($target, q{
		SELECT DISTINCT customer_id FROM hyperline.events e WHERE NOT EXISTS (SELECT FROM hyperline.all_customers c WHERE c.external_id = e.customer_id) LIMIT 5});
	return @wrong;
}

# What the rows of runs say, against what is stored: events are never deleted, so each was inserted by one run.
sub _untrue_rows
{
	my ($target) = @_;
	my @wrong;
	push @wrong, map { "untrue row: $_" } split /\n/, patiently($target, q{
		SELECT format('run %s of %s: %s, started %s, finished %s, sqlstate %s', run_id, loader, status, started_at, finished_at, COALESCE(sqlstate, 'NULL'))
		FROM hyperline.loader_runs
		WHERE status NOT IN ('queued', 'running')
		  AND (finished_at IS NULL
			OR (status = 'succeeded') <> (sqlstate IS NULL) AND NOT (status = 'cancelled' AND started_at IS NULL)
			OR (status = 'succeeded') <> (error IS NULL) AND NOT (status = 'cancelled' AND started_at IS NULL)
			OR started_at IS NULL AND (status <> 'cancelled' OR rows_read <> 0)
			OR rows_read <> inserted + updated + unchanged + stale + duplicates + rejected)
		LIMIT 5});
	push @wrong, map { "untrue counts: $_" } split /\n/, patiently($target, q{
		SELECT format('of %s events of type %s the runs say that they inserted %s', COALESCE(e.events, 0), COALESCE(e.event_type, r.event_type), COALESCE(r.inserted, 0))
		FROM (SELECT event_type, count(*) AS events FROM hyperline.events GROUP BY event_type) e
		FULL JOIN (SELECT event_type, sum(inserted) AS inserted FROM hyperline.loader_runs GROUP BY event_type) r USING (event_type)
		WHERE COALESCE(e.events, 0) <> COALESCE(r.inserted, 0)});
	push @wrong, map { "untrue counts: $_" } split /\n/, patiently($target, q{
		SELECT format('run %s stored %s events, its row says %s', e.run_id, e.events, r.inserted + r.updated)
		FROM (SELECT run_id, count(*) AS events FROM hyperline.events GROUP BY run_id) e
		LEFT JOIN hyperline.loader_runs r USING (run_id)
		WHERE r.run_id IS NULL OR e.events > r.inserted + r.updated
		LIMIT 5});
	return @wrong;
}

sub _left_behind
{
	my ($target, $source, $pooled, @dead) = @_;
	my @wrong;
	my $nothing = sub {
		my ($node, $what, $sql, $seconds) = @_;
		push @wrong, "left behind: $what: " . patiently($node, $sql) unless wait_for($node, "SELECT count(*) FROM ($sql) x", '0', $seconds // 30);
		return;
	};
	$nothing->($target, 'advisory locks', "SELECT classid, objid, pid FROM pg_locks WHERE locktype = 'advisory'");
	$nothing->($target, 'runners', "SELECT pid, query FROM pg_stat_activity WHERE backend_type = 'hyperline runner'");
	$nothing->($target, 'prepared transactions', 'SELECT gid FROM pg_prepared_xacts');
	$nothing->($target, 'temporary files', q{SELECT name FROM pg_ls_tmpdir()});
	$nothing->($source, 'sessions at the source', "SELECT pid, state, query FROM pg_stat_activity WHERE application_name = 'hyperline_connector'" . ($pooled ? " AND state <> 'idle'" : ''));
	my $workers = "SELECT count(*) FILTER (WHERE backend_type = 'hyperline launcher') || ' launcher, ' || count(*) FILTER (WHERE backend_type = 'hyperline scheduler') || ' scheduler' FROM pg_stat_activity";
	push @wrong, 'not the workers that there should be: ' . patiently($target, $workers) unless wait_for($target, $workers, '1 launcher, 1 scheduler', 30);
	if (@dead && open(my $segments, '<', '/proc/sysvipc/shm'))
	{
		my %dead = map { $_ => 1 } @dead;
		# The key is the data folder's: other servers of this machine may have the numbers of dead ones.
		my $key = unpack('l', pack('L', (stat($target->data_dir))[1] & 0xffffffff));
		push @wrong, map { "left behind: shared memory of a server that is gone: $_" } grep { my @segment = split ' ', $_; $segment[0] eq $key && $dead{ $segment[4] } } <$segments>;
	}
	return @wrong;
}

1;
