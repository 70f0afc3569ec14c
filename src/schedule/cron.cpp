#include "schedule/cron.hpp"

#include "pg/failure.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string>

namespace hyperline::schedule {

using std::chrono::day;
using std::chrono::days;
using std::chrono::local_days;
using std::chrono::month;
using std::chrono::months;
using std::chrono::weekday;
using std::chrono::year_month_day;

namespace {

constexpr std::size_t kFields = 5;

constexpr const char *kHint =
	"Give minute (0-59), hour (0-23), day of month (1-31), month (1-12 or JAN-DEC) and day of "
	"week (0-7 or SUN-SAT), for example \"30 2 * * 1-5\" for 02:30 from Monday to Friday.";

struct NamedExpression {
	std::string_view name;
	std::string_view expression;
};

constexpr std::array<NamedExpression, 7> kNamedExpressions{{
	{"@hourly", "0 * * * *"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@weekly", "0 0 * * 0"},
	{"@monthly", "0 0 1 * *"},
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
}};

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
												   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays{"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

struct FieldRule {
	const char *ordinal;
	const char *name;
	unsigned least;
	unsigned most; // of a number
	unsigned end;  // of `*` and of a step without a range: 6 of the days of the week, which is Saturday
	std::span<const std::string_view> names = {};
	const char *named_values = "";
	const char *named_ranges = "";
};

constexpr std::array<FieldRule, kFields> kFieldRules{{
	{"first", "minute", 0, 59, 59},
	{"second", "hour", 0, 23, 23},
	{"third", "day of the month", 1, 31, 31},
	{"fourth", "month", 1, 12, 12, kMonths, ", a name from JAN to DEC", " or JAN-MAY"},
	{"fifth", "day of the week", 0, 7, 6, kWeekdays, ", a name from SUN to SAT", " or MON-FRI"},
}};

constexpr unsigned kSunday = 7;

bool is_space(char c) {
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_letter(char c) {
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

char to_lower(char c) {
	return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool equal_ignoring_case(std::string_view text, std::string_view lower) {
	return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
					  [](char a, char b) { return to_lower(a) == b; });
}

const NamedExpression *find_named(std::string_view name) {
	for (const NamedExpression &named : kNamedExpressions) {
		if (equal_ignoring_case(name, named.name)) {
			return &named;
		}
	}
	return nullptr;
}

std::string quoted(std::string_view text) {
	return '"' + std::string(text) + '"';
}

std::string between(unsigned least, unsigned most) {
	return "between " + std::to_string(least) + " and " + std::to_string(most);
}

[[noreturn]] void refuse(std::string_view expression, std::string detail, std::string hint = kHint) {
	throw Error(sqlstate::kInvalidParameterValue, "invalid cron expression " + quoted(expression), std::move(detail),
				std::move(hint));
}

// Reads one field of an expression into a set of bits.
class FieldReader {
public:
	FieldReader(std::string_view expression, std::string_view field, const FieldRule &rule)
		: expression_(expression), field_(field), rule_(rule) {}

	[[nodiscard]] std::uint64_t read() const {
		std::uint64_t values = 0;
		for (std::string_view rest = field_;;) {
			const std::size_t comma = rest.find(',');
			values |= read_item(rest.substr(0, comma));
			if (comma == std::string_view::npos) {
				return values;
			}
			rest.remove_prefix(comma + 1);
		}
	}

private:
	// `part` is what is wrong, and `problem` goes on from "it".
	[[noreturn]] void wrong(std::string_view part, const std::string &problem) const {
		refuse(expression_, std::string("The ") + rule_.ordinal + " field, the " + rule_.name + ", is " +
								quoted(field_) + ": " + (part == field_ ? "it" : quoted(part)) + " " + problem);
	}

	[[nodiscard]] std::uint64_t read_item(std::string_view item) const {
		if (item.empty()) {
			wrong(field_, "must have something between the commas of a list, and at both its ends.");
		}
		const std::size_t slash = item.find('/');
		const std::string_view range = item.substr(0, slash);
		const bool has_step = slash != std::string_view::npos;
		const std::size_t dash = range.find('-');
		unsigned from = rule_.least;
		unsigned to = rule_.end;
		if (dash != std::string_view::npos) {
			from = value(range.substr(0, dash), range);
			to = value(range.substr(dash + 1), range);
			if (rule_.most == kSunday && to == 0 && from > 0) {
				to = kSunday;
			}
			if (from > to) {
				wrong(range, "is a range that goes down; split it in two, joined by a comma.");
			}
		} else if (range != "*") {
			from = value(range, range);
			to = has_step ? std::max(from, rule_.end) : from;
		}
		const unsigned step = has_step ? step_of(item.substr(slash + 1)) : 1;
		std::uint64_t values = 0;
		for (unsigned i = from; i <= to; i += step) {
			values |= std::uint64_t{1} << i;
		}
		return values;
	}

	// `range` is what the text is part of, or all of.
	[[nodiscard]] unsigned value(std::string_view text, std::string_view range) const {
		for (std::size_t i = 0; i < rule_.names.size(); i++) {
			if (equal_ignoring_case(text, rule_.names[i])) {
				return rule_.least + static_cast<unsigned>(i);
			}
		}
		const std::optional<unsigned> number = to_number(text);
		if (!number && text != range) {
			wrong(range, "must be a range such as 1-5" + std::string(rule_.named_ranges) + ".");
		}
		if (!number) {
			wrong(text, "must be \"*\", a number " + between(rule_.least, rule_.most) + rule_.named_values +
							", or a range of these.");
		}
		if (*number < rule_.least || *number > rule_.most) {
			wrong(text, "must be " + between(rule_.least, rule_.most) + ".");
		}
		return *number;
	}

	[[nodiscard]] unsigned step_of(std::string_view text) const {
		const unsigned largest = rule_.end - rule_.least + 1;
		const std::optional<unsigned> step = to_number(text);
		if (!step || *step < 1 || *step > largest) {
			wrong(field_, "must have a step " + between(1, largest) + " after \"/\".");
		}
		return *step;
	}

	// nullopt: not digits only. A number that is too large for the type is as good as any that is too large.
	static std::optional<unsigned> to_number(std::string_view text) {
		if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; })) {
			return std::nullopt;
		}
		unsigned number = 0;
		const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
		return result.ec == std::errc{} ? number : ~0U;
	}

	std::string_view expression_;
	std::string_view field_;
	const FieldRule &rule_;
};

std::uint64_t read_field(std::string_view expression, std::span<const std::string_view> fields, std::size_t index) {
	return FieldReader(expression, fields[index], kFieldRules[index]).read();
}

} // namespace

std::vector<std::string_view> split_fields(std::string_view text) {
	std::vector<std::string_view> fields;
	for (auto begin = std::find_if_not(text.begin(), text.end(), is_space); begin != text.end();) {
		const auto end = std::find_if(begin, text.end(), is_space);
		fields.emplace_back(begin, end);
		begin = std::find_if_not(end, text.end(), is_space);
	}
	return fields;
}

bool looks_like_cron(std::string_view text) {
	const std::vector<std::string_view> fields = split_fields(text);
	if (fields.size() == 1) {
		return find_named(fields[0]) != nullptr;
	}
	return fields.size() == kFields && fields[0].find_first_not_of("0123456789*,-/") == std::string_view::npos &&
		   !std::all_of(fields[1].begin(), fields[1].end(), is_letter);
}

Cron Cron::parse(std::string_view text) {
	if (text.size() > kMaxCronLength) {
		throw Error(sqlstate::kInvalidParameterValue, "cron expression is too long",
					"It has " + std::to_string(text.size()) + " bytes, and at most " + std::to_string(kMaxCronLength) +
						" are allowed.",
					kHint);
	}
	std::vector<std::string_view> fields = split_fields(text);
	if (fields.size() == 1 && fields[0].front() == '@') {
		const NamedExpression *named = find_named(fields[0]);
		if (named == nullptr) {
			refuse(text, "There is no such name.",
				   "The names are @hourly, @daily, @midnight, @weekly, @monthly, @yearly and @annually.");
		}
		fields = split_fields(named->expression);
	}
	if (fields.size() != kFields) {
		refuse(text,
			   "It must have five fields, separated by spaces, and it has " + std::to_string(fields.size()) + ".");
	}
	Cron cron;
	cron.minutes_ = read_field(text, fields, 0);
	cron.hours_ = read_field(text, fields, 1);
	cron.days_ = read_field(text, fields, 2);
	cron.months_ = read_field(text, fields, 3);
	cron.weekdays_ = read_field(text, fields, 4);
	cron.weekdays_ = (cron.weekdays_ | cron.weekdays_ >> kSunday) & 0x7f;
	cron.any_hour_ = fields[1].front() == '*';
	cron.any_day_ = fields[2].front() == '*';
	cron.any_weekday_ = fields[4].front() == '*';
	if (!cron.ever_has_a_date()) {
		refuse(text,
			   "It would never fire: the third field, the day of the month, is " + quoted(fields[2]) +
				   ", and the fourth field, the month, is " + quoted(fields[3]) + ", which has no such day.",
			   "February has 29 days at most, and April, June, September and November have 30. The last day of every "
			   "month cannot be said in one expression; the first day of the next one is \"0 0 1 * *\".");
	}
	return cron;
}

// Every day of every month of a leap year falls on every day of the week, some year.
bool Cron::ever_has_a_date() const {
	if (!any_day_ && !any_weekday_) {
		return true;
	}
	constexpr std::chrono::year kLeapYear{2000};
	for (unsigned i = 1; i <= 12; i++) {
		const auto last = static_cast<unsigned>((kLeapYear / month{i} / std::chrono::last).day());
		const std::uint64_t existing = ((std::uint64_t{1} << last) - 1) << 1;
		if ((months_ >> i & 1) != 0 && (days_ & existing) != 0) {
			return true;
		}
	}
	return false;
}

bool Cron::has_date(year_month_day date) const {
	const bool day_matches = (days_ >> static_cast<unsigned>(date.day()) & 1) != 0;
	const bool weekday_matches = (weekdays_ >> weekday{local_days{date}}.c_encoding() & 1) != 0;
	return any_day_ || any_weekday_ ? day_matches && weekday_matches : day_matches || weekday_matches;
}

std::optional<local_days> Cron::first_date(local_days from, local_days last) const {
	for (local_days date = from; date <= last;) {
		const year_month_day ymd{date};
		if ((months_ >> static_cast<unsigned>(ymd.month()) & 1) == 0) {
			date = local_days{ymd.year() / ymd.month() / day{1} + months{1}};
		} else if (has_date(ymd)) {
			return date;
		} else {
			date += days{1};
		}
	}
	return std::nullopt;
}

} // namespace hyperline::schedule
