#include "pg/wait.hpp"

#include <algorithm>

extern "C" {
#include <postmaster/bgworker.h>
#include <postmaster/interrupt.h>
#include <storage/fd.h>
#include <storage/latch.h>
#include <utils/timestamp.h>
}
#if PG_VERSION_NUM >= 140000
extern "C" {
#include <utils/wait_event.h>
}
#endif

namespace hyperline::pg {

namespace {

// Longest single sleep: a clock or a time-out that goes wrong costs a minute, not a night.
constexpr std::chrono::milliseconds kLongestSleep{60'000};

void reload_settings_if_asked() {
	if (ConfigReloadPending && MyBgworkerEntry != nullptr) {
		ConfigReloadPending = 0;
		ProcessConfigFile(PGC_SIGHUP);
	}
}

} // namespace

Woken wait(int socket, bool readable, bool writable, Deadline deadline) {
	const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
	if (left.count() <= 0) {
		check_interrupts();
		return Woken::deadline;
	}
	const auto timeout = static_cast<long>(std::min(left, kLongestSleep).count());
	const int events = call([=] {
		int wanted = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | WL_TIMEOUT;
		if (socket >= 0) {
			wanted |= (readable ? WL_SOCKET_READABLE : 0) | (writable ? WL_SOCKET_WRITEABLE : 0);
		}
		const int happened =
			WaitLatchOrSocket(MyLatch, wanted, socket >= 0 ? socket : PGINVALID_SOCKET, timeout, PG_WAIT_EXTENSION);
		if ((happened & WL_LATCH_SET) != 0) {
			ResetLatch(MyLatch);
		}
		CHECK_FOR_INTERRUPTS();
		reload_settings_if_asked();
		return happened;
	});
	if ((events & (WL_SOCKET_READABLE | WL_SOCKET_WRITEABLE)) != 0) {
		return Woken::socket;
	}
	return (events & WL_LATCH_SET) != 0 || left > kLongestSleep ? Woken::latch : Woken::deadline;
}

void check_interrupts() {
	call([] { CHECK_FOR_INTERRUPTS(); });
}

ExternalFd::ExternalFd() {
	call([] {
		if (!AcquireExternalFD()) {
			ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES),
							errmsg("could not open a connection: too many files are open"),
							errhint("Raise \"max_files_per_process\" or the operating system's limit on open files.")));
		}
	});
}

ExternalFd::~ExternalFd() {
	ReleaseExternalFD();
}

std::int64_t now() {
	return GetCurrentTimestamp();
}

} // namespace hyperline::pg
