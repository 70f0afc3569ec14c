// Where a source stands in its log, and whether that is behind where another read found it: a replica that lags, or a
// restored backup, must not overwrite newer versions with older ones.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "pg/failure.hpp"

namespace hyperline::loader {

struct Position {
	std::string system;			///< which cluster
	std::uint32_t timeline = 0; ///< rises with a promotion and with a restore
	std::uint64_t location = 0; ///< in its log, in bytes
	std::uint32_t database = 0; ///< 0: not told
};

/// Reads 'system/timeline/high/low', as a source writes it; nullopt when it is none.
std::optional<Position> parse_position(std::string_view text);

enum class Progress {
	onwards,
	behind,			///< the source went back in time
	other_timeline, ///< promoted or restored since, and farther now; what it had lost then cannot be seen any more
	other_source,	///< not the same cluster: nothing can be said
	unknown,		///< one of them is not known
};
/// Compares where the source stands now with where the last successful run found it. A restored cluster goes on with a
/// higher timeline from an earlier location, a promoted standby from a later one, an old primary with a lower timeline.
/// `last`: a place at or past what the last run saw; `now`: one at or before what this run sees.
Progress compare_positions(std::string_view last, std::string_view now);

/// HL001, for a source that is behind.
Error stale_source(const std::string &loader, const std::string &last, const std::string &now);

} // namespace hyperline::loader
