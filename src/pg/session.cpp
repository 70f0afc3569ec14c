#include "pg/session.hpp"

#include <csignal>

extern "C" {
#include <mb/pg_wchar.h>
#include <miscadmin.h>
#include <pgstat.h>
#include <storage/procarray.h>
#include <tcop/tcopprot.h>
}

namespace hyperline::pg {

std::string database_encoding() {
	return GetDatabaseEncodingName();
}

bool snapshot_is_fixed() {
	return IsolationUsesXactSnapshot();
}

HiddenStatement::HiddenStatement(const char *text) : contexts_(error_context_stack) {
	error_context_stack = nullptr;
	debug_query_string = text;
	call([=] { pgstat_report_activity(STATE_RUNNING, text); });
}

HiddenStatement::~HiddenStatement() {
	error_context_stack = contexts_;
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
