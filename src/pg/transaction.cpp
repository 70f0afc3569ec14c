#include "pg/transaction.hpp"

#include <exception>

#include "pg/background.hpp"

extern "C" {
#include <access/xact.h>
#include <executor/spi.h>
#include <nodes/parsenodes.h>
#include <utils/guc.h>
#include <utils/resowner.h>
#include <utils/snapmgr.h>
}

namespace hyperline::pg {

namespace {

// Until the transaction ends, or the function whose settings they are.
void set_local(const char *name, const char *value) {
	(void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

// Names that a user planted in a schema of his own must not be found by what runs here, and what it prints must not
// depend on who called.
void make_settings_safe() {
	constexpr struct {
		const char *name;
		const char *value;
	} kSafe[] = {{"search_path", "pg_catalog, pg_temp"},
				 {"TimeZone", "UTC"},
				 {"DateStyle", "ISO, MDY"},
				 {"IntervalStyle", "postgres"},
				 {"row_security", "on"}};
	for (const auto &setting : kSafe) {
		set_local(setting.name, setting.value);
	}
}

void open_spi() {
	if (SPI_connect() != SPI_OK_CONNECT) {
		elog(ERROR, "SPI_connect failed");
	}
	PushActiveSnapshot(GetTransactionSnapshot());
}

void close_spi() {
	PopActiveSnapshot();
	SPI_finish();
}

} // namespace

void WorkerTransactions::begin() {
	call([this] {
		leave_if_told();
		SetCurrentStatementStartTimestamp();
		StartTransactionCommand();
		GetUserIdAndSecContext(&worker_, &security_);
		make_settings_safe();
		if (const Oid owner = functions_owner(); OidIsValid(owner)) {
			SetUserIdAndSecContext(owner, security_ | SECURITY_LOCAL_USERID_CHANGE);
		}
		open_spi();
	});
}

// Not before: what was deferred runs at the commit, as the current user. An abort does the same.
void WorkerTransactions::become_worker_again() const noexcept {
	if (OidIsValid(worker_)) {
		SetUserIdAndSecContext(worker_, security_);
	}
}

void WorkerTransactions::commit() {
	call([this] {
		close_spi();
		CommitTransactionCommand();
		become_worker_again();
		MemoryContextSwitchTo(TopMemoryContext);
		pgstat_report_stat(true);
	});
}

void WorkerTransactions::rollback() {
	call([this] {
		AbortCurrentTransaction();
		become_worker_again();
		MemoryContextSwitchTo(TopMemoryContext);
		pgstat_report_stat(true);
	});
}

SessionTransactions::SessionTransactions(FunctionCallInfo fcinfo, const char *procedure)
	: function_owner_(function_owner(fcinfo)), exceptions_(std::uncaught_exceptions()) {
	const auto *context = reinterpret_cast<const CallContext *>(fcinfo->context);
	if (context == nullptr || !IsA(context, CallContext) || context->atomic) {
		throw hyperline::Error(sqlstate::kActiveSqlTransaction,
							   std::string(procedure) + " cannot run inside a transaction block",
							   "It commits batch by batch.",
							   "Call it on its own, outside BEGIN and COMMIT and not from a function; or queue a run "
							   "for the background worker with hyperline.run_loader().");
	}
	home_ = CurrentMemoryContext;
	call([] {
		if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT) {
			elog(ERROR, "SPI_connect_ext failed");
		}
	});
}

SessionTransactions::~SessionTransactions() {
	MemoryContextSwitchTo(home_);
	if (std::uncaught_exceptions() == exceptions_) {
		SPI_finish();
	}
}

void SessionTransactions::begin() {
	call([this] {
		owner_ = CurrentResourceOwner;
		BeginInternalSubTransaction(nullptr);
	});
	inside_ = true; // from here on rollback() is due
	as_owner_.emplace(function_owner_);
	try {
		call([] {
			make_settings_safe();
			open_spi();
		});
	} catch (...) {
		rollback();
		throw;
	}
}

void SessionTransactions::commit() {
	call([] { close_spi(); });
	as_owner_.reset();
	call([this] {
		ReleaseCurrentSubTransaction();
		inside_ = false;
		MemoryContextSwitchTo(home_);
		CurrentResourceOwner = owner_;
		SPI_commit();
	});
}

void SessionTransactions::rollback() {
	as_owner_.reset();
	call([this] {
		if (inside_) {
			RollbackAndReleaseCurrentSubTransaction();
			inside_ = false;
		}
		MemoryContextSwitchTo(home_);
		CurrentResourceOwner = owner_ != nullptr ? owner_ : CurrentResourceOwner;
		SPI_rollback();
	});
}

void FunctionTransactions::come_home() const noexcept {
	MemoryContextSwitchTo(home_);
	CurrentResourceOwner = owner_;
}

void FunctionTransactions::begin() {
	call([this] {
		owner_ = CurrentResourceOwner;
		BeginInternalSubTransaction(nullptr);
	});
	inside_ = true; // from here on rollback() is due
	try {
		call([this] {
			settings_ = NewGUCNestLevel();
			make_settings_safe();
			open_spi();
		});
	} catch (...) {
		rollback();
		throw;
	}
}

void FunctionTransactions::commit() {
	call([this] {
		close_spi();
		AtEOXact_GUC(false, settings_); // as after the functions of an index: the settings are not the caller's
		ReleaseCurrentSubTransaction();
		inside_ = false;
		come_home();
	});
}

void FunctionTransactions::rollback() {
	call([this] {
		if (inside_) {
			RollbackAndReleaseCurrentSubTransaction();
			inside_ = false;
			come_home();
		}
	});
}

void commit_without_waiting() {
	call([] { set_local("synchronous_commit", "off"); });
}

namespace {

void (*commit_action)() = nullptr;
bool commit_marked = false;

// Exit hooks and callbacks at the end of a transaction must not raise: the action only sets latches.
void at_transaction_end(XactEvent event, void * /*unused*/) {
	switch (event) {
	case XACT_EVENT_COMMIT:
	case XACT_EVENT_PARALLEL_COMMIT:
		if (commit_marked && commit_action != nullptr) {
			commit_action();
		}
		commit_marked = false;
		break;
	case XACT_EVENT_ABORT:
	case XACT_EVENT_PARALLEL_ABORT:
	case XACT_EVENT_PREPARE:
		commit_marked = false;
		break;
	default:
		break;
	}
}

} // namespace

void on_marked_commit(void (*action)()) {
	if (commit_action == nullptr) {
		RegisterXactCallback(at_transaction_end, nullptr);
	}
	commit_action = action;
}

void mark_for_commit() {
	commit_marked = true;
}

} // namespace hyperline::pg
