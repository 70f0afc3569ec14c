// Connections as people name, try, change and drop them.
//
// All functions need an open pg::Connection (SPI); those that go to the server wait for it, within connect_timeout.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace hyperline::loader {

/// What create_connection() and check_connection() say.
struct CheckReport {
	std::string name;
	std::string status; ///< "live" or "unchecked"
	std::string server_version;
	bool checked = false; ///< the rest is known
	bool is_replica = false;
	bool encrypted = false;
	std::chrono::microseconds latency{0};
	std::vector<std::string> warnings; ///< what the best practice advises against
};

/// Stores a connection, after it was opened if `check_now`. Throws 22023 for a bad name, provider or url (never
/// repeating the url), 42501 for an option that takes a superuser, 42710 when the name is taken, 08xxx and what the
/// server said when it cannot be opened; then nothing is stored.
CheckReport create_connection(const std::string &name, const std::string &url, const std::string &provider,
							  bool check_now, bool is_superuser);

/// Opens it and runs a blank query. Throws 42704, and what the server said.
CheckReport check_connection(const std::string &name);

struct ConnectionSettings {
	std::optional<std::string> new_name;
	std::optional<std::string> url;
	std::optional<std::int64_t> max_concurrent_runs;
};
/// Changes what is given; a new url is opened first. Returns the warnings about a new url.
std::vector<std::string> alter_connection(const std::string &name, const ConnectionSettings &settings,
										  bool is_superuser);

/// Throws 55006, naming the loaders that use it.
void drop_connection(const std::string &name);

/// Seals all passwords with the key in a file, which is made when it is missing; returns how many. A NOTICE says when
/// the setting still names another key. Throws 42501 unless `is_superuser`, F0000 for a file that cannot be used.
std::int64_t rotate_encryption_key(const std::string &new_key_file, bool is_superuser);

} // namespace hyperline::loader
