#include "source/connect.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <unistd.h>

#include "pg/background.hpp"
#include "pg/failure.hpp"
#include "source/address.hpp"
#include "source/resolve.hpp"

namespace hyperline::source {

namespace {

constexpr const char *kConnectHint =
	"Check that the server is up and can be reached from this one, and that the url names the right host, port, "
	"database, user and password.";
constexpr const char *kNetworkHint =
	"Check the network between the servers, or raise hyperline_connector.connect_timeout.";
constexpr const char *kCertificateHint =
	"Check that the certificate of the source is valid for the host of the url, and that its authority is in "
	"hyperline_connector.root_certificates or in sslrootcert of the url.";
constexpr const char *kReasonInLogHint =
	"Check the host, port, database, user and password of the url. The reason is in the log of this server: only a "
	"superuser's connection tells it.";

constexpr const char *kNoAllowedAddress =
	"The host has only addresses that are not in hyperline_connector.allowed_hosts, or are excluded there.";

// Reasons of this many addresses are told.
constexpr std::size_t kMostReasons = 5;

// A file that cannot be there: libpq then verifies nothing that it was not asked to.
constexpr const char *kNoFile = "/dev/null/none";

// A login that the server has refused, or a database that it does not have: it says the same again.
bool lasts(std::string_view state) {
	return state.starts_with("28") || state.starts_with("3D") || state == sqlstate::kInsufficientPrivilege;
}

// For who may know no more, the reason goes to the log, and the SQLSTATE does not tell it either: at once from a
// session, and with the failure of the run from a worker, which does not log each of them. What libpq and the source
// say is one line already.
Error unable(const Destination &destination, std::string detail, std::string hint, const std::string &state = {},
			 bool is_unproven = false) {
	Failure failure{sqlstate::kUnableToConnect, "could not connect to " + destination.shown, {}, kReasonInLogHint};
	failure.lasts = lasts(state) || is_unproven;
	if (destination.is_trusted) {
		failure.sqlstate = lasts(state) ? state : failure.sqlstate;
		failure.detail = std::move(detail);
		failure.hint = std::move(hint);
	} else if (pg::is_worker()) {
		failure.for_log = std::move(detail);
	} else {
		pg::log_line(failure.message + ": " + detail);
	}
	return Error(std::move(failure));
}

Error not_allowed(const Destination &destination) {
	return {sqlstate::kInsufficientPrivilege, "connections to \"" + destination.host + "\" are not allowed",
			"Its name or its address is not in hyperline_connector.allowed_hosts, or is excluded there.",
			"Have an administrator of this server add it."};
}

std::vector<IpAddress> allowed_addresses(const Destination &destination, const AllowedHosts &allowed,
										 pg::Deadline deadline) {
	std::vector<IpAddress> addresses;
	if (const auto address = parse_address(destination.host)) {
		addresses.push_back(*address);
	} else {
		ResolveFailure failure;
		addresses = resolve(destination.host, destination.rules.name_servers, deadline, failure);
		if (addresses.empty() && !destination.is_trusted && !allowed.allows_name(destination.host)) {
			throw not_allowed(destination); // whether such a name exists is not told
		}
		if (addresses.empty()) {
			throw unable(destination, std::move(failure.detail), std::move(failure.hint));
		}
	}
	const auto is_refused = [&](const IpAddress &address) { return !allowed.allows(destination.host, address); };
	addresses.erase(std::remove_if(addresses.begin(), addresses.end(), is_refused), addresses.end());
	if (addresses.empty()) {
		// A name that may be looked up must not be told from one that does not exist.
		if (!destination.is_trusted && allowed.allows_name(destination.host) && !parse_address(destination.host)) {
			throw unable(destination, kNoAllowedAddress, kReasonInLogHint);
		}
		throw not_allowed(destination);
	}
	return addresses;
}

std::string &value_of(Keywords &keywords, std::string_view name) {
	const auto found =
		std::find_if(keywords.begin(), keywords.end(), [=](const auto &keyword) { return keyword.first == name; });
	return found != keywords.end() ? found->second : keywords.emplace_back(name, std::string()).second;
}

// The certificate authorities that the operating system trusts: libpq looks for them by itself since version 16 only.
std::string system_certificates() {
	constexpr std::array<const char *, 3> files = {"/etc/ssl/certs/ca-certificates.crt",
												   "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
	const auto *found =
		std::find_if(files.begin(), files.end(), [](const char *file) { return access(file, R_OK) == 0; });
	return found != files.end() ? *found : files.front();
}

// Before anything is looked up: the refusal says nothing of the host then.
void refuse_weak_encryption(const Destination &destination) {
	Keywords keywords = destination.keywords;
	const std::string &mode = value_of(keywords, "sslmode");
	if (choose_sslmode(destination.rules.encryption, mode, true).empty()) {
		throw Error(sqlstate::kInsufficientPrivilege,
					"sslmode \"" + mode + "\" is weaker than what this server demands",
					"hyperline_connector.require_encryption says how connections have to be encrypted.",
					"Leave sslmode out of the url, or give it as verify-full.");
	}
}

void set_encryption(Keywords &keywords, const Destination &destination, bool is_beyond_this_host) {
	std::string &mode = value_of(keywords, "sslmode");
	mode = choose_sslmode(destination.rules.encryption, mode, is_beyond_this_host);
	const bool is_verified = mode.starts_with("verify");
	std::string &authorities = value_of(keywords, "sslrootcert");
	if (authorities.empty()) {
		authorities = !is_verified									? kNoFile
					  : destination.rules.root_certificates.empty() ? system_certificates()
																	: destination.rules.root_certificates;
	}
}

// The keyword lists to try: one for a socket, else one for each address.
std::vector<Keywords> ways_to(const Destination &destination, pg::Deadline deadline) {
	std::string fault;
	const AllowedHosts allowed(destination.rules.allowed_hosts, fault);
	std::vector<Keywords> ways;
	if (destination.host.starts_with('/')) {
		if (!allowed.allows_name(destination.host)) {
			throw not_allowed(destination);
		}
		ways.push_back(destination.keywords);
		value_of(ways.back(), "sslmode") = "disable"; // there is none through a socket
		return ways;
	}
	refuse_weak_encryption(destination);
	for (const IpAddress &address : allowed_addresses(destination, allowed, deadline)) {
		ways.push_back(destination.keywords);
		value_of(ways.back(), "hostaddr") = address.text();
		set_encryption(ways.back(), destination, !is_loopback(address));
	}
	return ways;
}

// As dblink does: who is no superuser must not get in by what the operating-system user of this server is.
PqHandle checked(PqHandle connection, const Destination &destination) {
	if (!destination.is_trusted && PQconnectionUsedPassword(connection.get()) == 0) {
		throw Error(sqlstate::kInsufficientPrivilege, "the source does not ask for the password of the url",
					"A connection of a role that is not a superuser has to be opened by its own password.",
					"Let pg_hba.conf of the source demand scram-sha-256, or have a superuser create the connection.");
	}
	return connection;
}

bool is_proof_demanded(Keywords &way) {
	return value_of(way, "sslmode") != "disable" && value_of(way, "sslrootcert") != kNoFile;
}

struct Tried {
	Attempt made;
	bool is_unproven = false; // the server speaks TLS, and is not who it should be
};

// libpq tells by its words only, which differ by language and version, whether TLS failed for a certificate or was cut
// off. What is cut off may go well the next time, and what fails for a certificate does so each time, but not when
// nobody looks at it.
Tried try_way(Keywords way, const std::string &password, pg::Deadline deadline) {
	Tried tried{attempt(way, password, deadline)};
	if (tried.made.failed_in_tls && is_proof_demanded(way)) {
		tried.made = attempt(way, password, deadline);
		value_of(way, "sslmode") = "require";
		for (const char *shown : {"sslrootcert", "sslcert", "sslkey"}) { // nor does it learn a certificate of ours
			value_of(way, shown) = kNoFile;
		}
		tried.is_unproven = tried.made.failed_in_tls && agrees_on_tls(way, deadline);
	}
	return tried;
}

} // namespace

PqHandle connect(const Destination &destination) {
	const pg::Deadline deadline = std::chrono::steady_clock::now() + destination.timeout;
	const std::vector<Keywords> ways = ways_to(destination, deadline);
	std::string reasons;
	std::string state;
	std::size_t unproven = 0;
	for (std::size_t i = 0; i < ways.size(); i++) {
		// An address that does not answer leaves time for those after it.
		const auto now = std::chrono::steady_clock::now();
		auto [made, is_unproven] =
			try_way(ways[i], destination.password, now + (deadline - now) / static_cast<std::int64_t>(ways.size() - i));
		unproven += is_unproven ? 1 : 0;
		if (made.is_connected) {
			return checked(std::move(made.connection), destination);
		}
		if (made.is_refused_after_login()) {
			Failure refused{sqlstate::kUnableToConnect, "could not connect to " + destination.shown, made.reason,
							kConnectHint};
			refused.lasts = lasts(made.sqlstate);
			refused.sqlstate = refused.lasts ? made.sqlstate : refused.sqlstate;
			throw Error(std::move(refused));
		}
		if (!made.reason.empty() && (i < kMostReasons || made.is_final())) {
			reasons += (reasons.empty() ? "" : "\n") + made.reason;
		}
		if (made.is_final()) {
			state = made.sqlstate;
			break;
		}
	}
	if (reasons.empty()) {
		throw unable(destination, "There was no answer within " + std::to_string(destination.timeout.count()) + " s.",
					 kNetworkHint);
	}
	const bool all_unproven = unproven == ways.size();
	throw unable(destination, std::move(reasons), all_unproven ? kCertificateHint : kConnectHint, state, all_unproven);
}

} // namespace hyperline::source
