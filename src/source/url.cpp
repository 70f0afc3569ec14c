#include "source/url.hpp"

#include "pg/failure.hpp"
#include "source/address.hpp"
#include "source/characters.hpp"
#include "source/scrub.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace hyperline::source {

namespace {

constexpr std::size_t kMaxNameLength = 63;		  // NAMEDATALEN - 1
constexpr std::size_t kMaxFileLength = 1024;	  // of a file's name in an option
constexpr std::size_t kMaxDirectoryLength = 92;	  // sun_path's 107 bytes less "/.s.PGSQL.65535"
constexpr std::size_t kMaxShownOptionLength = 20; // of an option's name that libpq does not know
constexpr const char *kFormHint = "Write it as postgres://user:password@host:port/dbname.";
constexpr const char *kEncodeHint = "Percent-encode special characters of the user name, the password and the values: "
									"@ as %40, / as %2F, : as %3A, ? as %3F, # as %23, & as %26, = as %3D, % as %25, "
									"a blank as %20.";
constexpr const char *kPortHint = "Write it as in postgres://user@host:5432/dbname.";
constexpr const char *kIpv6Hint = "Write an IPv6 address as in [2001:db8::1].";
constexpr const char *kOptionsHint =
	"Allowed options are host, port, user, password, dbname, sslmode, channel_binding and application_name; for "
	"superusers also password_file, password_env, sslrootcert, sslcert, sslkey and sslcrl.";

// The options of libpq up to version 18, and some of other drivers: names that can be repeated in an error, for none
// can be a piece of a secret by chance.
constexpr std::string_view kKnownOptions =
	"application_name authtype channel_binding client_encoding connect_timeout dbname fallback_application_name "
	"gssdelegation gssencmode gsslib host hostaddr keepalives keepalives_count keepalives_idle keepalives_interval "
	"krbsrvname load_balance_hosts max_protocol_version min_protocol_version oauth_client_id oauth_client_secret "
	"oauth_issuer oauth_scope options passfile password pool_timeout port replication require_auth requirepeer "
	"scram_client_key scram_server_key search_path service servicefile ssl ssl_max_protocol_version "
	"ssl_min_protocol_version sslcert sslcertmode sslcompression sslcrl sslcrldir sslkey sslkeylogfile sslmode "
	"sslnegotiation sslpassword sslrootcert sslsni target_session_attrs tcp_user_timeout tty user";

// True when `word` is one of the words of `list`, which are separated by a blank.
bool is_listed(std::string_view list, std::string_view word) noexcept {
	if (word.empty() || word.find(' ') != std::string_view::npos) {
		return false;
	}
	for (std::size_t at = list.find(word); at != std::string_view::npos; at = list.find(word, at + 1)) {
		const std::size_t end = at + word.size();
		if ((at == 0 || list[at - 1] == ' ') && (end == list.size() || list[end] == ' ')) {
			return true;
		}
	}
	return false;
}

[[noreturn]] void refuse(std::string detail, std::string hint) {
	throw Error(sqlstate::kInvalidParameterValue, "invalid connection URL", std::move(detail), std::move(hint));
}

[[noreturn]] void refuse_option(std::string_view name, std::string detail, std::string hint) {
	throw Error(sqlstate::kInvalidParameterValue,
				"invalid value for option \"" + std::string(name) + "\" of the connection URL", std::move(detail),
				std::move(hint));
}

std::string decode(std::string_view raw) {
	std::string text;
	text.reserve(raw.size());
	for (std::size_t at = 0; at < raw.size(); ++at) {
		if (raw[at] != '%') {
			text += raw[at];
			continue;
		}
		const int byte = percent_encoded(raw, at);
		if (byte < 0) {
			refuse("A % is not followed by two hexadecimal digits.", kEncodeHint);
		}
		if (byte == 0) {
			refuse("The URL holds a NUL character (%00).",
				   "Leave it out: no name and no password of PostgreSQL holds one.");
		}
		text += static_cast<char>(byte);
		at += 2;
	}
	return text;
}

std::string encode(std::string_view text, std::string_view also_plain = {}) {
	constexpr std::string_view digits = "0123456789ABCDEF";
	std::string url;
	for (const char c : text) {
		const bool is_unreserved =
			is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; // RFC 3986
		if (is_unreserved || also_plain.find(c) != std::string_view::npos) {
			url += c;
		} else {
			const auto byte = static_cast<unsigned char>(c);
			url += '%';
			url += digits[byte >> 4U];
			url += digits[byte & 0xFU];
		}
	}
	return url;
}

void check_host(std::string_view host) {
	if (host.empty()) {
		refuse("The URL names no host.", kFormHint);
	}
	if (host.find(',') != std::string_view::npos) {
		refuse("The URL names more than one host.", "Give exactly one host.");
	}
	if (host.front() == '/') {
		if (!is_plain_text(host) || host.size() > kMaxDirectoryLength) {
			refuse("The directory of the Unix-domain socket is too long or holds control characters.",
				   "Give a directory of at most " + std::to_string(kMaxDirectoryLength) +
					   " bytes, such as /var/run/postgresql.");
		}
		return;
	}
	if (!parse_ipv4(host) && !parse_ipv6(host) && !is_host_name(host)) {
		refuse("The host is neither a name nor an IPv4 or IPv6 address nor the directory of a Unix-domain socket.",
			   kEncodeHint);
	}
}

std::uint16_t parse_port(std::string_view text) {
	std::uint16_t port = 0;
	const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
	if (text.size() > 5 || code != std::errc{} || end != text.data() + text.size() || port == 0) {
		refuse("The port is not a number from 1 to 65535.", kPortHint);
	}
	return port;
}

std::string checked_name(std::string name, const std::string &what) {
	if (name.empty() || name.size() > kMaxNameLength || !is_plain_text(name)) {
		refuse("The " + what + " is empty, longer than 63 bytes, or holds control characters or invalid UTF-8.",
			   kFormHint);
	}
	return name;
}

// A database name that libpq could take for a connection string is refused, though it is never told to look.
std::string checked_dbname(std::string name) {
	name = checked_name(std::move(name), "database name");
	if (name.find('=') != std::string::npos || name.find("://") != std::string::npos) {
		refuse("The database name holds \"=\" or \"://\".",
			   "Give the name alone, and options behind a ? at the end; a database of such a name has to be renamed.");
	}
	return name;
}

std::string checked_password(std::string password) {
	if (password.empty()) {
		refuse("The password is empty.", "Leave it out together with its colon, or give one.");
	}
	return password;
}

// [user[:password]@]host[:port], or nothing.
void parse_authority(std::string_view authority, ConnectionUrl &url) {
	if (const std::size_t at = authority.find('@'); at != std::string_view::npos) {
		const std::string_view userinfo = authority.substr(0, at);
		const std::size_t colon = userinfo.find(':');
		if (colon == 0 || userinfo.empty()) {
			refuse("The URL names no user.", kFormHint);
		}
		url.user = checked_name(decode(userinfo.substr(0, colon)), "user name");
		if (colon != std::string_view::npos) {
			url.password = checked_password(decode(userinfo.substr(colon + 1)));
		}
		authority.remove_prefix(at + 1);
	}
	std::string_view rest = authority;
	if (authority.starts_with('[')) {
		const std::size_t bracket = authority.find(']');
		const std::string_view inside = authority.substr(1, bracket == std::string_view::npos ? 0 : bracket - 1);
		if (!parse_ipv6(inside)) {
			refuse("What stands in brackets is not an IPv6 address.", kIpv6Hint);
		}
		url.host = inside;
		rest = authority.substr(bracket + 1);
	} else {
		const std::size_t colon = std::min(authority.find(':'), authority.size());
		rest = authority.substr(colon);
		if (rest.find(':', 1) != std::string_view::npos) {
			refuse("The part before the database name holds too many colons.",
				   "Write an IPv6 address in brackets, and one host only.");
		}
		url.host = decode(authority.substr(0, colon));
		if (!url.host.empty()) {
			check_host(url.host);
		}
	}
	if (!rest.empty()) {
		url.port = parse_port(rest.front() == ':' ? rest.substr(1) : std::string_view());
	}
}

void check_choice(const UrlOption &option, std::string_view choices) {
	if (!is_listed(choices, option.value)) {
		refuse_option(option.name, {}, "Allowed values: " + std::string(choices) + ".");
	}
}

void check_option(const UrlOption &option) {
	if (option.name == "sslmode") {
		check_choice(option, "disable allow prefer require verify-ca verify-full");
	} else if (option.name == "channel_binding") {
		check_choice(option, "disable prefer require");
	} else if (option.name == "application_name") {
		if (option.value.size() > kMaxNameLength || !is_plain_text(option.value)) {
			refuse_option(option.name, "It is longer than 63 bytes, or holds control characters or invalid UTF-8.",
						  "Give a short name: pg_stat_activity of the source shows it.");
		}
	} else if (option.name == "password_env") {
		const auto is_allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '_'; };
		if (option.value.size() > kMaxNameLength || is_digit(option.value.front()) ||
			!std::all_of(option.value.begin(), option.value.end(), is_allowed)) {
			refuse_option(option.name, {}, "Give the name of an environment variable of the server.");
		}
	} else if (option.name == "sslrootcert" && option.value == "system") {
		return; // the certificates that the operating system trusts (libpq 16)
	} else if (option.value.front() != '/' || option.value.size() > kMaxFileLength || !is_plain_text(option.value)) {
		refuse_option(option.name, {}, "Give the absolute name of a file on this server.");
	}
}

