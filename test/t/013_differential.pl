# A seeded generator changes a source, loaders of each way read it in batches of all sizes, and after each run the whole of
# events and customers, what the run counted and rejected, and how far events are complete, are compared with an oracle in
# plain SQL.
# HYPERLINE_ROUNDS: how many rounds; HYPERLINE_SEED: the seed, printed on a failure.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = $ENV{HYPERLINE_ROUNDS} // 200;
my $seed = $ENV{HYPERLINE_SEED} // int(rand(1_000_000));
# One server is both: the source is a schema that the role reader may read.
my $node = start_target('target', 'hyperline_connector.enabled = off', 'autovacuum = off', 'fsync = off');
my $url = source_url($node);

$node->safe_psql('postgres', <<'SQL');
CREATE ROLE reader LOGIN;
CREATE SCHEMA shop;
CREATE SEQUENCE shop.changes;
-- c: the number of the last change; seq: the same, or NULL, for the cursor.
CREATE TABLE shop.product (n bigserial PRIMARY KEY, id text, customer text, name text, at timestamptz, v int, c bigint NOT NULL, seq bigint,
	updated_at timestamptz NOT NULL DEFAULT clock_timestamp(), words text, amount numeric, ratio float8, doc jsonb, list int[], span interval,
	moment timestamptz, "deletedAt" timestamptz);
GRANT USAGE ON SCHEMA shop TO reader;
GRANT SELECT ON shop.product TO reader;
-- As a uuid of version 7 that counts up with it.
CREATE FUNCTION shop.as_uuid(seq bigint) RETURNS uuid LANGUAGE sql AS $$SELECT (lpad(to_hex(seq), 8, '0') || '-0000-7000-8000-000000000000')::uuid$$;

CREATE FUNCTION pick(VARIADIC choices text[]) RETURNS text LANGUAGE sql AS 'SELECT choices[1 + floor(random() * cardinality(choices))::int]';
CREATE FUNCTION chance(p float8) RETURNS bool LANGUAGE sql AS 'SELECT random() < p';

-- Fills a row with odd values; its key stays.
CREATE FUNCTION fill(r shop.product) RETURNS shop.product LANGUAGE plpgsql AS $$
BEGIN
	r.name := pick(NULL, '', 'Ada', 'Bob', '😀 & Söhne');
	r.at := pick('2026-01-01 00:00:00.000001+00', '0001-01-01 00:00:00+00', '4713-01-01 00:00:00+00 BC', '294276-12-31 23:59:59.999999+00', '2026-06-30 12:00:00+02', CASE WHEN chance(0.3) THEN NULL END, CASE WHEN chance(0.3) THEN 'infinity' ELSE '1999-12-31' END);
	r.v := CASE WHEN chance(0.9) THEN floor(random() * 5) END;
	r.words := pick(NULL, '', E'tab\tnew\nline\r', E'back\\slash \\N \\. \\x41', '😀 𝔘𝔫𝔦 é', '"quotes" ''single''', repeat('long ', 500), E'\x01\x1f', '{"not": "json"}');
	r.amount := pick(NULL, '0', '1.50', '1.5', '-0.000000000000000000000000000001', '123456789012345678901234567890.123456789', '1e300', 'NaN', 'Infinity', '-Infinity')::numeric;
	r.ratio := pick(NULL, '0.1', '-0', '1e-300', '0.30000000000000004', 'NaN', '-Infinity', '1e22')::float8;
	r.doc := pick(NULL, 'null', '{"a": {"b": [1, 1.0, null]}}', '[]', '"text"', '{"z": 1, "a": 2, "😀": "\\"}', '1.10')::jsonb;
	r.list := pick(NULL, '{}', '{1,NULL,3}', '{{1,2},{3,NULL}}', '[0:1]={7,8}')::int[];
	r.span := pick(NULL, '1 year -2 days +03:04:05.678', '0', '-178000000 years')::interval;
	r.moment := pick(NULL, 'infinity', '-infinity', '2026-03-29 02:30:00+00', '0044-03-15 00:00:00 BC')::timestamptz;
	r."deletedAt" := CASE WHEN chance(0.15) THEN '2026-02-02Z'::timestamptz END;
	RETURN r;
END $$;

CREATE FUNCTION touch(r shop.product) RETURNS shop.product LANGUAGE plpgsql AS $$
BEGIN
	r.c := nextval('shop.changes');
	r.seq := CASE WHEN r.id = 'n' || r.n THEN NULL ELSE r.c END; -- only keys that no other row has
	r.updated_at := clock_timestamp();
	RETURN r;
