#include "source/url_rights.hpp"

#include <cstdlib>

#include "pg/failure.hpp"

namespace hyperline::source {

void check_rights(const ConnectionUrl &url, bool is_superuser) {
	if (is_superuser) {
		return;
	}
	const std::vector<std::string> options = options_for_superusers(url);
	if (!options.empty() || url.is_unix_socket()) {
		throw Error(sqlstate::kInsufficientPrivilege,
					options.empty() ? "only a superuser may connect through a Unix-domain socket"
									: "only a superuser may give the option \"" + options.front() + "\"",
					"It would give access to what only this server's own user may use.",
					"Leave it out, or have a superuser create the connection.");
	}
	if (!url.password) {
		throw Error(sqlstate::kInsufficientPrivilege, "only a superuser may connect without a password",
					"This server could be known to the source by other means than the connection's own.",
					"Write the password into the url, or have a superuser create the connection.");
	}
}

pg::Secret password_from_server(const ConnectionUrl &url) {
	if (const std::optional<std::string> file = url.option("password_file")) {
		return pg::read_secret_file(*file, "password file");
	}
	const std::optional<std::string> variable = url.option("password_env");
	const char *value = variable ? std::getenv(variable->c_str()) : nullptr;
	if (variable && (value == nullptr || *value == '\0')) {
		throw Error(sqlstate::kConfigFileError,
					"environment variable \"" + *variable + "\" of the server, which holds the password, is " +
						(value == nullptr ? "not set" : "empty"),
					{}, "Set it where the server is started, and restart the server; or use password_file.");
	}
	return pg::Secret(value == nullptr ? "" : value);
}

} // namespace hyperline::source
