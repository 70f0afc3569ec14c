#include "store/connections.hpp"

#include "pg/spi.hpp"
#include "pg/transaction.hpp"
#include "store/foreign_code.hpp"
#include "store/names.hpp"
#include "store/sealing.hpp"

namespace hyperline::store {

namespace {

constexpr const char *kSelect = R"(
SELECT c.connection_id, c.name, c.provider, c.url, c.has_password,
       pg_catalog.encode(s.sealed, 'hex'), s.key_file, c.max_concurrent_runs, c.status,
       c.owner, COALESCE((
		SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) c.owner::pg_catalog.name
       ), false)
FROM hyperline.connection c
LEFT JOIN hyperline.connection_secret s ON s.connection_id OPERATOR(pg_catalog.=) c.connection_id
WHERE ($1::pg_catalog.text IS NOT NULL AND c.name OPERATOR(pg_catalog.=) $1)
   OR ($2::pg_catalog.int4 IS NOT NULL AND c.connection_id OPERATOR(pg_catalog.=) $2)
)";

Connection read(const pg::Rows &rows) {
	Connection connection;
	connection.id = static_cast<std::int32_t>(rows.number(0, 0));
	connection.name = rows.text(0, 1);
	connection.provider = rows.text(0, 2);
	connection.url = rows.text(0, 3);
	connection.has_password = rows.boolean(0, 4);
	if (!rows.is_null(0, 5)) {
		connection.sealed = SealedPassword{from_hex(rows.text(0, 5)), rows.text(0, 6)};
	}
	connection.max_concurrent_runs = static_cast<std::int32_t>(rows.number(0, 7));
	connection.status = rows.text(0, 8);
	connection.owner = rows.text(0, 9);
	connection.owner_is_superuser = rows.boolean(0, 10);
	return connection;
}

constexpr const char *kNames = "SELECT c.name FROM hyperline.connection c ORDER BY c.name LIMIT 200";

Error unknown_connection(const std::string &name) {
	return unknown_name("connection", name, kNames, "Create it with hyperline.create_connection().");
}

} // namespace

Connection find_connection(const std::string &name) {
	const pg::Rows rows = pg::run(kSelect, {name, pg::Param::null_int()});
	if (rows.empty()) {
		throw unknown_connection(name);
	}
	return read(rows);
}

namespace {

// Nobody stores a loader of it meanwhile (see hold_connection() in store/loaders.cpp).
constexpr const char *kHold = R"(
SELECT c.connection_id FROM hyperline.connection c WHERE c.name OPERATOR(pg_catalog.=) $1 FOR UPDATE
)";

} // namespace

Connection hold_connection_alone(const std::string &name) {
	if (pg::run(kHold, {name}).empty()) {
		throw unknown_connection(name);
	}
	return find_connection(name); // as it is after a wait
}

Connection get_connection(std::int32_t id) {
	const pg::Rows rows = pg::run(kSelect, {pg::Param(std::optional<std::string>()), id});
	if (rows.empty()) {
		throw Error(sqlstate::kUndefinedObject, "the loader's connection does not exist any more", {},
					"Give the loader another one with hyperline.alter_loader().");
	}
	return read(rows);
}

namespace {

constexpr const char *kInsert = R"(
INSERT INTO hyperline.connection (name, provider, url, has_password, owner)
VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (name) DO NOTHING
RETURNING connection_id
)";

constexpr const char *kStoreSecret = R"(
INSERT INTO hyperline.connection_secret (connection_id, sealed, key_file)
VALUES ($1, pg_catalog.decode($2, 'hex'), $3)
ON CONFLICT (connection_id) DO UPDATE SET sealed = excluded.sealed, key_file = excluded.key_file
)";

constexpr const char *kDropSecret = R"(
DELETE FROM hyperline.connection_secret s WHERE s.connection_id OPERATOR(pg_catalog.=) $1
)";

void store_password(const Connection &connection, const std::string &password) {
	const SealedPassword sealed = seal_password(connection, password);
	hold_for_writing(Tables::passwords);
	pg::run(kStoreSecret, {connection.id, to_hex(sealed.bytes), sealed.key_file});
}

} // namespace