END $$;

CREATE PROCEDURE change() LANGUAGE plpgsql AS $$
DECLARE
	r shop.product; other shop.product; what float8;
BEGIN
	FOR i IN 1 .. 2 + floor(random() * 8) LOOP
		what := random();
		SELECT * INTO r FROM shop.product ORDER BY random() LIMIT 1;
		SELECT * INTO other FROM shop.product ORDER BY random() LIMIT 1;
		IF r.n IS NULL OR what < 0.4 THEN
			r := NULL;
			r.n := nextval('shop.product_n_seq');
			r.id := pick(NULL, '', E'tab\there', E'\\N', '😀', 'a', 'A', 'ä', ' a', 'a ', 'n' || r.n, floor(random() * 20)::text, floor(random() * 20)::text, floor(random() * 20)::text, repeat('x', 500));
			r.customer := pick(NULL, '', 'c1', 'c2', 'c3', 'C1', '😀', E'c\\1', 'new ' || floor(random() * 1000));
			r := touch(fill(r));
			INSERT INTO shop.product VALUES (r.*);
		ELSIF what < 0.6 THEN -- other content
			r := touch(fill(r));
		ELSIF what < 0.65 THEN -- one field
			r.amount := COALESCE(r.amount, 0) + 0.10;
			r := touch(r);
		ELSIF what < 0.7 THEN -- another customer
			r.customer := pick('c1', 'c2', 'c3');
			r := touch(r);
		ELSIF what < 0.76 THEN -- the key of another one
			r.id := other.id;
			r.customer := other.customer;
			r := touch(r);
		ELSIF what < 0.84 THEN -- the same once more
			r.n := nextval('shop.product_n_seq');
			r := touch(r);
			INSERT INTO shop.product VALUES (r.*);
		ELSIF what < 0.9 THEN
			r."deletedAt" := CASE WHEN r."deletedAt" IS NULL THEN '2026-03-03Z'::timestamptz END;
			r := touch(r);
		ELSE
			DELETE FROM shop.product p WHERE p.n = r.n;
		END IF;
		UPDATE shop.product p SET (id, customer, name, at, v, c, seq, updated_at, words, amount, ratio, doc, list, span, moment, "deletedAt") = (SELECT r.id, r.customer, r.name, r.at, r.v, r.c, r.seq, r.updated_at, r.words, r.amount, r.ratio, r.doc, r.list, r.span, r.moment, r."deletedAt") WHERE p.n = r.n;
	END LOOP;
	DELETE FROM shop.product WHERE n IN (SELECT n FROM shop.product ORDER BY random() LIMIT GREATEST((SELECT count(*) FROM shop.product) - 45, 0));
	IF chance(0.15) THEN -- somebody tidies up: what cannot be stored goes, and keys are keys
		DELETE FROM shop.product p WHERE (p.id <> '' AND p.customer <> '' AND isfinite(p.at)) IS NOT TRUE
			OR EXISTS (SELECT FROM shop.product q WHERE q.n > p.n AND (q.id, q.customer) = (p.id, p.customer));
	END IF;
END $$;

-- The oracle
-- settled: the watermark of the run before the last one, from which a cursor that is a number is read again.
CREATE TABLE ways (name text PRIMARY KEY, way text, versioned bool, seen bigint DEFAULT 0, watermark bigint, settled bigint, started timestamptz, complete timestamptz);
CREATE TABLE expected_events (event_type text, customer_id text, id text, "timestamp" timestamptz, record jsonb, is_deleted bool, PRIMARY KEY (event_type, customer_id, id));
CREATE TABLE expected_customers (external_id text PRIMARY KEY, name text, status text, created_by text);
CREATE TABLE is_read (place bigint, id text, customer_id text, name text, "timestamp" timestamptz, v int, record jsonb, is_deleted bool, content text, fits bool);
CREATE TABLE counted (name text, rows_read bigint, inserted bigint, updated bigint, unchanged bigint, stale bigint, duplicates bigint, rejected bigint, customers_created bigint);

CREATE PROCEDURE expect(loader text) LANGUAGE plpgsql AS $$
DECLARE
	w ways;
