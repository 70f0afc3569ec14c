#include "source/connect.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

#include "pg/failure.hpp"
#include "pg/wait.hpp"
#include "source/address.hpp"
#include "source/characters.hpp"
#include "source/resolve.hpp"
#include "source/scrub.hpp"

namespace hyperline::source {

namespace {

constexpr const char *kConnectHint =
	"Check that the server is up and can be reached from this one, and that the url names the right host, port, "
	"database, user and password.";
constexpr const char *kNetworkHint =
	"Check the network between the servers, or raise hyperline_connector.connect_timeout.";

// Reasons of this many addresses are told.
constexpr std::size_t kMostReasons = 5;

void drop_notice(void * /*unused*/, const PGresult * /*unused*/) {
}

Error unable(const Destination &destination, std::string detail, std::string hint) {
	return {sqlstate::kUnableToConnect, "could not connect to " + destination.shown, std::move(detail),
			std::move(hint)};
}

// One try at one address.
struct Attempt {
	PqHandle connection;
	std::string reason;	  ///< why there is none; empty: no answer in time
	std::string sqlstate; ///< the server's own, when it refused
	bool is_connected = false;
};

// The SQLSTATE that the server gave, if it was the server that refused: in verbose form its message reads
// "FATAL:  28P01: ...", the first word in any language. Takes it out of the message, and the place in the server's
// source that the verbose form adds.
std::string take_sqlstate(std::string &message) {
	for (std::size_t at = message.find(":  "); at != std::string::npos; at = message.find(":  ", at + 1)) {
		const std::string_view code = std::string_view(message).substr(at + 3);
		const bool is_code =
			code.size() > 6 && code.substr(5, 2) == ": " &&
			std::all_of(code.begin(), code.begin() + 5, [](char c) { return is_digit(c) || (c >= 'A' && c <= 'Z'); });
		if (is_code) {
			std::string state(code.substr(0, 5));
			message.erase(at + 3, 7);
			while (!message.empty() && message.back() == '\n') {
				message.pop_back();
			}
			const std::size_t line = message.rfind('\n');
			if (line != std::string::npos && line > at && message.find(".c:", line) != std::string::npos) {
				message.resize(line);
			}
			return state;
		}
	}
	return {};
}

Attempt attempt(const Keywords &keywords, const std::string &password, pg::Deadline deadline) {
	std::vector<const char *> names;
	std::vector<const char *> values;
	for (const auto &[name, value] : keywords) {
		names.push_back(name.c_str());
		values.push_back(value.c_str());
	}
	names.push_back(nullptr);
	values.push_back(nullptr);
	Attempt result;
	// expand_dbname = 0: a database name is never read as a connection string.
	result.connection.reset(PQconnectStartParams(names.data(), values.data(), 0));
	PGconn *connection = result.connection.get();
	if (connection == nullptr) {
		throw Error("53200", "out of memory");
	}
	PQsetNoticeReceiver(connection, drop_notice, nullptr);
	PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
	PostgresPollingStatusType polling =
		PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
	while (polling != PGRES_POLLING_OK && polling != PGRES_POLLING_FAILED) {
		const pg::Woken woken = pg::wait(PQsocket(connection), polling == PGRES_POLLING_READING,
										 polling == PGRES_POLLING_WRITING, deadline);
		if (woken == pg::Woken::deadline) {
			return result;
		}
		if (woken == pg::Woken::socket) {
			polling = PQconnectPoll(connection);
		}
	}
	result.is_connected = polling == PGRES_POLLING_OK;
	if (!result.is_connected) {
		std::string message = PQerrorMessage(connection);
		result.sqlstate = take_sqlstate(message);
		result.reason = one_line(scrub(std::move(message), password));
	}
	return result;
}

// A server that refuses a login does so at its other addresses too; one that is starting or stopping does not.
bool is_final(const Attempt &made) {
	return !made.sqlstate.empty() && made.sqlstate.compare(0, 2, "57") != 0;
}

std::vector<IpAddress> addresses_of(const Destination &destination, pg::Deadline deadline) {
	if (const auto address = parse_address(destination.host)) {
		return {*address};
	}
	ResolveFailure failure;
	std::vector<IpAddress> addresses = resolve(destination.host, destination.name_servers, deadline, failure);
	if (addresses.empty()) {
		throw unable(destination, std::move(failure.detail), std::move(failure.hint));
	}
	return addresses;
}

// The keyword lists to try: one for a socket, else one for each address.
std::vector<Keywords> ways_to(const Destination &destination, pg::Deadline deadline) {
	std::vector<Keywords> ways;
	if (destination.host.starts_with('/')) {
		ways.push_back(destination.keywords);
		return ways;
	}
	for (const IpAddress &address : addresses_of(destination, deadline)) {
		ways.push_back(destination.keywords);
		ways.back().emplace_back("hostaddr", address.text());
	}
	return ways;
}

} // namespace

PqHandle connect(const Destination &destination) {
	const pg::Deadline deadline = std::chrono::steady_clock::now() + destination.timeout;
	const std::vector<Keywords> ways = ways_to(destination, deadline);
	std::string reasons;
	for (std::size_t i = 0; i < ways.size(); i++) {
		// An address that does not answer leaves time for those after it.
		const auto now = std::chrono::steady_clock::now();
		Attempt made =
			attempt(ways[i], destination.password, now + (deadline - now) / static_cast<std::int64_t>(ways.size() - i));
		if (made.is_connected) {
			PQsetErrorVerbosity(made.connection.get(), PQERRORS_DEFAULT);
			PQsetnonblocking(made.connection.get(), 1);
			return std::move(made.connection);
		}
		if (!made.reason.empty() && (i < kMostReasons || is_final(made))) {
			reasons += (reasons.empty() ? "" : "\n") + made.reason;
		}
		if (is_final(made)) {
			break;
		}
	}
	if (reasons.empty()) {
		throw unable(destination, "There was no answer within " + std::to_string(destination.timeout.count()) + " s.",
					 kNetworkHint);
	}
	throw unable(destination, std::move(reasons), kConnectHint);
}

} // namespace hyperline::source
