#include "pg/session.hpp"

#include <csignal>

extern "C" {
#include <mb/pg_wchar.h>
#include <miscadmin.h>
#include <pgstat.h>
#include <storage/procarray.h>
}

namespace hyperline::pg {

std::string database_encoding() {
	return GetDatabaseEncodingName();
}

bool snapshot_is_fixed() {
	return IsolationUsesXactSnapshot();
}

void show_instead_of_statement(const char *text) {
	call([=] { pgstat_report_activity(STATE_RUNNING, text); });
}

CancelHold::CancelHold() noexcept {
	HOLD_CANCEL_INTERRUPTS();
}

CancelHold::~CancelHold() {
	if (QueryCancelHoldoffCount > 0) { // an ERROR lets go of all of them
		RESUME_CANCEL_INTERRUPTS();
	}
	QueryCancelPending = 0;
}

bool cancel_process(int pid) {
	return call([=] { return BackendPidGetProc(pid) != nullptr && kill(pid, SIGINT) == 0; });
}

} // namespace hyperline::pg
