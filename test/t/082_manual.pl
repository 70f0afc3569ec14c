# The manual and the README: every SQL block of theirs runs as it is written, page by page from top to bottom, and what they
# name is there. Only the source's address, secrets' places and what is left out with three dots are filled in.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Hyperline;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = "$FindBin::Bin/../..";
my $secrets = PostgreSQL::Test::Utils::tempdir;
append_to_file("$secrets/product", "secret\n");
chmod 0600, "$secrets/product";
$ENV{PRODUCT_PASSWORD} = 'secret';
my $source = start_source('source');
my $target = start_target('target');
(my $socket = $source->host) =~ s/([^A-Za-z0-9\/._~-])/sprintf('%%%02X', ord($1))/ge;
my $place = sprintf 'host=%s&port=%d', $socket, $source->port;

my $query = q{SELECT id, company_id AS "customerId", called_at AS timestamp, milliseconds FROM api_calls};
my $connect = "SELECT hyperline.create_connection('product', 'postgres://billing_reader@/product?$place');";
my $loader = "$connect SELECT hyperline.create_loader('product', 'api_calls', '$query', '1 hour', paused => true);";

# What a page takes for granted, and what its blocks (counted from 1) do besides: before each, and before a statement that is
# another way to do the same.
my %pages = (
	'README.md' => { blocks => 6 },
	'docs/access.md' => { setup => 'CREATE ROLE finance; CREATE ROLE on_call; CREATE ROLE data_team;', blocks => 2,
		before => { 2 => "SELECT hyperline.grant_access('finance', 'reader');" } },
	'docs/big-tables.md' => { setup => $connect, blocks => 2, before => { 2 => "SELECT hyperline.drop_loader('api_calls', true);" } },
	'docs/connections.md' => { blocks => 4, before => { 2 => "SELECT hyperline.drop_connection('product');" },
		between => { qr/password_file/ => "SELECT hyperline.drop_connection('product');" } },
	'docs/customers.md' => { setup => "$loader CALL hyperline.refresh_loader('api_calls');", blocks => 1 },
	'docs/loaders.md' => { setup => $connect, blocks => 3 },
	'docs/queries.md' => { setup => $loader, blocks => 4 },
	'docs/rejected-rows.md' => { setup => $loader, blocks => 2 },
	'docs/running.md' => { setup => "$loader SELECT setval(pg_get_serial_sequence('hyperline.run', 'run_id'), 16);", blocks => 2 },
	'docs/when-something-goes-wrong.md' => { setup => $loader, blocks => 1 },
);

# blocks_of($text): the contents of its ```sql blocks, without their indent.
sub blocks_of
{
	my ($text) = @_;
	my @blocks;
	while ($text =~ /^( *)```sql\n(.*?)^\1```$/gms)
	{
		my ($indent, $block) = ($1, $2);
		$block =~ s/^$indent//gm;
		push @blocks, $block;
	}
	return @blocks;
}

