# What constraints, triggers and policies of this database say of a row that a source has sent: its control characters neither reach
# a terminal nor forge a line, in the log, the history or the error of a session, and it is of bounded length.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source');
$source->safe_psql('postgres', q{CREATE TABLE t AS SELECT 1 AS id, E'\x1b]0;owned\x07\x1b[2J\u202e\n2026-01-01 00:00:00 UTC [1] LOG:  forged' AS "customerId", now() AS timestamp, repeat('x', 100000) AS long});
my $target = start_target('target', 'hyperline_connector.max_retries = 0', "log_min_messages = warning", "log_statement = 'none'");
sub sql { return $target->safe_psql('postgres', @_); }
sub said_of { my ($sql) = @_; my ($status, $out, $err) = $target->psql('postgres', $sql); return "$out\n$err"; }

my $shown = '\x1b]0;owned\x07\x1b[2J\u202e';
sql("SELECT hyperline.create_connection('product', '" . source_url($source) . "'); SELECT hyperline.create_loader('product', 't', 'SELECT * FROM t', paused => true)");

# Each says what it quotes in another way.
my %ways = (
	'a check' => [ q{ALTER TABLE hyperline.events ADD CONSTRAINT plain CHECK (customer_id ~ '^[a-z0-9]+$')}, 'ALTER TABLE hyperline.events DROP CONSTRAINT plain', '23514', qr/Failing row contains \([^\n]*\Q$shown\E/ ],
	'a trigger' => [ trigger(q{RAISE 'no %', NEW.customer_id USING DETAIL = NEW.customer_id || NEW.record, HINT = NEW.customer_id}), 'DROP FUNCTION say() CASCADE', 'P0001', qr/no \Q$shown\E(?s:.*)\Q$shown\E(?s:.*)\Q$shown\E/ ],
	'a trigger that goes on and on' => [ trigger(q{RAISE '%', repeat(NEW.customer_id, 10000) USING DETAIL = NEW.record, HINT = NEW.record}), 'DROP FUNCTION say() CASCADE', 'P0001', qr/\Q$shown\E(?s:.*)\.\.\./ ],
	'a trigger that says to try again' => [ trigger(q{RAISE '%', repeat(NEW.customer_id, 10000) USING ERRCODE = '40001'}), 'DROP FUNCTION say() CASCADE', '40001', qr/In the last one: \Q$shown\E/ ]);
sub trigger
{
	my ($body) = @_;
	return "CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS \$\$ BEGIN $body; RETURN NEW; END \$\$; CREATE TRIGGER say BEFORE INSERT ON hyperline.events FOR EACH ROW EXECUTE FUNCTION say()";
}

# harmless($text, $what): in three texts of 2,000 bytes each and what we say around them.
sub harmless
{
	my ($text, $what) = @_;
	ok($text !~ /[^\n\t -~]/, "$what: without what controls a terminal") or diag(substr($text, 0, 1000));
	ok($text !~ /^\t?2026-01-01 00:00:00 UTC/m, "$what: no line of it is forged") or diag(substr($text, 0, 1000));
	cmp_ok(length($text), '<', 10_000, "$what: of bounded length");
	return;
}

for my $what (sort keys %ways)
{
	my ($make, $remove, $state, $expected) = @{ $ways{$what} };
	sql($make);
	my $seen = -s $target->logfile;
	is(sql("SELECT hyperline.run_loader('t') AS run \\gset\nSELECT hyperline.wait_for_run(:run)"), 'failed', "$what: a run fails");
	my $kept = sql("SELECT concat_ws(E'\\n', sqlstate, error, error_detail) FROM hyperline.loader_runs ORDER BY run_id DESC LIMIT 1");
	like($kept, qr/^$state\n/, "$what: for that");
	like($kept, $expected, "$what: the history has it escaped");
	harmless($kept, "$what, history");
	harmless(sql("SELECT last_error FROM hyperline.loaders"), "$what, loader");
	$target->wait_for_log(qr/run \d+ of loader "t" failed: .*SQLSTATE $state/s, $seen);
	my $log = substr(slurp_file($target->logfile), $seen);
	like($log, $expected, "$what: so has the log");
	harmless($log, "$what, log");

	$seen = -s $target->logfile;
	my $told = said_of("CALL hyperline.refresh_loader('t')");
	like($told, $expected, "$what: so has a session");
	harmless($told, "$what, session");
	harmless(substr(slurp_file($target->logfile), $seen), "$what, log of a session");

	# What was rejected once, and is stored now that it has a customer
	$source->safe_psql('postgres', q{ALTER TABLE t RENAME COLUMN "customerId" TO kept; ALTER TABLE t ADD COLUMN "customerId" text});
	sql($remove);
	sql("CALL hyperline.refresh_loader('t')");
	$source->safe_psql('postgres', q{ALTER TABLE t DROP COLUMN "customerId"; ALTER TABLE t RENAME COLUMN kept TO "customerId"});
	sql($make);
	$seen = -s $target->logfile;
	$told = said_of("SELECT hyperline.retry_rejected('t')");
	like($told, $expected, "$what: so has retry_rejected()");
	harmless($told, "$what, retry_rejected()");
	harmless(substr(slurp_file($target->logfile), $seen), "$what, its log");
	sql("$remove; SELECT hyperline.reset_loader('t')");
}

# A dry run reads what is there as its caller sees it
sql(q{CALL hyperline.refresh_loader('t');
	CREATE FUNCTION say(customer text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE '% %', customer, repeat('x', 100000) USING DETAIL = customer; END $$;
	CREATE ROLE alice; SELECT hyperline.grant_access('alice', 'admin');
	ALTER TABLE hyperline.events ENABLE ROW LEVEL SECURITY; CREATE POLICY say ON hyperline.events TO alice USING (say(customer_id))});
for my $call ("hyperline.dry_run_query('product', 't', 'SELECT * FROM t')", "hyperline.dry_run_rejects('product', 't', 'SELECT * FROM t')")
{
	my $seen = -s $target->logfile;
	my $told = said_of("SET ROLE alice; SELECT * FROM $call");
	like($told, qr/ERROR:  \Q$shown\E(?s:.*)DETAIL:  \Q$shown\E(?s:.*)CONTEXT:  PL\/pgSQL function (?:public\.)?say/, "$call: the error is the policy's");
	harmless($told, $call);
	harmless(substr(slurp_file($target->logfile), $seen), "$call: log");
}
$target->stop;
$source->stop;
done_testing();