BEGIN
	SELECT * INTO w FROM ways WHERE name = loader;
	DELETE FROM is_read;
	INSERT INTO is_read
	SELECT row_number() OVER (ORDER BY CASE w.way WHEN 'whole' THEN p.n WHEN 'since' THEN p.c ELSE COALESCE(p.seq, 0) END, p.n),
	       p.id, p.customer, p.name, p.at, p.v,
	       (SELECT to_jsonb(e) FROM (SELECT p.v, p.words, p.amount, p.ratio, p.doc, p.list, p.span, p.moment, p."deletedAt") e)
	         || CASE w.way WHEN 'cursor' THEN jsonb_build_object('seq', p.seq) ELSE '{}' END
         || CASE loader WHEN 'cursor_numeric' THEN jsonb_build_object('key', p.seq / 10.0)
                        WHEN 'cursor_text' THEN jsonb_build_object('key', lpad(p.seq::text, 12, '0'))
                        WHEN 'cursor_uuid' THEN jsonb_build_object('key', shop.as_uuid(p.seq)) ELSE '{}' END,
	       p."deletedAt" IS NOT NULL, NULL,
	       p.id <> '' AND p.customer <> '' AND isfinite(p.at) AND p.id IS NOT NULL AND p.customer IS NOT NULL AND p.at IS NOT NULL
	FROM shop.product p
	WHERE CASE w.way WHEN 'whole' THEN true WHEN 'since' THEN p.c > w.seen ELSE p.seq IS NULL OR p.seq >= COALESCE(w.settled, 0) END;
	UPDATE is_read SET content = concat("timestamp", record);
	UPDATE ways SET seen = (SELECT last_value FROM shop.changes), settled = w.watermark, watermark = (SELECT GREATEST(w.watermark, max((record ->> 'seq')::bigint)) FROM is_read WHERE fits),
		started = clock_timestamp(), complete = hyperline.complete_until(loader) WHERE name = loader;

	WITH created AS (
		INSERT INTO expected_customers
		SELECT DISTINCT ON (customer_id) customer_id, NULLIF(name, ''), 'automatically_created', loader FROM is_read WHERE fits
		ORDER BY customer_id, NULLIF(name, '') IS NULL, place
		ON CONFLICT DO NOTHING RETURNING 1)
	SELECT count(*) FROM created INTO w.seen;
	UPDATE expected_customers k SET name = n.name
	FROM (SELECT DISTINCT ON (customer_id) customer_id, name FROM is_read WHERE fits AND name <> '' ORDER BY customer_id, place) n
	WHERE k.external_id = n.customer_id AND k.name IS NULL;

	CREATE TEMP TABLE contents ON COMMIT DROP AS
	SELECT DISTINCT ON (id, customer_id, content) *, count(*) OVER (PARTITION BY id, customer_id, content) AS times FROM is_read WHERE fits ORDER BY id, customer_id, content, place DESC;
	CREATE TEMP TABLE winners ON COMMIT DROP AS
	SELECT DISTINCT ON (b.id, b.customer_id) b.*, e.id IS NOT NULL AS is_stored,
	       w.versioned AND e.record ->> 'v' IS NOT NULL AND (b.v IS NULL OR (e.record ->> 'v')::int > b.v) AS stale,
	       e."timestamp" = b."timestamp" AND e.record::text = b.record::text AS same
	FROM contents b LEFT JOIN expected_events e ON (e.event_type, e.id, e.customer_id) = (loader, b.id, b.customer_id)
	ORDER BY b.id, b.customer_id, CASE WHEN w.versioned THEN COALESCE(b.v, -1) END DESC, b.place DESC;
	DELETE FROM counted;
	INSERT INTO counted
	SELECT loader, (SELECT count(*) FROM is_read), count(*) FILTER (WHERE NOT is_stored), count(*) FILTER (WHERE is_stored AND NOT same AND stale IS NOT TRUE),
	       count(*) FILTER (WHERE same), count(*) FILTER (WHERE stale AND NOT same), (SELECT COALESCE(sum(times - 1), 0) FROM contents),
	       (SELECT count(*) FROM is_read WHERE NOT fits) + (SELECT count(*) FROM contents) - count(*), w.seen
	FROM winners;
	INSERT INTO expected_events SELECT loader, customer_id, id, "timestamp", record, is_deleted FROM winners WHERE stale IS NOT TRUE
	ON CONFLICT (event_type, customer_id, id) DO UPDATE SET "timestamp" = excluded."timestamp", record = excluded.record, is_deleted = excluded.is_deleted;
END $$;

