// Passwords of connections, sealed: which key, bound to what, and how all of them get another key.
//
// A sealed password is bound to its connection's number, provider and url, so that it opens neither in another row nor
// for a url that somebody changed to lead elsewhere. Each row names the file of its key beside the setting
// hyperline_connector.encryption_key_file, so that neither a rotation nor a change of the setting ever locks anybody
// out: whichever of the two files holds the right key is used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pg/secret_file.hpp"

namespace hyperline::store {

struct Connection;

/// As it is kept.
struct SealedPassword {
	std::string bytes;
	std::string key_file;
};

/// Seals `password` for `connection` (its id, provider and url) with the key of the setting. The first time, that key
/// is made, unless the setting names another file than the default. Throws Error F0000 or 58P01 for a key file that
/// cannot be used, with the way out.
SealedPassword seal_password(const Connection &connection, const std::string &password);

/// The password of a connection that has a sealed one. Needs no transaction. Throws Error F0000 when no key file has
/// the right key, XX001 when the sealed bytes are not this connection's, both with the way out.
pg::Secret open_password(const Connection &connection);

/// Seals all passwords again, with the key in `new_key_file`, which is made when it is missing. Returns how many.
/// Throws what open_password() throws, naming the connection; then nothing is changed. Needs SPI.
std::int64_t rotate_key(const std::string &new_key_file);

/// Whether the setting's key file holds the same key as `key_file`.
bool is_key_of_setting(const std::string &key_file);

} // namespace hyperline::store
