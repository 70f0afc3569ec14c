# Somebody who sets up a loader for Northwind's orders gets the query wrong in each way that people do. What is said has
# to suffice to mend it; after the last mistake the query is right, and nothing is said.
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
$source->safe_psql('northwind', 'CREATE ROLE stranger LOGIN; CREATE SEQUENCE numbers; GRANT USAGE ON numbers TO PUBLIC');
my $strange = source_url($source, 'northwind', 'stranger');
$target->safe_psql('postgres', "SELECT hyperline.create_connection('northwind', '$url'), hyperline.create_connection('stranger', '$strange')");

# said($call, $query): what psql shows on its error output.
sub said
{
	my ($call, $query) = @_;
	my $sql =
		$call eq 'create' ? "SELECT hyperline.create_loader('northwind', 'orders', \$q\$$query\$q\$)"
	  : $call eq 'stranger' ? "SELECT hyperline.create_loader('stranger', 'orders', \$q\$$query\$q\$)"
	  : $call eq 'cursor' ? "SELECT hyperline.create_loader('northwind', 'orders', \$q\$$query\$q\$, cursor_field => 'order_date')"
	  :                     "SELECT count(*) FROM hyperline.preview_query('northwind', \$q\$$query\$q\$, 100)";
	my ($status, $out, $err) = $target->psql('postgres', $sql);
	$err =~ s/^psql:<stdin>:\d+: //mg;
	return $err;
}

