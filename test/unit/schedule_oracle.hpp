// A second implementation of when a loader is due, for the tests of schedule/: slow, and by other means.
//
// It walks through a range of time minute by minute, notes what the clock shows, and derives everything from these
// notes. It shares no code with src/schedule; expressions must be right, and offsets whole minutes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "schedule/time.hpp"

namespace hyperline::schedule {

/// Minutes since 1970: of UTC, or as the clock on the wall shows them.
using Minute = std::int64_t;

/// What the clocks of a zone showed at each minute of a range of time.
class ClockNotes {
public:
	ClockNotes(const UtcOffset &offset, Minute begin, Minute end)
		: begin_(begin), end_(end), first_local_(begin - kMargin), shown_(length(end - begin)),
		  first_(length(end - begin + 2 * kMargin), kNever), last_(first_) {
		std::vector<std::pair<Minute, Minute>> skipped;
		Minute latest = kNever;
		for (Minute utc = begin; utc < end; utc++) {
			const auto east = offset(std::chrono::sys_seconds{std::chrono::minutes{utc}});
			const Minute local = utc + std::chrono::floor<std::chrono::minutes>(east).count();
			shown_[length(utc - begin)] = local;
			// The clock has jumped over minutes: go on counting from where it stood before.
			for (Minute minute = latest + 1; latest != kNever && minute < local; minute++) {
				skipped.emplace_back(minute, utc - 1 + (minute - latest));
			}
			if (utc > begin && local != shown_[length(utc - begin - 1)] + 1) {
				changes_.push_back(utc);
			}
			at(first_, local) = at(first_, local) == kNever ? utc : at(first_, local);
			at(last_, local) = utc;
			latest = std::max(latest, local);
		}
		for (const auto &[local, utc] : skipped) {
			if (at(first_, local) == kNever) { // else the clock was put back before the minute, and shows it later
				at(first_, local) = at(last_, local) = utc;
			}
		}
	}

	[[nodiscard]] Minute begin() const { return begin_; }
	[[nodiscard]] Minute end() const { return end_; }
	[[nodiscard]] const std::vector<Minute> &changes() const { return changes_; }
	[[nodiscard]] Minute shown_at(Minute utc) const { return shown_[length(utc - begin_)]; }

	/// When the clock first, and last, shows a minute; where it never does, when it would if nobody had changed it.
	[[nodiscard]] Minute first(Minute local) const { return first_[length(local - first_local_)]; }
	[[nodiscard]] Minute last(Minute local) const { return last_[length(local - first_local_)]; }

	static constexpr Minute kNever = INT64_MIN / 2;
	static constexpr Minute kMargin = Minute{30} * 60; // more than any offset

private:
	static std::size_t length(Minute minutes) { return static_cast<std::size_t>(minutes); }
	Minute &at(std::vector<Minute> &of, Minute local) { return of[length(local - first_local_)]; }

	Minute begin_;
	Minute end_;
	Minute first_local_;
	std::vector<Minute> shown_;
	std::vector<Minute> first_; // by local minute
	std::vector<Minute> last_;
	std::vector<Minute> changes_;
};

/// Whether a field of a cron expression matches a value.
inline bool field_matches(const std::string &field, int value, int least, int most) {
	static const std::string names = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";
	static const std::string weekdays = "SUNMONTUEWEDTHUFRISAT";
	const auto number = [&](const std::string &text) {
		const std::size_t month = names.find(text);
		const std::size_t weekday = weekdays.find(text);
		return most == 12 && month != std::string::npos	   ? static_cast<int>(month / 3) + 1
			   : most == 6 && weekday != std::string::npos ? static_cast<int>(weekday / 3)
														   : std::atoi(text.c_str());
	};
	std::istringstream items(field);
	for (std::string item; std::getline(items, item, ',');) {
		std::istringstream parts(item);
		std::string range;
		std::string step;
		std::getline(parts, range, '/');
		std::getline(parts, step);
		const std::size_t dash = range.find('-');
		int from = range == "*" ? least : number(range.substr(0, dash));
		int to = range == "*" || !step.empty() ? most : from;
		if (dash != std::string::npos) {
			to = number(range.substr(dash + 1));
		}
		to = to < from ? 7 : to; // FRI-SUN
		for (; from <= to; from += step.empty() ? 1 : std::atoi(step.c_str())) {
			if (from == value || (most == 6 && from == 7 && value == 0)) {
				return true;
			}
		}
	}
	return false;
}

/// All minutes of the range at which a cron expression is due.
inline std::vector<Minute> due_minutes(const std::string &expression, const ClockNotes &notes) {
	std::string minute;
	std::string hour;
	std::string day;
	std::string month;
	std::string weekday;
	std::istringstream(expression) >> minute >> hour >> day >> month >> weekday;

	std::vector<bool> minute_of_day(std::size_t{24} * 60);
	for (int i = 0; i < 24 * 60; i++) {
		minute_of_day[static_cast<std::size_t>(i)] =
			field_matches(hour, i / 60, 0, 23) && field_matches(minute, i % 60, 0, 59);
	}
	// By local date, where 0 is the first on which the clock stands in the range, or one before it
	const Minute first_local = notes.begin() - ClockNotes::kMargin;
	const Minute first_date = (first_local >= 0 ? first_local : first_local - 1439) / 1440;
	std::vector<bool> dates;
	for (Minute date = first_date; date * 1440 <= notes.end() + ClockNotes::kMargin; date++) {
		const std::time_t time = date * 86400;
		std::tm fields{};
		gmtime_r(&time, &fields);
		const bool on_day = field_matches(day, fields.tm_mday, 1, 31);
		const bool on_weekday = field_matches(weekday, fields.tm_wday, 0, 6);
		const bool both = day[0] == '*' || weekday[0] == '*';
		dates.push_back(field_matches(month, fields.tm_mon + 1, 1, 12) &&
						(both ? on_day && on_weekday : on_day || on_weekday));
	}
	const auto matches = [&](Minute local) {
		return minute_of_day[static_cast<std::size_t>(((local % 1440) + 1440) % 1440)] &&
			   dates[static_cast<std::size_t>((local - first_date * 1440) / 1440)];
	};

	std::vector<Minute> due;
	if (hour[0] == '*') {
		for (Minute utc = notes.begin(); utc < notes.end(); utc++) {
			if (matches(notes.shown_at(utc))) {
				due.push_back(utc);
			}
		}
		return due;
	}
	for (Minute local = first_local; local < notes.end() + ClockNotes::kMargin; local++) {
		if (matches(local) && notes.first(local) != ClockNotes::kNever) {
			due.push_back(notes.first(local));
		}
	}
	std::sort(due.begin(), due.end());
	due.erase(std::unique(due.begin(), due.end()), due.end());
	return due;
}

} // namespace hyperline::schedule
