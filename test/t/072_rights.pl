# Loaders write with the rights of who owns them: policies and triggers on events hold, and run as nobody else.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Without autovacuum, which calls the functions of an index as the table's owner.
my $node = start_target('node', 'hyperline_connector.enabled = off', 'autovacuum = off');
sub sql { return $node->safe_psql('postgres', @_); }

sub fails
{
	my ($sql) = @_;
	my ($status, $out, $err) = $node->psql('postgres', $sql);
	return $status == 0 ? "it worked: $out" : $err;
}

# A source in another database, a superuser's connection to it, and two admins.
my $user = sql('SELECT current_user');
sql('CREATE DATABASE product');
$node->safe_psql('product', 'CREATE TABLE t AS SELECT g AS id, g % 2 AS c, now() AS at FROM generate_series(1, 10) g');
my $url = source_url($node, 'product', $user);
sql("SELECT hyperline.create_connection('product', '$url')");
sql("CREATE ROLE alice; CREATE ROLE bob; SELECT hyperline.grant_access('alice', 'admin'), hyperline.grant_access('bob', 'admin')");
my $query = 'SELECT id, c AS "customerId", at AS timestamp FROM t';
sql("SET ROLE alice; SELECT hyperline.create_loader('product', 'call', '$query')");
sql("SELECT hyperline.create_loader('product', 'sms', '$query')"); # the superuser's

# run($loader): its end in the background, as the worker is nobody's session.
sub run
{
	my ($loader) = @_;
	my $id = sql("SELECT hyperline.run_loader('$loader')");
	sql("SELECT hyperline.wait_for_run($id)");
	return sql("SELECT status, inserted, updated, unchanged, sqlstate, error FROM hyperline.loader_runs WHERE run_id = $id");
}

# Triggers run as the owner of the loader, and can rewrite and refuse.
sql(q{
CREATE TABLE seen (who text, session text, path text, event text);
GRANT INSERT ON seen TO public;
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.seen VALUES (current_user, session_user, current_setting('search_path'), NEW.id);
	NEW.record := NEW.record || jsonb_build_object('by', current_user);
	PERFORM set_config('search_path', 'public, pg_catalog', false);
	RETURN NEW;
END $$;
CREATE TRIGGER look BEFORE INSERT OR UPDATE ON hyperline.events FOR EACH ROW EXECUTE FUNCTION look();
});
is(run('call'), 'succeeded|10|0|0||', 'a loader with a trigger on events');
is(sql('SELECT DISTINCT who FROM seen'), 'alice', 'which runs as the owner of the loader');
is(sql(q{SELECT DISTINCT record ->> 'by' FROM hyperline.events}), 'alice', 'and may rewrite rows');
is(run('sms'), 'succeeded|10|0|0||', 'a superuser\'s loader with a superuser\'s trigger');
is(sql("SELECT DISTINCT who FROM seen WHERE event IS NOT NULL AND who <> 'alice'"), $user, 'runs as the superuser');
sql('TRUNCATE seen');
like(sql("CALL hyperline.refresh_loader('call'); SELECT current_user, current_setting('search_path')"), qr/^$user\|"\$user", public$/, 'in a session too nothing is left behind');
is(sql('SELECT DISTINCT who FROM seen'), 'alice', 'and the trigger runs as the owner of the loader');

