// One try to open a connection of libpq, without blocking.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "pg/wait.hpp"

namespace hyperline::source {

struct FinishConnection {
	void operator()(PGconn *connection) const noexcept { PQfinish(connection); }
};
using PqHandle = std::unique_ptr<PGconn, FinishConnection>;

/// libpq's keywords with their values.
using Keywords = std::vector<std::pair<std::string, std::string>>;

/// How a try ended.
struct Attempt {
	PqHandle connection;
	bool is_connected = false;
	std::string reason;	  ///< why it is not, as one line without `password`; empty: there was no answer in time
	std::string sqlstate; ///< the server's own, when it was the server that refused
	/// Whether it failed while TLS was agreed on. Nothing was sent then but what begins TLS.
	bool failed_in_tls = false;

	/// Whether the server refused after it had taken the password: what it says then is meant for who logs in.
	[[nodiscard]] bool is_refused_after_login() const noexcept;
	/// Whether the server would refuse at its other addresses too: not one that is only starting or stopping.
	[[nodiscard]] bool is_final() const noexcept { return !sqlstate.empty() && !sqlstate.starts_with("57"); }
};

/// Tries. Nothing is taken from the environment of the server. `keywords` name an address or a socket, never a name to
/// resolve. Throws what pg::wait() throws.
Attempt attempt(const Keywords &keywords, const std::string &password, pg::Deadline deadline);

/// Whether TLS can be agreed on. Ends the connection there: the server learns neither a user nor anything else of
/// `keywords`. Throws what pg::wait() throws.
bool agrees_on_tls(const Keywords &keywords, pg::Deadline deadline);

} // namespace hyperline::source
