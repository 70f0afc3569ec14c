# A clock that is set forward or back, while loaders of a second run: they go on, and the scheduler does not spin. The
# target server reads its clock through a shim that adds an offset of ours; time that passes is not touched.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $folder = PostgreSQL::Test::Utils::tempdir();
my ($shim, $offset) = ("$folder/clock.so", "$folder/offset");
append_to_file("$folder/clock.c", <<'C');
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile long long *offset;

__attribute__((constructor)) static void map_offset(void)
{
	const char *name = getenv("CLOCK_OFFSET");
	int file = name ? open(name, O_RDONLY) : -1;
	void *at = file < 0 ? MAP_FAILED : mmap(NULL, sizeof(*offset), PROT_READ, MAP_SHARED, file, 0);
	if (file >= 0)
		close(file);
	if (at != MAP_FAILED)
		offset = at;
}

int clock_gettime(clockid_t clock, struct timespec *at)
{
	int failed = (int)syscall(SYS_clock_gettime, clock, at);
	if (!failed && offset && clock == CLOCK_REALTIME)
		at->tv_sec += *offset;
	return failed;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
	struct timespec now;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &now);
	at->tv_sec = now.tv_sec;
	at->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *at)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	if (at)
		*at = now.tv_sec;
	return now.tv_sec;
}
C
system_or_bail('cc', '-shared', '-fPIC', '-O1', '-o', $shim, "$folder/clock.c");

sub set_clock
{
	my ($days) = @_;
	open(my $file, -e $offset ? '+<' : '>', $offset) or die "$offset: $!";
	syswrite($file, pack("q", int($days * 86400))) == 8 or die "$offset: $!";
	close($file);
	return;
}

set_clock(0);
my $source = start_source('source');
my $target = PostgreSQL::Test::Cluster->new('target');
$target->init;
$target->append_conf('postgresql.conf', "timezone = 'UTC'\nshared_preload_libraries = 'hyperline_connector'\nlog_line_prefix = '%m [%p] %b '\n");
{
	local $ENV{CLOCK_OFFSET} = $offset;
	local $ENV{LD_PRELOAD} = $shim;
	$target->start;
}
sub sql { return $target->safe_psql('postgres', $_[0]); }
sql('CREATE EXTENSION hyperline_connector');
my $url = source_url($source);
sql("SELECT hyperline.create_connection('product', '$url')");
sql("SELECT hyperline.create_loader('product', '$_', 'SELECT 1 AS id, 1 AS \"customerId\", timestamptz ''2026-01-01'' AS timestamp', '1 second')") for 'a', 'b';

# Both loaders run on, each due time once; the server does not spin: what it commits belongs to runs and to our questions.
sub goes_on
{
	my ($what) = @_;
	my $last = sql('SELECT COALESCE(max(run_id), 0) FROM hyperline.run');
	my $commits = "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'";
	my $before = sql($commits);
	ok(wait_for($target, "SELECT count(*) = 2 FROM (SELECT loader FROM hyperline.run WHERE run_id > $last AND due_at BETWEEN now() - interval '1 hour' AND now() AND status = 'succeeded' GROUP BY loader HAVING count(*) >= 3) x"), "$what: both loaders run on");
	my $runs = sql("SELECT count(*) FROM hyperline.run WHERE run_id > $last");
	my $did = sql($commits) - $before;
	cmp_ok($did, '<', 300 * $runs, "$what: no more transactions than runs need ($did for $runs runs)");
	is(sql("SELECT count(*) FROM (SELECT FROM hyperline.run WHERE run_id > $last GROUP BY loader, due_at HAVING count(*) > 1) x"), '0', "$what: no due time has two runs");
	is(sql("SELECT count(*) FROM hyperline.run WHERE status NOT IN ('succeeded', 'queued', 'running')"), '0', "$what: no run fails");
	return;
}
sub jump
{
	my ($days) = @_;
	set_clock($days);
	is(sql('SELECT round(extract(epoch FROM clock_timestamp() - to_timestamp(' . time . ')) / 86400)'), $days, "the clock is set by $days days");
	return;
}

ok(wait_for($target, "SELECT count(*) > 1 FROM hyperline.loader_runs WHERE status = 'succeeded'"), 'loaders run');
jump(1);
goes_on('set forward by a day');
jump(0);
goes_on('set back by a day');

# A run that waits for another one, while the clock goes back by less than an hour, starts when that one has ended.
sql("SELECT hyperline.create_connection('one', '$url'); SELECT hyperline.alter_connection('one', max_concurrent_runs => 1)");
sql(q{SELECT hyperline.create_loader('one', 'long', 'SELECT 1 AS id, 1 AS "customerId", now() AS timestamp, pg_sleep(600)::text AS nothing', '1 day', paused => true)});
sql(q{SELECT hyperline.create_loader('one', 'next', 'SELECT 1 AS id, 1 AS "customerId", now() AS timestamp', '1 day', paused => true)});
my $long = sql("SELECT hyperline.run_loader('long')");
ok(wait_for($target, "SELECT status FROM hyperline.loader_runs WHERE run_id = $long", 'running'), 'a run takes long');
my $next = sql("SELECT hyperline.run_loader('next')");
set_clock(-0.03);
goes_on('set back by 43 minutes');
is(sql("SELECT status FROM hyperline.loader_runs WHERE run_id = $next"), 'queued', 'the next one waits for it');
is(sql("SELECT hyperline.cancel_run($long)"), 't', 'it ends');
is(sql("SELECT hyperline.wait_for_run($next, '60 seconds')"), 'succeeded', 'and the next one starts');
sql("SELECT hyperline.drop_loader(name) FROM hyperline.loaders WHERE connection = 'one'; DELETE FROM hyperline.run WHERE loader IN ('long', 'next')");

# A loader that somebody's transaction holds meanwhile is not forgotten.
my $holder = open_session($target);
$holder->run("BEGIN; SELECT 1 FROM hyperline.loader WHERE name = 'b' FOR UPDATE");
jump(-1);
ok(wait_for($target, "SELECT count(*) >= 2 FROM hyperline.run WHERE loader = 'a' AND status = 'succeeded' AND due_at < now()"), 'the one that nobody holds runs');
$holder->close;
goes_on('and by another, with a loader held');

like(slurp_file($target->logfile), qr/LOG:  the clock was set back: [12] loaders and queued runs that were due far in the future/, 'the log says so');
$target->stop('fast');
$source->stop('fast');
done_testing();