# What runs as the owner of a loader cannot get at more.
sub trigger_that
{
	my ($does) = @_;
	sql("CREATE OR REPLACE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $does; RETURN NEW; END \$\$; SELECT hyperline.reset_loader('call'); DELETE FROM hyperline.events");
	return run('call');
}
like(trigger_that('RESET ROLE'), qr/^failed.*42501.*cannot set parameter "role" within security-definer function/, 'not by RESET ROLE');
like(trigger_that("SET SESSION AUTHORIZATION $user"), qr/^failed.*42501.*cannot set parameter "session_authorization"/, 'nor by SET SESSION AUTHORIZATION');
like(trigger_that('PERFORM 1 FROM pg_authid'), qr/^failed.*42501.*permission denied for table pg_authid/, 'nor by just doing it');
like(trigger_that('PERFORM 1 FROM hyperline.connection_secret'), qr/^failed.*42501.*permission denied for table connection_secret/, 'nor our secrets');
like(trigger_that('CREATE TEMP TABLE events (id int)'), qr/^failed.*42501.*cannot create temporary table within security-restricted operation/, 'nor leave something behind');
like(trigger_that('ALTER ROLE alice SUPERUSER'), qr/^failed\|0\|0\|0\|42501\|must be superuser to alter superuser roles or change superuser attribute$/, 'nor make its role a superuser');
like(trigger_that("RAISE EXCEPTION 'not this one' USING ERRCODE = 'P0042'"), qr/^failed.*P0042\|not this one/, 'a trigger may refuse');
is(sql('SELECT count(*) FROM hyperline.events'), '0', 'then nothing is stored');
sql('DROP TRIGGER look ON hyperline.events');

# One that waits for the commit would run as whoever commits: it does not wait.
sql(q{
CREATE OR REPLACE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES (current_user); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON hyperline.events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION look();
TRUNCATE seen;
SELECT hyperline.reset_loader('call')});
is(run('call'), 'succeeded|10|0|0||', 'a deferred trigger');
is(sql('SELECT DISTINCT who FROM seen'), 'alice', 'runs as the owner of the loader too');
sql('DROP TRIGGER later ON hyperline.events');

