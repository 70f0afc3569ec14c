#include "store/secrets.hpp"

#include <vector>

#include "pg/quote.hpp"
#include "pg/settings.hpp"
#include "pg/spi.hpp"
#include "store/connections.hpp"
#include "store/foreign_code.hpp"
#include "store/sealing.hpp"

namespace hyperline::store {

namespace {

constexpr const char *kKeyFile = "key file";

Key read_key(const std::string &file) {
	const pg::Secret text = pg::read_secret_file(file, kKeyFile);
	try {
		return Key(text.text());
	} catch (const Error &error) {
		throw Error(sqlstate::kConfigFileError, std::string(kKeyFile) + " \"" + file + "\" does not hold a key", {},
					"It must hold 64 hexadecimal digits: openssl rand -hex 32 prints some.");
	}
}

// Two sessions may come here at once: the file of one of them stays, and both read it.
void make_key(const std::string &file) {
	pg::Secret text = Key::make_text();
	text.text() += '\n';
	pg::make_secret_file(file, text.text(), kKeyFile);
}

std::string place_of(const Connection &connection) {
	return "hyperline_connector password 1\n" + std::to_string(connection.id) + "\n" + connection.provider + "\n" +
		   connection.url;
}

std::string way_out(const Connection &connection) {
	return "Put the key file back, or give the whole url again: SELECT hyperline.alter_connection(" +
		   pg::quote_literal(connection.name) + ", url => 'postgres://...');";
}

} // namespace

SealedPassword seal_password(const Connection &connection, const std::string &password) {
	const std::string file = pg::settings.encryption_key_file;
	if (file == pg::kDefaultKeyFile && !pg::file_exists(file)) {
		make_key(file);
	}
	try {
		return SealedPassword{seal(read_key(file), password, place_of(connection)), file};
	} catch (const Error &error) {
		Failure failure = error.failure();
		if (failure.sqlstate == sqlstate::kUndefinedFile) {
			failure.hint = "Put the key file of hyperline_connector.encryption_key_file back, or make one: SELECT "
						   "hyperline.rotate_encryption_key(" +
						   pg::quote_literal(file) + ");";
		}
		throw Error(failure);
	}
}

pg::Secret open_password(const Connection &connection) {
	const SealedPassword &sealed = connection.sealed.value();
	std::vector<std::string> files{pg::settings.encryption_key_file};
	if (sealed.key_file != files.front()) {
		files.push_back(sealed.key_file);
	}
	std::string reasons;
	try {
		const std::string id = key_id_of(sealed.bytes);
		for (const std::string &file : files) {
			std::string reason;
			try {
				const Key key = read_key(file);
				if (key.id() == id) {
					return open(key, sealed.bytes, place_of(connection));
				}
				reason = std::string(kKeyFile) + " \"" + file + "\" holds another key than the one it was sealed with";
			} catch (const Error &error) {
				if (error.failure().sqlstate == sqlstate::kDataCorrupted) {
					throw;
				}
				reason = error.failure().message;
			}
			reason[0] = 'K';
			reasons += (reasons.empty() ? "" : " ") + reason + ".";
		}
	} catch (const Error &error) {
		throw Error(error.failure().sqlstate, "the password of connection \"" + connection.name + "\" cannot be opened",
					"The sealed password was altered, or is not the one of this connection and url.",
					"Give the whole url again: SELECT hyperline.alter_connection(" +
						pg::quote_literal(connection.name) + ", url => 'postgres://...');");
	}
	throw Error(sqlstate::kConfigFileError, "the password of connection \"" + connection.name + "\" cannot be opened",
				reasons, way_out(connection));
}

namespace {

// Readers go on; who stores a password waits.
constexpr const char *kLock = "LOCK TABLE hyperline.connection_secret IN SHARE ROW EXCLUSIVE MODE";

constexpr const char *kSealed = "SELECT s.connection_id FROM hyperline.connection_secret s ORDER BY s.connection_id";

constexpr const char *kReplace = R"(
UPDATE hyperline.connection_secret s
SET sealed = pg_catalog.decode($2, 'hex'), key_file = $3
WHERE s.connection_id OPERATOR(pg_catalog.=) $1
)";

} // namespace

std::int64_t rotate_key(const std::string &new_key_file) {
	if (!pg::file_exists(new_key_file)) {
		make_key(new_key_file);
	}
	const Key key = read_key(new_key_file);
	pg::run(kLock);
	hold_for_writing(Tables::passwords);
	const pg::Rows rows = pg::run(kSealed);
	for (std::size_t i = 0; i < rows.size(); i++) {
		const Connection connection = get_connection(static_cast<std::int32_t>(rows.number(i, 0)));
		const pg::Secret password = open_password(connection);
		pg::run(kReplace, {connection.id, to_hex(seal(key, password.text(), place_of(connection))), new_key_file});
	}
	return static_cast<std::int64_t>(rows.size());
}

bool is_key_of_setting(const std::string &key_file) {
	try {
		return read_key(pg::settings.encryption_key_file).id() == read_key(key_file).id();
	} catch (const Error &) {
		return false;
	}
}

} // namespace hyperline::store