# Blocks of "### call: name", the query, "---", what is said.
my $count = 0;
for my $block (split /^### /m, do { local $/; <DATA> })
{
	next if $block eq '';
	my ($call, $name, $query, $expected) = $block =~ /\A(\w+): ([^\n]*)\n(.*?)\n---\n(.*?)\n*\z/s or die $block;
	is(said($call, $query), $expected, $name);
	$count++;
}
cmp_ok($count, '>', 90, 'in more than ninety ways');
is($target->safe_psql('postgres', q{SELECT string_agg(name, ' ') FROM hyperline.loaders}), 'orders', 'only the last one became a loader');
$target->safe_psql('postgres', q{SELECT hyperline.drop_loader('orders')});
my $lock = $source->background_psql('northwind');
$lock->query_safe('BEGIN; LOCK TABLE orders');
is(said('create', 'SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders'), <<'END' =~ s/\n\z//r, 'a table that is locked');
ERROR:  the source refuses the query: canceling statement due to lock timeout
DETAIL:  The place is marked:
LINE 1: ...omer_id AS "customerId", order_date AS timestamp FROM orders
                                                                 ^
HINT:  It waited 5 s for a lock that something at the source holds, such as an ALTER TABLE that is under way: pg_locks there tells. A run is tried again by itself.
END
$lock->quit;
$source->safe_psql('northwind', 'REVOKE EXECUTE ON FUNCTION pg_catalog.pg_is_in_recovery() FROM PUBLIC');
is(said('stranger', 'SELECT 1'), <<'END' =~ s/\n\z//r, 'a right that our own statements need');
ERROR:  could not begin to read at the source: permission denied for function pg_is_in_recovery
HINT:  Grant it to the connection's role: GRANT EXECUTE ON FUNCTION ... TO ...
END
$source->safe_psql('northwind', 'GRANT EXECUTE ON FUNCTION pg_catalog.pg_is_in_recovery() TO PUBLIC');
$target->stop;
$source->stop;
done_testing();

__DATA__
### create: customerId without its quotes
SELECT o.order_id AS id, o.customer_id AS customerId, o.order_date AS timestamp, o.freight
FROM orders o
---
ERROR:  the query lacks the required field "customerId"
DETAIL:  missing_field: The query returns "id", "customerid", "timestamp", "freight".
HINT:  Write "customerId" with its double quotes: PostgreSQL folds a name without them to customerid.

### create: no id
SELECT o.order_id, o.customer_id AS "customerId", o.order_date AS timestamp, o.freight
FROM orders o
---
ERROR:  the query lacks the required field "id"
DETAIL:  missing_field: The query returns "order_id", "customerId", "timestamp", "freight".
HINT:  Give the column "order_id" the name id: ... AS id.

### create: the time under another name
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date, o.freight
FROM orders o
---
ERROR:  the query lacks the required field "timestamp"
DETAIL:  missing_field: The query returns "id", "customerId", "order_date", "freight".
HINT:  Give the column "order_date" the name timestamp: ... AS timestamp.

### create: a misspelt field
SELECT o.order_id AS id, o.customer_id AS "custommerId", o.order_date AS timestmap, o.freight
FROM orders o
---
ERROR:  the query lacks the required fields "customerId", "timestamp"
DETAIL:  missing_field: The query returns "id", "custommerId", "timestmap", "freight".
HINT:  Give the column "custommerId" the name customerId: ... AS "customerId". Give the column "timestmap" the name timestamp: ... AS timestamp.

### create: a number for a time
SELECT o.order_id AS id, o.customer_id AS "customerId", extract(epoch FROM o.order_date) AS timestamp
FROM orders o
---
ERROR:  field "timestamp" of the query cannot be used: the field is not a time
DETAIL:  timestamp_not_a_time: Field "timestamp" is of type numeric.
HINT:  For seconds since 1970 write to_timestamp(x) AS timestamp, for milliseconds to_timestamp(x / 1000.0).

### create: a text for a time
SELECT o.order_id AS id, o.customer_id AS "customerId", to_char(o.order_date, 'DD.MM.YYYY') AS timestamp
FROM orders o
---
ERROR:  field "timestamp" of the query cannot be used: the field is not a time
DETAIL:  timestamp_not_a_time: Field "timestamp" is of type text.
HINT:  Cast it: (x)::timestamptz AS timestamp, or to_timestamp(x, 'DD.MM.YYYY') AS timestamp where it is written otherwise.

### create: a field twice
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp, o.employee_id AS id
FROM orders o
---
ERROR:  field "id" of the query cannot be used: the field is there more than once
DETAIL:  duplicate_field: Columns 1, 4 of the query are called "id".
HINT:  Give each column a name of its own with AS.

### create: a misspelt table
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp
FROM ordrs o
---
ERROR:  the source refuses the query: relation "ordrs" does not exist
DETAIL:  The place is marked:
LINE 2: FROM ordrs o
             ^
HINT:  Check how the table is spelt. Write its schema before it, as in sales.orders, unless the role's search_path has that. What stands before a column has to be a table of FROM, or its alias.

### create: a word that is no name
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp
FROM order o
---
ERROR:  the source refuses the query: syntax error at or near "order"
DETAIL:  The place is marked:
LINE 2: FROM order o
             ^
HINT:  Look before the mark for what is missing, too many or misspelt: a comma, an operator, a word such as FROM, the END of a CASE. A name that is a word of SQL's own, such as order, is written in double quotes, not in ' or `.

### create: a misspelt column
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp, o.frieght
FROM orders o
---
ERROR:  the source refuses the query: column o.frieght does not exist
DETAIL:  The place is marked:
LINE 1: ...mer_id AS "customerId", o.order_date AS timestamp, o.frieght
                                                              ^
HINT:  Perhaps you meant to reference the column "o.freight".

### create: a missing comma
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp,
       o.freight o.ship_country
FROM orders o
---
ERROR:  the source refuses the query: syntax error at or near "."
DETAIL:  The place is marked:
LINE 2:        o.freight o.ship_country
                          ^
HINT:  Look before the mark for what is missing, too many or misspelt: a comma, an operator, a word such as FROM, the END of a CASE. A name that is a word of SQL's own, such as order, is written in double quotes, not in ' or `.

### create: a missing join
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp,
       c.company_name AS "customerName"
FROM orders o
---
ERROR:  the source refuses the query: missing FROM-clause entry for table "c"
DETAIL:  The place is marked:
LINE 2:        c.company_name AS "customerName"
               ^
HINT:  Check how the table is spelt. Write its schema before it, as in sales.orders, unless the role's search_path has that. What stands before a column has to be a table of FROM, or its alias.

### create: a column of two tables
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp, company_name AS "customerName"
FROM orders o JOIN customers c ON c.customer_id = o.customer_id
---
ERROR:  the source refuses the query: column reference "customer_id" is ambiguous
DETAIL:  The place is marked:
LINE 1: SELECT order_id AS id, customer_id AS "customerId", order_da...
                               ^
HINT:  Write the table before it: table.column.

### create: double quotes around a text, behind a placeholder
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp
FROM orders o
WHERE o.order_date >= {{last_refreshed_at}} AND o.ship_country = "France"
---
ERROR:  the source refuses the query: column "France" does not exist
DETAIL:  The place is marked:
LINE 3: ..._date >= {{last_refreshed_at}} AND o.ship_country = "France"
                                                               ^
HINT:  Double quotes are for names. If a text is meant, write it in single quotes.

### create: a parenthesis that is open
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp
FROM orders o
WHERE (o.freight > 10 OR o.ship_via = 1
---
ERROR:  unmatched "(" at character 103
DETAIL:  The place is marked:
LINE 3: WHERE (o.freight > 10 OR o.ship_via = 1
              ^
HINT:  Close it with a ), or remove it.

### create: a quote that is open
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp
FROM orders o
WHERE o.ship_country = 'France
---
ERROR:  unterminated quoted string at character 120
DETAIL:  The place is marked:
LINE 3: WHERE o.ship_country = 'France
                               ^
HINT:  Write ' where it ends; a ' inside is written ''.

### create: two statements
SET search_path = public; SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
---
ERROR:  a query must be a SELECT: SET at character 1
DETAIL:  The place is marked:
LINE 1: SET search_path = public; SELECT order_id AS id, customer_id...
        ^
HINT:  Write SELECT, WITH, VALUES or TABLE.

### create: a statement that writes
WITH paid AS (UPDATE orders SET freight = 0 RETURNING *)
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM paid
---
ERROR:  a query must be a SELECT: UPDATE at character 15
DETAIL:  The place is marked:
LINE 1: WITH paid AS (UPDATE orders SET freight = 0 RETURNING *)
                      ^
HINT:  Write SELECT, WITH, VALUES or TABLE.

### create: a placeholder in quotes
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
WHERE order_date >= '{{last_refreshed_at}}'
---
ERROR:  placeholder in a quoted string at character 110
DETAIL:  The place is marked:
LINE 2: WHERE order_date >= '{{last_refreshed_at}}'
                             ^
HINT:  Write {{last_refreshed_at}} without quotes: it becomes a constant of type timestamptz.

### create: another placeholder
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
WHERE order_date >= {{last_run}}
---
ERROR:  unknown placeholder {{last_run}} at character 109
DETAIL:  The place is marked:
LINE 2: WHERE order_date >= {{last_run}}
                            ^
HINT:  The only placeholder is {{last_refreshed_at}}.

### create: a sum without its groups
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp, sum(d.quantity) AS quantity
FROM orders o JOIN order_details d USING (order_id)
---
ERROR:  the source refuses the query: column "o.order_id" must appear in the GROUP BY clause or be used in an aggregate function
DETAIL:  The place is marked:
LINE 1: SELECT o.order_id AS id, o.customer_id AS "customerId", o.or...
               ^
HINT:  Name each column in GROUP BY, or take one of its values, such as max(x). A condition on an aggregate stands in HAVING, one on rows in WHERE; an aggregate of aggregates needs a subquery.

### create: a time compared with a number
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp
FROM orders o
WHERE o.order_date >= 1996
---
ERROR:  the source refuses the query: operator does not exist: date >= integer
DETAIL:  The place is marked:
LINE 3: WHERE o.order_date >= 1996
                           ^
HINT:  Cast one side to what goes with the other, such as x::text, x::numeric or interval '1 day'. || joins texts, = compares, AND and OR join conditions.

### create: a misspelt function
SELECT o.order_id AS id, o.customer_id AS "customerId", to_timestmp(o.order_date::text, 'YYYY-MM-DD') AS timestamp
FROM orders o
---
ERROR:  the source refuses the query: function to_timestmp(text, unknown) does not exist
DETAIL:  The place is marked:
LINE 1: ...d AS id, o.customer_id AS "customerId", to_timestmp(o.order_...
                                                   ^
HINT:  Check how it is spelt, and which types it takes: cast what is given to it, such as x::timestamptz. What other databases have may be called otherwise here: COALESCE for IFNULL, ISNULL and NVL, CASE for IF and IIF, now() for GETDATE(), string_agg() for GROUP_CONCAT().

### stranger: a table that the role may not read
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
---
ERROR:  the source refuses the query: permission denied for table orders
HINT:  Have the connection's role granted what the query reads: GRANT SELECT ON ... TO ..., and USAGE on its schema. FOR UPDATE and FOR SHARE want more than SELECT: leave them out.

### create: everything
SELECT * FROM orders
---
ERROR:  the query lacks the required fields "id", "customerId", "timestamp"
DETAIL:  missing_field: The query returns "order_id", "customer_id", "employee_id", "order_date", "required_date", "shipped_date", "ship_via", "freight", "ship_name", "ship_address", "ship_city", "ship_region", "ship_postal_code", "ship_country".
HINT:  Give the column "order_id" the name id: ... AS id. Give the column "customer_id" the name customerId: ... AS "customerId". Give the column "order_date" the name timestamp: ... AS timestamp.

### cursor: a cursor field that is not returned
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
---
ERROR:  cursor_field "order_date" is not a field of the query
DETAIL:  The query returns "id", "customerId", "timestamp".
HINT:  Return it as a column of the query; names are compared exactly.

### preview: a join that repeats rows
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp, d.quantity
FROM orders o JOIN order_details d USING (order_id)
WHERE o.order_id < 10260
ORDER BY o.order_id, d.product_id
---
WARNING:  timestamp_without_zone: the field has no time zone and is read as UTC
DETAIL:  Field "timestamp" is of type date.
HINT:  Each event gets the midnight at which its day begins in UTC. If days begin elsewhere, write (x::timestamp AT TIME ZONE 'Europe/Zurich') AS timestamp.
WARNING:  timestamp_before_2000: the time is before 2000
DETAIL:  Rows with such a time, as 1996-07-04: 34 of the first 34, beginning with row 1.
HINT:  Look for a zero or a default that stands for no time, and for a number in another unit: to_timestamp() takes seconds.
WARNING:  repeated_id: several rows have one id and customerId
DETAIL:  Rows with id "10248" and customerId "VINET": 3 of the first 34, beginning with row 1.
HINT:  They are one event, of which one row is stored: return what tells them apart, such as a.id || '-' || b.id AS id, or mend a join that repeats rows.

### preview: an outer join that finds nothing
SELECT c.customer_id || coalesce('-' || o.order_id, '') AS id, o.customer_id AS "customerId", o.order_date AS timestamp
FROM customers c LEFT JOIN orders o USING (customer_id)
WHERE c.customer_id IN ('FISSA', 'VINET')
ORDER BY o.order_id NULLS FIRST
---
WARNING:  timestamp_without_zone: the field has no time zone and is read as UTC
DETAIL:  Field "timestamp" is of type date.
HINT:  Each event gets the midnight at which its day begins in UTC. If days begin elsewhere, write (x::timestamp AT TIME ZONE 'Europe/Zurich') AS timestamp.
WARNING:  null_customer_id: a required field is NULL
DETAIL:  Rows without customerId: 1 of the first 6, beginning with row 1.
HINT:  Such rows are rejected and not billed. Leave them out with a WHERE, or return what stands for them, with COALESCE(x, y).
WARNING:  null_timestamp: a required field is NULL
DETAIL:  Rows without timestamp: 1 of the first 6, beginning with row 1.
HINT:  Such rows are rejected and not billed. Leave them out with a WHERE, or return what stands for them, with COALESCE(x, y).
WARNING:  timestamp_before_2000: the time is before 2000
DETAIL:  Rows with such a time, as 1996-07-04: 5 of the first 6, beginning with row 2.
HINT:  Look for a zero or a default that stands for no time, and for a number in another unit: to_timestamp() takes seconds.

### preview: milliseconds taken for seconds
SELECT o.order_id AS id, o.customer_id AS "customerId", to_timestamp(extract(epoch FROM o.order_date) * 1000) AS timestamp
FROM orders o
WHERE o.order_id = 10248
---
WARNING:  timestamp_far_ahead: the time is more than 30 days ahead
DETAIL:  Rows with such a time, as 28475-09-05 00:00:00+00: 1 of the first 1, beginning with row 1.
HINT:  Look for a date that stands for never, and for a number in another unit: to_timestamp() takes seconds, so divide milliseconds by 1000.0.

### preview: a value that is no number
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date AS timestamp, o.ship_postal_code::int AS code
FROM orders o
WHERE o.order_id < 10260
ORDER BY o.order_id
---
ERROR:  the query failed at the source: invalid input syntax for type integer: "05454-876"
HINT:  Write a value that the type has: of an enum, one of its labels, which enum_range(NULL::its_name) lists; or cast what it is put together with: x::text. If it comes from rows, leave them out with a WHERE, or return it as the text that it is.

### preview: a division by zero
SELECT order_id || '-' || product_id AS id, unit_price AS "customerId", now() AS timestamp, 1 / discount::numeric AS share
FROM order_details
WHERE order_id < 10260
---
ERROR:  the query failed at the source: division by zero
HINT:  Write NULLIF(x, 0) for what it divides by.

### create: a condition on an alias
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o
WHERE timestamp > '1997-01-01'
---
ERROR:  the source refuses the query: column "timestamp" does not exist
DETAIL:  The place is marked:
LINE 3: WHERE timestamp > '1997-01-01'
              ^
HINT:  Check how it is spelt, and which table of FROM has it. A name that AS gives is not known in WHERE, ON and HAVING: repeat there what it stands for. A text is written in single quotes.

### create: a condition on an aggregate
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o JOIN order_details d USING (order_id)
WHERE sum(d.quantity) > 10
GROUP BY 1, 2, 3
---
ERROR:  the source refuses the query: aggregate functions are not allowed in WHERE
DETAIL:  The place is marked:
LINE 3: WHERE sum(d.quantity) > 10
              ^
HINT:  Name each column in GROUP BY, or take one of its values, such as max(x). A condition on an aggregate stands in HAVING, one on rows in WHERE; an aggregate of aggregates needs a subquery.

### create: an aggregate of an aggregate
SELECT customer_id AS id, customer_id AS "customerId", max(order_date) AS timestamp, max(sum(freight)) AS freight
FROM orders
GROUP BY customer_id
---
ERROR:  the source refuses the query: aggregate function calls cannot be nested
DETAIL:  The place is marked:
LINE 1: ...rId", max(order_date) AS timestamp, max(sum(freight)) AS fre...
                                                   ^
HINT:  Name each column in GROUP BY, or take one of its values, such as max(x). A condition on an aggregate stands in HAVING, one on rows in WHERE; an aggregate of aggregates needs a subquery.

### create: backticks
SELECT `order_id` AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
---
ERROR:  the source refuses the query: syntax error at or near "AS"
DETAIL:  The place is marked:
LINE 1: SELECT `order_id` AS id, customer_id AS "customerId", order_...
                          ^
HINT:  Look before the mark for what is missing, too many or misspelt: a comma, an operator, a word such as FROM, the END of a CASE. A name that is a word of SQL's own, such as order, is written in double quotes, not in ' or `.

### create: a UNION of several widths
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
UNION ALL
SELECT product_id, product_name FROM products
---
ERROR:  the source refuses the query: each UNION query must have the same number of columns
DETAIL:  The place is marked:
LINE 3: SELECT product_id, product_name FROM products
               ^
HINT:  Give each part of a UNION, INTERSECT or EXCEPT as many columns.

### create: a UNION of several types
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
UNION ALL
SELECT product_id, product_name, unit_price FROM products
---
ERROR:  the source refuses the query: UNION types date and real cannot be matched
DETAIL:  The place is marked:
LINE 3: SELECT product_id, product_name, unit_price FROM products
                                         ^
HINT:  Cast one to the type of the other, such as x::text.

### create: a date as it is written elsewhere
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
WHERE order_date >= '31.12.1997'
---
ERROR:  the source refuses the query: date/time field value out of range: "31.12.1997"
DETAIL:  The place is marked:
LINE 2: WHERE order_date >= '31.12.1997'
                            ^
HINT:  Write a date as in '2026-01-31', an interval as in '1 day'. A date that is written otherwise is read with to_timestamp(x, 'DD.MM.YYYY'), whose pattern has to be that of the text.

### create: one table twice
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders, orders
---
ERROR:  the source refuses the query: table name "orders" specified more than once
HINT:  Give each an alias of its own: orders AS a JOIN orders AS b.

### create: a type of another database
SELECT order_id::varchar2 AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
---
ERROR:  the source refuses the query: type "varchar2" does not exist
DETAIL:  The place is marked:
LINE 1: SELECT order_id::varchar2 AS id, customer_id AS "customerId"...
                         ^
HINT:  Check how it is spelt. Types of other databases may have another name here, such as varchar, numeric or timestamptz.

### create: a lock
SELECT order_id AS id, customer_id AS "customerId", order_date::timestamptz AS timestamp FROM orders FOR UPDATE
---
ERROR:  the source refuses the query: permission denied for table orders
HINT:  Have the connection's role granted what the query reads: GRANT SELECT ON ... TO ..., and USAGE on its schema. FOR UPDATE and FOR SHARE want more than SELECT: leave them out.

### create: columns without a name
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp, freight * 2, 1 + 1 FROM orders
---
ERROR:  field "?column?" of the query cannot be used: the field is there more than once
DETAIL:  duplicate_field: Columns 4, 5 of the query are called "?column?".
HINT:  Give each column a name of its own with AS.

### preview: a pattern that is not that of the text
SELECT order_id AS id, customer_id AS "customerId", to_timestamp(order_date::text, 'DD.MM.YYYY') AS timestamp FROM orders
---
ERROR:  the query failed at the source: date/time field value out of range: "1996-07-04"
HINT:  Write a date as in '2026-01-31', an interval as in '1 day'. A date that is written otherwise is read with to_timestamp(x, 'DD.MM.YYYY'), whose pattern has to be that of the text.

### preview: a subquery that finds many rows
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp,
       (SELECT quantity FROM order_details d WHERE d.order_id = o.order_id) AS quantity
FROM orders o
---
ERROR:  the query failed at the source: more than one row returned by a subquery used as an expression
HINT:  Have it return one row: with an aggregate such as sum(x), with LIMIT 1, or as a join instead.

### preview: a number that is too large
SELECT order_id::int * 1000000 AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
---
ERROR:  the query failed at the source: integer out of range
HINT:  Compute in a wider type: x::bigint or x::numeric.

### create: lists of VALUES of several lengths
SELECT id, customer AS "customerId", at AS timestamp FROM (VALUES (1, 'a', now()), (2, 'b')) v(id, customer, at)
---
ERROR:  the source refuses the query: VALUES lists must all be the same length
DETAIL:  The place is marked:
LINE 1: ...imestamp FROM (VALUES (1, 'a', now()), (2, 'b')) v(id, custo...
                                                   ^
HINT:  Give each list of VALUES as many values.

### create: all columns of no table
SELECT *
---
ERROR:  the source refuses the query: SELECT * with no tables specified is not valid
DETAIL:  The place is marked:
LINE 1: SELECT *
               ^
HINT:  Name the values, or add a FROM: * stands for the columns of its tables.

### create: a subquery of two columns for a value
SELECT order_id AS id, (SELECT 1, 2) AS "customerId", order_date AS timestamp FROM orders
---
ERROR:  the source refuses the query: subquery must return only one column
DETAIL:  The place is marked:
LINE 1: SELECT order_id AS id, (SELECT 1, 2) AS "customerId", order_...
                               ^
HINT:  Have a subquery that stands for a value return one column.

### preview: a number from a sequence
SELECT nextval('numbers') AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
---
ERROR:  the query failed at the source: cannot execute nextval() in a read-only transaction
HINT:  A query only reads here. Leave out what writes or locks rows, such as nextval(), a function that inserts, FOR UPDATE.

### create: a text that is no date
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders WHERE order_date > 'last week'
---
ERROR:  the source refuses the query: invalid input syntax for type date: "last week"
DETAIL:  The place is marked:
LINE 1: ...date AS timestamp FROM orders WHERE order_date > 'last week'
                                                            ^
HINT:  Write a date as in '2026-01-31', an interval as in '1 day'. A date that is written otherwise is read with to_timestamp(x, 'DD.MM.YYYY'), whose pattern has to be that of the text.

### create: a number cast to a date
SELECT order_id AS id, customer_id AS "customerId", 19960704::date AS timestamp FROM orders
---
ERROR:  the source refuses the query: cannot cast type integer to date
DETAIL:  The place is marked:
LINE 1: ...d, customer_id AS "customerId", 19960704::date AS timestamp ...
                                                   ^
HINT:  Convert in steps for which there are casts, such as x::text::uuid, or with a function, such as to_timestamp(x); or compare like with like. A date is written '2026-01-31'.

### create: a condition on a window function
SELECT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders
WHERE row_number() OVER (PARTITION BY customer_id ORDER BY order_date) = 1
---
ERROR:  the source refuses the query: window functions are not allowed in WHERE
DETAIL:  The place is marked:
LINE 2: WHERE row_number() OVER (PARTITION BY customer_id ORDER BY o...
              ^
HINT:  Compute a window function in a subquery, and look at its result outside: SELECT ... FROM (SELECT ..., row_number() OVER (...) AS n FROM ...) s WHERE s.n = 1.

### create: DISTINCT in the order of something else
SELECT DISTINCT order_id AS id, customer_id AS "customerId", order_date AS timestamp FROM orders ORDER BY freight
---
ERROR:  the source refuses the query: for SELECT DISTINCT, ORDER BY expressions must appear in select list
DETAIL:  The place is marked:
LINE 1: ...merId", order_date AS timestamp FROM orders ORDER BY freight
                                                                ^
HINT:  With DISTINCT, what ORDER BY names has to be in the list of SELECT, and with DISTINCT ON (x) it begins with x. A number in ORDER BY or GROUP BY counts the columns of that list.

### create: a schema that is not there
SELECT order_id AS id, customer_id AS "customerId", sales.day(order_date) AS timestamp FROM orders
---
ERROR:  the source refuses the query: schema "sales" does not exist
DETAIL:  The place is marked:
LINE 1: ..._id AS id, customer_id AS "customerId", sales.day(order_date...
                                                   ^
HINT:  Check how the schema is spelt.

### create: TOP
SELECT TOP 10 o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o
---
ERROR:  the source refuses the query: syntax error at or near "10"
DETAIL:  The place is marked:
LINE 1: SELECT TOP 10 o.order_id AS id, o.customer_id AS "customerId...
                   ^
HINT:  TOP is LIMIT here, which stands at the end: ... LIMIT 10.

### create: LIMIT of two numbers
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o LIMIT 10, 20
---
ERROR:  the source refuses the query: LIMIT #,# syntax is not supported
DETAIL:  The place is marked:
LINE 2: FROM orders o LIMIT 10, 20
                      ^
HINT:  Use separate LIMIT and OFFSET clauses.

### create: a clause out of its order
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o ORDER BY o.order_id WHERE o.freight > 10
---
ERROR:  the source refuses the query: syntax error at or near "WHERE"
DETAIL:  The place is marked:
LINE 2: FROM orders o ORDER BY o.order_id WHERE o.freight > 10
                                          ^
HINT:  Look before the mark for what is missing, such as the ON of a JOIN, the END of a CASE or the other side of a comparison. Clauses stand in the order FROM, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, each once.

### create: an interval without quotes
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.order_date > now() - INTERVAL 30 DAY
---
ERROR:  the source refuses the query: syntax error at or near "30"
DETAIL:  The place is marked:
LINE 2: FROM orders o WHERE o.order_date > now() - INTERVAL 30 DAY
                                                            ^
HINT:  An interval is written in single quotes: interval '30 days'.

### create: a function of another database
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp, IFNULL(o.ship_region, '') AS region
FROM orders o
---
ERROR:  the source refuses the query: function ifnull(character varying, unknown) does not exist
DETAIL:  The place is marked:
LINE 1: ...o.order_date::timestamptz AS timestamp, IFNULL(o.ship_region...
                                                   ^
HINT:  Check how it is spelt, and which types it takes: cast what is given to it, such as x::timestamptz. What other databases have may be called otherwise here: COALESCE for IFNULL, ISNULL and NVL, CASE for IF and IIF, now() for GETDATE(), string_agg() for GROUP_CONCAT().

### create: texts that are added
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp, o.ship_city + ', ' + o.ship_country AS place
FROM orders o
---
ERROR:  the source refuses the query: operator does not exist: character varying + unknown
DETAIL:  The place is marked:
LINE 1: ...::timestamptz AS timestamp, o.ship_city + ', ' + o.ship_coun...
                                                   ^
HINT:  Cast one side to what goes with the other, such as x::text, x::numeric or interval '1 day'. || joins texts, = compares, AND and OR join conditions.

### create: an operator of another language
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.ship_via == 1
---
ERROR:  the source refuses the query: operator does not exist: smallint == integer
DETAIL:  The place is marked:
LINE 2: FROM orders o WHERE o.ship_via == 1
                                       ^
HINT:  Cast one side to what goes with the other, such as x::text, x::numeric or interval '1 day'. || joins texts, = compares, AND and OR join conditions.

### create: a pattern for a date
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.order_date LIKE '1997%'
---
ERROR:  the source refuses the query: operator does not exist: date ~~ unknown
DETAIL:  The place is marked:
LINE 2: FROM orders o WHERE o.order_date LIKE '1997%'
                                         ^
HINT:  Cast one side to what goes with the other, such as x::text, x::numeric or interval '1 day'. || joins texts, = compares, AND and OR join conditions.

### create: a month that is added
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp, o.order_date + '1 month' AS due
FROM orders o
---
ERROR:  the source refuses the query: operator is not unique: date + unknown
DETAIL:  The place is marked:
LINE 1: ...e::timestamptz AS timestamp, o.order_date + '1 month' AS due
                                                     ^
HINT:  Cast one side to what goes with the other, such as x::text, x::numeric or interval '1 day'. || joins texts, = compares, AND and OR join conditions.

### create: a window function without its window
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp, lag(o.freight) AS before
FROM orders o
---
ERROR:  the source refuses the query: window function lag requires an OVER clause
DETAIL:  The place is marked:
LINE 1: ...o.order_date::timestamptz AS timestamp, lag(o.freight) AS be...
                                                   ^
HINT:  A window function, such as lag(x), needs OVER (ORDER BY ...); what is neither that nor an aggregate takes no OVER, DISTINCT or FILTER. ANY and ALL take an array or a subquery.

### create: a CASE without its end
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp, CASE WHEN o.freight > 10 THEN 'a'
FROM orders o
---
ERROR:  the source refuses the query: syntax error at or near "FROM"
DETAIL:  The place is marked:
LINE 2: FROM orders o
        ^
HINT:  Look before the mark for what is missing, such as the ON of a JOIN, the END of a CASE or the other side of a comparison. Clauses stand in the order FROM, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, each once.

### create: a JOIN without its condition
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o JOIN customers c WHERE c.country = 'France'
---
ERROR:  the source refuses the query: syntax error at or near "WHERE"
DETAIL:  The place is marked:
LINE 2: FROM orders o JOIN customers c WHERE c.country = 'France'
                                       ^
HINT:  Look before the mark for what is missing, such as the ON of a JOIN, the END of a CASE or the other side of a comparison. Clauses stand in the order FROM, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, each once.

### create: a table of another database
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM sales.public.orders o
---
ERROR:  the source refuses the query: cross-database references are not implemented: "sales.public.orders"
DETAIL:  The place is marked:
LINE 2: FROM sales.public.orders o
             ^
HINT:  A query reads the one database of its connection: write schema.table. For another database, create another connection.

### create: a FULL JOIN by another comparison
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o FULL JOIN customers c ON o.customer_id > c.customer_id
---
ERROR:  the source refuses the query: FULL JOIN is only supported with merge-joinable or hash-joinable join conditions
HINT:  Compare columns with = in the condition of a FULL JOIN.

### create: printed quotation marks
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.ship_country = ‘France’
---
ERROR:  the source refuses the query: column "‘france’" does not exist
DETAIL:  The place is marked:
LINE 2: FROM orders o WHERE o.ship_country = ‘France’
                                             ^
HINT:  Character 133 of the query, U+2018, is a quotation mark of printed texts: type ' around a text and " around a name.

### create: a space of a web page
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o
---
ERROR:  the source refuses the query: syntax error at or near "FROM orders"
DETAIL:  The place is marked:
LINE 2: FROM orders o
        ^
HINT:  Character 100 of the query, U+00A0, is a space that SQL does not know: type a plain one.

### create: the same before a name
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o
---
ERROR:  the query lacks the required field "id"
DETAIL:  missing_field: The query returns "as\u00a0id", "customerId", "timestamp".
HINT:  Return id as a column: ... AS id.

### create: a unit without quotes
SELECT o.order_id AS id, o.customer_id AS "customerId", date_trunc(month, o.order_date) AS timestamp
FROM orders o
---
ERROR:  the source refuses the query: column "month" does not exist
DETAIL:  The place is marked:
LINE 1: ...customer_id AS "customerId", date_trunc(month, o.order_date)...
                                                   ^
HINT:  Check how it is spelt, and which table of FROM has it. A name that AS gives is not known in WHERE, ON and HAVING: repeat there what it stands for. A text is written in single quotes.

### create: a comma before the end of a list
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.customer_id IN ('VINET', 'TOMSP',)
---
ERROR:  the source refuses the query: syntax error at or near ")"
DETAIL:  The place is marked:
LINE 2: FROM orders o WHERE o.customer_id IN ('VINET', 'TOMSP',)
                                                               ^
HINT:  Remove the comma before the mark, or write what is to follow it.

### create: a comma before FROM
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp,
FROM orders o
---
ERROR:  the source refuses the query: syntax error at or near "FROM"
DETAIL:  The place is marked:
LINE 2: FROM orders o
        ^
HINT:  Remove the comma before the mark, or write what is to follow it.

### create: an interval that is none
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.order_date > now() - interval '1 fortnite'
---
ERROR:  the source refuses the query: invalid input syntax for type interval: "1 fortnite"
DETAIL:  The place is marked:
LINE 2: ... orders o WHERE o.order_date > now() - interval '1 fortnite'
                                                           ^
HINT:  Write a date as in '2026-01-31', an interval as in '1 day'. A date that is written otherwise is read with to_timestamp(x, 'DD.MM.YYYY'), whose pattern has to be that of the text.

### preview: a time zone that is none
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamp AT TIME ZONE 'Europe/Zurch' AS timestamp
FROM orders o
---
ERROR:  the query failed at the source: time zone "Europe/Zurch" not recognized
HINT:  Check how it is spelt. The view pg_timezone_names of the source has all time zones, such as 'Europe/Zurich'; units are written as in date_trunc('month', x).

### create: a regular expression that is none
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.ship_name ~ '('
---
ERROR:  the source refuses the query: invalid regular expression: parentheses () not balanced
HINT:  Write \ before a character that stands for itself, such as \( and \*.

### preview: the root of a negative number
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp, sqrt(-o.freight) AS root
FROM orders o
---
ERROR:  the query failed at the source: cannot take square root of a negative number
HINT:  If a value of some row causes it, leave that row out with a WHERE, or look at the value first: CASE WHEN x > 0 THEN ln(x) END.

### create: brackets around a name
SELECT o.[order_id] AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o
---
ERROR:  the source refuses the query: syntax error at or near "["
DETAIL:  The place is marked:
LINE 1: SELECT o.[order_id] AS id, o.customer_id AS "customerId", o....
                 ^
HINT:  A name that needs it is written in double quotes, not in [ ]; an array is written ARRAY[1, 2].

### create: a name in single quotes
SELECT o.order_id AS 'id', o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o
---
ERROR:  the source refuses the query: syntax error at or near "'id'"
DETAIL:  The place is marked:
LINE 1: SELECT o.order_id AS 'id', o.customer_id AS "customerId", o....
                             ^
HINT:  A name is written without quotes or in double quotes; single ones are for texts.

### create: a comment of another language
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp # the time
FROM orders o
---
ERROR:  the source refuses the query: syntax error at or near "#"
DETAIL:  The place is marked:
LINE 1: ...stomerId", o.order_date::timestamptz AS timestamp # the time
                                                             ^
HINT:  A comment begins with -- and ends with its line, or stands between /* and */.

### create: a statement of another database
EXEC get_orders
---
ERROR:  the source refuses the query: syntax error at or near "EXEC"
DETAIL:  The place is marked:
LINE 1: EXEC get_orders
        ^
HINT:  A query begins with SELECT, WITH, VALUES or TABLE.

### create: a placeholder of another program
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.order_date >= :last_refreshed_at
---
ERROR:  the source refuses the query: syntax error at or near ":"
DETAIL:  The place is marked:
LINE 2: FROM orders o WHERE o.order_date >= :last_refreshed_at
                                            ^
HINT:  The only placeholder is {{last_refreshed_at}}, with two braces on each side.

### create: a placeholder without its braces
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.order_date >= last_refreshed_at
---
ERROR:  the source refuses the query: column "last_refreshed_at" does not exist
DETAIL:  The place is marked:
LINE 2: FROM orders o WHERE o.order_date >= last_refreshed_at
                                            ^
HINT:  The only placeholder is {{last_refreshed_at}}, with two braces on each side.

### create: a parameter
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.order_date >= $1
---
ERROR:  a query cannot have parameters
DETAIL:  Nobody gives $1 a value when it runs.
HINT:  Write the value itself in its place; the time of the last run is {{last_refreshed_at}}.

### create: a part of a UNION in an order of its own
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o ORDER BY 1
UNION ALL SELECT 1, 'a', now()
---
ERROR:  the source refuses the query: syntax error at or near "UNION"
DETAIL:  The place is marked:
LINE 3: UNION ALL SELECT 1, 'a', now()
        ^
HINT:  A part of a UNION, INTERSECT or EXCEPT that has an ORDER BY or a LIMIT of its own stands in parentheses.

### create: values of several types in one CASE
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp, CASE WHEN o.freight > 1 THEN 'yes' ELSE 0 END AS paid
FROM orders o
---
ERROR:  the source refuses the query: invalid input syntax for type integer: "yes"
DETAIL:  The place is marked:
LINE 1: ...timestamp, CASE WHEN o.freight > 1 THEN 'yes' ELSE 0 END AS ...
                                                   ^
HINT:  Write a value that the type has: of an enum, one of its labels, which enum_range(NULL::its_name) lists; or cast what it is put together with: x::text. If it comes from rows, leave them out with a WHERE, or return it as the text that it is.

### create: a number for a condition
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.ship_via
---
ERROR:  the source refuses the query: argument of WHERE must be type boolean, not type smallint
DETAIL:  The place is marked:
LINE 2: FROM orders o WHERE o.ship_via
                            ^
HINT:  Write a comparison, such as x <> 0 or x IS NOT NULL.

### create: no table
SELECT order_id AS id, customer_id AS "customerId", order_date::timestamptz AS timestamp
---
ERROR:  the source refuses the query: column "order_id" does not exist
DETAIL:  The place is marked:
LINE 1: SELECT order_id AS id, customer_id AS "customerId", order_da...
               ^
HINT:  Check how it is spelt, and which table of FROM has it. A name that AS gives is not known in WHERE, ON and HAVING: repeat there what it stands for. A text is written in single quotes.

### preview: a comparison with NULL
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.ship_region = NULL
---
WARNING:  no_rows: the query returns no rows
DETAIL:  Nothing is known of its values.
HINT:  If there should be some, look at its conditions, of which x = NULL is never true (write x IS NULL), and at whether the policies of its tables let the connection's role see rows.

### preview: an empty customer
SELECT o.order_id AS id, coalesce(o.ship_region, '') AS "customerId", o.order_date::timestamptz AS timestamp
FROM orders o WHERE o.order_id < 10251
---
WARNING:  empty_customer_id: a required field is empty
DETAIL:  Rows with an empty customerId: 2 of the first 3, beginning with row 1.
HINT:  Such rows are rejected and not billed. Leave them out with a WHERE, or return what stands for them, with COALESCE(NULLIF(x, ''), y).
WARNING:  timestamp_before_2000: the time is before 2000
DETAIL:  Rows with such a time, as 1996-07-04 00:00:00+00: 3 of the first 3, beginning with row 1.
HINT:  Look for a zero or a default that stands for no time, and for a number in another unit: to_timestamp() takes seconds.

### preview: a time that is never
SELECT o.order_id AS id, o.customer_id AS "customerId", coalesce(o.shipped_date::timestamptz, 'infinity') AS timestamp
FROM orders o WHERE o.order_id = 11008
---
WARNING:  infinite_timestamp: the time is infinite
DETAIL:  Rows with such a time, as infinity: 1 of the first 1, beginning with row 1.
HINT:  Such rows are rejected and not billed. Return the time at which it happened.

### create: right
SELECT o.order_id AS id, o.customer_id AS "customerId", o.order_date::timestamp AT TIME ZONE 'Europe/Zurich' AS timestamp,
       c.company_name AS "customerName", o.freight, o.ship_country
FROM orders o JOIN customers c USING (customer_id)
---
