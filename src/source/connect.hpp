// Opening a connection of libpq without blocking: the host is resolved first, each of its addresses is tried in order
// within one deadline, and libpq gets addresses only. Every wait is pg::wait().
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <libpq-fe.h>

namespace hyperline::source {

struct FinishConnection {
	void operator()(PGconn *connection) const noexcept { PQfinish(connection); }
};
using PqHandle = std::unique_ptr<PGconn, FinishConnection>;

/// libpq's keywords with their values.
using Keywords = std::vector<std::pair<std::string, std::string>>;

/// Where to connect, and how.
struct Destination {
	Keywords keywords;		  ///< with `host`, without `hostaddr`
	std::string host;		  ///< a name, an address or a socket's directory
	std::string password;	  ///< what messages are cleaned of; empty: none
	std::string shown;		  ///< how the server is called in messages
	std::string name_servers; ///< see resolve()
	std::chrono::seconds timeout{10};
};

/// A connection that is ready for statements, in non-blocking mode. Throws 08001, with what was found or what the
/// server said.
PqHandle connect(const Destination &destination);

} // namespace hyperline::source
