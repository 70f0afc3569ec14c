// The extension's settings (GUCs), and those that a worker needs to have whatever a role or a database was given.
#pragma once

#include <string>
#include <string_view>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// Current values, kept by PostgreSQL; times in the unit of the name.
struct Settings {
	char *databases;		   ///< '*' or a comma-separated list
	int max_running_loaders;   ///< per database
	bool enabled;			   ///< off: nothing is scheduled
	int run_retention_minutes; ///< 0 keeps all
	int connect_timeout_seconds;
	int statement_timeout_seconds; ///< set on the source
	int stall_timeout_seconds;	   ///< between a source's rows; 0: none
	int max_row_kilobytes;		   ///< of a source
	int batch_rows;
	int batch_memory_kilobytes;
	int max_retries;
	int retry_delay_seconds;
	char *name_servers;		 ///< empty: those of the operating system
	char *allowed_hosts;	 ///< a list
	int require_encryption;	 ///< a number of source::Encryption
	char *root_certificates; ///< a file; empty: those that the operating system trusts
	char *encryption_key_file;
};

/// Whether a setting of text may have a value; says what is wrong with it in a sentence, empty when nothing is. Must
/// not throw and knows no database.
using CheckText = std::string (*)(std::string_view value);

/// The checks that other rooms make of their settings.
struct SettingChecks {
	CheckText name_servers;
	CheckText allowed_hosts;
};

/// In the data folder; made at first use.
inline constexpr const char *kDefaultKeyFile = "hyperline_connector.key";

extern Settings settings;

/// Defines them. Called once, from _PG_init.
void define_settings(const SettingChecks &checks);

/// Whether the library was loaded by shared_preload_libraries, so that there are background workers.
bool is_preloaded();

/// Settings of the worker's own session that no ALTER ROLE or ALTER DATABASE may change: durability, name resolution,
/// time-outs and output formats. Called after the worker has connected.
void secure_worker_session();

/// Makes the planner of this worker read its few rows through indexes, whatever it thinks of the tables' sizes: they
/// may never have been analyzed.
void prefer_indexes();

} // namespace hyperline::pg
