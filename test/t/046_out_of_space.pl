# A target that runs out of something: the disk, locks. The run fails with the cause, nothing of its
# batch is stored, and when there is room again the next run works.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source');
# Two small batches, then records that do not fit a page and go out of line.
$source->safe_psql('postgres', q{
	CREATE TABLE t AS SELECT g AS id, g % 7 AS company, timestamptz '2026-01-01' + g * interval '1 second' AS at, CASE WHEN g > 2000 THEN g::text END AS seed FROM generate_series(1, 2200) g;
	CREATE VIEW big AS SELECT id, company AS "customerId", at AS timestamp, (SELECT string_agg(md5(seed || n), '') FROM generate_series(1, 200) n) AS note FROM t});
my $target = start_target('target', 'hyperline_connector.retry_delay = 1s', 'hyperline_connector.batch_rows = 1000', "log_statement = 'none'",
	'max_locks_per_transaction = 10', 'max_connections = 20', 'autovacuum = off');
$target->safe_psql('postgres', "SELECT hyperline.create_connection('product', '" . source_url($source) . "')");

sub last_run
{
	my ($what) = @_;
	return patiently($target, "SELECT $what FROM hyperline.loader_runs WHERE status NOT IN ('queued', 'running') ORDER BY run_id DESC LIMIT 1");
}

# The disk is full where records go that are kept out of line. /dev/full is a disk without room: what PostgreSQL sees is
# what it sees there (ENOSPC), when its file, still empty, is replaced by it.
my $file = $target->data_dir . '/' . $target->safe_psql('postgres', "SELECT pg_relation_filepath(reltoastrelid) FROM pg_class WHERE oid = 'hyperline.events'::regclass");
is(-s $file, 0, 'nothing was kept out of line yet');
rename($file, "$file.kept") or die "$!";
symlink('/dev/full', $file) or die "$!";
$target->safe_psql('postgres', "SELECT hyperline.create_loader('product', 'big', 'SELECT * FROM big', '1 hour')");
ok(wait_for($target, "SELECT count(*) >= 2 FROM hyperline.loader_runs WHERE status = 'failed'"), 'a disk that is full makes runs fail, and they are tried again');
like(last_run("concat_ws(' ', sqlstate, error, error_detail)"), qr/^53100 could not extend file .*No space left on device.*HINT: The run is tried again. Check free disk space/s, 'the cause');
is($target->safe_psql('postgres', 'SELECT count(*) FROM hyperline.events'), '2000', 'the batches before it are stored');
unlink($file);
rename("$file.kept", $file) or die "$!";
is(aftermath($target, $source, after => last_run('run_id')), '', 'a disk that was full: afterwards');
is($target->safe_psql('postgres', 'SELECT count(*) FROM hyperline.events'), '2200', 'everything is stored');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('big')");

