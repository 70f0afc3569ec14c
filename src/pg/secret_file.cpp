#include "pg/secret_file.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hyperline::pg {

namespace {

// A file descriptor with one owner.
class Descriptor {
public:
	explicit Descriptor(int number) noexcept : number_(number) {}
	~Descriptor() {
		if (number_ >= 0) {
			close(number_);
		}
	}
	Descriptor(const Descriptor &) = delete;
	Descriptor &operator=(const Descriptor &) = delete;
	[[nodiscard]] int get() const noexcept { return number_; }

private:
	int number_;
};

// A file that is made and then gets its name: gone under its first name whatever happens.
class NewFile {
public:
	explicit NewFile(std::string name)
		: name_(std::move(name)),
		  descriptor_(open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)) {}
	~NewFile() {
		if (descriptor_.get() >= 0) {
			unlink(name_.c_str());
		}
	}
	NewFile(const NewFile &) = delete;
	NewFile &operator=(const NewFile &) = delete;
	[[nodiscard]] int descriptor() const noexcept { return descriptor_.get(); }
	[[nodiscard]] const std::string &name() const noexcept { return name_; }

private:
	std::string name_;
	Descriptor descriptor_;
};

constexpr const char *kPlaceHint =
	"Give the name of a small file that the server's operating-system user may read, and nobody else.";
constexpr const char *kFolderHint =
	"Its folder has to be there, and the server's operating-system user has to be able to write there.";

Error failed(const std::string &what, const std::string &name, int code, const char *doing, const char *hint) {
	return Error(code == ENOENT ? sqlstate::kUndefinedFile : sqlstate::kConfigFileError,
				 what + " \"" + name + "\" could not be " + doing + ": " + std::strerror(code), {}, hint);
}

bool write_all(int descriptor, const std::string &content) {
	for (std::size_t done = 0; done < content.size();) {
		const ssize_t written = write(descriptor, content.data() + done, content.size() - done);
		if (written < 0 && errno != EINTR) {
			return false;
		}
		done += written > 0 ? static_cast<std::size_t>(written) : 0;
	}
	return fsync(descriptor) == 0;
}

} // namespace

void check_secret_file(const struct stat &found, uid_t server, const std::string &name, const std::string &what) {
	if (!S_ISREG(found.st_mode)) {
		throw Error(sqlstate::kConfigFileError, what + " \"" + name + "\" is not a plain file", {}, kPlaceHint);
	}
	if (found.st_uid != server && found.st_uid != 0) {
		throw Error(sqlstate::kConfigFileError,
					what + " \"" + name + "\" belongs neither to the server's operating-system user nor to root", {},
					"Give it to the server's user with chown, or name another file.");
	}
	const mode_t forbidden =
		found.st_uid == server ? S_IRWXG | S_IRWXO : static_cast<mode_t>(S_IWGRP | S_IXGRP) | S_IRWXO;
	if ((found.st_mode & forbidden) != 0) {
		throw Error(sqlstate::kConfigFileError, what + " \"" + name + "\" can be read or changed by other users",
					"It must have the mode 0600 or less; one that belongs to root, 0640 or less.",
					"Take it to be known to others, and replace what it holds.");
	}
}

Secret read_secret_file(const std::string &name, const std::string &what) {
	// O_NONBLOCK: a pipe of that name must not stop the server.
	const Descriptor file(open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
	struct stat found {};
	if (file.get() < 0 || fstat(file.get(), &found) != 0) {
		throw failed(what, name, errno, "read", kPlaceHint);
	}
	check_secret_file(found, geteuid(), name, what);
	std::array<char, kLongestSecretFile + 1> buffer{};
	std::size_t length = 0;
	ssize_t got = 0;
	while (length < buffer.size()) {
		got = read(file.get(), buffer.data() + length, buffer.size() - length);
		if (got < 0 && errno == EINTR) {
			continue;
		}
		if (got <= 0) {
			break;
		}
		length += static_cast<std::size_t>(got);
	}
	const int code = errno;
	Secret secret(std::string(buffer.data(), length));
	explicit_bzero(buffer.data(), buffer.size());
	if (got < 0) {
		throw failed(what, name, code, "read", kPlaceHint);
	}
	if (length > kLongestSecretFile) {
		throw Error(sqlstate::kConfigFileError,
					what + " \"" + name + "\" is longer than " + std::to_string(kLongestSecretFile) + " bytes", {},
					kPlaceHint);
	}
	std::string &text = secret.text();
	if (text.ends_with('\n')) {
		text.pop_back();
		if (text.ends_with('\r')) {
			text.pop_back();
		}
	}
	if (text.empty()) {
		throw Error(sqlstate::kConfigFileError, what + " \"" + name + "\" is empty", {}, kPlaceHint);
	}
	return secret;
}

bool file_exists(const std::string &name) {
	struct stat found {};
	return lstat(name.c_str(), &found) == 0;
}

bool make_secret_file(const std::string &name, const std::string &content, const std::string &what) {
	const NewFile fresh(name + ".new." + std::to_string(getpid()));
	if (fresh.descriptor() < 0 || !write_all(fresh.descriptor(), content)) {
		throw failed(what, name, errno, "made", kFolderHint);
	}
	// A link, not a rename: it never replaces what another process has made.
	if (link(fresh.name().c_str(), name.c_str()) != 0) {
		if (errno == EEXIST) {
			return false;
		}
		throw failed(what, name, errno, "made", kFolderHint);
	}
	const std::size_t slash = name.rfind('/');
	const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : name.substr(0, slash);
	const Descriptor directory(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	if (directory.get() < 0 || fsync(directory.get()) != 0) {
		throw failed(what, name, errno, "made", kFolderHint);
	}
	return true;
}

} // namespace hyperline::pg
