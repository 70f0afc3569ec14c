#include "loader/settling.hpp"

#include <algorithm>

namespace hyperline::loader {

namespace {

// Whether all that was open when its mark was made has ended.
bool is_settled(const store::Settling &settling, const Start &start) {
	return settling.mark && settling.mark_time && start.settled_by &&
		   settling.mark_time->microseconds <= start.settled_by->microseconds;
}

std::optional<pg::Timestamp> earlier(const std::optional<pg::Timestamp> &a, const std::optional<pg::Timestamp> &b) {
	if (!a || !b) {
		return std::nullopt;
	}
	return a->microseconds < b->microseconds ? a : b;
}

// Whether the watermark is that of a run that broke off, in a snapshot that no run has succeeded in.
bool broke_off(const store::Loader &loader) {
	const auto &a = loader.watermark_time;
	const auto &b = loader.last_refreshed_at;
	return a && !(b && a->microseconds == b->microseconds);
}

} // namespace

Start start_of(const store::Loader &loader, source::ValueKind kind, const source::Snapshot &snapshot) {
	Start start;
	if (snapshot.open_since) {
		start.open_since = pg::Timestamp{*snapshot.open_since};
	}
	start.complete_until = start.open_since;
	start.from = loader.watermark;
	if (!loader.cursor_field || source::is_time(kind)) {
		return start; // a time is read again from before the watermark by what it says
	}
	const bool goes_on = loader.watermark && broke_off(loader);
	if (goes_on) {
		start.open_since = earlier(start.open_since, loader.watermark_open_since);
		start.complete_until = start.open_since;
	}
	if (start.open_since) {
		start.settled_by = store::less_lookback(*start.open_since, loader.lookback);
	}
	if (goes_on || !loader.watermark) {
		return start;
	}
	if (loader.settling.settled) {
		start.from = loader.settling.settled;
	} else if (is_settled(loader.settling, start)) {
		start.from.reset();
		start.reads_late = true;
	} else {
		start.complete_until.reset();
	}
	return start;
}

store::Settling settle(const store::Loader &loader, const Start &start, const std::string &reached,
					   const source::Snapshot &snapshot) {
	store::Settling kept = loader.settling;
	if (snapshot.taken_by && is_settled(kept, start)) {
		kept.settled = kept.mark;
		kept.mark.reset();
	}
	if (snapshot.taken_by && !kept.mark) {
		kept.mark = reached;
		kept.mark_time = pg::Timestamp{*snapshot.taken_by};
	}
	return kept;
}

} // namespace hyperline::loader
