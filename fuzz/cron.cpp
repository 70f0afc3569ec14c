// Cron expressions: what is due next comes after now, and is what a walk through the minutes finds, also across a change
// of the clock. The first two bytes choose the time and the clock, the rest is the expression.
#include "property.hpp"

#include <algorithm>
#include <string>

#include "pg/failure.hpp"
#include "schedule/cron.hpp"
#include "schedule/next_due.hpp"
#include "schedule/refresh_rate.hpp"
#include "unit/schedule_oracle.hpp"

namespace {

using namespace hyperline;
using namespace hyperline::schedule;
using fuzz::check;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Minute kDay = 1440;
constexpr Minute kYear2024 = Minute{1704067200} / 60;

// A clock that is put forward or back at `change`, by up to two hours.
UtcOffset clock_with(Minute change, Minute before, Minute after) {
	return [=](std::chrono::sys_seconds at) {
		return seconds(60 * (at.time_since_epoch() < minutes(change) ? before : after));
	};
}

std::string upper(std::string_view text) {
	std::string result(text);
	std::transform(result.begin(), result.end(), result.begin(),
				   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
	return result;
}

void compare_with_walk(std::string_view text, Minute now, const UtcOffset &offset, Instant due) {
	const ClockNotes notes(offset, now - 2 * kDay, now + 4 * kDay);
	std::string expression;
	for (const std::string_view field : split_fields(text)) {
		expression += upper(field) + " ";
	}
	const std::vector<Minute> all = due_minutes(expression, notes);
	const auto expected = std::upper_bound(all.begin(), all.end(), now);
	const Minute last = now + 2 * kDay; // beyond it the walk may not see a change
	const Minute found = std::chrono::floor<minutes>(due.time_since_epoch()).count();
	if (expected != all.end() && *expected <= last) {
		check(found == *expected, "the walk through the minutes finds the same");
	} else {
		check(due == Instant::max() || found > last, "nothing is due that the walk does not find");
	}
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
	if (size < 2) {
		return 0;
	}
	const std::string_view text = fuzz::text_of(data + 2, size - 2);
	try {
		const Cron cron = Cron::parse(text);
		check(looks_like_cron(text), "a cron expression looks like one");
		const Minute now = kYear2024 + Minute{data[0]} * 12347;
		const Minute change = now + (Minute{data[1]} % 97 - 48) * 30;
		const UtcOffset offset = clock_with(change, Minute{data[1]} % 27 * 60 - 720, Minute{data[0]} % 5 * 30 + Minute{data[1]} % 27 * 60 - 780);
		const Instant instant{minutes(now)};
		const Instant due = next_due(RefreshRate(cron), instant, instant, offset);
		check(due > instant, "what is next comes after now");
		check(next_due(RefreshRate(cron), instant, due - std::chrono::microseconds(1), offset) == due,
			  "it stays so until it comes");
		if (!text.starts_with('@') && text.find('@') == std::string_view::npos) {
			compare_with_walk(text, now, offset, due);
		}
	} catch (const Error &error) {
		check(error.failure().sqlstate == sqlstate::kInvalidParameterValue, "a refusal is one of ours");
	}
	return 0;
}
