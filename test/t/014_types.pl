# Every built-in type, compared with what to_jsonb says at the source; whatever encoding the source has, and whatever its
# role and its database set.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $source = start_source('source', 'fsync = off');
my $target = start_target('target', 'hyperline_connector.enabled = off', 'fsync = off');
sub at_source { return $source->safe_psql($_[1] // 'postgres', $_[0]); }
sub value { return $target->safe_psql('postgres', $_[0]); }

# [type, values...]: each type is a column; an array of each is another one.
my @types = (
	['bool', 'true', 'false'],
	['int2', '-32768', '32767'], ['int4', '-2147483648', '0'], ['int8', '-9223372036854775808', '9223372036854775807'],
	['numeric', '1.500', '-0.0000000000000000000000000000000000000000000000000001', q{'NaN'}, q{'Infinity'}, q{'-Infinity'}, '12345678901234567890.000', '1e131', '1e-300'],
	['numeric(1000,500)', '1', q{('1' || repeat('2', 400) || '.' || repeat('3', 500))::numeric}],
	['float4', '0.1', '1e-45', '3.4028235e38', q{'NaN'}, q{'-Infinity'}, q{'-0'}, '16777216'],
	['float8', '0.1', '5e-324', '1.7976931348623157e308', q{'NaN'}, q{'Infinity'}, q{'-0'}, '9007199254740993', '1e15', '1e16', '0.30000000000000004'],
	['money', q{'12.34'::numeric::money}, q{(-92233720368547758.08)::numeric::money}],
	['text', q{''}, q{E'\t\n\r\b\f\\v \\\\ \\x41 \\N \\\\. "q" \\'s\\' \\x01\\x1f\\x7f'}, q{'{"a": 1}'}, q{'null'}, q{repeat('x', 100000)}],
	['varchar(5)', q{'abc'}], ['char(5)', q{'abc'}, q{''}], ['"char"', q{'a'}, q{'"'}], ['name', q{'a "name"'}],
	['bytea', q{'\\x00ff5c27'}, q{''}], ['bit(5)', q{B'10110'}], ['varbit', q{B''}, q{B'1'}],
	['date', q{'2026-02-28'}, q{'infinity'}, q{'-infinity'}, q{'0044-03-15 BC'}, q{'5874897-12-31'}, q{'12345-01-01'}],
	['time', q{'23:59:59.999999'}, q{'24:00'}, q{'00:00'}], ['timetz', q{'23:59:59.5+05:45'}, q{'12:00-08'}],
	['timestamp', q{'2026-01-01 12:00'}, q{'infinity'}, q{'0001-01-01 00:00:00.000001 BC'}, q{'294276-12-31 23:59:59.999999'}],
	['timestamptz', q{'2026-03-29 02:30:00+02'}, q{'-infinity'}, q{'4714-11-24 00:00:00+00 BC'}, q{'2026-01-01 00:00:00.1+00'}],
	['interval', q{'1 year -2 mons +3 days -04:05:06.789'}, q{'0'}, q{'178000000 years'}, q{'-1 day +23:00'}],
	['uuid', q{'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'}],
	['json', q{'{"b":1,"a":[1.10, -0, 1E+2, null],"a":2}'}, q{'"\\u00e9\\ud83d\\ude00\\n\\/ \\\\u0041"'}, q{' [ ] '}, q{'null'}, q{'1.50'}],
	['jsonb', q{'{"b": 1, "aa": [1.10, {"c": {}}]}'}, q{'"\\u00e9"'}, q{'null'}, q{'-1e-5'}],
	['jsonpath', q{'$.a[*] ? (@ > 1)'}], ['xml', q{'<a b="c">é &amp; &lt;</a>'}, q{'text'}],
	['inet', q{'192.168.0.1/24'}, q{'::1'}], ['cidr', q{'10.0.0.0/8'}], ['macaddr', q{'08:00:2b:01:02:03'}], ['macaddr8', q{'08:00:2b:01:02:03:04:05'}],
	['point', '\'(1.5,-2)\''], ['line', q{'{1,2,3}'}], ['lseg', q{'[(1,2),(3,4)]'}], ['box', q{'(3,4),(1,2)'}], ['path', q{'((1,2),(3,4))'}, q{'[(1,2)]'}], ['polygon', q{'((1,2),(3,4),(5,6))'}], ['circle', q{'<(1,2),3>'}],
	['tsvector', q{'a:1A fat:2,4B ''it''''s'':3'}], ['tsquery', q{'fat & (rat | !cat:AB)'}],
	['int4range', q{'[1,5)'}, q{'empty'}, q{'(,)'}], ['int8range', q{'[1,5]'}], ['numrange', q{'(1.50,2]'}], ['tsrange', q{'[2026-01-01 12:00,)'}], ['tstzrange', q{'[2026-01-01 12:00+02,infinity]'}], ['daterange', q{'[2026-01-01,2026-02-01]'}],
	['int4multirange', q{'{[1,2),[5,9)}'}, q{'{}'}], ['nummultirange', q{'{[1.0,2.50)}'}], ['tstzmultirange', q{'{[2026-01-01 00:00+00,2026-01-02 00:00+00)}'}],
	['pg_lsn', q{'16/B374D848'}], ['pg_snapshot', q{'10:20:10,14'}], ['oid', '4294967295'], ['xid8', q{'18446744073709551615'}], ['tid', q{'(1,2)'}], ['regclass', q{'pg_class'}], ['regtype', q{'int4'}],
	['xid', q{'7'}], ['cid', q{'7'}], ['regproc', q{'pg_catalog.now'}], ['regprocedure', q{'pg_catalog.lower(text)'}], ['regoper', q{'pg_catalog.||/'}], ['regoperator', q{'+(int4,int4)'}], ['regrole', q{'pg_monitor'}], ['regnamespace', q{'pg_catalog'}], ['regcollation', q{'"C"'}], ['regconfig', q{'english'}], ['regdictionary', q{'simple'}],
	['aclitem', q{'pg_monitor=r/pg_monitor'}], ['refcursor', q{'c "d"'}], ['txid_snapshot', q{'10:20:10'}], ['tsmultirange', q{'{[2026-01-01 12:00,2026-01-02)}'}], ['datemultirange', q{'{[2026-01-01,2026-01-02)}'}], ['int8multirange', q{'{[1,2),[5,9)}'}], ['timestamp(3)', q{'2026-01-01 12:00:00.1239'}], ['timestamptz(0)', q{'2026-01-01 12:00:00.9+02'}], ['interval hour to second(1)', q{'04:05:06.79'}],
	['mood', q{'sad "x"'}, q{'happy, too'}], ['positive', '7'], ['label', q{'a "label", \\\\ {}'}], ['numbers', q{'{1,NULL,3}'}], ['deep', '0.10'], ['document', q{'{"a": 1.0}'}],
	['floatrange', q{'[1.5,2.25]'}],
);
at_source(q{
	CREATE TYPE mood AS ENUM ('sad "x"', 'happy, too');
	CREATE DOMAIN positive AS int CHECK (VALUE > 0);
	CREATE DOMAIN label AS text;
	CREATE DOMAIN numbers AS int[];
	CREATE DOMAIN cheap AS numeric(10,2); CREATE DOMAIN deep AS cheap;
	CREATE DOMAIN document AS jsonb;
	CREATE TYPE floatrange AS RANGE (subtype = float8);
	CREATE TYPE pair AS (a int, b text);
	CREATE TABLE t (n int, as_pair pair, pairs pair[], matrix int[], ragged text[], jsons json[], dates timestamptz[], labels label[], boxes box[], far float8[], bits bit(3)[], vector int2vector, oids oidvector);
	INSERT INTO t SELECT g FROM generate_series(0, 12) g;
	UPDATE t SET as_pair = (1, 'x, "y" \\'), pairs = ARRAY[(1, NULL)::pair, NULL::pair, (2, 'a b')]::pair[], matrix = '{{1,NULL},{3,4}}', ragged = ARRAY['', NULL, 'NULL', 'a"b', 'a\\b', '{}', ' x ', E'\n'],
		jsons = ARRAY['{"a":1.0}', 'null', NULL]::json[], dates = ARRAY['infinity', '2026-01-01 00:00+02', NULL]::timestamptz[], labels = '{a,NULL,"b c"}', boxes = '{(3,4),(1,2);(7,8),(5,6)}',
		far = '{NaN,-Infinity,0.1,1e22}', bits = '{101,000}', vector = '1 2 3', oids = '4 5' WHERE n = 1;
	UPDATE t SET pairs = '{}', matrix = '[-1:0][2:3]={{1,2},{3,4}}', ragged = '{{{a}},{{b}}}', jsons = '{}', dates = '{}' WHERE n = 2;
});
my @columns = ('as_pair', 'pairs', 'matrix', 'ragged', 'jsons', 'dates', 'labels', 'boxes', 'far', 'bits', 'vector', 'oids');
my $ddl = '';
for my $i (0 .. $#types)
{
	my ($type, @values) = @{ $types[$i] };
	$ddl .= "ALTER TABLE t ADD c$i $type, ADD a$i $type\[];\n" . "UPDATE t SET a$i = ARRAY[[" . join(',', map { "($_)::$type" } @values) . "],[" . join(',', map { "NULL::$type" } @values) . "]] WHERE n = 1;\n";
	$ddl .= "UPDATE t SET c$i = ($values[$_])::$type WHERE n = $_;\n" for 0 .. $#values;
	push @columns, "c$i", "a$i";
}
# A multi-dimensional array of what is an array already cannot be: of that domain the array has one dimension.
$ddl =~ s/(ARRAY\[)\[([^\n]*::numbers)\],\[NULL::numbers\]\]/$1$2]/;
at_source($ddl);
my %type_of = map { ("c$_" => $types[$_][0], "a$_" => "$types[$_][0]\[]") } 0 .. $#types;

# None is forgotten that a table can have: all that pg_type knows, but for those whose values are made by the server alone.
is(at_source(q{SELECT string_agg(t.typname, ' ' ORDER BY t.typname) FROM pg_type t
	WHERE t.typnamespace = 'pg_catalog'::regnamespace AND t.typtype IN ('b', 'r', 'm') AND t.typcategory <> 'A' AND t.typname NOT IN ('pg_node_tree', 'pg_ndistinct', 'pg_dependencies', 'pg_mcv_list', 'pg_brin_bloom_summary', 'pg_brin_minmax_multi_summary', 'gtsvector')
	  AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = 't'::regclass AND NOT a.attisdropped AND a.atttypid = t.oid)}), '', 'each built-in type has a column');

# What the contract says of composites: their text. Of what PostgreSQL's own to_jsonb makes objects of, that is all.
sub oracle
{
	my ($column) = @_;
	return "to_jsonb($column\::text)" if $column eq 'as_pair';
	return 'to_jsonb(pairs::text::text[])' if $column eq 'pairs';
	return "to_jsonb($column)";
}
my $record = join ' || ', map { "jsonb_build_object('$_', " . oracle($_) . ')' } @columns;
my $expected = at_source("SET TimeZone = 'UTC'; SELECT n, k, v::text FROM (SELECT n, $record AS record FROM t) x, jsonb_each(record) e(k, v) ORDER BY n, k");
my $query = 'SELECT n AS id, 1 AS "customerId", date $$2026-01-01$$ AS timestamp, ' . join(', ', @columns) . ' FROM t';
value("SELECT hyperline.create_connection('plain', '" . source_url($source) . "')");

sub load
{
	my ($connection, $name) = @_;
	value("SELECT hyperline.create_loader('$connection', '$name', \$q\$$query\$q\$); CALL hyperline.refresh_loader('$name')");
	return value("SELECT id, k, v::text FROM hyperline.events, jsonb_each(record) e(k, v) WHERE event_type = '$name' ORDER BY id::int, k");
}

sub differences
{
	my ($got, $want) = @_;
	my %want = map { $_ => 1 } split /\n/, $want;
	my %got = map { $_ => 1 } split /\n/, $got;
	return join "\n", sort map { my ($c) = /\|(\w+)\|/; $_ . '   -- ' . ($type_of{ $c // '' } // '') } (map { "stored $_" } grep { !$want{$_} } keys %got), (map { "wanted $_" } grep { !$got{$_} } keys %want);
}
is(differences(load('plain', 'plain'), $expected), '', 'each type is what to_jsonb says');
cmp_ok(scalar(split /\n/, $expected), '>', 1700, 'all of them');
is(value(q{SELECT string_agg(concat_ws(' ', field, code, message), ',') FROM hyperline.rejected_rows}), '', 'nothing is rejected');

# What no table has: arrays of records, whose composites are their text, and of vectors.
value(q{SELECT hyperline.create_loader('plain', 'odd arrays', $q$SELECT 1 AS id, 1 AS "customerId", date '2026-01-01' AS timestamp, (SELECT array_agg(ROW(g, 'x y')) FROM generate_series(1, 2) g) AS records, ARRAY['1 2'::int2vector, NULL, '3'] AS vectors, ARRAY['4 5'::oidvector] AS oids$q$)});
value(q{CALL hyperline.refresh_loader('odd arrays')});
is(value(q{SELECT record FROM hyperline.events WHERE event_type = 'odd arrays'}), '{"oids": [["4", "5"]], "records": ["(1,\\"x y\\")", "(2,\\"x y\\")"], "vectors": [[1, 2], null, [3]]}', 'arrays of records and of vectors');

# Settings of the role and of the database that change how values print, or what a query does.
at_source(q{
	CREATE ROLE odd LOGIN IN ROLE pg_read_all_data;
	ALTER DATABASE postgres SET DateStyle = 'SQL, DMY';
	ALTER DATABASE postgres SET TimeZone = 'Asia/Kathmandu';
	ALTER DATABASE postgres SET lc_monetary = 'C.UTF-8';
	ALTER ROLE odd SET IntervalStyle = 'iso_8601';
	ALTER ROLE odd SET extra_float_digits = -15;
	ALTER ROLE odd SET bytea_output = 'escape';
	ALTER ROLE odd SET client_encoding = 'LATIN1';
	ALTER ROLE odd SET standard_conforming_strings = off;
	ALTER ROLE odd SET default_transaction_isolation = 'serializable';
	ALTER ROLE odd SET default_transaction_deferrable = on;
	ALTER ROLE odd SET default_transaction_read_only = off;
	ALTER ROLE odd SET statement_timeout = '40s';
	ALTER ROLE odd SET idle_in_transaction_session_timeout = '40s';
	ALTER ROLE odd SET lock_timeout = '40s';
	ALTER ROLE odd SET xmlbinary = 'hex';
	ALTER ROLE odd SET quote_all_identifiers = on;
	ALTER ROLE odd SET array_nulls = off;
	ALTER ROLE odd SET escape_string_warning = on;
	ALTER ROLE odd SET row_security = off;
	ALTER ROLE odd SET search_path = pg_catalog, hidden, public;
	CREATE SCHEMA hidden});
# Functions of that schema do not come before those that we name.
at_source(q{CREATE FUNCTION hidden.set_config(text, text, bool) RETURNS text LANGUAGE sql AS 'SELECT ''taken''::text'; GRANT USAGE ON SCHEMA hidden TO odd});
value("SELECT hyperline.create_connection('odd', '" . source_url($source, 'postgres', 'odd') . "')");
is(differences(load('odd', 'odd'), $expected), '', 'odd settings of the role and of the database change nothing');
at_source('ALTER ROLE odd SET search_path = hidden, public');
value("CALL hyperline.refresh_loader('odd')");
is(value(q{SELECT unchanged FROM hyperline.loader_runs WHERE loader = 'odd' ORDER BY run_id DESC LIMIT 1}), '13', 'nor does a schema before pg_catalog');

is(value(q{SELECT id FROM hyperline.preview_query('odd', $$SELECT current_setting('statement_timeout') || ' ' || current_setting('idle_in_transaction_session_timeout') || ' ' || current_setting('lock_timeout') || ' ' || current_setting('transaction_isolation') || ' ' || current_setting('transaction_read_only') AS id, 1 AS "customerId", date '2026-01-01' AS timestamp$$)}),
	'1h 10min 5s repeatable read on', 'nor do its limits hold, but ours');

# A query that sets something itself is told, or nothing changes.
my ($status, $out, $err) = $target->psql('postgres', q{SELECT * FROM hyperline.preview_query('plain', $$SELECT set_config('TimeZone', 'Asia/Tokyo', false) AS id, 1 AS "customerId", timestamptz '2026-01-01 00:00+00' AS timestamp$$)});
like($err, qr/the source's session has another TimeZone/, 'a query that changes how times print is refused');

# A source in LATIN1
at_source(q{CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'});
at_source(q{
	SET client_encoding = 'UTF8';
	CREATE TABLE t (id text, "größe" text, note text);
	INSERT INTO t SELECT 'ä' || g, chr(200 + g), 'naïve café' FROM generate_series(1, 55) g}, 'latin');
value("SELECT hyperline.create_connection('latin', '" . source_url($source, 'latin') . "')");
value(q{SELECT hyperline.create_loader('latin', 'latin', $$SELECT id, 'Ö' AS "customerId", date '2026-01-01' AS timestamp, "größe", note FROM t WHERE note LIKE '%é'$$); CALL hyperline.refresh_loader('latin')});
is(value(q{SELECT string_agg(record ->> 'größe', '' ORDER BY record ->> 'größe' COLLATE "C"), count(DISTINCT id), bool_and(id ~ '^ä\d+$' AND customer_id = 'Ö' AND record ->> 'note' = 'naïve café') FROM hyperline.events WHERE event_type = 'latin'}),
	join('', map { chr } 201 .. 255) =~ s/(.)/my $c = $1; utf8::encode($c); $c/ger . '|55|t', 'a source in LATIN1 arrives as UTF-8, its column names too');
($status, $out, $err) = $target->psql('postgres', q{SELECT * FROM hyperline.preview_query('latin', $$SELECT '😀' AS id, 1 AS "customerId", date '2026-01-01' AS timestamp$$)});
like($err, qr/ERROR:  .*has no equivalent in encoding "LATIN1"/, 'what the source has no character for is said');

# Sources in encodings whose characters have other bytes, of which some look like ours
for ([EUC_JP => '日本語 表'], [WIN1251 => 'Ёлка № 5'], [EUC_KR => '한국어'], [ISO_8859_7 => 'Ωμέγα'])
{
	my ($encoding, $text) = @$_;
	at_source("CREATE DATABASE \L$encoding\E ENCODING '$encoding' TEMPLATE template0 LOCALE 'C'");
	at_source("SET client_encoding = 'UTF8'; CREATE TABLE t AS SELECT '$text'::text AS id, '$text'::text AS \"$text\", jsonb_build_object('$text', '$text') AS doc, ARRAY['$text', 'a'] AS list", lc $encoding);
	value("SELECT hyperline.create_connection('$encoding', '" . source_url($source, lc $encoding) . "')");
	value(qq{SELECT hyperline.create_loader('$encoding', '$encoding', \$\$SELECT id, id AS "customerId", date '2026-01-01' AS timestamp, "$text", doc, list FROM t WHERE id = '$text'\$\$); CALL hyperline.refresh_loader('$encoding')});
	is(value("SELECT id, customer_id, record FROM hyperline.events WHERE event_type = '$encoding'"), qq{$text|$text|{"doc": {"$text": "$text"}, "list": ["$text", "a"], "$text": "$text"}}, "a source in $encoding");
}

# What jsonb cannot hold rejects its row, with a reason.
value(q{SELECT hyperline.create_loader('plain', 'bad', $q$SELECT id, 1 AS "customerId", date '2026-01-01' AS timestamp, doc FROM (VALUES
	(1, '{"a": "x"}'::json), (2, '"\u0000"'), (3, '{"a\u0000": 1}'), (4, '"\ud800"'), (5, '"\udc00\ud800"'), (6, '1e200000'), (7, ('{"a": 1' || repeat('0', 200000) || '}')::json),
	(8, (repeat('[', 5000) || repeat(']', 5000))::json), (9, '"\\\\u0000"'), (10, '"\udc00"'), (11, '{"\udfff": 1}'), (12, '"\ud83d\ude00\udc00"')) v(id, doc)$q$)});
value(q{CALL hyperline.refresh_loader('bad')});
is(value(q{SELECT string_agg(id, ',' ORDER BY id::int) FROM hyperline.events WHERE event_type = 'bad'}), '1,9', 'the others are stored');
is(value(q{SELECT string_agg(concat_ws(' ', row_number, field, code), ',' ORDER BY row_number) FROM hyperline.rejected_rows WHERE loader = 'bad'}), join(',', map { "$_ doc unsupported_json" } 2 .. 7) . ',8 doc json_too_deep' . join('', map { ",$_ doc unsupported_json" } 10 .. 12), 'what jsonb cannot hold rejects its row, with a reason');

$_->stop('immediate') for ($target, $source);
done_testing();
