#include "pg/time.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
#include <datatype/timestamp.h>
#include <pgtime.h>
#include <utils/builtins.h>
#include <utils/datetime.h>
#include <utils/fmgrprotos.h>
#include <utils/timestamp.h>
}

namespace hyperline::pg {

std::optional<IntervalParts> parse_interval(const std::string &text) {
	try {
		return call([&]() -> IntervalParts {
			const Interval *interval = DatumGetIntervalP(DirectFunctionCall3(
				interval_in, CStringGetDatum(text.c_str()), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
			return IntervalParts{interval->month, interval->day, interval->time};
		});
	} catch (const Error &error) {
		// interval_in holds nothing but memory when it refuses its text, so there is nothing to roll back.
		const std::string state = error.sqlstate();
		if (state == "22007" || state == "22008" || state == "22015") {
			return std::nullopt;
		}
		throw;
	}
}

std::function<std::chrono::seconds(std::chrono::sys_seconds)> time_zone(const std::string &name) {
	pg_tz *zone = call([&] { return name.size() > TZ_STRLEN_MAX ? nullptr : pg_tzset(name.c_str()); });
	if (zone == nullptr || !pg_tz_acceptable(zone)) {
		throw hyperline::Error(sqlstate::kInvalidParameterValue, "time zone \"" + name + "\" not recognized", {},
							   "Name a zone of the view pg_timezone_names, such as \"Europe/Berlin\" or \"UTC\".");
	}
	return [zone](std::chrono::sys_seconds instant) {
		const auto time = static_cast<pg_time_t>(instant.time_since_epoch().count());
		const struct pg_tm *local = pg_localtime(&time, zone);
		return std::chrono::seconds(local != nullptr ? local->tm_gmtoff : 0);
	};
}

std::string format_utc(std::int64_t microseconds) {
	if (microseconds == PG_INT64_MIN) {
		return "-infinity";
	}
	if (microseconds == PG_INT64_MAX) {
		return "infinity";
	}
	const char *text = call([=] {
		struct pg_tm fields;
		fsec_t fraction = 0;
		auto *buffer = static_cast<char *>(palloc(MAXDATELEN + 1));
		if (timestamp2tm(microseconds, nullptr, &fields, &fraction, nullptr, nullptr) != 0) {
			elog(ERROR, "timestamp out of range");
		}
		EncodeDateTime(&fields, fraction, true, 0, nullptr, USE_ISO_DATES, buffer);
		return static_cast<const char *>(buffer);
	});
	return text;
}

} // namespace hyperline::pg
