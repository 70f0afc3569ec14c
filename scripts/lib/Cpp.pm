# C++ sources as tokens, and what their expressions may say. No compiler: it knows what this project's sources hold.
package Cpp;
use strict;
use warnings;
use utf8;
use Exporter 'import';

our @EXPORT_OK = qw(%functions %tokens argument_texts arguments read_sources slurp texts tokenize);

# By the names of files: their tokens; the texts of constants by their names, with those of all files under ''; functions by
# their names.
our (%tokens, %constants, %functions);

sub read_sources
{
	my (@files) = @_;
	for my $file (@files)
	{
		$tokens{$file} = tokenize($file);
		read_constants($file);
		read_functions($file);
	}
	return;
}

sub slurp
{
	my ($name) = @_;
	open(my $file, '<:encoding(UTF-8)', $name) or die "cannot read $name: $!\n";
	local $/;
	return scalar <$file>;
}

# Strings (with what stands between their quotes, adjacent ones as one), words, numbers, and single marks, with their lines.
sub tokenize
{
	my ($name) = @_;
	my @found;
	my $text = slurp($name);
	my ($line, $counted) = (1, 0);
	while ($text =~ /\G(?:\s+|\/\/[^\n]*|\/\*.*?\*\/|\#\s*(?:include|define|undef)(?:[^\n]*\\\n)*[^\n]*)*(?:R"\((.*?)\)"|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([A-Za-z_]\w*)|([0-9][\w.']*)|(::|->|==|!=|<=|>=|&&|\|\||.))/gcs)
	{
		my ($raw, $string, $char, $word, $number, $mark) = ($1, $2, $3, $4, $5, $6);
		my $begin = $-[$#-];
		$line += substr($text, $counted, $begin - $counted) =~ tr/\n//;
		$counted = $begin;
		if (defined $raw or defined $string)
		{
			my $value = $raw // unescape($string);
			if (@found and $found[-1]{kind} eq 'string') { $found[-1]{text} .= $value }
			else { push @found, { kind => 'string', text => $value, line => $line } }
		}
		elsif (defined $char) { push @found, { kind => 'string', text => unescape($char), line => $line } }
		elsif (defined $word) { push @found, { kind => 'word', text => $word, line => $line } }
		elsif (defined $number) { push @found, { kind => 'number', text => $number, line => $line } }
		else { push @found, { kind => 'mark', text => $mark, line => $line } }
	}
	return \@found;
}

sub unescape
{
	my ($text) = @_;
	my %char = (n => "\n", t => "\t", 0 => "\0", r => "\r");
	$text =~ s/\\(.)/exists $char{$1} ? $char{$1} : $1/ge;
	return $text;
}

# const char *kName = "...": of a file, and of all.
sub read_constants
{
	my ($name) = @_;
	my $token = $tokens{$name};
	for my $i (3 .. $#{$token} - 1)
	{
		next unless $token->[$i]{text} eq '=' and $token->[$i]{kind} eq 'mark' and $token->[ $i - 1 ]{kind} eq 'word' and $token->[ $i + 1 ]{kind} eq 'string';
		next unless $token->[ $i - 2 ]{text} eq '*' or $token->[ $i - 2 ]{text} eq 'string_view';
		my $constant = $token->[ $i - 1 ]{text};
		push @{ $constants{$name}{$constant} }, $token->[ $i + 1 ]{text};
		push @{ $constants{''}{$constant} }, $token->[ $i + 1 ]{text} if $constant =~ /^k[A-Z]/;
	}
	return;
}

# Functions that a file defines: of what type they are (its last word), their parameters, and what stands in their braces.
sub read_functions
{
	my ($name) = @_;
	my $token = $tokens{$name};
	for my $i (1 .. $#{$token} - 1)
	{
		next unless $token->[$i]{kind} eq 'word' and $token->[ $i + 1 ]{text} eq '(' and $token->[ $i - 1 ]{text} =~ /^(?:\w+|::|[*&>])$/;
		my $type = $i;
		$type -= 2 while $type > 1 and $token->[ $type - 1 ]{text} eq '::';
		my ($parameters, $end) = arguments($token, $i + 1);
		$end++;
		$end++ while $end < $#{$token} and $token->[$end]{text} =~ /^(?:const|noexcept)$/;
		next if $end >= $#{$token} or $token->[$end]{text} ne '{' or $token->[$type - 1]{text} eq 'else';
		my (undef, $closes) = arguments($token, $end);
		$functions{$name}{ $token->[$i]{text} } = { type => $token->[ $type - 1 ]{text}, parameters => $parameters, body => [ @{$token}[ $end + 1 .. $closes - 1 ] ] };
	}
	return;
}

# What a function of this file may return.
sub returned_texts
{
	my ($file, $name) = @_;
	my $function = $functions{$file}{$name};
	return if !$function or $function->{type} ne 'string' or $function->{is_read};
	local $function->{is_read} = 1; # it may call itself
	my (@said, $begin);
	my @token = @{ $function->{body} };
	for my $i (0 .. $#token)
	{
		$begin = $i + 1 if $token[$i]{kind} eq 'word' and $token[$i]{text} eq 'return';
		next if !defined $begin or $token[$i]{kind} ne 'mark' or $token[$i]{text} ne ';';
		push @said, texts($file, [ @token[ $begin .. $i - 1 ] ]);
		undef $begin;
	}
	my %distinct = map { (/[a-z]/ ? $_ : '…') => 1 } @said;
	return sort keys %distinct;
}

# The arguments of a call: lists of tokens. $at is the opening mark. Returns also where it ends.
sub arguments
{
	my ($token, $at) = @_;
	my %close = ('(' => ')', '{' => '}', '[' => ']');
	my @open = ($token->[$at]{text});
	my @list = ([]);
	for (my $i = $at + 1; $i < @{$token}; $i++)
	{
		my $text = $token->[$i]{kind} eq 'mark' ? $token->[$i]{text} : '';
		if (exists $close{$text}) { push @open, $text }
		elsif ($text eq $close{ $open[-1] })
		{
			pop @open;
			return (\@list, $i) if !@open;
		}
		elsif ($text eq ',' and @open == 1) { push @list, []; next; }
		push @{ $list[-1] }, $token->[$i];
	}
	return (\@list, $#{$token});
}

# What an expression may say: texts with … for what is not written there.
sub texts
{
	my ($file, $tokens) = @_;
	my @token = @{$tokens};
	# a ? b : c
	my ($question, $colon, $depth) = (undef, undef, 0);
	for my $i (0 .. $#token)
	{
		next unless $token[$i]{kind} eq 'mark';
		my $mark = $token[$i]{text};
		$depth++ if $mark =~ /^[({[]$/;
		$depth-- if $mark =~ /^[)}\]]$/;
		$question //= $i if $mark eq '?' and $depth == 0;
		$colon //= $i if $mark eq ':' and $depth == 0 and defined $question;
	}
	if (defined $question and defined $colon)
	{
		return (texts($file, [ @token[ $question + 1 .. $colon - 1 ] ]), texts($file, [ @token[ $colon + 1 .. $#token ] ]));
	}
	# a + b
	my @terms = ([]);
	$depth = 0;
	for my $each (@token)
	{
		my $mark = $each->{kind} eq 'mark' ? $each->{text} : '';
		$depth++ if $mark =~ /^[({[]$/;
		$depth-- if $mark =~ /^[)}\]]$/;
		if ($mark eq '+' and $depth == 0) { push @terms, [] }
		else { push @{ $terms[-1] }, $each }
	}
	my @results = ('');
	for my $term (@terms)
	{
		my @said = term_texts($file, $term);
		@results = map { my $so_far = $_; map { $so_far . $_ } @said } @results;
	}
	s/…(?:…)+/…/g for @results;
	return @results;
}

sub term_texts
{
	my ($file, $term) = @_;
	my @token = @{$term};
	return ('') if !@token;
	return ($token[0]{text}) if @token == 1 and $token[0]{kind} eq 'string';
	return ('') if @token == 2 and $token[0]{text} eq '{' and $token[1]{text} eq '}';
	if (@token == 1 and $token[0]{kind} eq 'word')
	{
		my $known = $constants{$file}{ $token[0]{text} } // $constants{''}{ $token[0]{text} };
		return @{$known} if $known;
	}
	# std::string(x), std::move(x), (x)
	my $open = 0;
	$open++ while $open < @token and ($token[$open]{kind} eq 'word' or $token[$open]{text} eq '::');
	my $callee = join('', map { $_->{text} } @token[ 0 .. $open - 1 ]);
	if ($open < @token and $token[$open]{text} eq '(' and $callee =~ /^(?:|std::string|string|std::move)$/)
	{
		my ($inside, $end) = arguments(\@token, $open);
		return texts($file, $inside->[0]) if $end == $#token and @{$inside} == 1;
	}
	my @returned = $open == 1 && $open < @token && $token[1]{text} eq '(' ? returned_texts($file, $callee) : ();
	return @returned ? @returned : ('…');
}

# The texts of an argument that need not be there.
sub argument_texts
{
	my ($file, $list, $at) = @_;
	return defined $at && $at <= $#{$list} ? texts($file, $list->[$at]) : ();
}

1;
