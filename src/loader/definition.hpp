// Loaders as people create and change them: everything is checked, at the source too, before anything is stored.
//
// All functions need an open pg::Connection (SPI).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace hyperline::loader {

struct NewLoader {
	std::string connection;
	std::string event_type;
	std::string query;
	std::string refresh_rate; ///< an interval, a cron expression, or @hourly and its kind
	std::string name;
	std::string time_zone;
	std::optional<std::string> cursor_field;
	std::string lookback; ///< an interval
	std::optional<std::string> version_field;
	bool paused = false;
	std::int64_t max_rejected = 0;
};
/// Stores a loader, due at once, and returns its name. Throws 22023 for a setting that is none, 42704 for an unknown
/// connection, 42703, 42701 and 42804 for a query that lacks a field, has one twice or of a wrong type, 42710 when the
/// name is taken, and what the source says of the query.
std::string create_loader(const NewLoader &loader);

/// nullopt keeps a setting; an empty cursor_field or version_field clears it.
struct LoaderSettings {
	std::optional<std::string> connection;
	std::optional<std::string> query;
	std::optional<std::string> refresh_rate;
	std::optional<std::string> new_name;
	std::optional<std::string> time_zone;
	std::optional<std::string> cursor_field;
	std::optional<std::string> lookback;
	std::optional<std::string> version_field;
	std::optional<std::int64_t> max_rejected;
};
/// Changes what is given, with the errors of create_loader(). A run in progress stops after its batch. When it changes
/// what is read, the next run reads everything again and is due at once, which a NOTICE says.
void alter_loader(const std::string &name, const LoaderSettings &settings);

} // namespace hyperline::loader
