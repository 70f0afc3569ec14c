// Where connections may go, as the settings tell it. Plain C++: checked and tested without a server.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/address.hpp"

namespace hyperline::source {

/// Hosts that connections may go to. A list, separated by commas, of: `*` for every host; a name; `*.example.com` for
/// every name below a domain; an address; a range as `10.0.0.0/8`; the directory of a Unix-domain socket. Each may have
/// a `!` before it: then it is never connected to, whatever else the list says. 0.0.0.0 and ::, which lead to this
/// host, are allowed only where the list has them as addresses.
class AllowedHosts {
public:
	/// Reads a list; what is wrong with it, in a sentence, goes to `fault`, and then nothing is allowed.
	AllowedHosts(std::string_view list, std::string &fault);

	/// Whether a host is allowed by its name alone, or the directory of a socket. A name may still have an address that
	/// is not.
	[[nodiscard]] bool allows_name(std::string_view name) const;
	/// Whether a host is allowed that has this name (or is an address) and was found at this address.
	[[nodiscard]] bool allows(std::string_view name, const IpAddress &address) const;

private:
	struct Item {
		enum class Kind : std::uint8_t { any, name, below, range, directory };
		Kind kind = Kind::any;
		bool is_denied = false;
		std::string text; ///< in lower case
		IpAddress address;
		unsigned bits = 0; ///< of 128
	};
	static bool parse(std::string_view text, Item &item);
	[[nodiscard]] static bool matches(const Item &item, std::string_view name, const IpAddress *address);
	[[nodiscard]] bool decide(std::string_view name, const IpAddress *address) const;

	std::vector<Item> items_;
};

/// What is wrong with a list of allowed hosts, in a sentence; empty when nothing is.
[[nodiscard]] std::string check_allowed_hosts(std::string_view list);

/// hyperline_connector.require_encryption
enum class Encryption : std::uint8_t {
	automatic,	 ///< beyond this host, unless the url itself names an sslmode
	on,			 ///< everywhere but through a Unix-domain socket
	verify_full, ///< the same, and the server proves who it is
	off,		 ///< as the url says
};

/// The sslmode to connect with, given the url's own (empty: none) and where the server is; empty when the url's own is
/// weaker than the setting demands.
[[nodiscard]] std::string_view choose_sslmode(Encryption encryption, std::string_view own, bool is_beyond_this_host);

/// What is wrong with a list of name servers, in a sentence; empty when nothing is. Addresses, separated by commas, an
/// IPv6 one in brackets when a port follows it; an empty list is one too.
[[nodiscard]] std::string check_name_servers(std::string_view list);

} // namespace hyperline::source
