# Real data that nobody here wrote: every order and order line arrives, to the last digit, and what changes follows.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $file = ($ENV{HYPERLINE_DATA} // '') . '/northwind.sql';
plan skip_all => 'northwind.sql is not here' unless -r $file;

my $source = start_source('source');
$source->safe_psql('postgres', 'CREATE DATABASE northwind');
$source->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', $source->connstr('northwind'), '-f', $file ], 'the source is restored');
my $target = start_target('target', 'hyperline_connector.enabled = off');
my $url = source_url($source, 'northwind');
$target->safe_psql('postgres', "SELECT hyperline.create_connection('northwind', '$url')");

sub create_loader
{
	my ($type, $query) = @_;
	$target->safe_psql('postgres', "SELECT hyperline.create_loader('northwind', '$type', \$q\$$query\$q\$)");
	return;
}

sub refresh
{
	my ($type) = @_;
	$target->safe_psql('postgres', "CALL hyperline.refresh_loader('$type')");
	return $target->safe_psql('postgres',
		"SELECT rows_read, inserted, updated, unchanged, rejected FROM hyperline.loader_runs WHERE loader = '$type' ORDER BY run_id DESC LIMIT 1");
}

# same($stored, $original, $name): a query over the events here gives what one over the tables gives there.
sub same
{
	my ($stored, $original, $name) = @_;
	is($target->safe_psql('postgres', $stored), $source->safe_psql('northwind', $original), $name);
	return;
}

create_loader('orders', 'SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp, c.company_name AS "customerName",
	o.freight, o.ship_country, o.shipped_date AS "deletedAt" FROM orders o JOIN customers c USING (customer_id)');
create_loader('lines', q{SELECT d.order_id || '-' || d.product_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp,
	d.unit_price, d.quantity, d.discount FROM order_details d JOIN orders o USING (order_id);  -- each line});

is(refresh('orders'), '830|830|0|0|0', 'all orders are new');
is(refresh('lines'), '2155|2155|0|0|0', 'all lines are new');
is(refresh('orders'), '830|0|0|830|0', 'and then unchanged');
same(q{SELECT count(*), sum((record ->> 'freight')::numeric) FROM hyperline.events WHERE event_type = 'orders'},
	'SELECT count(*), sum(freight::text::numeric) FROM orders', 'the freight adds up, digit for digit');
same(q{SELECT record -> 'freight' FROM hyperline.events WHERE event_type = 'orders' AND id = '10248'}, 'SELECT 32.38', '32.38 stays 32.38');
same(q{SELECT count(*), sum((record ->> 'unit_price')::numeric * (record ->> 'quantity')::numeric * (1 - (record ->> 'discount')::numeric)) FROM hyperline.events WHERE event_type = 'lines'},
	'SELECT count(*), sum(unit_price::text::numeric * quantity * (1 - discount::text::numeric)) FROM order_details', 'so do the lines');
same(q{SELECT string_agg(external_id || name, '|' ORDER BY external_id) FROM hyperline.pending_customers},
	q{SELECT string_agg(customer_id || company_name, '|' ORDER BY customer_id COLLATE "C") FROM customers WHERE customer_id IN (SELECT customer_id FROM orders)}, 'and the customers');
same(q{SELECT string_agg(id || ("timestamp" AT TIME ZONE 'UTC')::date || is_deleted, '|' ORDER BY id) FROM hyperline.events WHERE event_type = 'orders'},
	q{SELECT string_agg(order_id::text || order_date || (shipped_date IS NOT NULL), '|' ORDER BY order_id) FROM orders}, 'dates and marks');

$source->safe_psql('northwind', q{
	UPDATE orders SET freight = 33.5 WHERE order_id = 10248;
	UPDATE customers SET company_name = 'Renamed' WHERE customer_id = 'VINET';
	INSERT INTO orders (order_id, customer_id, order_date, freight) VALUES (20000, 'VINET', '2026-01-01', 0.1);
	DELETE FROM order_details WHERE order_id = 10249; DELETE FROM orders WHERE order_id = 10249});
is(refresh('orders'), '830|1|1|828|0', 'one new, one changed, one gone');
is(refresh('lines'), '2153|0|0|2153|0', 'lines that are gone stay');
is($target->safe_psql('postgres', q{SELECT count(*), (SELECT record -> 'freight' FROM hyperline.events WHERE event_type = 'orders' AND id = '10248') FROM hyperline.events WHERE event_type = 'orders'}),
	'831|33.5', 'the latest version is stored, and the order that is gone');
is($target->safe_psql('postgres', q{SELECT name FROM hyperline.pending_customers WHERE external_id = 'VINET'}), 'Vins et alcools Chevalier', 'a load renames nobody');
$target->stop;
$source->stop;
done_testing();
