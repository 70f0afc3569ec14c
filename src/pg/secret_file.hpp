// Files that hold a secret: a key, a password. They are read anew each time, never cached, and only when nobody else on
// this machine may read them; what was read is to be wiped after use.
//
// Plain C++, without a PostgreSQL header. Relative names are read from the data folder, the server's current one.
#pragma once

#include <cstring>
#include <string>

#include <sys/stat.h>

#include "pg/failure.hpp"

namespace hyperline::pg {

/// Overwrites a secret in memory, in a way that the compiler does not leave out.
inline void wipe(std::string &secret) noexcept {
	explicit_bzero(secret.data(), secret.size());
	secret.clear();
}

/// A secret that is wiped with its owner.
class Secret {
public:
	Secret() = default;
	explicit Secret(std::string text) noexcept : text_(std::move(text)) {}
	~Secret() { wipe(text_); }
	Secret(const Secret &) = delete;
	Secret &operator=(const Secret &) = delete;
	// A move would leave the bytes of a short text behind.
	// NOLINTNEXTLINE(performance-move-constructor-init)
	Secret(Secret &&other) noexcept : text_(other.text_) { wipe(other.text_); }
	Secret &operator=(Secret &&) = delete;

	[[nodiscard]] const std::string &text() const noexcept { return text_; }
	[[nodiscard]] std::string &text() noexcept { return text_; }

private:
	std::string text_;
};

/// The longest file that is taken for a secret, in bytes.
inline constexpr std::size_t kLongestSecretFile = 8192;

/// Whether a file may hold a secret of a server that runs as the user `server`: it must be a plain file that belongs to
/// that user and that nobody else may read, or to root and that its group may read at the most: PostgreSQL's own rule
/// for ssl_key_file. Throws Error F0000, whose message begins with `what` and the file's name.
void check_secret_file(const struct stat &found, uid_t server, const std::string &name, const std::string &what);

/// The content of a file that holds a secret, without the line end that it may close with. check_secret_file() has to
/// let it pass. Throws Error F0000 (58P01 when there is none), whose message begins with `what` and the file's name;
/// nothing of the content is in it.
Secret read_secret_file(const std::string &name, const std::string &what);

/// Whether there is something of that name.
bool file_exists(const std::string &name);

/// Makes a file of mode 0600 that holds `content`, whole or not at all, and on disk when it returns. False when one is
/// there already, also when another process made it at the same moment. Throws Error F0000.
bool make_secret_file(const std::string &name, const std::string &content, const std::string &what);

} // namespace hyperline::pg