# The disk is full where rows go that wait for the end of a run, or gives nothing back: what PostgreSQL sees when the file
# of the session is a link to /dev/full or /dev/null before it makes it.
$source->safe_psql('postgres', q{CREATE TABLE versions AS SELECT 1 AS id, 1 AS "customerId", timestamptz '2026-01-01' AS timestamp, 2 AS version});
$target->safe_psql('postgres', q{SELECT hyperline.create_loader('product', 'versions', 'SELECT * FROM versions', version_field => 'version', paused => true); CALL hyperline.refresh_loader('versions')});
$source->safe_psql('postgres', 'UPDATE versions SET version = 1');
my $folder = $target->data_dir . '/base/pgsql_tmp';
for my $case ([ 'full', qr/ERROR:  53100: could not write to a temporary file: No space left on device\nHINT:  Make room on the disk of the data folder/ ],
	[ 'null', qr/ERROR:  XX000: could not read from a temporary file: 0 of \d+ bytes$/m ])
{
	my ($device, $expected) = @{$case};
	my ($status, $out, $err) = $target->psql('postgres', "SELECT pg_backend_pid() AS pid \\gset\n\\setenv FILE $folder/pgsql_tmp:pid\n\\! mkdir -p $folder && ln -s /dev/$device \"\$FILE.0\"\nCALL hyperline.refresh_loader('versions')",
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($err, $expected, "a temporary file in /dev/$device");
	is(last_run('concat_ws($$ $$, status, stale)'), 'failed 0', 'makes the run fail');
}
$target->safe_psql('postgres', "CALL hyperline.refresh_loader('versions')");
is(last_run('concat_ws($$ $$, status, stale)') . $target->safe_psql('postgres', "SELECT ' ' || (record ->> 'version') FROM hyperline.events WHERE event_type = 'versions'"), 'succeeded 1 2', 'the next one, with a disk, is right');
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('versions')");

# The disk is full where the end of a run is written down, for a while: as a trigger says here, three times each.
$target->safe_psql('postgres', q{CREATE SEQUENCE tries; CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		IF nextval('public.tries') % 4 <> 0 THEN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END IF; RETURN NEW; END $$;
	CREATE TRIGGER full_disk BEFORE UPDATE ON hyperline.run FOR EACH ROW WHEN (OLD.status = 'running' AND NEW.status IN ('succeeded', 'failed')) EXECUTE FUNCTION full_disk();
	ALTER TABLE hyperline.run ENABLE ALWAYS TRIGGER full_disk;
	SELECT hyperline.create_loader('product', 'end', 'SELECT id, company AS "customerId", at AS timestamp FROM t WHERE id < 10', '1 day', paused => true)});
my $run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('end')");
ok(wait_for($target, "SELECT status NOT IN ('queued', 'running') FROM hyperline.loader_runs WHERE run_id = $run"), 'a run whose success cannot be written down at once');
is(last_run("concat_ws(' ', run_id, status, sqlstate)") . ' ' . $target->safe_psql('postgres', 'SELECT last_value FROM tries'), "$run succeeded 4", 'succeeds later');
$source->safe_psql('postgres', 'ALTER TABLE t RENAME TO gone');
$run = $target->safe_psql('postgres', "SELECT hyperline.run_loader('end')");
ok(wait_for($target, "SELECT status NOT IN ('queued', 'running') FROM hyperline.loader_runs WHERE run_id = $run"), 'a run whose failure cannot be written down at once');
is(last_run("concat_ws(' ', run_id, status, sqlstate)") . ' ' . $target->safe_psql('postgres', 'SELECT last_value FROM tries'), "$run failed 42P01 8", 'fails later');
$source->safe_psql('postgres', 'ALTER TABLE gone RENAME TO t');
$target->safe_psql('postgres', "DROP TRIGGER full_disk ON hyperline.run; SELECT hyperline.drop_loader('end')");

# A trigger of the user's that takes a lock a row
$target->safe_psql('postgres', q{CREATE FUNCTION lock_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_xact_lock(7, NEW.id::int); RETURN NEW; END $$;
	CREATE TRIGGER lock_row BEFORE INSERT ON hyperline.events FOR EACH ROW EXECUTE FUNCTION lock_row()});
$target->safe_psql('postgres', q{SELECT hyperline.create_loader('product', 'locks', 'SELECT id, company AS "customerId", at AS timestamp FROM t', '1 hour')});
ok(wait_for($target, "SELECT count(*) >= 1 FROM hyperline.loader_runs WHERE loader = 'locks' AND status = 'failed'"), 'a batch that takes too many locks makes a run fail');
like(last_run("concat_ws(' ', sqlstate, error, error_detail)"), qr/^53200 out of shared memory.*max_locks_per_transaction/s, 'the cause, and what helps');
$target->safe_psql('postgres', 'DROP TRIGGER lock_row ON hyperline.events');
is(aftermath($target, $source, after => last_run('run_id')), '', 'a batch that took too many locks: afterwards');

# Somebody else has taken all the locks that there are.
$target->safe_psql('postgres', "SELECT hyperline.drop_loader('locks')");
my $hoarder = $target->background_psql('postgres', on_error_stop => 0);
$hoarder->query(q{DO $$ BEGIN FOR i IN 1 .. 1000000 LOOP PERFORM pg_advisory_lock(8, i); END LOOP; EXCEPTION WHEN out_of_memory THEN PERFORM pg_advisory_unlock(8, i) FROM generate_series(1, 4) i; END $$});
my ($status, $out, $err) = $target->psql('postgres', q{SELECT hyperline.create_loader('product', 'last', 'SELECT id, company AS "customerId", at AS timestamp FROM t', '1 second')});
for (1 .. 4)
{
	my $ran = $target->psql('postgres', "SELECT hyperline.run_loader('last')");
	select(undef, undef, undef, 0.5);
}
like(slurp_file($target->logfile), qr/out of shared memory/, 'there are no locks left');
$hoarder->quit;
$target->psql('postgres', q{SELECT hyperline.create_loader('product', 'last', 'SELECT id, company AS "customerId", at AS timestamp FROM t', '1 second')});
is(aftermath($target, $source), '', 'no locks left: afterwards');

unlike(slurp_file($target->logfile), qr/PANIC|segfault|signal 11|signal 6|TRAP/, 'nothing crashed');
$target->stop('fast');
$source->stop('fast');
done_testing();
