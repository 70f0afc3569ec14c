// The connection URL: postgres://user:password@host:port/dbname?option=value, read by our own strict rules and not by
// libpq's, whose parser guesses (`u:p@ss@h` becomes a host `ss@h`, which goes to DNS) and repeats passwords in its
// errors (threats-and-faults.md, 1.2). Every part of a ConnectionUrl was checked against a narrow pattern before
// anything is resolved or connected; options are an allow list. No error of this file repeats any part of the URL
// except the name of an option. What is stored and shown is masked(); source/scrub.hpp cleans what libpq says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hyperline::source {

/// The longest URL, in bytes.
inline constexpr std::size_t kMaxUrlLength = 4096;
/// The port of a URL that names none.
inline constexpr std::uint16_t kDefaultPort = 5432;

/// Who may give an option in a URL.
enum class OptionLevel : std::uint8_t {
	everybody,
	superuser, ///< it reads a file or an environment variable of this server
};

/// An option that is passed on to libpq, value decoded and checked.
struct UrlOption {
	std::string name;
	std::string value;

	bool operator==(const UrlOption &) const = default;
};

/// A connection URL in parts, all percent-decoded. `user`, `host` and `dbname` are never empty.
struct ConnectionUrl {
	std::string user;
	std::optional<std::string> password; ///< never empty, without NUL; other bytes as given
	std::string host;					 ///< a name, an IPv4 or IPv6 address (no brackets), or an absolute directory
	std::optional<std::uint16_t> port;
	std::string dbname;
	std::vector<UrlOption> options; ///< in the order of the URL; never host, port, user, password or dbname

	/// True when `host` is the directory of a Unix-domain socket. Whether one is allowed is for the caller to say.
	[[nodiscard]] bool is_unix_socket() const noexcept { return !host.empty() && host.front() == '/'; }

	/// The value of an option, where the URL gives it.
	[[nodiscard]] std::optional<std::string> option(std::string_view name) const;

	bool operator==(const ConnectionUrl &) const = default;
};

/// Who may give the option `name`; nothing when nobody may.
[[nodiscard]] std::optional<OptionLevel> option_level(std::string_view name) noexcept;

/// Reads a URL. Takes `postgres://` or `postgresql://`, exactly one host (also as `?host=`, also a socket directory),
/// a user and a database (libpq's defaults for them are names of the operating system: never used).
/// Throws Error 22023 for anything else; its texts hold nothing of the URL but the name of a refused option.
[[nodiscard]] ConnectionUrl parse_url(std::string_view text);

/// The names of the options of `url` that only a superuser may give, in the order of the URL (dblink and postgres_fdw
/// draw the line at the same place: options that read a file as the server's operating-system user).
[[nodiscard]] std::vector<std::string> options_for_superusers(const ConnectionUrl &url);

/// The URL in its canonical form with `********` for a password, pure ASCII. parse_url(masked(url)) gives `url` with
/// that password, so that the masked form can be stored and the secret put back by with_password().
[[nodiscard]] std::string masked(const ConnectionUrl &url);

/// `url` with `password` for its password. Throws Error 22023 when the password is empty or holds a NUL.
[[nodiscard]] ConnectionUrl with_password(ConnectionUrl url, std::string password);

/// Keywords and values for PQconnectStartParams(), which must be called with expand_dbname = 0 (else a database name
/// could be read as a connection string). The port is always there; the password only when the URL has one.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> libpq_keywords(const ConnectionUrl &url);

/// True when the host can only be this machine: a Unix-domain socket, `localhost`, 127.0.0.0/8, ::1 (also
/// ::ffff:127.*).
[[nodiscard]] bool is_local(const ConnectionUrl &url) noexcept;

} // namespace hyperline::source
