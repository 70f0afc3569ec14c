// Opening a connection by the rules: where it may go, how it is encrypted, and what a role that is no superuser may
// learn. The host is resolved first, each of its addresses is checked and tried in order within one deadline, and libpq
// gets addresses only. Every wait is pg::wait().
#pragma once

#include <chrono>
#include <string>

#include "source/attempt.hpp"
#include "source/provider.hpp"

namespace hyperline::source {

/// Where to connect, and how.
struct Destination {
	Keywords keywords;	  ///< with `host`, without `hostaddr`; `sslmode` and `sslrootcert` only from the url
	std::string host;	  ///< a name, an address or a socket's directory
	std::string password; ///< what messages are cleaned of; empty: none
	std::string shown;	  ///< how the server is called in messages
	NetworkRules rules;
	bool is_trusted = false; ///< as in StoredUrl
	std::chrono::seconds timeout{10};
};

/// A connection that is ready for statements, in non-blocking mode.
/// Throws 08001 with what was found or what the server said; why a connection that is not trusted could not be opened
/// goes to the log alone, unless the server had taken the password. Throws 42501 for what the rules forbid.
PqHandle connect(const Destination &destination);

} // namespace hyperline::source
