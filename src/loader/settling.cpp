#include "loader/settling.hpp"

namespace hyperline::loader {

namespace {

std::optional<pg::Timestamp> earlier(const std::optional<pg::Timestamp> &a, const std::optional<pg::Timestamp> &b) {
	if (!a || !b) {
		return std::nullopt;
	}
	return a->microseconds < b->microseconds ? a : b;
}

// Whether all has ended that was open when the mark was made, and lookback has passed since.
bool is_settled(const store::Loader &loader, const std::optional<pg::Timestamp> &open_since) {
	if (!loader.settling.mark || !loader.settling.mark_time || !open_since) {
		return false;
	}
	return loader.settling.mark_time->microseconds <= store::less_lookback(*open_since, loader.lookback).microseconds;
}

} // namespace

Start start_of(const store::Loader &loader, Order order, const source::Snapshot &snapshot) {
	Start start;
	if (snapshot.open_since) {
		start.open_since = pg::Timestamp{*snapshot.open_since};
	}
	start.complete_until = start.open_since;
	start.from = loader.watermark;
	if (!loader.cursor_field || order == Order::time || !loader.watermark) {
		return start; // a time is read again from before the watermark by what it says
	}
	const bool has_settled = loader.settling.settled.has_value();
	if (loader.broke_off) {
		start.goes_on = true;
		start.open_since = earlier(start.open_since, loader.watermark_open_since);
		start.complete_until = start.open_since;
	}
	start.settles = is_settled(loader, start.open_since) && (has_settled || !start.goes_on);
	if (!has_settled && loader.settling.mark && !start.settles) {
		start.complete_until.reset(); // what the first load passed over is still to come
	}
	if (start.goes_on) {
		return start;
	}
	if (has_settled) {
		start.from = loader.settling.settled;
	} else if (start.settles) {
		start.from.reset();
		start.reads_late = true;
	} else {
		start.complete_until.reset();
	}
	return start;
}

std::optional<std::string> settled_up_to(const store::Loader &loader, const Start &start, const std::string &read,
										 Order order) {
	if (!start.settles || start.goes_on || order == Order::source) {
		return std::nullopt;
	}
	const std::string &up_to = is_before(read, *loader.settling.mark, order) ? read : *loader.settling.mark;
	return start.from && is_before(up_to, *start.from, order) ? std::nullopt : std::optional(up_to);
}

store::Settling settle(const store::Loader &loader, const Start &start, const std::string &watermark,
					   const source::Snapshot &snapshot) {
	store::Settling kept = loader.settling;
	if (start.settles) {
		kept.settled = kept.mark;
		kept.mark.reset();
	}
	const bool is_of_a_later_clock = kept.mark_time && kept.mark_time->microseconds > snapshot.taken_by;
	if (!kept.mark || is_of_a_later_clock) {
		kept.mark = watermark;
		kept.mark_time = pg::Timestamp{snapshot.taken_by};
	}
	return kept;
}

} // namespace hyperline::loader
