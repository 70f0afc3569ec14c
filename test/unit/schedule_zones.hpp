// For the tests of schedule/: instants as text, and the time zones of the system (glibc's localtime_r, tz database).
#pragma once

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <stdexcept>
#include <string>

#include "schedule/time.hpp"

namespace hyperline::schedule {

/// The instant of "2024-03-10 07:30:00", UTC.
inline Instant utc(const std::string &text) {
	std::tm fields{};
	const char *end = strptime(text.c_str(), "%Y-%m-%d %H:%M:%S", &fields);
	if (end == nullptr || *end != '\0') {
		throw std::invalid_argument(text);
	}
	return std::chrono::sys_seconds{std::chrono::seconds{timegm(&fields)}};
}

/// The reverse, with a fraction when there is one.
inline std::string show(Instant instant) {
	const auto second = std::chrono::floor<std::chrono::seconds>(instant);
	const std::time_t time = second.time_since_epoch().count();
	std::tm fields{};
	gmtime_r(&time, &fields);
	std::array<char, 64> text{};
	std::string shown(text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &fields));
	if (instant != second) {
		static_cast<void>(
			std::snprintf(text.data(), text.size(), ".%06d", static_cast<int>((instant - second).count())));
		shown += text.data();
	}
	return shown;
}

/// A zone of the tz database. Sets TZ: the tests of one process run one after the other.
inline UtcOffset system_zone(const std::string &name) {
	if (access(("/usr/share/zoneinfo/" + name).c_str(), R_OK) != 0) {
		throw std::runtime_error("no time zone " + name + " in /usr/share/zoneinfo: install tzdata");
	}
	return [name](std::chrono::sys_seconds instant) {
		const char *current = std::getenv("TZ");
		if (current == nullptr || name != current) {
			setenv("TZ", name.c_str(), 1);
			tzset();
		}
		const std::time_t time = instant.time_since_epoch().count();
		std::tm fields{};
		return std::chrono::seconds{localtime_r(&time, &fields) != nullptr ? fields.tm_gmtoff : 0};
	};
}

} // namespace hyperline::schedule