CREATE PROCEDURE compare(loader text, at text) LANGUAGE plpgsql AS $$
DECLARE
	differs text; last record;
BEGIN
	SELECT string_agg(d::text, E'\n' ORDER BY d::text) FROM (
		(SELECT 'stored' AS side, event_type, customer_id, id, "timestamp", record::text, is_deleted FROM hyperline.events EXCEPT ALL SELECT 'stored', event_type, customer_id, id, "timestamp", record::text, is_deleted FROM expected_events)
		UNION ALL (SELECT 'expected', event_type, customer_id, id, "timestamp", record::text, is_deleted FROM expected_events EXCEPT ALL SELECT 'expected', event_type, customer_id, id, "timestamp", record::text, is_deleted FROM hyperline.events)) d INTO differs;
	IF differs IS NOT NULL THEN RAISE 'events differ at %: %', at, differs; END IF;
	SELECT string_agg(d::text, E'\n' ORDER BY d::text) FROM (
		(SELECT 'stored' AS side, external_id, name, status, created_by FROM hyperline.all_customers EXCEPT ALL SELECT 'stored', * FROM expected_customers)
		UNION ALL (SELECT 'expected', * FROM expected_customers EXCEPT ALL SELECT 'expected', external_id, name, status, created_by FROM hyperline.all_customers)) d INTO differs;
	IF differs IS NOT NULL THEN RAISE 'customers differ at %: %', at, differs; END IF;
	SELECT concat(r, ' instead of ', c) FROM (SELECT o.loader, o.rows_read, o.inserted, o.updated, o.unchanged, o.stale, o.duplicates, o.rejected, o.customers_created FROM hyperline.loader_runs o WHERE o.loader = compare.loader ORDER BY run_id DESC LIMIT 1) r, counted c
	WHERE r::text <> c::text INTO differs;
	IF differs IS NOT NULL THEN RAISE 'counts differ at %: %', at, differs; END IF;
	SELECT run_id, w.way, w.started, w.complete INTO last FROM hyperline.loader_runs o, ways w WHERE o.loader = compare.loader AND w.name = compare.loader ORDER BY run_id DESC LIMIT 1;
	-- Rows that cannot be stored, each with its number (of a cursor's those without a value come in any order), its code
	-- and all its fields.
	CREATE TEMP TABLE unfit ON COMMIT DROP AS
	SELECT CASE WHEN last.way <> 'cursor' THEN place END AS place,
	       CASE WHEN id IS NULL THEN 'null_id' WHEN id = '' THEN 'empty_id' WHEN customer_id IS NULL THEN 'null_customer_id' WHEN customer_id = '' THEN 'empty_customer_id'
	            WHEN "timestamp" IS NULL THEN 'null_timestamp' ELSE 'infinite_timestamp' END AS code, id, customer_id, name, record::text
	FROM is_read WHERE fits IS NOT TRUE;
	CREATE TEMP TABLE refused ON COMMIT DROP AS
	SELECT CASE WHEN last.way <> 'cursor' THEN row_number END AS place, code, "row" ->> 'id' AS id, "row" ->> 'customerId' AS customer_id, "row" ->> 'customerName' AS name, ("row" - '{id,customerId,customerName,timestamp}'::text[])::text AS record
	FROM hyperline.rejected_rows j WHERE j.loader = compare.loader AND j.run_id = last.run_id;
	SELECT string_agg(d::text, E'\n' ORDER BY d::text) FROM (
		(SELECT 'stored', * FROM refused WHERE code <> 'duplicate_key' EXCEPT ALL SELECT 'stored', * FROM unfit)
		UNION ALL (SELECT 'expected', * FROM unfit EXCEPT ALL SELECT 'expected', * FROM refused)) d INTO differs;
	IF differs IS NOT NULL THEN RAISE 'rejected rows differ at %: %', at, differs; END IF;
	SELECT concat(count(*), ' are open') FROM hyperline.rejected_rows j
	WHERE j.loader = compare.loader AND resolved_at IS NULL AND (last.way = 'whole' OR j.run_id = last.run_id)
	HAVING count(*) <> (SELECT c.rejected FROM counted c) INTO differs;
	IF differs IS NOT NULL THEN RAISE 'rejected rows differ at %: of % %', at, (SELECT c.rejected FROM counted c), differs; END IF;
	-- Events are complete up to the run, but where rows are open; a cursor's say less.
	differs := hyperline.complete_until(loader);
	IF differs::timestamptz < last.complete OR differs::timestamptz > clock_timestamp()
		OR last.way <> 'cursor' AND (CASE WHEN EXISTS (SELECT FROM hyperline.rejected_rows j WHERE j.loader = compare.loader AND resolved_at IS NULL)
			THEN differs::timestamptz IS DISTINCT FROM last.complete ELSE differs::timestamptz < last.started OR differs IS NULL END)
	THEN RAISE 'complete_until differs at %: % after %, of a run that began after %', at, differs, last.complete, last.started; END IF;
END $$;

CREATE PROCEDURE differential(seed int, first int, last int) LANGUAGE plpgsql AS $$
DECLARE
	loader text; size text; versions text;
BEGIN
	FOR round IN first .. last LOOP
		PERFORM setseed((seed + round) % 1000000 / 1000000.0);
		CALL change();
		-- One or two of the ways; the oracle says first what is to come.
		FOR loader IN SELECT name FROM ways ORDER BY random() LIMIT CASE WHEN chance(0.4) THEN 2 ELSE 1 END LOOP
			size := pick('1', '2', '3', '7', '7', '1000', '1000');
			PERFORM set_config('hyperline_connector.batch_rows', size, false);
			CALL expect(loader);
			COMMIT;
			CALL hyperline.refresh_loader(loader);
			CALL compare(loader, format('round %s, loader %s, batches of %s', round, loader, size));
			IF chance(0.2) AND loader LIKE 'whole%' THEN -- nothing has changed: nothing is written
				versions := (SELECT md5(string_agg(concat(ctid, xmin), ',' ORDER BY event_type, id, customer_id)) FROM hyperline.events);
				COMMIT;
				CALL hyperline.refresh_loader(loader);
				IF versions <> (SELECT md5(string_agg(concat(ctid, xmin), ',' ORDER BY event_type, id, customer_id)) FROM hyperline.events) THEN
					RAISE 'an unchanged run wrote events at round %, loader %, batches of %', round, loader, size;
				END IF;
			END IF;
			COMMIT;
		END LOOP;
	END LOOP;
END $$;
SQL

my $fields = 'id, customer AS "customerId", name AS "customerName", at AS timestamp, v, words, amount, ratio, doc, list, span, moment, "deletedAt"';
my %queries = (
	whole => "SELECT $fields FROM shop.product ORDER BY n",
	whole_versioned => "SELECT $fields FROM shop.product ORDER BY n",
	since => "SELECT $fields FROM shop.product WHERE updated_at >= {{last_refreshed_at}} ORDER BY c",
	cursor => "SELECT $fields, seq FROM shop.product",
	cursor_numeric => "SELECT $fields, seq, seq / 10.0 AS key FROM shop.product",
	cursor_text => "SELECT $fields, seq, lpad(seq::text, 12, '0') AS key FROM shop.product",
	cursor_uuid => "SELECT $fields, seq, shop.as_uuid(seq) AS key FROM shop.product",
);
$node->safe_psql('postgres', "SELECT hyperline.create_connection('product', '$url')");
for my $name (sort keys %queries)
{
	my $version = $name eq 'whole_versioned' ? q{'v'} : 'NULL';
	my $cursor = $name eq 'cursor' ? q{'seq'} : $name =~ /^cursor/ ? q{'key'} : 'NULL';
	$node->safe_psql('postgres', "SELECT hyperline.create_loader('product', '$name', \$q\$$queries{$name}\$q\$, version_field => $version, cursor_field => $cursor, lookback => '0', paused => true);
		INSERT INTO ways VALUES ('$name', '" . ($name =~ s/_.*//r) . "', '$name' LIKE '%versioned')");
}

my $done = 0;
while ($done < $rounds)
{
	my $last = $done + 500 < $rounds ? $done + 500 : $rounds;
	my ($status, $out, $err) = $node->psql('postgres', "SET timezone = 'UTC'; CALL differential($seed, " . ($done + 1) . ", $last)");
	is($status, 0, "rounds to $last agree with the oracle") or do { diag("HYPERLINE_SEED=$seed HYPERLINE_ROUNDS=$rounds\n$err"); last };
	$done = $last;
}
note("seed $seed");
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM hyperline.events'), '>', 100, 'there was something to compare');
is($node->safe_psql('postgres', q{SELECT string_agg(DISTINCT status, ',') FROM hyperline.loader_runs}), 'succeeded', 'no run has failed');
$node->stop('immediate');
done_testing();