# filled_in($block): with the servers of this test for those of the manual.
sub filled_in
{
	my ($block) = @_;
	$block =~ s{(postgres://billing_reader[^\x40']*\x40)replica\.example\.com(?::5432)?/product(?:\?sslmode=verify-full|\?(password_[^']*))?'}
		{"$1/product?$place" . (defined $2 ? "&$2" : '') . "'"}ge;
	$block =~ s{/run/secrets/}{$secrets/}g;
	$block =~ s{/etc/hyperline/}{$secrets/}g;
	$block =~ s{'SELECT \.\.\.'}{'$query'}g;
	return $block;
}

sub run_ok
{
	my ($node, $database, $sql, $name) = @_;
	my ($out, $err) = ('', '');
	my $status = $node->psql($database, $sql, stdout => \$out, stderr => \$err, on_error_stop => 1);
	is($status, 0, $name) or diag("$sql\n$err");
	return $out;
}

my %text = map { s{^\Q$top\E/}{}r => slurp_file($_) } "$top/README.md", glob("$top/docs/*.md");
$source->safe_psql('postgres', 'CREATE DATABASE product');
$source->safe_psql('product', q{
	CREATE TABLE companies (id int PRIMARY KEY, name text NOT NULL);
	CREATE TABLE api_calls (id bigint PRIMARY KEY, company_id int NOT NULL REFERENCES companies, called_at timestamptz NOT NULL,
		endpoint text NOT NULL, milliseconds numeric NOT NULL, updated_at timestamptz NOT NULL);
	CREATE INDEX ON api_calls (updated_at);
	INSERT INTO companies VALUES (41, 'Globex'), (42, 'Acme');
	INSERT INTO api_calls SELECT g, 41 + g % 2, '2026-01-01 00:00+00'::timestamptz + g * interval '1 minute', '/v1/search', g * 1.10, now()
		FROM generate_series(1, 1000) g});

foreach my $page (sort keys %text)
{
	my @blocks = blocks_of($text{$page});
	my $known = $pages{$page} // { blocks => 0 };
	is(scalar @blocks, $known->{blocks}, "$page: the blocks that this test knows");
	next unless @blocks;
	(my $database = lc $page) =~ s/\W/_/g;
	$target->safe_psql('postgres', "CREATE DATABASE $database");
	if ($page eq 'README.md')
	{
		run_ok($source, 'product', pop @blocks, 'README.md: the role for the source');
	}
	else
	{
		$target->safe_psql($database, 'CREATE EXTENSION hyperline_connector');
		run_ok($target, $database, $known->{setup}, "$page: what it takes for granted") if $known->{setup};
	}
	while (my ($index, $block) = each @blocks)
	{
		my $sql = filled_in($block);
		while (my ($after, $other) = each %{ $known->{between} // {} })
		{
			$sql =~ s/^(.*$after.*)$/$1\n$other/m;
		}
		$sql = "$known->{before}{$index + 1}\n$sql" if $known->{before}{ $index + 1 };
		run_ok($target, $database, $sql, "$page: block " . ($index + 1));
	}
}

# What the walk-through has brought is what the source has.
is($target->safe_psql('readme_md', q{SELECT customer_id, count(*), sum((record ->> 'milliseconds')::numeric) FROM hyperline.events
		WHERE event_type = 'api_calls' AND "timestamp" < hyperline.complete_until('api_calls') GROUP BY 1 ORDER BY 1}),
	$source->safe_psql('product', 'SELECT company_id, count(*), sum(milliseconds) FROM api_calls GROUP BY 1 ORDER BY 1'),
	'README.md: each call, to the last digit');
is($target->safe_psql('readme_md', 'SELECT external_id, name FROM hyperline.customers'), '42|Acme AG', 'README.md: the customer who was activated');
is($target->safe_psql('readme_md', 'SELECT external_id, name FROM hyperline.pending_customers'), '41|Globex', 'README.md: the one who waits');

# What is named is there, and what is there is named.
my $manual = join "\n", map { $text{$_} } grep { $_ ne 'docs/decisions.md' } sort keys %text;
my %named = map { $_ => 1 } grep { !/_$/ } $manual =~ /\bhyperline\.([a-z_]+)\b/g; # messages name alter_...
my %there = map { $_ => 1 } split /\n/, $target->safe_psql('postgres', q{
	SELECT proname FROM pg_proc WHERE pronamespace = 'hyperline'::regnamespace UNION SELECT relname FROM pg_class WHERE relnamespace = 'hyperline'::regnamespace});
delete $there{$_} for qw(announce_installation identical restored); # the extension's own
is_deeply([ grep { !$there{$_} } sort keys %named ], [], 'all that the manual names is there');
is_deeply([ grep { $manual !~ /\b$_\b/ } split /\n/, $target->safe_psql('postgres', q{
		SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'hyperline'::regnamespace
		AND proname NOT IN ('announce_installation', 'identical', 'restored') ORDER BY 1}) ], [], 'each function is in the manual');

my %settings = map { split /\|/, $_, 2 } split /\n/, $target->safe_psql('postgres', q{
	SELECT name, CASE WHEN boot_val = '' THEN 'empty'
		WHEN unit = 'kB' THEN replace(pg_size_pretty(boot_val::bigint * 1024), '1024 MB', '1 GB')
		WHEN unit = 's' THEN CASE WHEN boot_val::int % 3600 = 0 THEN boot_val::int / 3600 || ' h' WHEN boot_val::int % 60 = 0 THEN boot_val::int / 60 || ' min' ELSE boot_val || ' s' END
		WHEN unit = 'min' THEN boot_val::int / 1440 || ' days' ELSE boot_val END
	FROM pg_settings WHERE name LIKE 'hyperline\_connector.%'});
my %told = map { /^\| `(hyperline_connector\.\w+)` \| `?(.*?)`? \|/ ? ($1, $2) : () } split /\n/, $text{'docs/settings.md'};
is_deeply(\%told, \%settings, 'docs/settings.md: each setting with its default');
my %used = map { $_ => 1 } $manual =~ /\b(hyperline_connector\.[a-z_]+)\b/g;
delete $used{"hyperline_connector.$_"} for qw(key control);
is_deeply([ grep { !exists $settings{$_} } sort keys %used ], [], 'all settings that the manual names are there');

$target->stop;
$source->stop;
done_testing();