[[noreturn]] void refuse_option_name(std::string_view name, std::string_view query) {
	const bool is_word =
		std::all_of(name.begin(), name.end(), [](char c) { return c == '_' || (c >= 'a' && c <= 'z'); });
	// A raw & in a password makes a piece of it look like an option.
	const bool has_secret = query.find("password=") != std::string_view::npos;
	const bool shown = is_listed(kKnownOptions, name) ||
					   (is_word && !name.empty() && name.size() <= kMaxShownOptionLength && !has_secret);
	throw Error(sqlstate::kInvalidParameterValue,
				shown ? "option \"" + std::string(name) + "\" is not allowed in a connection URL"
					  : "an option of the connection URL is not allowed",
				{}, kOptionsHint);
}

// Gives a part of the URL that may also be an option its value, once.
template <typename Part, typename Parse>
void set_part(Part &part, bool is_set, const UrlOption &option, Parse parse) {
	if (is_set) {
		throw Error(sqlstate::kInvalidParameterValue, "the connection URL gives \"" + option.name + "\" more than once",
					{}, "Give it once.");
	}
	part = parse(option.value);
}

void parse_option(std::string_view pair, std::string_view query, ConnectionUrl &url) {
	const std::size_t equals = pair.find('=');
	if (equals == std::string_view::npos || pair.find('=', equals + 1) != std::string_view::npos) {
		refuse("What follows the ? is not a list of name=value, separated by &.", kEncodeHint);
	}
	if (!option_level(pair.substr(0, equals))) {
		refuse_option_name(pair.substr(0, equals), query);
	}
	UrlOption option{std::string(pair.substr(0, equals)), decode(pair.substr(equals + 1))};
	if (option.value.empty()) {
		refuse_option(option.name, "It is empty.", "Give it a value, or leave it out.");
	}
	if (option.name == "host") {
		set_part(url.host, !url.host.empty(), option, [](const std::string &value) {
			check_host(value);
			return value;
		});
	} else if (option.name == "port") {
		set_part(url.port, url.port.has_value(), option, parse_port);
	} else if (option.name == "user") {
		set_part(url.user, !url.user.empty(), option,
				 [](const std::string &value) { return checked_name(value, "user name"); });
	} else if (option.name == "password") {
		set_part(url.password, url.password.has_value(), option, checked_password);
	} else if (option.name == "dbname") {
		set_part(url.dbname, !url.dbname.empty(), option, checked_dbname);
	} else {
		const bool is_set = std::any_of(url.options.begin(), url.options.end(),
										[&](const UrlOption &other) { return other.name == option.name; });
		check_option(option);
		UrlOption checked;
		set_part(checked, is_set, option, [&](const std::string &) { return option; });
		url.options.push_back(std::move(checked));
	}
}

} // namespace

