// The parser of connection urls, the lists of hosts, and what cleans messages: nothing of a url that is refused is
// repeated, and no password is in what is shown.
#include "property.hpp"

#include <string>

#include "pg/failure.hpp"
#include "source/address.hpp"
#include "source/characters.hpp"
#include "source/rules.hpp"
#include "source/scrub.hpp"
#include "source/url.hpp"

namespace {

using namespace hyperline;
using fuzz::check;

// What a person would call the password, whatever the parser makes of the url.
std::string_view presumed_password(std::string_view text) {
	const std::size_t mark = text.find("://");
	const std::size_t colon = mark == std::string_view::npos ? mark : text.find(':', mark + 3);
	const std::size_t at = text.rfind('@');
	return colon == std::string_view::npos || at == std::string_view::npos || at <= colon
			   ? std::string_view()
			   : text.substr(colon + 1, at - colon - 1);
}

// Everything that the refusal of a url says; empty when it is not refused.
std::string refusal(std::string_view text) {
	try {
		static_cast<void>(source::parse_url(text));
	} catch (const Error &error) {
		const Failure &failure = error.failure();
		check(failure.sqlstate == sqlstate::kInvalidParameterValue, "a refusal is one of ours");
		return failure.message + failure.detail + failure.hint;
	}
	return {};
}

// A password that stands in what is said, though the same is said with other letters in its place, stands in our own
// words by chance.
void check_refusal(std::string_view text, const std::string &told) {
	const std::string_view password = presumed_password(text);
	if (password.size() < 8 || told.find(password) == std::string::npos) {
		return;
	}
	std::string other(text);
	for (std::size_t at = static_cast<std::size_t>(password.data() - text.data()), left = password.size(); left > 0;
		 left--, at++) {
		other[at] = source::is_letter(other[at]) ? (other[at] == 'q' ? 'p' : 'q') : other[at];
	}
	check(refusal(other) == told, "a refusal repeats nothing of the url");
}

void check_parsed(const source::ConnectionUrl &url) {
	using namespace source;
	check(!url.user.empty() && !url.dbname.empty() && !url.host.empty(), "a url has a user, a database and a host");
	check(url.is_unix_socket() || parse_address(url.host).has_value() || is_host_name(url.host),
		  "a host is an address, a name, or a directory");
	check(url.dbname.find('=') == std::string::npos && url.dbname.find("://") == std::string::npos,
		  "no database name is a connection string");
	const std::string shown = masked(url);
	for (const char c : shown) {
		check(!is_control(c) && !is_high(c) && c != ' ', "what is shown is plain ASCII");
	}
	const ConnectionUrl again = parse_url(shown);
	ConnectionUrl expected = url;
	if (url.password) {
		expected.password = std::string(kPasswordMask);
		check(masked(with_password(url, "another")) == shown, "what is shown does not depend on the password");
		check(with_password(again, *url.password) == url, "the password can be put back");
	}
	check(again == expected, "what is shown reads as the same url");
	for (const auto &[name, value] : libpq_keywords(url)) {
		check(option_level(name).has_value() && value.find('\0') == std::string::npos, "libpq gets what it may get");
	}
}

void check_messages(std::string_view text) {
	using namespace source;
	const std::string line = one_line(text);
	check(is_plain_text(line) && line.size() < kLongestText + 16, "a message is one short line");
	check(line.size() > kLongestText || one_line(line) == line, "a clean line stays as it is");
	const std::string password = "c4n4ry!pass";
	const std::string clean = scrub(std::string(text) + password + std::string(text), password);
	check(clean.find(password) == std::string::npos, "no password is in a message");
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	const std::string_view text = fuzz::text_of(data, size);
	const std::string told = refusal(text);
	if (told.empty()) {
		check_parsed(source::parse_url(text));
	} else {
		check_refusal(text, told);
	}
	check_messages(text);
	std::string fault;
	const source::AllowedHosts hosts(text, fault);
	check(fault.empty() == source::check_allowed_hosts(text).empty(), "a list is right or wrong");
	check(fault.empty() || !hosts.allows("h", source::IpAddress()), "a list that is wrong allows nothing");
	static_cast<void>(source::check_name_servers(text));
	if (const auto address = source::parse_address(text)) {
		check(source::parse_address(address->text()) == address, "an address reads as it was written");
	}
	return 0;
}
