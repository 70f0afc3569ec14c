# What a loader's writer may do, and whose code would run, is asked anew for a batch when anything of it has changed since the
# last one: roles, memberships, privileges, triggers, constraints, and who owns what they use.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Aftermath;
use Hyperline;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = start_target('node', 'autovacuum = off', 'hyperline_connector.batch_rows = 10');
sub sql { return $node->safe_psql('postgres', @_); }

# A source whose first rows come at once, and whose others when the gate is open.
my $user = sql('SELECT current_user');
sql('CREATE DATABASE product');
$node->safe_psql('product', q{
	CREATE FUNCTION pass() RETURNS text LANGUAGE plpgsql AS $f$ BEGIN WHILE NOT pg_try_advisory_xact_lock_shared(1) LOOP PERFORM pg_sleep(0.02); END LOOP; RETURN 'passed'; END $f$;
	CREATE TABLE t AS SELECT g AS id, 1 AS c, now() AS at, repeat('x', 5000) AS pad FROM generate_series(1, 30) g ORDER BY g});
my $gate = $node->background_psql('product');
my $url = source_url($node, 'product', $user);
sql("SELECT hyperline.create_connection('product', '$url')");
sql(q{CREATE ROLE alice; CREATE ROLE bob; CREATE ROLE carol; CREATE ROLE team; CREATE ROLE root SUPERUSER;
	GRANT CREATE ON SCHEMA public TO bob; GRANT team TO carol;
	SELECT hyperline.grant_access('alice', 'admin'), hyperline.grant_access('team', 'admin')});
my $query = 'SELECT id, c AS "customerId", at AS timestamp, pad, CASE WHEN id = 20 THEN pass() END AS passed FROM t';
my %owner = (call => 'alice', chat => 'carol', sms => $user);
sql("SET ROLE $owner{$_}; SELECT hyperline.create_loader('product', '$_', '$query', '1 day', paused => true)") for sort keys %owner;
sql(q{
	CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; ALTER FUNCTION look() OWNER TO root;
	CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
	CREATE FUNCTION fine(jsonb) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RETURN true; END $$; ALTER FUNCTION fine(jsonb) OWNER TO bob;
	CREATE FUNCTION bobs() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; ALTER FUNCTION bobs() OWNER TO bob});

my $bobs_code = qr/^42501 code of role "bob" would run with the rights of a superuser$/;
for my $case (
	[ 'call', 'nothing', '', '', undef ],
	[ 'sms', 'nothing', '', '', undef ],
	[ 'call', 'the owner loses the level', "SELECT hyperline.revoke_access('alice')", "SELECT hyperline.grant_access('alice', 'admin')", qr/^42501 loader "call" may not write events as role "alice"$/ ],
	[ 'call', 'the owner loses a privilege', 'REVOKE INSERT ON hyperline.events FROM alice', "SELECT hyperline.grant_access('alice', 'admin')", qr/^42501 loader "call" may not write events as role "alice"$/ ],
	[ 'chat', 'the owner leaves the role that has the level', 'REVOKE team FROM carol', 'GRANT team TO carol', qr/^42501 loader "chat" may not write events as role "carol"$/ ],
	[ 'sms', 'a trigger with another\'s function', 'CREATE TRIGGER bobs BEFORE INSERT ON hyperline.events FOR EACH ROW EXECUTE FUNCTION bobs()', 'DROP TRIGGER bobs ON hyperline.events', $bobs_code ],
	[ 'sms', 'on customers', 'CREATE TRIGGER bobs BEFORE INSERT ON hyperline.all_customers FOR EACH ROW EXECUTE FUNCTION bobs()', 'DROP TRIGGER bobs ON hyperline.all_customers', $bobs_code ],
	[ 'sms', 'a trigger\'s function goes to another', 'ALTER FUNCTION keep() OWNER TO bob', "ALTER FUNCTION keep() OWNER TO $user", $bobs_code ],
	[ 'sms', 'a check with another\'s function', 'ALTER TABLE hyperline.events ADD CONSTRAINT fine CHECK (fine(record))', 'ALTER TABLE hyperline.events DROP CONSTRAINT fine', $bobs_code ],
	[ 'sms', 'a trigger\'s owner is no superuser any more', 'ALTER ROLE root NOSUPERUSER', 'ALTER ROLE root SUPERUSER', qr/^42501 code of role "root" would run with the rights of a superuser$/ ],
	[ 'sms', 'a table that inherits, of another', 'CREATE TABLE heir () INHERITS (hyperline.all_customers); ALTER TABLE heir OWNER TO bob', 'DROP TABLE heir', $bobs_code ])
{
	my ($loader, $name, $change, $undo, $error) = @$case;
	sql("DELETE FROM hyperline.events; SELECT hyperline.reset_loader('$loader')");
	sql('CREATE OR REPLACE TRIGGER look BEFORE INSERT ON hyperline.events FOR EACH ROW EXECUTE FUNCTION look();
		CREATE OR REPLACE TRIGGER keep BEFORE INSERT ON hyperline.events FOR EACH ROW EXECUTE FUNCTION keep()');
	$gate->query_safe('SELECT pg_advisory_lock(1)');
	my $run = sql("SELECT hyperline.run_loader('$loader')");
	ok(wait_for($node, "SELECT rows_read = 10 FROM hyperline.loader_runs WHERE run_id = $run"), "$loader, $name: a batch is stored");
	sql($change) if $change;
	$gate->query_safe('SELECT pg_advisory_unlock(1)');
	sql("SELECT hyperline.wait_for_run($run)");
	my $ended = sql("SELECT concat_ws(' ', sqlstate, error) FROM hyperline.loader_runs WHERE run_id = $run");
	$error ? like($ended, $error, "$loader, $name: then the run is refused") : is($ended, '', "$loader, $name: then it goes on");
	is(sql("SELECT concat_ws('|', status, inserted, (SELECT count(*) FROM hyperline.events)) FROM hyperline.loader_runs WHERE run_id = $run"),
		$error ? 'failed|10|10' : 'succeeded|30|30', "$loader, $name: what is stored");
	sql($undo) if $undo;
}
$gate->quit;
$node->stop;
done_testing();
