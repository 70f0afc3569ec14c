#include "pg/secret_file.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <vector>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace hyperline::pg {

namespace {

namespace fs = std::filesystem;

class SecretFile : public testing::Test {
protected:
	void SetUp() override {
		std::string pattern = (fs::temp_directory_path() / "hyperline-secret-").string() + std::string(6, 'X');
		ASSERT_NE(mkdtemp(pattern.data()), nullptr);
		folder_ = pattern;
	}
	void TearDown() override { fs::remove_all(folder_); }

	std::string write(const std::string &name, const std::string &content, mode_t mode = 0600) const {
		std::string path = (folder_ / name).string();
		std::ofstream(path, std::ios::binary) << content;
		chmod(path.c_str(), mode);
		return path;
	}

	// What reading it gives: the secret, or the SQLSTATE and the message, with x for the path.
	static std::string read(const std::string &path) {
		try {
			return "read: " + read_secret_file(path, "password file").text();
		} catch (const Error &error) {
			EXPECT_EQ(error.failure().message.rfind("password file \"" + path + "\"", 0), 0U);
			return error.failure().sqlstate + " password file \"x\"" + error.failure().message.substr(path.size() + 16);
		}
	}

	fs::path folder_;
};

} // namespace

TEST_F(SecretFile, ALineEndIsNotPartOfTheSecret) {
	EXPECT_EQ(read(write("a", "s3cret")), "read: s3cret");
	EXPECT_EQ(read(write("b", "s3cret\n")), "read: s3cret");
	EXPECT_EQ(read(write("c", "s3cret\r\n")), "read: s3cret");
	EXPECT_EQ(read(write("d", "s3cret\n\n")), "read: s3cret\n");
	EXPECT_EQ(read(write("e", " s3cret \n", 0400)), "read:  s3cret ");
}

TEST_F(SecretFile, WhatOthersMayReadIsRefused) {
	for (const mode_t mode : {0604, 0640, 0620, 0602, 0610, 0644, 0666}) {
		EXPECT_EQ(read(write("a", "s3cret", mode)), "F0000 password file \"x\" can be read or changed by other users")
			<< mode;
	}
}

// One that root owns may be read by its group, as files are that a service manager hands out.
TEST(SecretFileOwner, IsTheServersUserOrRoot) {
	constexpr uid_t kServer = 900;
	const auto checked = [](uid_t owner, mode_t mode) -> std::string {
		struct stat found {};
		found.st_uid = owner;
		found.st_mode = S_IFREG | mode;
		try {
			check_secret_file(found, kServer, "x", "key file");
		} catch (const Error &error) {
			return error.failure().sqlstate + " " + error.failure().message;
		}
		return "may hold a secret";
	};
	const std::string strange =
		"F0000 key file \"x\" belongs neither to the server's operating-system user nor to root";
	const std::string open = "F0000 key file \"x\" can be read or changed by other users";
	EXPECT_EQ(checked(kServer, 0600), "may hold a secret");
	EXPECT_EQ(checked(0, 0600), "may hold a secret");
	EXPECT_EQ(checked(0, 0640), "may hold a secret");
	EXPECT_EQ(checked(kServer + 1, 0600), strange);
	EXPECT_EQ(checked(kServer + 1, 0400), strange);
	EXPECT_EQ(checked(kServer, 0640), open);
	EXPECT_EQ(checked(0, 0660), open);
	EXPECT_EQ(checked(0, 0644), open);
}

TEST_F(SecretFile, WhatIsNoSecretIsRefused) {
	EXPECT_EQ(read(write("empty", "")), "F0000 password file \"x\" is empty");
	EXPECT_EQ(read(write("line", "\n")), "F0000 password file \"x\" is empty");
	EXPECT_EQ(read((folder_ / "missing").string()),
			  "58P01 password file \"x\" could not be read: No such file or directory");
	EXPECT_EQ(read(folder_.string()), "F0000 password file \"x\" is not a plain file");
	ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
	EXPECT_EQ(read((folder_ / "pipe").string()), "F0000 password file \"x\" is not a plain file");
	EXPECT_EQ(read(write("long", std::string(kLongestSecretFile + 1, 'x'))),
			  "F0000 password file \"x\" is longer than 8192 bytes");
	EXPECT_EQ(read(write("limit", std::string(kLongestSecretFile, 'x'))),
			  "read: " + std::string(kLongestSecretFile, 'x'));
}

TEST_F(SecretFile, AMountedSecretMayBeALink) {
	fs::create_symlink(write("data", "s3cret\n"), folder_ / "link");
	EXPECT_EQ(read((folder_ / "link").string()), "read: s3cret");
}

TEST_F(SecretFile, OneIsMadeForItsOwnerAloneAndNeverReplaced) {
	const std::string path = (folder_ / "key").string();
	umask(0);
	EXPECT_TRUE(make_secret_file(path, "first\n", "key file"));
	EXPECT_FALSE(make_secret_file(path, "second\n", "key file"));
	umask(022);
	EXPECT_EQ(read_secret_file(path, "key file").text(), "first");
	struct stat found {};
	ASSERT_EQ(stat(path.c_str(), &found), 0);
	EXPECT_EQ(found.st_mode & 07777U, 0600U);
	EXPECT_EQ(std::distance(fs::directory_iterator(folder_), fs::directory_iterator()), 1);
	try {
		make_secret_file((folder_ / "no" / "key").string(), "x", "key file");
		ADD_FAILURE() << "made in a folder that is not there";
	} catch (const Error &error) {
		EXPECT_EQ(error.failure().sqlstate, "58P01");
	}
}

// Processes, as sessions are: one of them makes it, and all read the same.
TEST_F(SecretFile, ManyWhoMakeItAtOnceAgreeOnOne) {
	const std::string path = (folder_ / "key").string();
	std::vector<pid_t> children;
	for (int i = 0; i < 16; i++) {
		const pid_t child = fork();
		if (child == 0) {
			const std::string content(64, static_cast<char>('a' + i));
			const bool made = make_secret_file(path, content, "key file");
			const std::string seen = read_secret_file(path, "key file").text();
			_exit(seen.size() != 64 || (made && seen != content) ? 2 : made ? 1 : 0);
		}
		children.push_back(child);
	}
	int makers = 0;
	for (const pid_t child : children) {
		int status = 0;
		waitpid(child, &status, 0);
		ASSERT_TRUE(WIFEXITED(status));
		ASSERT_NE(WEXITSTATUS(status), 2);
		makers += WEXITSTATUS(status);
	}
	EXPECT_EQ(makers, 1);
}

} // namespace hyperline::pg
