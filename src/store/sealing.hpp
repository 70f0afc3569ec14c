// Sealing: a secret becomes bytes that only the holder of the key can open, and only where they belong.
//
// AES-256-GCM by OpenSSL, a fresh random nonce each, every return code checked. What a secret is bound to (its
// connection: see store/secrets.hpp) goes in as associated data, with the header, so that sealed bytes that were moved
// to another place or altered do not open. Plain C++, no PostgreSQL header.
//
//   1 byte   version of the format, 1
//   8 bytes  which key: the beginning of HMAC-SHA-256(key, a fixed text)
//   12 bytes nonce
//   ...      ciphertext, as long as the secret
//   16 bytes tag
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "pg/secret_file.hpp"

namespace hyperline::store {

/// A key of 256 bits, wiped with its owner.
class Key {
public:
	/// Reads 64 hexadecimal digits. Throws Error F0000 for anything else, without repeating it.
	explicit Key(std::string_view text);
	~Key();
	Key(const Key &) = delete;
	Key &operator=(const Key &) = delete;

	/// A new random key, as its file holds it. Throws Error XX000 when there is no randomness.
	static pg::Secret make_text();

	/// Tells keys apart, and says nothing else of this one.
	[[nodiscard]] const std::string &id() const noexcept { return id_; }
	[[nodiscard]] const unsigned char *bytes() const noexcept { return bytes_.data(); }

private:
	std::array<unsigned char, 32> bytes_{};
	std::string id_;
};

/// Seals `secret`, bound to `place`. Throws Error XX000.
std::string seal(const Key &key, std::string_view secret, std::string_view place);

/// The id of the key that opens `sealed`. Throws Error XX001 (data corrupted) when these are no sealed bytes.
std::string key_id_of(std::string_view sealed);

/// Opens it. Throws Error XX001 when it was altered, was sealed for another place, or with another key.
pg::Secret open(const Key &key, std::string_view sealed, std::string_view place);

/// Two digits a byte, and back: how bytes travel in SQL parameters and results.
std::string to_hex(std::string_view bytes);
std::string from_hex(std::string_view digits);

} // namespace hyperline::store