std::int32_t insert_connection(const Connection &connection, const std::optional<std::string> &password) {
	const pg::Rows rows = pg::run(
		kInsert, {connection.name, connection.provider, connection.url, connection.has_password, connection.owner});
	if (rows.empty()) {
		throw name_taken("connection", connection.name);
	}
	Connection stored = connection;
	stored.id = static_cast<std::int32_t>(rows.number(0, 0));
	if (password) {
		store_password(stored, *password);
	}
	return stored.id;
}

namespace {

constexpr const char *kUpdate = R"(
UPDATE hyperline.connection c
SET name = COALESCE($2, c.name),
    url = COALESCE($3, c.url),
    has_password = COALESCE($4, c.has_password),
    max_concurrent_runs = COALESCE($5, c.max_concurrent_runs),
    owner = CASE WHEN $3 IS NULL THEN c.owner ELSE $6 END
WHERE c.connection_id OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kNameTaken = R"(
SELECT c.connection_id FROM hyperline.connection c WHERE c.name OPERATOR(pg_catalog.=) $1
)";

} // namespace

void update_connection(const Connection &connection, const ConnectionChange &change) {
	pg::mark_for_commit(); // more runs may start now
	if (change.new_name && *change.new_name != connection.name && !pg::run(kNameTaken, {*change.new_name}).empty()) {
		throw name_taken("connection", *change.new_name);
	}
	pg::run(kUpdate, {connection.id, change.new_name, change.url,
					  change.url ? pg::Param(change.has_password) : pg::Param::null_bool(),
					  change.max_concurrent_runs ? pg::Param(*change.max_concurrent_runs) : pg::Param::null_int(),
					  change.owner});
	if (change.url) {
		if (change.password) {
			Connection changed = connection;
			changed.url = *change.url;
			store_password(changed, *change.password);
		} else {
			hold_for_writing(Tables::passwords);
			pg::run(kDropSecret, {connection.id});
		}
	}
}

namespace {

constexpr const char *kLoadersOf = R"(
SELECT l.name, l.owner FROM hyperline.loader l WHERE l.connection_id OPERATOR(pg_catalog.=) $1 ORDER BY l.name
)";

constexpr const char *kDelete = R"(
DELETE FROM hyperline.connection c WHERE c.name OPERATOR(pg_catalog.=) $1
)";

} // namespace

std::vector<LoaderOfConnection> loaders_of_connection(std::int32_t id) {
	const pg::Rows rows = pg::run(kLoadersOf, {id});
	std::vector<LoaderOfConnection> loaders;
	for (std::size_t i = 0; i < rows.size(); i++) {
		loaders.push_back(LoaderOfConnection{rows.text(i, 0), rows.text(i, 1)});
	}
	return loaders;
}

void delete_connection(const std::string &name) {
	const std::vector<LoaderOfConnection> loaders = loaders_of_connection(find_connection(name).id);
	if (!loaders.empty()) {
		std::string names;
		constexpr std::size_t kShown = 20;
		for (std::size_t i = 0; i < loaders.size() && i < kShown; i++) {
			names += (i == 0 ? "\"" : ", \"") + loaders[i].name + "\"";
		}
		if (loaders.size() > kShown) {
			names += ", and " + std::to_string(loaders.size() - kShown) + " more";
		}
		throw Error(sqlstate::kObjectInUse,
					"connection \"" + name + "\" is used by " +
						(loaders.size() == 1 ? "loader " : std::to_string(loaders.size()) + " loaders: ") + names,
					{}, "Drop the loaders first, or give them another connection with hyperline.alter_loader().");
	}
	hold_for_writing(Tables::passwords); // its password goes with it
	pg::run(kDelete, {name});
}

namespace {

constexpr const char *kRecordLive = R"(
UPDATE hyperline.connection c
SET status = 'live', server_version = $2, is_replica = $3, encrypted = $4,
    last_checked_at = pg_catalog.clock_timestamp(), last_error = NULL
WHERE c.connection_id OPERATOR(pg_catalog.=) $1
)";

constexpr const char *kRecordUnreachable = R"(
UPDATE hyperline.connection c
SET status = 'unreachable', last_checked_at = pg_catalog.clock_timestamp(), last_error = $2
WHERE c.connection_id OPERATOR(pg_catalog.=) $1
)";

} // namespace

void record_live(std::int32_t id, const ConnectionState &state) {
	pg::run(kRecordLive, {id, state.server_version, state.is_replica, state.encrypted});
}

void record_unreachable(std::int32_t id, const std::string &error) {
	pg::run(kRecordUnreachable, {id, error});
}

} // namespace hyperline::store
