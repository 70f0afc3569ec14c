// Background workers and the memory that they share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "pg/gate.hpp"

extern "C" {
struct BackgroundWorkerHandle;
}

namespace hyperline::pg {

/// What a worker is started with; it goes through BackgroundWorker.bgw_extra, so it is small and plain.
struct WorkerArguments {
	Oid database;
	std::int64_t run_id;
	std::int32_t slot;
	std::uint32_t generation;
};

/// Registers the launcher with the postmaster. Only in shared_preload_libraries. Restarted when it ends.
void register_static_worker(const char *name, const char *function);

/// A worker that this process has started; forgetting it does not stop it.
class WorkerHandle {
public:
	/// Takes over `handle`, which RegisterDynamicBackgroundWorker() has made.
	explicit WorkerHandle(BackgroundWorkerHandle *handle) : handle_(handle) {}

	enum class State { not_started, running, stopped };
	/// Does not wait. `pid` is set while it runs.
	[[nodiscard]] State state(int *pid = nullptr) const;

private:
	struct Free {
		void operator()(BackgroundWorkerHandle *handle) const noexcept;
	};
	std::unique_ptr<BackgroundWorkerHandle, Free> handle_;
};

/// Starts a worker that is not restarted; this process's latch is set when it has started and when it has ended.
/// nullopt when there is no free slot (max_worker_processes).
std::optional<WorkerHandle> start_worker(const std::string &name, const char *type, const char *function,
										 const WorkerArguments &arguments);

/// The arguments of the worker that this process is.
WorkerArguments worker_arguments();

enum class WorkerKind { launcher, scheduler, runner };

/// The first thing in a worker: the usual signal handlers (SIGTERM ends it where interrupts are checked, SIGHUP
/// reloads, SIGINT cancels a runner's query and is nothing to the others), then unblocks signals.
void begin_worker(WorkerKind kind);

/// Whether this process is a worker of ours.
bool is_worker() noexcept;

/// Connects to a database by number as the bootstrap superuser, or to the shared catalogs only (InvalidOid), and shows
/// the worker's name as its application_name.
void connect_worker(Oid database);

/// What the worker says in the log when it is told to end; cut to 255 bytes. Without it, it says nothing.
void set_farewell(const std::string &line);
/// Ends this process without an error if it is a worker of ours that was terminated or told to leave its database. To
/// be called where it waits and between transactions; elsewhere a termination is a FATAL error, as everywhere.
/// Only inside call().
void leave_if_told();

/// Shows in pg_stat_activity what the worker does; `text` is cut to track_activity_query_size.
void show_activity(const std::string &text);
/// It waits; an empty text shows nothing but that.
void show_idle(const std::string &text = {});

/// Reads the settings again if that is due in this worker. Only inside call().
void reload_settings_if_asked();

/// One LOG line; never a secret.
void log_line(const std::string &message);
/// A WARNING in a session, or in the log of a worker, with a hint.
void warn(const std::string &message, const std::string &detail = {}, const std::string &hint = {});
void notice(const std::string &message, const std::string &detail = {}, const std::string &hint = {});
/// A NOTICE in a session; a LOG line in a worker, where nobody listens.
void remark(const std::string &message);

} // namespace hyperline::pg
