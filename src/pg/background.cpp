#include "pg/background.hpp"

#include <csignal>

#include "pg/shared.hpp"

extern "C" {
#include <libpq/pqsignal.h>
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <storage/latch.h>
#include <tcop/tcopprot.h>
#include <utils/backend_status.h>
#include <utils/guc.h>
}

namespace hyperline::pg {

namespace {

constexpr int kLauncherRestartSeconds = 10;

BackgroundWorker make_worker(const char *name, const char *type, const char *function) {
	BackgroundWorker worker;
	std::memset(&worker, 0, sizeof(worker));
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	strlcpy(worker.bgw_library_name, "hyperline_connector", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, function, sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, name, sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, type, sizeof(worker.bgw_type));
	return worker;
}

} // namespace

void register_static_worker(const char *name, const char *function) {
	BackgroundWorker worker = make_worker(name, name, function);
	worker.bgw_restart_time = kLauncherRestartSeconds;
	RegisterBackgroundWorker(&worker);
}

WorkerHandle::State WorkerHandle::state(int *pid) const {
	pid_t found = 0;
	switch (GetBackgroundWorkerPid(handle_.get(), &found)) {
	case BGWH_STARTED:
		if (pid != nullptr) {
			*pid = static_cast<int>(found);
		}
		return State::running;
	case BGWH_NOT_YET_STARTED:
		return State::not_started;
	default:
		return State::stopped;
	}
}

void WorkerHandle::Free::operator()(BackgroundWorkerHandle *handle) const noexcept {
	pfree(handle); // raises nothing
}

std::optional<WorkerHandle> start_worker(const std::string &name, const char *type, const char *function,
										 const WorkerArguments &arguments) {
	static_assert(sizeof(WorkerArguments) <= BGW_EXTRALEN);
	BackgroundWorkerHandle *handle = call([&] {
		BackgroundWorker worker = make_worker(name.c_str(), type, function);
		worker.bgw_restart_time = BGW_NEVER_RESTART;
		worker.bgw_notify_pid = MyProcPid;
		std::memcpy(worker.bgw_extra, &arguments, sizeof(arguments));
		// The handle is kept by the caller for the worker's life.
		const MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
		BackgroundWorkerHandle *started = nullptr;
		const bool registered = RegisterDynamicBackgroundWorker(&worker, &started);
		MemoryContextSwitchTo(caller);
		return registered ? started : nullptr;
	});
	if (handle == nullptr) {
		return std::nullopt;
	}
	return WorkerHandle(handle);
}

WorkerArguments worker_arguments() {
	WorkerArguments arguments;
	std::memcpy(&arguments, MyBgworkerEntry->bgw_extra, sizeof(arguments));
	return arguments;
}

namespace {

std::optional<WorkerKind> own_kind;
char farewell[256];

} // namespace

void begin_worker(WorkerKind kind) {
	own_kind = kind;
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	if (kind != WorkerKind::runner) {
		pqsignal(SIGINT, SIG_IGN);
	}
	BackgroundWorkerUnblockSignals();
}

bool is_worker() noexcept {
	return own_kind.has_value();
}

void connect_worker(Oid database) {
	call([=] {
		if (OidIsValid(database)) {
			// Whether the database allows connections is asked there (store::installation()): a worker that finds it
			// closed leaves without an error in the log.
			BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, BGWORKER_BYPASS_ALLOWCONN);
		} else {
			BackgroundWorkerInitializeConnection(nullptr, nullptr, 0);
		}
		SetConfigOption("application_name", MyBgworkerEntry->bgw_name, PGC_SUSET, PGC_S_OVERRIDE);
	});
}

void set_farewell(const std::string &line) {
	strlcpy(farewell, line.c_str(), sizeof(farewell));
}

void leave_if_told() {
	if (!own_kind || (ProcDiePending == 0 && !told_to_leave())) {
		return;
	}
	HOLD_INTERRUPTS(); // the end of a report checks for them; proc_exit() takes no more
	if (farewell[0] != '\0') {
		ereport(LOG, (errmsg_internal("%s", farewell), errhidestmt(true), errhidecontext(true)));
	}
	// The postmaster starts the launcher again unless it ends with 0; of the others it says nothing then.
	proc_exit(*own_kind == WorkerKind::launcher ? 1 : 0);
}

void show_activity(const std::string &text) {
	pgstat_report_activity(STATE_RUNNING, text.c_str());
}

void show_idle(const std::string &text) {
	pgstat_report_activity(STATE_IDLE, text.empty() ? nullptr : text.c_str());
}

void reload_settings_if_asked() {
	if (own_kind && ConfigReloadPending != 0) {
		ConfigReloadPending = 0;
		// A context of its own is made under the current one, whatever that is where we wait.
		const MemoryContext caller = MemoryContextSwitchTo(TopMemoryContext);
		ProcessConfigFile(PGC_SIGHUP);
		MemoryContextSwitchTo(caller);
	}
}

void log_line(const std::string &message) {
	call([&] { ereport(LOG, (errmsg_internal("%s", message.c_str()), errhidestmt(true), errhidecontext(true))); });
}

namespace {

// The statement is left out of the log, for it may hold a password, and so is the CONTEXT, which may quote it.
void tell(int level, const std::string &message, const std::string &detail, const std::string &hint) {
	call([&] {
		ereport(level,
				(errmsg_internal("%s", message.c_str()), detail.empty() ? 0 : errdetail_internal("%s", detail.c_str()),
				 hint.empty() ? 0 : errhint("%s", hint.c_str()), errhidestmt(true), errhidecontext(true)));
	});
}

} // namespace

void warn(const std::string &message, const std::string &detail, const std::string &hint) {
	tell(WARNING, message, detail, hint);
}

void notice(const std::string &message, const std::string &detail, const std::string &hint) {
	tell(NOTICE, message, detail, hint);
}

void remark(const std::string &message) {
	if (own_kind) {
		log_line(message);
	} else {
		notice(message);
	}
}

} // namespace hyperline::pg