# What the expressions of indexes and policies call runs as the owner of the loader too, with no more rights.
sql(q{
CREATE TABLE called (who text, what text, got text);
GRANT INSERT ON called TO public;
CREATE FUNCTION grab(what text) RETURNS bool LANGUAGE plpgsql AS $$
BEGIN
	ALTER ROLE alice SUPERUSER;
	INSERT INTO public.called VALUES (current_user, what, 'all');
	RETURN true;
EXCEPTION WHEN insufficient_privilege THEN
	INSERT INTO public.called VALUES (current_user, what, 'nothing');
	RETURN true;
END $$;
CREATE FUNCTION of_index(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM public.grab('index'); RETURN $1; END $$;
CREATE FUNCTION of_check(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN public.grab('check'); END $$;
CREATE FUNCTION of_policy(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN public.grab('policy'); END $$;
DELETE FROM hyperline.events;
CREATE INDEX by_function ON hyperline.events (of_index(id));
ALTER TABLE hyperline.events ADD CONSTRAINT checked CHECK (of_check(id));
CREATE POLICY called ON hyperline.events USING (of_policy(id));
ALTER TABLE hyperline.events ENABLE ROW LEVEL SECURITY;
SELECT hyperline.reset_loader('call')});
is(run('call'), 'succeeded|10|0|0||', 'a table with functions in an index, a check and a policy');
is(sql('SELECT DISTINCT who, what, got FROM called ORDER BY what'), "alice|check|nothing\nalice|index|nothing\nalice|policy|nothing", 'which run as the owner of the loader and get nothing');
is(sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'alice'"), 'f', 'who is what he was');
for my $what (qw(index check policy))
{
	sql("ALTER FUNCTION of_$what OWNER TO bob");
	like(fails("CALL hyperline.refresh_loader('sms')"),
		qr/ERROR:  code of role "bob" would run with the rights of a superuser\nDETAIL:  That role, which is no superuser, owns function public\.of_$what\(text\), which (index hyperline\.by_function|constraint checked on table hyperline\.events|policy called on table hyperline\.events) uses\./,
		"a superuser's loader does not run a user's function in a $what");
	sql("ALTER FUNCTION of_$what OWNER TO $user");
}
sql('DROP POLICY called ON hyperline.events; ALTER TABLE hyperline.events DISABLE ROW LEVEL SECURITY; ALTER TABLE hyperline.events DROP CONSTRAINT checked; DROP INDEX hyperline.by_function');

# Nor what is called in a roundabout way.
sql(q{
CREATE FUNCTION judge(text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$;
CREATE FUNCTION same(text, text) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1 = $2; END $$;
CREATE OPERATOR === (FUNCTION = same, LEFTARG = text, RIGHTARG = text);
CREATE FUNCTION outermost(text) RETURNS bool LANGUAGE sql BEGIN ATOMIC SELECT public.judge($1); END;
CREATE DOMAIN judged AS text CHECK (judge(VALUE));
CREATE DOMAIN of_bob AS text;
ALTER FUNCTION judge(text) OWNER TO bob;
ALTER FUNCTION same(text, text) OWNER TO bob;
ALTER DOMAIN of_bob OWNER TO bob});
for (['a trigger\'s condition', 'CREATE TRIGGER asked AFTER INSERT ON hyperline.events FOR EACH ROW WHEN (judge(NEW.id)) EXECUTE FUNCTION look()', 'DROP TRIGGER asked ON hyperline.events', 'function public.judge(text), which trigger asked on table hyperline.events uses'],
	['an operator', 'ALTER TABLE hyperline.events ADD CONSTRAINT checked CHECK (id === id)', 'ALTER TABLE hyperline.events DROP CONSTRAINT checked', 'function public.same(text,text), which operator public.===(text,text) uses'],
	['a function of a function', 'ALTER TABLE hyperline.events ADD CONSTRAINT checked CHECK (outermost(id))', 'ALTER TABLE hyperline.events DROP CONSTRAINT checked', 'function public.judge(text), which function public.outermost(text) uses'],
	['a domain', 'ALTER TABLE hyperline.events ADD COLUMN note judged', 'ALTER TABLE hyperline.events DROP COLUMN note', 'function public.judge(text), which constraint judged_check uses'],
	['a domain of a user', 'ALTER TABLE hyperline.events ADD COLUMN note of_bob', 'ALTER TABLE hyperline.events DROP COLUMN note', 'type public.of_bob, which table hyperline.events uses'],
	['a table that inherits', 'CREATE TABLE heir () INHERITS (hyperline.events); ALTER TABLE heir OWNER TO bob', 'DROP TABLE heir', 'table public.heir'])
{
	my ($what, $made, $dropped, $named) = @$_;
	sql($made);
	like(fails("CALL hyperline.refresh_loader('sms')"), qr/ERROR:  code of role "bob" would run with the rights of a superuser\nDETAIL:  That role, which is no superuser, owns \Q$named\E\./, "$what is no way in");
	sql($dropped);
}
sql(q{CREATE TRIGGER asked AFTER INSERT ON hyperline.events FOR EACH ROW WHEN (judge(NEW.id)) EXECUTE FUNCTION look(); ALTER TABLE hyperline.events DISABLE TRIGGER asked; DELETE FROM hyperline.events; SELECT hyperline.reset_loader('sms')});
is(run('sms'), 'succeeded|10|0|0||', 'a trigger that is disabled is none');
sql('DROP TRIGGER asked ON hyperline.events');

# Code of somebody who is no superuser does not run as one.
sql('ALTER FUNCTION look() OWNER TO bob; CREATE TRIGGER bobs AFTER INSERT ON hyperline.events FOR EACH ROW EXECUTE FUNCTION look()');
like(run('sms'), qr/^failed\|0\|0\|0\|42501\|code of role "bob" would run with the rights of a superuser$/, 'a superuser\'s loader does not run a user\'s trigger');
is(sql("SELECT status FROM hyperline.connections WHERE name = 'product'"), 'live', 'which is not the connection\'s fault');
sql("SELECT hyperline.reset_loader('call'); DELETE FROM hyperline.events; TRUNCATE seen");
is(run('call'), 'succeeded|10|0|0||', 'a user\'s loader does');
is(sql('SELECT DISTINCT who FROM seen'), 'alice', 'with the rights of its owner');
like(fails("SELECT hyperline.drop_loader('sms', delete_events => true)"), qr/code of role "bob" would run/, 'nor does a superuser who deletes events');
sql('DROP TRIGGER bobs ON hyperline.events; CREATE TRIGGER bobs AFTER INSERT ON hyperline.all_customers FOR EACH ROW EXECUTE FUNCTION look()');
like(run('call'), qr/^failed.*code of role "bob"/, 'nor a trigger on what the extension writes');
for my $call (q{create_customer('new')}, q{activate_customer('1')}, q{rename_customer('1', 'One')}, q{archive_customer('1')})
{
	like(fails("SET ROLE alice; SELECT hyperline.$call"), qr/ERROR:  code of role "bob" would run with the rights of a superuser\nDETAIL:  That role, which is no superuser, owns function public\.look\(\), which trigger bobs on table hyperline\.all_customers uses\./, "$call neither");
}
sql('DROP TRIGGER bobs ON hyperline.all_customers; ALTER TABLE hyperline.events OWNER TO bob; DELETE FROM hyperline.events');
sql('CREATE TRIGGER bobs AFTER INSERT ON hyperline.events FOR EACH ROW EXECUTE FUNCTION look(); TRUNCATE seen');
like(run($_), qr/^failed\|0\|0\|0\|42501\|code of role "bob" would run with the rights of a superuser$/, "events that belong to a user are not loaded by $_") for qw(sms call);
is(sql('SELECT count(*) FROM seen'), '0', 'nor by that user\'s rules');
sql("DROP TRIGGER bobs ON hyperline.events; ALTER TABLE hyperline.events OWNER TO $user; DELETE FROM hyperline.events");

# Row-level security
sql(q{
ALTER TABLE hyperline.events ENABLE ROW LEVEL SECURITY;
CREATE ROLE reader;
SELECT hyperline.grant_access('reader', 'reader');
CREATE POLICY calls ON hyperline.events TO alice USING (event_type = 'call' AND customer_id = '1');
CREATE POLICY reading ON hyperline.events FOR SELECT TO reader USING (customer_id = '0');
SELECT hyperline.reset_loader('call'), hyperline.reset_loader('sms')});
like(run('call'), qr/^failed\|0\|0\|0\|42501\|new row violates row-level security policy for table "events"$/, 'a row that a policy keeps out makes the run fail');
sql("SET ROLE alice; SELECT hyperline.alter_loader('call', query => '$query WHERE c = 1')");
is(run('call'), 'succeeded|5|0|0||', 'rows that it lets in are stored');
is(run('call'), 'succeeded|0|0|5||', 'and found again');
is(run('sms'), 'succeeded|10|0|0||', 'a superuser is not held, as in all of PostgreSQL');
is(sql('SET ROLE reader; SELECT count(*), min(customer_id), max(customer_id) FROM hyperline.events'), '5|0|0', 'who reads sees what the policies show');
like(sql("SET row_security = off; CALL hyperline.refresh_loader('call'); SELECT status FROM hyperline.loaders WHERE name = 'call'"), qr/idle/, 'whatever the session has set');
sql('ALTER TABLE hyperline.events DISABLE ROW LEVEL SECURITY');

# What a dry run compares with, and what goes with a loader, is what the policies show: to the loader's owner, or to the caller.
sql(q{
ALTER TABLE hyperline.events ENABLE ROW LEVEL SECURITY;
CREATE POLICY mixed ON hyperline.events TO alice USING (event_type = 'mixed' AND customer_id = '1');
CREATE OR REPLACE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.seen VALUES (current_user); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER gone AFTER DELETE ON hyperline.events DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION look();
CREATE ROLE on_call;
SELECT hyperline.grant_access('on_call', 'operator')});
sql("ALTER FUNCTION look() OWNER TO $user; SELECT hyperline.create_loader('product', 'mixed', '$query')");
is(run('mixed'), 'succeeded|10|0|0||', 'rows of which a user sees some');
my $tried = "SELECT would_insert, unchanged FROM hyperline.dry_run_query('product', 'mixed', '$query')";
is(sql($tried), '0|10', 'a dry run of a superuser sees all');
is(sql("SET ROLE alice; $tried"), '5|5', 'that of a user what he sees');
is(sql("SET ROLE on_call; $tried"), '10|0', 'which may be nothing');
is(sql("SET ROLE on_call; SELECT would_insert, unchanged FROM hyperline.dry_run_loader('mixed')"), '0|10', 'that of a loader what its owner sees');
sql("UPDATE hyperline.loader SET owner = 'alice' WHERE name = 'mixed'");
is(sql("SELECT would_insert, unchanged FROM hyperline.dry_run_loader('mixed')"), '5|5', 'whoever calls it');
sql('TRUNCATE seen');
my ($dropped, $unused, $told) = $node->psql('postgres', "SET ROLE alice; SELECT hyperline.drop_loader('mixed', delete_events => true)");
like($told, qr/NOTICE:  events of type "mixed" deleted: 5\nDETAIL:  There are more: row-level security or a trigger kept them\./, 'who drops a loader deletes what he sees');
is(sql("SELECT count(*), min(customer_id) FROM hyperline.events WHERE event_type = 'mixed'"), '5|0', 'and no more');
is(sql('SELECT DISTINCT who FROM seen'), 'alice', 'triggers run as who drops it');
sql(q{DROP TRIGGER gone ON hyperline.events; DROP POLICY mixed ON hyperline.events; ALTER TABLE hyperline.events DISABLE ROW LEVEL SECURITY; DROP OWNED BY on_call});
sql('REVOKE DELETE ON hyperline.events FROM alice');
like(fails("SET ROLE alice; SELECT hyperline.drop_loader('call', delete_events => true)"), qr/ERROR:  role "alice" may not delete events\n.*\nHINT:  Give it the level: SELECT hyperline\.grant_access\('alice', 'admin'\);/, 'with the rights of the level');
sql("SELECT hyperline.grant_access('alice', 'admin')");

# What a session has deferred, on its own tables, runs as who would have committed: not as the owner of the extension, in the
# functions that let nothing wait.
sql("SELECT hyperline.grant_access('on_call', 'operator'); CREATE ROLE definer; GRANT alice, on_call, definer TO bob");
sql(q{SET ROLE alice; SELECT hyperline.create_loader('product', 'refused', 'SELECT id, CASE WHEN id > 5 THEN c END AS "customerId", at AS timestamp FROM t'); CALL hyperline.refresh_loader('refused')});
my $deferred = q{
CREATE TEMP TABLE own (i int);
CREATE TEMP TABLE ran (who text, role text);
GRANT ALL ON own, ran TO definer;
CREATE FUNCTION pg_temp.later() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO pg_temp.ran VALUES (current_user, (SELECT hyperline.loaders.owner FROM hyperline.loaders WHERE name = 'refused'));
	PERFORM set_config('search_path', 'pg_temp', false);
	BEGIN
		SET ROLE bob;
	EXCEPTION WHEN insufficient_privilege THEN NULL;
	END;
	RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER later AFTER INSERT ON own DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION pg_temp.later();
};
my $who = q{SELECT string_agg(DISTINCT who, ' ') || ' ' || count(*) FROM ran};
my $path = q{SELECT current_user || ' ' || current_setting('search_path')};
my $retry = q{SELECT hyperline.retry_rejected('refused')};
is(sql("SET search_path = pg_catalog; SET SESSION AUTHORIZATION on_call; $deferred BEGIN; INSERT INTO own VALUES (1); $retry; $who; $path; COMMIT; $who"), "0\non_call 1\non_call pg_catalog\non_call 1", 'an operator who retries rows');
is(sql("SET search_path = pg_catalog; SET SESSION AUTHORIZATION on_call; $deferred DO \$\$ BEGIN INSERT INTO own VALUES (1); CALL hyperline.refresh_loader('refused'); END \$\$; $who; SELECT current_user"), "on_call 1\non_call", 'or refreshes a loader');
# A function of another role on the way lends it no rights either.
sql(q{CREATE FUNCTION retry() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$ SELECT hyperline.retry_rejected('refused') $$});
is(sql("SET SESSION AUTHORIZATION on_call; $deferred BEGIN; INSERT INTO own VALUES (1); SELECT public.retry(); $who; COMMIT"), "0\non_call 1", 'through a superuser\'s function');
is(sql("SET SESSION AUTHORIZATION alice; $deferred BEGIN; INSERT INTO own VALUES (1); SELECT FROM hyperline.drop_loader('refused', delete_events => true); $who; $path; COMMIT"), qq{alice 1\nalice "\$user", public}, 'an admin who drops a loader');
sql('DROP OWNED BY on_call; REVOKE alice, on_call FROM bob; DROP FUNCTION retry()');

# A lock that everybody may take keeps nothing from running.
{
	sql('CREATE ROLE stranger LOGIN');
	my $stranger = open_session($node, 'postgres', 'stranger');
	$stranger->run("SELECT count(pg_advisory_lock(c.oid::int, n)), count(pg_advisory_lock((c.oid::bigint << 32) + n)) FROM pg_class c, generate_series(1, 100) n WHERE c.relname = 'loader'");
	sql("SELECT hyperline.reset_loader('call')");
	like(run('call'), qr/^succeeded/, 'a stranger who holds locks of the same numbers');
	$stranger->close;
}

# Another source under a loader is for who may act as the loader's owner.
my $other = 'postgres://u:p@127.0.0.1:1/d';
like(fails("SET ROLE alice; SELECT hyperline.alter_connection('product', url => '$other')"),
	qr/ERROR:  loader "sms" of role "$user" uses connection "product"\nDETAIL:  It would write with the rights of that role what the new source says\.\nHINT: /, 'a user gives no other source to a superuser\'s loader');
sql("SELECT hyperline.create_connection('other', 'postgres://u:q\@127.0.0.1:1/d', check_now => false); UPDATE hyperline.loader SET connection_id = (SELECT connection_id FROM hyperline.connection WHERE name = 'other') WHERE name = 'sms'");
like(fails("SET ROLE bob; SELECT hyperline.alter_connection('product', url => '$other')"), qr/ERROR:  loader "call" of role "alice" uses connection "product"/, 'nor to another user\'s');
like(fails("SET ROLE alice; SELECT hyperline.alter_connection('product', url => '$other')"), qr/ERROR:  could not connect/, 'but to one\'s own');
sql('GRANT alice TO bob');
like(fails("SET ROLE bob; SELECT hyperline.alter_connection('product', url => '$other')"), qr/ERROR:  could not connect/, 'and to one of a role that one is a member of');
sql('REVOKE alice FROM bob');
like(fails("SET ROLE alice; SELECT hyperline.alter_connection('other', url => '$other')"), qr/ERROR:  could not connect/, 'another password for the same source is no other source');
sql("SET ROLE alice; SELECT hyperline.alter_connection('product', max_concurrent_runs => 3)");
sql("UPDATE hyperline.loader SET connection_id = (SELECT connection_id FROM hyperline.connection WHERE name = 'product') WHERE name = 'sms'");

# An owner who loses the level between two batches
sql("DELETE FROM hyperline.events; SELECT hyperline.reset_loader('call'), hyperline.revoke_access('alice')");
like(run('call'), qr/^failed\|0\|0\|0\|42501\|loader "call" may not write events as role "alice"$/, 'an owner without the level');
sql("SELECT hyperline.grant_access('alice', 'operator')");
like(run('call'), qr/^failed.*may not write/, 'or with a lower one');
sql("SELECT hyperline.grant_access('alice', 'admin')");
is(run('call'), 'succeeded|5|0|0||', 'gets on with it');

# The rights of a connection's owner are asked at each connect.
sql("CREATE ROLE super SUPERUSER; SET ROLE super; SELECT hyperline.create_connection('socket', '$url')");
is(sql("SELECT status FROM hyperline.check_connection('socket')"), 'live', 'a superuser\'s Unix-domain socket');
sql('ALTER ROLE super NOSUPERUSER');
like(fails("SELECT hyperline.check_connection('socket')"), qr/ERROR:  only a superuser may connect through a Unix-domain socket\nDETAIL:  It would give access to what only this server's own user may use\./, 'is closed when he is none any more');

# Levels are ordinary privileges: a dump keeps them.
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('postgres') ], 'a dump');
sql('CREATE DATABASE restored');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('restored') ], 'is restored');
is($node->safe_psql('restored', 'SELECT * FROM hyperline.access ORDER BY 1'), sql('SELECT * FROM hyperline.access ORDER BY 1'), 'with the levels of access');
is($node->safe_psql('restored', 'SELECT owner FROM hyperline.loaders ORDER BY name'), "alice\n$user", 'and the owners of loaders');
$node->stop;
done_testing();
