# Code of a role that is no superuser, attached to the tables of the extension, is never run by workers or functions, which work
# there with the rights of one: the scheduler stands still, and says why. Whoever owns the extension and is none has what it attaches run
# with its own rights.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Without autovacuum, which calls the functions of an index as the table's owner.
my $node = start_target('node', 'autovacuum = off');
sub sql { return $node->safe_psql('postgres', @_); }
my $user = sql('SELECT current_user');
sql(q{
CREATE TABLE source AS SELECT g AS id, g % 2 AS c, now() AS at FROM generate_series(1, 10) g;
CREATE TABLE ran (who text, at text);
GRANT INSERT ON ran TO public;
CREATE ROLE bob;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.ran VALUES (current_user, TG_TABLE_NAME);
	RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
ALTER FUNCTION note() OWNER TO bob;
CREATE FUNCTION note_check(what text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.ran VALUES (current_user, what); RETURN true; END $$;
ALTER FUNCTION note_check(text) OWNER TO bob;
SELECT hyperline.grant_access('bob', 'admin')});
sql("SELECT hyperline.create_connection('c', '" . source_url($node, 'postgres', $user) . "')");
my $query = 'SELECT id, c AS "customerId", at AS timestamp FROM source';

# A loader that is due all the time, and a run each second of which nobody is to see the superuser's rights.
sql("SELECT hyperline.create_loader('c', 'call', '$query', '1 second')");
sub runs_on
{
	my ($name) = @_;
	my $last = sql("SELECT COALESCE(max(run_id), 0) FROM hyperline.run");
	return ok(wait_for($node, "SELECT count(*) > 1 FROM hyperline.loader_runs WHERE run_id > $last AND status = 'succeeded'"), $name);
}
runs_on('a loader that runs');

sub errors_of
{
	my ($sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', $sql);
	return $status == 0 ? "it worked: $out" : $err;
}
my $said = 'the hyperline scheduler could not do its work, and tries again: ';
my $code = 'code of role "bob" would run with the rights of a superuser';
my $owns = "$code (SQLSTATE 42501); That role, which is no superuser, owns ";

# stands_still($name, $change, $undo, $why, $message): with $change, of which the scheduler says $why, nothing runs until $undo.
sub stands_still
{
	my ($name, $change, $undo, $why, $message) = @_;
	$message //= $code;
	my $refused = qr/ERROR:  \Q$message\E\n/;
	my $seen = -s $node->logfile;
	sql($change);
	$node->wait_for_log(qr/\Q$said$why\E/, $seen);
	# Whatever was under way when the change was committed has ended by its second failure.
	my $failed = sql('SELECT clock_timestamp()');
	for my $call ("run_loader('call')", "cancel_run((SELECT max(run_id) FROM hyperline.run))", "pause_loader('call')", "resume_loader('call')", "reset_loader('call')",
		"alter_loader('call', refresh_rate => '2 seconds')", "create_loader('c', 'sms', 'SELECT 1')", "drop_loader('call')", "retry_rejected('call')",
		"create_connection('d', 'postgres://u:p\@127.0.0.1:1/d', check_now => false)", "check_connection('c')", "alter_connection('c', max_concurrent_runs => 2)", "drop_connection('c')",
		"complete_until('call')", "wait_for_run(1)", "describe_query('c', 'SELECT 1')", "preview_loader('call')", "dry_run_loader('call')", "create_customer('x', 'X')")
	{
		like(errors_of("SELECT hyperline.$call"), $refused, "$name: not $call");
	}
	like(errors_of("CALL hyperline.refresh_loader('call')"), $refused, "$name: nor refresh_loader");
	like(errors_of("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT hyperline.pause_loader('call')"), $refused, "$name: nor where the snapshot is fixed");
	is(sql('SELECT count(*) FROM ran'), '0', "$name: none of that code has run");
	is(sql("SELECT count(*) FROM hyperline.run WHERE queued_at > '$failed'"), '0', "$name: nor has a run begun");
	sql($undo);
	runs_on("$name: it goes on by itself");
	is(scalar(() = slurp_file($node->logfile, $seen) =~ /\Q$said\E/g), 1, "$name: it is said once");
	return;
}
for my $table (qw(run loader connection installation rejected_rows))
{
	stands_still("a trigger on $table", "CREATE TRIGGER bobs BEFORE INSERT OR UPDATE OR DELETE ON hyperline.$table FOR EACH ROW EXECUTE FUNCTION note()",
		"DROP TRIGGER bobs ON hyperline.$table", $owns . "function public.note(), which trigger bobs on table hyperline.$table uses. HINT: Drop what should not be there, or give it to a superuser who has read all that is attached.");
}
stands_still('a trigger on the passwords', 'CREATE TRIGGER bobs BEFORE INSERT ON hyperline.connection_secret FOR EACH ROW EXECUTE FUNCTION note()',
	'DROP TRIGGER bobs ON hyperline.connection_secret', $owns . 'function public.note(), which trigger bobs on table hyperline.connection_secret uses.');
stands_still('a check of a run', q{ALTER TABLE hyperline.run ADD CONSTRAINT bobs CHECK (public.note_check('run')) NOT VALID}, 'ALTER TABLE hyperline.run DROP CONSTRAINT bobs',
	$owns . 'function public.note_check(text), which constraint bobs on table hyperline.run uses.');
stands_still('another owner of loaders', 'ALTER TABLE hyperline.loader OWNER TO bob; SET ROLE bob; CREATE TRIGGER bobs BEFORE UPDATE ON hyperline.loader FOR EACH ROW EXECUTE FUNCTION public.note()',
	"DROP TRIGGER bobs ON hyperline.loader; ALTER TABLE hyperline.loader OWNER TO $user", $owns);
stands_still('another owner of the schema', 'ALTER SCHEMA hyperline OWNER TO bob', "ALTER SCHEMA hyperline OWNER TO $user; GRANT USAGE ON SCHEMA hyperline TO bob", $owns . 'schema hyperline.');

# What may be attached needs no function of one's own: PostgreSQL has some that run any SQL.
my $may_attach = 'role "bob" may attach code that would run with the rights of a superuser';
stands_still('the privilege', q{GRANT TRIGGER ON hyperline.run TO bob; SET ROLE bob; CREATE TRIGGER bobs BEFORE UPDATE ON hyperline.run FOR EACH ROW
	WHEN (query_to_xml('INSERT INTO public.ran VALUES (current_user, ''xml'')', true, true, '') IS NOT NULL) EXECUTE FUNCTION suppress_redundant_updates_trigger()},
	'DROP TRIGGER bobs ON hyperline.run; REVOKE TRIGGER ON hyperline.run FROM bob', "$may_attach (SQLSTATE 42501); It has the privilege TRIGGER on table hyperline.run. HINT: Take it back with REVOKE TRIGGER, and drop triggers that should not be there.",
	$may_attach);
stands_still('everybody\'s privilege', 'GRANT TRIGGER ON hyperline.loader TO public', 'REVOKE TRIGGER ON hyperline.loader FROM public',
	'every role may attach code that would run with the rights of a superuser', 'every role may attach code that would run with the rights of a superuser');

# A table whose rows go with ours: its triggers that fire afterwards do so as who has deleted, before PostgreSQL 18.
sql('GRANT REFERENCES ON hyperline.run, hyperline.all_customers, hyperline.events TO bob; GRANT CREATE ON SCHEMA public TO bob');
my $cascading = 'CREATE TABLE %1$s (%2$s, FOREIGN KEY (%3$s) REFERENCES hyperline.%4$s ON DELETE CASCADE); CREATE TRIGGER bobs AFTER DELETE ON %1$s FOR EACH ROW EXECUTE FUNCTION note()';
stands_still('a table that runs take with them', 'SET ROLE bob; ' . sprintf($cascading, 'of_run', 'run_id bigint', 'run_id', 'run') . '; RESET ROLE; INSERT INTO of_run SELECT run_id FROM hyperline.run',
	'DROP TABLE of_run', $owns . 'table public.of_run, which constraint of_run_run_id_fkey on table public.of_run uses.');
sql('GRANT REFERENCES ON hyperline.loader TO bob');
stands_still('a table that names of loaders change', 'SET ROLE bob; CREATE TABLE of_name (name text REFERENCES hyperline.loader (name) ON UPDATE CASCADE)', 'DROP TABLE of_name',
	$owns . 'table public.of_name, which constraint of_name_name_fkey on table public.of_name uses.');
sql('SET ROLE bob; ' . sprintf($cascading, 'of_customer', 'external_id text', 'external_id', 'all_customers') . '; ' . sprintf($cascading, 'of_event', 'id text, customer_id text, event_type text', 'id, customer_id, event_type', 'events'));
sql('INSERT INTO of_event SELECT id, customer_id, event_type FROM hyperline.events');
runs_on('tables of whose rows a run takes none with it');
like(errors_of("SELECT hyperline.drop_loader('call', delete_events => true)"), qr/ERROR:  $code\nDETAIL:  That role, which is no superuser, owns table public\.of_event, which constraint of_event_id_customer_id_event_type_fkey on table public\.of_event uses\./, 'but not deleting events');
is(sql('SELECT count(*) FROM ran'), '0', 'nothing of it has run');
sql('DROP TABLE of_customer, of_event');

# What is attached while a worker waits for the table is seen before it is run.
sub comes_in_between
{
	my ($table) = @_;
	my $seen = -s $node->logfile;
	my $session = open_session($node, 'postgres', $user);
	$session->run("BEGIN; LOCK TABLE hyperline.$table IN SHARE ROW EXCLUSIVE MODE");
	ok(wait_for($node, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'hyperline.$table'::regclass)"), "$table: a worker waits for it");
	$session->run("CREATE TRIGGER bobs BEFORE INSERT OR UPDATE OR DELETE ON hyperline.$table FOR EACH ROW EXECUTE FUNCTION note(); COMMIT");
	$node->wait_for_log(qr/\Q$said$code\E/, $seen);
	is(sql('SELECT count(*) FROM ran'), '0', "$table: a trigger that comes meanwhile is not run");
	sql("DROP TRIGGER bobs ON hyperline.$table");
	$session->close;
	return runs_on("$table: it goes on");
}
comes_in_between($_) for qw(run loader);

# The same where events are: there a run fails, for the others may go on.
{
	sql("SELECT hyperline.pause_loader('call')");
	ok(wait_for($node, "SELECT NOT EXISTS (SELECT FROM hyperline.run WHERE status IN ('queued', 'running'))"), 'nothing runs');
	my $session = open_session($node, 'postgres', $user);
	$session->run('BEGIN; LOCK TABLE hyperline.events IN SHARE ROW EXCLUSIVE MODE');
	sql("INSERT INTO source VALUES (100, 1, now())");
	my $run = sql("SELECT hyperline.run_loader('call')");
	ok(wait_for($node, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = 'hyperline.events'::regclass)"), 'a run waits to write events');
	$session->run('CREATE TRIGGER bobs BEFORE INSERT ON hyperline.events FOR EACH ROW EXECUTE FUNCTION note(); COMMIT');
	is(sql("SELECT hyperline.wait_for_run($run)"), 'failed', 'and fails when a trigger comes meanwhile');
	is(sql("SELECT sqlstate, error FROM hyperline.loader_runs WHERE run_id = $run"), '42501|code of role "bob" would run with the rights of a superuser', 'which it says');
	is(sql('SELECT count(*) FROM ran'), '0', 'without running it');
	sql('DROP TRIGGER bobs ON hyperline.events');
	$session->close;
	$run = sql("SELECT hyperline.run_loader('call')");
	is(sql("SELECT hyperline.wait_for_run($run)"), 'succeeded', 'then it stores');
	is(sql("SELECT count(*) FROM hyperline.events"), '11', 'what was due');
}

# Who owns events, which a role that is no superuser may, has them read by ours with more rights: its columns are what they were.
sql(q{CREATE SCHEMA bobs AUTHORIZATION bob;
	CREATE TYPE bobs.t AS (t text);
	CREATE FUNCTION bobs.cast_it(bobs.t) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.ran VALUES (current_user, 'cast'); RETURN ($1).t; END $$;
	ALTER TYPE bobs.t OWNER TO bob; ALTER FUNCTION bobs.cast_it(bobs.t) OWNER TO bob;
	CREATE CAST (bobs.t AS text) WITH FUNCTION bobs.cast_it(bobs.t) AS IMPLICIT;
	ALTER TABLE hyperline.events OWNER TO bob;
	SET ROLE bob;
	ALTER TABLE hyperline.events RENAME COLUMN event_type TO event_type_;
	ALTER TABLE hyperline.events ADD COLUMN event_type bobs.t});
{
	my $run = sql("SELECT hyperline.run_loader('call')");
	is(sql("SELECT hyperline.wait_for_run($run)"), 'failed', 'a column of another type: the run fails');
	is(sql("SELECT sqlstate, error, error_detail FROM hyperline.loader_runs WHERE run_id = $run"),
		"42501|$code|That role, which is no superuser, owns column event_type of table hyperline.events.\nHINT: Drop what should not be there, or give it to a superuser who has read all that is attached.", 'and says why');
	like(errors_of("SELECT hyperline.drop_loader('call', delete_events => true)"), qr/ERROR:  $code\nDETAIL:  .*column event_type of table/, 'nor are they deleted');
	is(sql('SELECT count(*) FROM ran'), '0', 'without calling its cast');
	sql("SET ROLE bob; ALTER TABLE hyperline.events DROP COLUMN event_type; ALTER TABLE hyperline.events RENAME COLUMN event_type_ TO event_type; RESET ROLE; ALTER TABLE hyperline.events OWNER TO $user");
	$run = sql("SELECT hyperline.run_loader('call')");
	is(sql("SELECT hyperline.wait_for_run($run)"), 'succeeded', 'then it stores again');
}

# Who installed the extension and is no superuser any more owns all of it. Loaders go on, with no more rights than it has.
{
	sql('CREATE ROLE installer LOGIN SUPERUSER; CREATE DATABASE other OWNER installer');
	my $other = sub { return $node->safe_psql('other', $_[0], extra_params => [ '-U', 'installer' ]); };
	$other->('CREATE EXTENSION hyperline_connector');
	$node->safe_psql('other', "SELECT hyperline.create_connection('c', '" . source_url($node, 'postgres', $user) . "')");
	$node->safe_psql('other', "CREATE ROLE alice; SELECT hyperline.grant_access('alice', 'admin'); SET ROLE alice; SELECT hyperline.create_loader('c', 'call', \$\$$query\$\$, '1 second')");
	my $goes_on = sub {
		my ($name) = @_;
		my $last = $node->safe_psql('other', 'SELECT COALESCE(max(run_id), 0) FROM hyperline.run');
		return ok($node->poll_query_until('other', "SELECT count(*) > 1 FROM hyperline.loader_runs WHERE status = 'succeeded' AND run_id > $last"), $name);
	};
	$goes_on->('an extension of a superuser');
	sql('ALTER ROLE installer NOSUPERUSER');
	$goes_on->('who is one no more');
	$other->(q{
	CREATE TABLE ran (who text, at text);
	CREATE FUNCTION peek() RETURNS bool LANGUAGE plpgsql AS $$
	BEGIN
		INSERT INTO public.ran VALUES (current_user, 'view');
		BEGIN
			RESET ROLE;
			SET SESSION AUTHORIZATION DEFAULT;
			INSERT INTO public.ran VALUES (current_user, 'as ' || session_user);
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
		RETURN true;
	END $$;
	CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.ran VALUES (current_user, TG_ARGV[0]); RETURN NULL; END $$;
	CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON hyperline.run DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note('deferred');
	CREATE TRIGGER now AFTER UPDATE ON hyperline.loader FOR EACH ROW EXECUTE FUNCTION note('trigger');
	ALTER EXTENSION hyperline_connector DROP TABLE hyperline.installation;
	ALTER TABLE hyperline.installation RENAME TO moved;
	CREATE VIEW hyperline.installation AS SELECT * FROM hyperline.moved WHERE public.peek()});
	sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'hyperline scheduler' AND datname = 'other'");
	$goes_on->('with what it has attached');
	is($node->safe_psql('other', 'SELECT DISTINCT who, at FROM ran ORDER BY 2'), "installer|deferred\ninstaller|trigger\ninstaller|view", 'which runs with its own rights, at the commit too');
}
$node->stop;
done_testing();