std::optional<OptionLevel> option_level(std::string_view name) noexcept {
	if (is_listed("host port user password dbname sslmode channel_binding application_name", name)) {
		return OptionLevel::everybody;
	}
	return is_listed("password_file password_env sslrootcert sslcert sslkey sslcrl", name)
			   ? std::optional(OptionLevel::superuser)
			   : std::nullopt;
}

ConnectionUrl parse_url(std::string_view text) {
	if (text.size() > kMaxUrlLength) {
		refuse("It is longer than " + std::to_string(kMaxUrlLength) + " bytes.", kFormHint);
	}
	const std::size_t scheme = text.starts_with("postgres://") ? 11 : text.starts_with("postgresql://") ? 13 : 0;
	if (scheme == 0) {
		refuse("It does not start with postgres:// or postgresql://.", kFormHint);
	}
	std::string_view rest = text.substr(scheme);
	const auto is_blank = [](char c) { return c == ' ' || c == '#' || is_control(c); };
	if (valid_utf8_prefix(rest) != rest.size() || std::any_of(rest.begin(), rest.end(), is_blank)) {
		refuse("It holds a blank, a control character, a # or invalid UTF-8.", kEncodeHint);
	}
	const std::size_t authority_end = std::min(rest.find_first_of("/?"), rest.size());
	const std::size_t at = rest.find('@');
	// Had the password a raw @ or / in it, a piece of it would be taken for the host or the database name.
	if (at != std::string_view::npos && (at > authority_end || rest.rfind('@') != at)) {
		refuse("It holds an @ that does not separate the user name and password from the host, or a / before it.",
			   kEncodeHint);
	}

	ConnectionUrl url;
	parse_authority(rest.substr(0, authority_end), url);
	rest.remove_prefix(authority_end);
	const std::size_t question = std::min(rest.find('?'), rest.size());
	if (std::string_view path = rest.substr(0, question); path.size() > 1) {
		path.remove_prefix(1);
		if (path.find('/') != std::string_view::npos) {
			refuse("The database name holds a /.", kEncodeHint);
		}
		url.dbname = checked_dbname(decode(path));
	}
	if (question < rest.size()) {
		const std::string_view query = rest.substr(question + 1);
		for (std::size_t begin = 0; begin <= query.size();) {
			const std::size_t end = std::min(query.find('&', begin), query.size());
			parse_option(query.substr(begin, end - begin), query, url);
			begin = end + 1;
		}
	}
	check_host(url.host);
	if (url.user.empty()) {
		refuse("The URL names no user.", kFormHint);
	}
	if (url.dbname.empty()) {
		refuse("The URL names no database.", kFormHint);
	}
	if ((url.password ? 1 : 0) + (url.option("password_file") ? 1 : 0) + (url.option("password_env") ? 1 : 0) > 1) {
		refuse("The URL gives the password more than once.",
			   "Give the password itself, or password_file, or password_env.");
	}
	return url;
}

