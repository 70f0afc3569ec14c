#include "event/time_text.hpp"

#include <cstring>

namespace hyperline::event {

namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

// The limits of PostgreSQL's timestamptz, MIN_TIMESTAMP and END_TIMESTAMP of datatype/timestamp.h.
constexpr std::int64_t kFirst = -211'813'488'000'000'000;
constexpr std::int64_t kEnd = 9'223'371'331'200'000'000;

class Reader {
public:
	explicit Reader(std::string_view text) : next_(text.data()), end_(text.data() + text.size()) {}
	[[nodiscard]] bool at_end() const { return next_ == end_; }
	bool take(char c) {
		if (next_ != end_ && *next_ == c) {
			++next_;
			return true;
		}
		return false;
	}
	bool take(std::string_view word) {
		if (std::string_view(next_, static_cast<std::size_t>(end_ - next_)).starts_with(word)) {
			next_ += word.size();
			return true;
		}
		return false;
	}
	/// Between `least` and `most` digits; false when there are fewer.
	bool number(int least, int most, std::int64_t &value) {
		value = 0;
		int digits = 0;
		for (; next_ != end_ && *next_ >= '0' && *next_ <= '9' && digits < most; ++next_, ++digits) {
			value = value * 10 + (*next_ - '0');
		}
		return digits >= least;
	}
	/// The digits after a point, as microseconds.
	bool fraction(std::int64_t &microseconds) {
		microseconds = 0;
		int digits = 0;
		for (; next_ != end_ && *next_ >= '0' && *next_ <= '9' && digits < 6; ++next_, ++digits) {
			microseconds = microseconds * 10 + (*next_ - '0');
		}
		for (int i = digits; i < 6; i++) {
			microseconds *= 10;
		}
		return digits > 0;
	}

private:
	const char *next_;
	const char *end_;
};

bool is_leap(std::int64_t year) {
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

std::int64_t days_in(std::int64_t year, std::int64_t month) {
	constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

// Days from 2000-01-01 in the proleptic Gregorian calendar. H. Hinnant, "chrono-Compatible Low-Level Date Algorithms".
std::int64_t days_from_civil(std::int64_t year, std::int64_t month, std::int64_t day) {
	year -= month <= 2 ? 1 : 0;
	const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
	const std::int64_t year_of_era = year - era * 400;
	const std::int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	const std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	constexpr std::int64_t kTo2000 = 730'425; // days from 0000-03-01 to 2000-01-01
	return era * 146'097 + day_of_era - kTo2000;
}

struct Civil {
	std::int64_t year = 0;
	std::int64_t month = 0;
	std::int64_t day = 0;
	std::int64_t of_day = 0; ///< microseconds
	std::int64_t offset = 0; ///< seconds east of UTC
};

bool read_offset(Reader &reader, std::int64_t &offset) {
	const bool west = reader.take('-');
	if (!west && !reader.take('+')) {
		return true;
	}
	std::int64_t hours = 0;
	std::int64_t minutes = 0;
	std::int64_t seconds = 0;
	if (!reader.number(2, 2, hours) || (reader.take(':') && !reader.number(2, 2, minutes)) ||
		(reader.take(':') && !reader.number(2, 2, seconds))) {
		return false;
	}
	offset = (hours * 60 + minutes) * 60 + seconds;
	if (west) {
		offset = -offset;
	}
	return true;
}

bool read_time_of_day(Reader &reader, std::int64_t &of_day) {
	std::int64_t hours = 0;
	std::int64_t minutes = 0;
	std::int64_t seconds = 0;
	std::int64_t fraction = 0;
	if (!reader.number(2, 2, hours) || !reader.take(':') || !reader.number(2, 2, minutes) || !reader.take(':') ||
		!reader.number(2, 2, seconds) || hours > 24 || minutes > 59 || seconds > 60) {
		return false;
	}
	if (reader.take('.') && !reader.fraction(fraction)) {
		return false;
	}
	of_day = ((hours * 60 + minutes) * 60 + seconds) * kSecond + fraction;
	return of_day <= kDay;
}

bool read(std::string_view text, Civil &civil) {
	Reader reader(text);
	if (!reader.number(4, 7, civil.year) || !reader.take('-') || !reader.number(2, 2, civil.month) ||
		!reader.take('-') || !reader.number(2, 2, civil.day)) {
		return false;
	}
	if (!reader.at_end() && !reader.take(" BC")) {
		if ((!reader.take(' ') && !reader.take('T')) || !read_time_of_day(reader, civil.of_day) ||
			!read_offset(reader, civil.offset)) {
			return false;
		}
		if (reader.take(" BC")) {
			civil.year = 1 - civil.year;
		}
	} else if (text.ends_with(" BC")) {
		civil.year = 1 - civil.year;
	}
	return reader.at_end() && civil.month >= 1 && civil.month <= 12 && civil.day >= 1 &&
		   civil.day <= days_in(civil.year, civil.month);
}

} // namespace

ParsedTime parse_time(std::string_view text) {
	if (text == "infinity" || text == "-infinity") {
		return {TimeStatus::infinite, 0};
	}
	Civil civil;
	if (!read(text, civil)) {
		return {TimeStatus::invalid, 0};
	}
	const std::int64_t days = days_from_civil(civil.year, civil.month, civil.day);
	if (days < kFirst / kDay - 1 || days > kEnd / kDay) {
		return {TimeStatus::out_of_range, 0};
	}
	std::int64_t microseconds = 0;
	if (__builtin_mul_overflow(days, kDay, &microseconds) ||
		__builtin_add_overflow(microseconds, civil.of_day - civil.offset * kSecond, &microseconds) ||
		microseconds < kFirst || microseconds >= kEnd) {
		return {TimeStatus::out_of_range, 0};
	}
	return {TimeStatus::ok, microseconds};
}

std::size_t write_json_time(std::string_view text, char *out) {
	const std::size_t blank = text.find(' ');
	if (text.size() + 8 > kLongestTime) {
		return 0;
	}
	std::memcpy(out, text.data(), text.size());
	if (blank == std::string_view::npos || text.substr(blank) == " BC") {
		return text.size(); // an infinity, or a date
	}
	out[blank] = 'T';
	// A zone has minutes there: '+00' becomes '+00:00', also before ' BC'.
	const std::string_view era = text.ends_with(" BC") ? " BC" : "";
	std::size_t end = text.size() - era.size();
	const bool short_zone = end >= 3 && (text[end - 3] == '+' || text[end - 3] == '-') && end - 3 > blank;
	if (short_zone) {
		for (const char c : {':', '0', '0'}) {
			out[end++] = c;
		}
		std::memcpy(out + end, era.data(), era.size());
		end += era.size();
		return end;
	}
	return text.size();
}

} // namespace hyperline::event
