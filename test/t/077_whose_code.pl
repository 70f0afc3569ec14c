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

# All that is refused is tried once, then one function that writes and one that reads.
my @calls = ("cancel_run((SELECT max(run_id) FROM hyperline.run))", "pause_loader('call')", "resume_loader('call')", "reset_loader('call')",
	"alter_loader('call', refresh_rate => '2 seconds')", "create_loader('c', 'sms', 'SELECT 1')", "drop_loader('call')", "retry_rejected('call')",
	"create_connection('d', 'postgres://u:p\@127.0.0.1:1/d', check_now => false)", "check_connection('c')", "alter_connection('c', max_concurrent_runs => 2)", "drop_connection('c')",
	"wait_for_run(1)", "describe_query('c', 'SELECT 1')", "preview_loader('call')", "dry_run_loader('call')", "create_customer('x', 'X')");

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
	for my $call (splice(@calls), "run_loader('call')", "complete_until('call')")
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
	'DROP TRIGGER bobs ON hyperline.run; REVOKE TRIGGER ON hyperline.run FROM bob', "$may_attach (SQLSTATE 42501); It has the privilege TRIGGER on table hyperline.run. HINT: Take it back with REVOKE, and drop triggers and foreign keys that should not be there.",
	$may_attach);
stands_still('everybody\'s privilege', 'GRANT TRIGGER ON hyperline.loader TO public', 'REVOKE TRIGGER ON hyperline.loader FROM public',
	'every role may attach code that would run with the rights of a superuser', 'every role may attach code that would run with the rights of a superuser');

# A table that refers to rows that we delete or rename: the look at its rows runs code of its owner, and what that leaves for the commit
# would run as who commits.
sql('GRANT CREATE ON SCHEMA public TO bob; GRANT REFERENCES ON hyperline.all_customers, hyperline.events TO bob');
for my $referring (
	[ 'of_run', 'run_id bigint REFERENCES hyperline.run ON DELETE CASCADE', 'of_run_run_id_fkey', 'run' ],
	[ 'of_last', 'run_id bigint REFERENCES hyperline.run DEFERRABLE INITIALLY DEFERRED', 'of_last_run_id_fkey', 'run' ],
	[ 'of_name', 'name text REFERENCES hyperline.loader (name) ON UPDATE CASCADE', 'of_name_name_fkey', 'loader' ])
{
	my ($table, $column, $key, $ours) = @$referring;
	stands_still("a table that refers to $ours", "GRANT REFERENCES ON hyperline.$ours TO bob; SET ROLE bob; CREATE TABLE $table ($column); RESET ROLE; REVOKE REFERENCES ON hyperline.$ours FROM bob",
		"DROP TABLE $table", $owns . "table public.$table, which constraint $key on table public.$table uses.");
}
stands_still('the privilege to make one', 'GRANT REFERENCES ON hyperline.rejected_rows TO bob', 'REVOKE REFERENCES ON hyperline.rejected_rows FROM bob',
	"$may_attach (SQLSTATE 42501); It has the privilege REFERENCES on table hyperline.rejected_rows.", $may_attach);
my $cascading = 'CREATE TABLE %1$s (%2$s, FOREIGN KEY (%3$s) REFERENCES hyperline.%4$s ON DELETE CASCADE); CREATE TRIGGER bobs AFTER DELETE ON %1$s FOR EACH ROW EXECUTE FUNCTION note()';
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

# Events are read with our rights: their owner would have code run by the planner already (statistics of expressions, indexes).
{
	sql(q{CREATE SCHEMA bobs AUTHORIZATION bob;
		SET ROLE bob;
		CREATE FUNCTION bobs.tell() RETURNS text VOLATILE LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.ran VALUES (current_user, 'planner'); RETURN 'x'; END $$;
		CREATE FUNCTION bobs.constant(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN bobs.tell(); END $$;
		RESET ROLE;
		ALTER TABLE hyperline.events OWNER TO bob;
		SET ROLE bob;
		CREATE STATISTICS bobs.of_events ON (id || bobs.constant('x')), customer_id FROM hyperline.events;
		RESET ROLE;
		TRUNCATE ran});
	my $fails = sub {
		my ($name, $why) = @_;
		my $run = sql("SELECT hyperline.run_loader('call')");
		is(sql("SELECT hyperline.wait_for_run($run)"), 'failed', "$name: the run fails");
		is(sql("SELECT sqlstate, error, split_part(error_detail, E'\n', 1) FROM hyperline.loader_runs WHERE run_id = $run"), "42501|$code|That role, which is no superuser, owns $why.", "$name: and says why");
		like(errors_of("SELECT hyperline.drop_loader('call', delete_events => true)"), qr/ERROR:  $code\n/, "$name: nor are they deleted");
		like(errors_of("SELECT hyperline.dry_run_loader('call')"), qr/ERROR:  $code\n/, "$name: nor is there a dry run");
		is(sql('SELECT count(*) FROM ran'), '0', "$name: without calling its function");
	};
	$fails->('events of another role', 'table hyperline.events');
	sql("ALTER TABLE hyperline.events OWNER TO $user; TRUNCATE ran");
	$fails->('statistics with its function', 'function bobs.constant(text), which statistics object bobs.of_events uses');
	sql('DROP STATISTICS bobs.of_events');
	my $run = sql("SELECT hyperline.run_loader('call')");
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
	CREATE TABLE queue (i int);
	CREATE CONSTRAINT TRIGGER later AFTER INSERT ON queue DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION note('deferred by a policy');
	CREATE FUNCTION enqueue() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.queue VALUES (1); RETURN true; END $$;
	CREATE POLICY queuing ON hyperline.loader USING (public.enqueue());
	ALTER TABLE hyperline.loader ENABLE ROW LEVEL SECURITY;
	ALTER TABLE hyperline.loader FORCE ROW LEVEL SECURITY;
	ALTER EXTENSION hyperline_connector DROP TABLE hyperline.installation;
	ALTER TABLE hyperline.installation RENAME TO moved;
	CREATE VIEW hyperline.installation AS SELECT * FROM hyperline.moved WHERE public.peek()});
	sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'hyperline scheduler' AND datname = 'other'");
	$goes_on->('with what it has attached');
	is($node->safe_psql('other', 'SELECT DISTINCT who, at FROM ran ORDER BY 2'), "installer|deferred\ninstaller|deferred by a policy\ninstaller|trigger\ninstaller|view", 'which runs with its own rights, at the commit too');
}
$node->stop;
done_testing();