std::optional<std::string> ConnectionUrl::option(std::string_view name) const {
	const auto found =
		std::find_if(options.begin(), options.end(), [name](const UrlOption &given) { return given.name == name; });
	return found == options.end() ? std::nullopt : std::optional(found->value);
}

std::vector<std::string> options_for_superusers(const ConnectionUrl &url) {
	std::vector<std::string> names;
	for (const UrlOption &option : url.options) {
		if (option_level(option.name) == OptionLevel::superuser) {
			names.push_back(option.name);
		}
	}
	return names;
}

std::string masked(const ConnectionUrl &url) {
	std::string text = "postgres://" + encode(url.user);
	if (url.password) {
		text += ':';
		text += kPasswordMask;
	}
	text += '@';
	text += url.host.find(':') != std::string::npos && !url.is_unix_socket() ? "[" + url.host + "]" : encode(url.host);
	if (url.port) {
		text += ":" + std::to_string(*url.port);
	}
	text += "/" + encode(url.dbname);
	char separator = '?';
	for (const UrlOption &option : url.options) {
		text += separator + option.name + "=" + encode(option.value, "/");
		separator = '&';
	}
	return text;
}

ConnectionUrl with_password(ConnectionUrl url, std::string password) {
	if (password.find('\0') != std::string::npos) {
		refuse("The password holds a NUL character.", "Give one without: no password of PostgreSQL holds one.");
	}
	url.password = checked_password(std::move(password));
	return url;
}

std::vector<std::pair<std::string, std::string>> libpq_keywords(const ConnectionUrl &url) {
	std::vector<std::pair<std::string, std::string>> keywords = {
		{"host", url.host}, {"port", std::to_string(url.port.value_or(kDefaultPort))}, {"user", url.user}};
	if (url.password) {
		keywords.emplace_back("password", *url.password);
	}
	keywords.emplace_back("dbname", url.dbname);
	for (const UrlOption &option : url.options) {
		if (option.name != "password_file" && option.name != "password_env") { // ours, not libpq's
			keywords.emplace_back(option.name, option.value);
		}
	}
	return keywords;
}

bool is_local(const ConnectionUrl &url) noexcept {
	const auto is_same_letter = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
	constexpr std::string_view localhost = "localhost";
	if (url.is_unix_socket() ||
		std::equal(url.host.begin(), url.host.end(), localhost.begin(), localhost.end(), is_same_letter)) {
		return true;
	}
	if (const auto ipv4 = parse_ipv4(url.host)) {
		return is_loopback(*ipv4);
	}
	const auto ipv6 = parse_ipv6(url.host);
	return ipv6 && is_loopback(*ipv6);
}

} // namespace hyperline::source
