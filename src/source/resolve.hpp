// From the name of a host to its addresses, by c-ares: getaddrinfo() blocks, and a wait that Ctrl-C cannot end must not
// exist. /etc/hosts, the name servers, search domains and options of /etc/resolv.conf count as usual; modules of
// nsswitch.conf beside them (mDNS, LDAP) do not.
//
// Addresses go on to libpq as `hostaddr`, so that it never resolves anything, and what was checked is what is
// connected.
#pragma once

#include <string>
#include <vector>

#include "pg/wait.hpp"
#include "source/address.hpp"

namespace hyperline::source {

/// Why a name has no address, in sentences.
struct ResolveFailure {
	std::string detail;
	std::string hint;
};

/// The addresses of `name`, in the order in which they are to be tried (RFC 6724); none, with `failure` set, when it
/// has none or nobody answers before the deadline. `name_servers`: comma-separated, each with a port if need be; empty
/// for those of /etc/resolv.conf. Waits as pg::wait() does, and throws what it throws.
std::vector<IpAddress> resolve(const std::string &name, const std::string &name_servers, pg::Deadline deadline,
							   ResolveFailure &failure);

} // namespace hyperline::source
