#include "pg/settings.hpp"

#include <array>
#include <climits>
#include <exception>

extern "C" {
#include <utils/guc.h>
}

namespace hyperline::pg {

Settings settings{};

namespace {
bool preloaded = false;
SettingChecks setting_checks{};

// For a hook, which PostgreSQL calls also outside of a transaction: nothing is thrown out of it.
bool passes(CheckText check, const char *value) noexcept {
	std::array<char, 300> fault{};
	try {
		const std::string found = check(value != nullptr ? value : "");
		found.copy(fault.data(), fault.size() - 1);
	} catch (const std::exception &) {
		return false; // out of memory
	}
	if (fault[0] != '\0') {
		GUC_check_errdetail("%s", fault.data());
	}
	return fault[0] == '\0';
}

bool check_name_servers(char **value, void ** /*extra*/, GucSource /*source*/) {
	return passes(setting_checks.name_servers, *value);
}

bool check_allowed_hosts(char **value, void ** /*extra*/, GucSource /*source*/) {
	return passes(setting_checks.allowed_hosts, *value);
}

// The numbers are those of source::Encryption.
constexpr config_enum_entry kEncryption[] = {
	{"auto", 0, false}, {"on", 1, false},	{"verify-full", 2, false}, {"off", 3, false},	{"true", 1, true},
	{"yes", 1, true},	{"false", 3, true}, {"no", 3, true},		   {nullptr, 0, false},
};

// Where connections may go, and how. They hold for sessions and workers alike, so none is a session's own.
void define_network_settings() {
	DefineCustomStringVariable("hyperline_connector.name_servers", "Name servers that look up the hosts of sources.",
							   "A comma-separated list of addresses, each with a port if need be; empty for those of "
							   "the operating system.",
							   &settings.name_servers, "", PGC_SIGHUP, 0, check_name_servers, nullptr, nullptr);
	DefineCustomStringVariable("hyperline_connector.allowed_hosts", "Hosts that connections to sources may go to.",
							   "A comma-separated list of *, names, *.domain, addresses, ranges such as 10.0.0.0/8 and "
							   "directories of sockets; with ! before it, what is never connected to.",
							   &settings.allowed_hosts, "*", PGC_SIGHUP, GUC_SUPERUSER_ONLY, check_allowed_hosts,
							   nullptr, nullptr);
	DefineCustomEnumVariable("hyperline_connector.require_encryption",
							 "Whether connections to sources must be encrypted.",
							 "auto: beyond this host, unless the url itself names an sslmode.",
							 &settings.require_encryption, 0, kEncryption, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
	DefineCustomStringVariable("hyperline_connector.root_certificates",
							   "File of the certificate authorities that sources are verified with.",
							   "Empty for those that the operating system trusts.", &settings.root_certificates, "",
							   PGC_SIGHUP, GUC_SUPERUSER_ONLY, nullptr, nullptr, nullptr);
}
} // namespace

bool is_preloaded() {
	return preloaded;
}

void define_settings(const SettingChecks &checks) {
	setting_checks = checks;
	preloaded = process_shared_preload_libraries_in_progress;
	DefineCustomStringVariable("hyperline_connector.databases", "Databases in which loaders are scheduled.",
							   "A comma-separated list of names, or * for every database that has the extension.",
							   &settings.databases, "*", PGC_SIGHUP, GUC_LIST_INPUT, nullptr, nullptr, nullptr);
	DefineCustomIntVariable("hyperline_connector.max_running_loaders",
							"Most loaders that run at the same time in one database.", nullptr,
							&settings.max_running_loaders, 4, 1, 1000, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
	DefineCustomBoolVariable("hyperline_connector.enabled", "Whether loaders are scheduled.",
							 "Off stops the scheduling at the next reload; runs in progress go on.", &settings.enabled,
							 true, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
	DefineCustomIntVariable("hyperline_connector.run_retention",
							"How long finished runs are kept in hyperline.loader_runs; 0 keeps all.", nullptr,
							&settings.run_retention_minutes, 30 * 24 * 60, 0, INT_MAX, PGC_SIGHUP, GUC_UNIT_MIN,
							nullptr, nullptr, nullptr);
	DefineCustomIntVariable("hyperline_connector.connect_timeout", "Longest time to open a connection to a source.",
							nullptr, &settings.connect_timeout_seconds, 10, 1, 3600, PGC_SUSET, GUC_UNIT_S, nullptr,
							nullptr, nullptr);
	DefineCustomIntVariable("hyperline_connector.statement_timeout",
							"statement_timeout on the source while a loader reads; 0 means none.", nullptr,
							&settings.statement_timeout_seconds, 3600, 0, INT_MAX / 1000, PGC_SUSET, GUC_UNIT_S,
							nullptr, nullptr, nullptr);
	DefineCustomIntVariable("hyperline_connector.stall_timeout",
							"Longest time without any data while a source sends rows; 0 means no limit.",
							"It begins anew with whatever comes. The time before the first row is not limited by it.",
							&settings.stall_timeout_seconds, 300, 0, INT_MAX / 1000, PGC_SUSET, GUC_UNIT_S, nullptr,
							nullptr, nullptr);
	DefineCustomIntVariable("hyperline_connector.max_row_size", "Largest row that is taken from a source.",
							"As the source sends it. A source that announces more ends the run.",
							&settings.max_row_kilobytes, 1024 * 1024, 1024, 1024 * 1024, PGC_SUSET, GUC_UNIT_KB,
							nullptr, nullptr, nullptr);
	DefineCustomIntVariable("hyperline_connector.batch_rows", "Most rows that are stored in one transaction.", nullptr,
							&settings.batch_rows, 10000, 1, 1000000, PGC_SUSET, 0, nullptr, nullptr, nullptr);
	DefineCustomIntVariable("hyperline_connector.batch_memory", "Memory at which a batch of rows is closed.", nullptr,
							&settings.batch_memory_kilobytes, 64 * 1024, 64, MAX_KILOBYTES, PGC_SUSET, GUC_UNIT_KB,
							nullptr, nullptr, nullptr);
	DefineCustomIntVariable("hyperline_connector.max_retries",
							"How often a failed run is tried again before the loader's next due time.", nullptr,
							&settings.max_retries, 5, 0, 100, PGC_SIGHUP, 0, nullptr, nullptr, nullptr);
	DefineCustomIntVariable(
		"hyperline_connector.retry_delay", "Time before the first retry of a failed run; doubled for each further one.",
		nullptr, &settings.retry_delay_seconds, 10, 1, 24 * 3600, PGC_SIGHUP, GUC_UNIT_S, nullptr, nullptr, nullptr);
	define_network_settings();
	DefineCustomStringVariable(
		"hyperline_connector.encryption_key_file", "File with the key that seals the passwords of connections.",
		"Relative names are read from the data folder. The default one is made at first use.",
		&settings.encryption_key_file, kDefaultKeyFile, PGC_SIGHUP, GUC_SUPERUSER_ONLY, nullptr, nullptr, nullptr);
	reserve_setting_prefix("hyperline_connector");
}

namespace {

struct Fixed {
	const char *name;
	const char *value;
};

} // namespace

void prefer_indexes() {
	static constexpr Fixed kFixed[] = {{"enable_seqscan", "off"},  {"enable_bitmapscan", "off"},
									   {"enable_hashjoin", "off"}, {"enable_mergejoin", "off"},
									   {"enable_material", "off"}, {"jit", "off"}};
	call([] {
		for (const Fixed &fixed : kFixed) {
			SetConfigOption(fixed.name, fixed.value, PGC_SUSET, PGC_S_OVERRIDE);
		}
	});
}

void secure_worker_session() {
	// After autovacuum's and the logical replication worker's list. A lock that somebody holds for long ends what waits
	// for it, which is tried again, and not everything else that this process has to do.
	static constexpr Fixed kFixed[] = {
		{"role", "none"},
		{"search_path", "pg_catalog, pg_temp"},
		{"statement_timeout", "0"},
		{"lock_timeout", "10s"},
		{"idle_in_transaction_session_timeout", "0"},
		{"default_transaction_isolation", "read committed"},
		{"default_transaction_read_only", "off"},
		{"default_transaction_deferrable", "off"},
		{"synchronous_commit", "on"},
		{"session_replication_role", "origin"},
		{"TimeZone", "UTC"},
		{"DateStyle", "ISO, MDY"},
		{"IntervalStyle", "postgres"},
		{"bytea_output", "hex"},
		{"extra_float_digits", "1"},
		{"client_min_messages", "warning"},
	};
	call([] {
		for (const Fixed &fixed : kFixed) {
			SetConfigOption(fixed.name, fixed.value, PGC_SUSET, PGC_S_OVERRIDE);
		}
	});
}

} // namespace hyperline::pg
