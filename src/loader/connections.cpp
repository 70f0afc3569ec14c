#include "loader/connections.hpp"

#include "loader/source_access.hpp"
#include "pg/background.hpp"
#include "pg/failure.hpp"
#include "pg/rights.hpp"
#include "pg/session.hpp"
#include "store/connections.hpp"
#include "store/names.hpp"

namespace hyperline::loader {

namespace {

constexpr std::int64_t kMostConcurrentRuns = 1000;

std::vector<std::string> warnings_about(const source::Facts &facts) {
	std::vector<std::string> warnings;
	if (facts.is_superuser) {
		warnings.emplace_back("the role is a superuser: connect as a role that may only read what is billed");
	} else if (facts.may_write) {
		warnings.emplace_back("the role may write to some table: give it SELECT only");
	}
	if (!facts.is_replica) {
		warnings.emplace_back("the server is not a replica: read from one, so that loads do not slow down production");
	}
	if (!facts.encrypted && !facts.is_local) {
		warnings.emplace_back("the traffic is not encrypted: add ?sslmode=verify-full to the url");
	}
	return warnings;
}

CheckReport check(const store::Connection &connection) {
	const source::Facts facts = open_source(connection)->check();
	store::record_live(connection.id, store::ConnectionState{facts.server_version, facts.is_replica, facts.encrypted});
	CheckReport report;
	report.name = connection.name;
	report.status = "live";
	report.checked = true;
	report.server_version = facts.server_version;
	report.is_replica = facts.is_replica;
	report.encrypted = facts.encrypted;
	report.latency = facts.latency;
	report.warnings = warnings_about(facts);
	return report;
}

// What a source says is written with the rights of the loaders' owners: who makes them read another one has to have
// those. The same source with another password is none. `connection` is held: nobody gives it a loader meanwhile.
void refuse_other_source(const store::Connection &connection, const std::string &masked_url) {
	if (masked_url == connection.url) {
		return;
	}
	if (pg::snapshot_is_fixed() && !pg::caller_is_superuser()) {
		throw Error(sqlstate::kObjectNotInPrerequisiteState,
					"another source cannot be given in a REPEATABLE READ or SERIALIZABLE transaction",
					"Such a transaction does not see which loaders others have given the connection meanwhile.",
					"Give the url in a READ COMMITTED transaction.");
	}
	for (const store::LoaderOfConnection &loader : store::loaders_of_connection(connection.id)) {
		if (!pg::caller_may_act_as(loader.owner)) {
			throw Error(sqlstate::kInsufficientPrivilege,
						"loader \"" + loader.name + "\" of role \"" + loader.owner + "\" uses connection \"" +
							connection.name + "\"",
						"It would write with the rights of that role what the new source says.",
						"Have a superuser or a member of that role give the url, or create another connection and give "
						"it to the loader with hyperline.alter_loader(), which then is yours.");
		}
	}
}

} // namespace

CheckReport create_connection(const std::string &name, const std::string &url, const std::string &provider,
							  bool check_now, bool is_superuser) {
	store::check_name("connection name", name);
	const source::StoredUrl split = source::find_provider(provider).split_url(url, is_superuser);
	store::Connection connection;
	connection.name = name;
	connection.provider = provider;
	connection.url = split.masked;
	connection.has_password = split.password.has_value();
	connection.owner = pg::caller_name();
	const std::int32_t id = store::insert_connection(connection, split.password); // an error of the check takes it back
	if (check_now) {
		return check(store::get_connection(id));
	}
	CheckReport report;
	report.name = name;
	report.status = connection.status;
	return report;
}

CheckReport check_connection(const std::string &name) {
	return check(store::find_connection(name));
}

std::vector<std::string> alter_connection(const std::string &name, const ConnectionSettings &settings,
										  bool is_superuser) {
	const store::Connection connection =
		settings.url ? store::hold_connection_alone(name) : store::find_connection(name);
	store::ConnectionChange change;
	if (settings.new_name) {
		store::check_name("connection name", *settings.new_name);
		change.new_name = settings.new_name;
	}
	if (settings.max_concurrent_runs) {
		if (*settings.max_concurrent_runs < 1 || *settings.max_concurrent_runs > kMostConcurrentRuns) {
			throw Error(sqlstate::kInvalidParameterValue, "max_concurrent_runs must be between 1 and 1000", {},
						"To stop the loaders of a connection, pause them with hyperline.pause_loader().");
		}
		change.max_concurrent_runs = static_cast<std::int32_t>(*settings.max_concurrent_runs);
	}
	if (settings.url) {
		const source::StoredUrl split =
			source::find_provider(connection.provider).split_url(*settings.url, is_superuser);
		refuse_other_source(connection, split.masked);
		change.url = split.masked;
		change.has_password = split.password.has_value();
		change.password = split.password;
		change.owner = pg::caller_name();
	}
	store::update_connection(connection, change);
	return settings.url ? check(store::get_connection(connection.id)).warnings : std::vector<std::string>();
}

std::int64_t rotate_encryption_key(const std::string &new_key_file, bool is_superuser) {
	if (!is_superuser) {
		throw Error(sqlstate::kInsufficientPrivilege, "must be superuser to rotate the encryption key", {},
					"Have a superuser do it: the key file is the server's.");
	}
	if (new_key_file.empty() || new_key_file.find('\0') != std::string::npos) {
		throw Error(sqlstate::kInvalidParameterValue, "the name of the key file is empty", {},
					"Give the name of a file on this server, absolute or in its data directory.");
	}
	const std::int64_t sealed = store::rotate_key(new_key_file);
	if (!store::is_key_of_setting(new_key_file)) {
		pg::notice(
			"passwords are sealed with the key of \"" + new_key_file +
				"\", new ones still with the one that "
				"hyperline_connector.encryption_key_file names",
			"Both files are needed.",
			"ALTER SYSTEM SET hyperline_connector.encryption_key_file = '...'; SELECT pg_reload_conf(); then rotate "
			"once more, and the old file is not needed any longer.");
	}
	return sealed;
}

void drop_connection(const std::string &name) {
	store::delete_connection(name);
}

} // namespace hyperline::loader
