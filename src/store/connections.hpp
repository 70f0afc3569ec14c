// Connections as they are kept: the masked url in one table, the sealed password in another that no dump and no role
// sees.
//
// All functions need an open pg::Connection (SPI) and throw pg::Error for what PostgreSQL raises.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/secrets.hpp"

namespace hyperline::store {

struct Connection {
	std::int32_t id = 0;
	std::string name;
	std::string provider;
	std::string url; ///< masked: ******** stands where the password was
	bool has_password = false;
	std::optional<SealedPassword> sealed; ///< missing after a restore, though has_password
	std::int32_t max_concurrent_runs = 2;
	std::string status = "unchecked"; ///< as the last check or run found it
	std::string owner;				  ///< the role that gave the url
	bool owner_is_superuser = false;  ///< as it is now
};

/// What a check found, for the view.
struct ConnectionState {
	std::string server_version;
	bool is_replica = false;
	bool encrypted = false;
};

/// Throws 42704, with the known names as a hint, when there is none of that name.
Connection find_connection(const std::string &name);
Connection get_connection(std::int32_t id);
/// The same as find_connection(), of one that nobody else changes, drops or gives a loader until the end of the
/// transaction. Waits for who does.
Connection hold_connection_alone(const std::string &name);

/// Stores a new one and returns its id; throws 42710 when the name is taken.
std::int32_t insert_connection(const Connection &connection, const std::optional<std::string> &password);

struct ConnectionChange {
	std::optional<std::string> new_name;
	std::optional<std::string> url; ///< masked; then has_password, password and owner are set anew too
	bool has_password = false;
	std::optional<std::string> password;
	std::string owner;
	std::optional<std::int32_t> max_concurrent_runs;
};
void update_connection(const Connection &connection, const ConnectionChange &change);

/// Of the loaders that use it, by name.
struct LoaderOfConnection {
	std::string name;
	std::string owner;
};
std::vector<LoaderOfConnection> loaders_of_connection(std::int32_t id);

/// Throws 55006, naming them, when loaders use it.
void delete_connection(const std::string &name);

/// Notes that it was reached, and what was found.
void record_live(std::int32_t id, const ConnectionState &state);
/// Notes that it was not, and why (without a secret).
void record_unreachable(std::int32_t id, const std::string &error);

} // namespace hyperline::store
