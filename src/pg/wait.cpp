#include "pg/wait.hpp"

#include <algorithm>
#include <array>

#include "pg/background.hpp"

extern "C" {
#include <miscadmin.h>
#include <storage/fd.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/pmsignal.h>
#include <utils/timestamp.h>
}

namespace hyperline::pg {

namespace {

// Longest single sleep: a clock or a time-out that goes wrong costs a minute, not a night.
constexpr std::chrono::milliseconds kLongestSleep{60'000};

// To be called inside of the gate.
void after_sleep(bool is_latch_set) {
	if (is_latch_set) {
		ResetLatch(MyLatch);
	}
	leave_if_told();
	CHECK_FOR_INTERRUPTS();
	reload_settings_if_asked();
}

// How long one sleep may last, and what its end means.
class Sleep {
public:
	explicit Sleep(Deadline deadline)
		: left_(std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now())) {
		if (is_over()) {
			check_interrupts();
		}
	}
	[[nodiscard]] bool is_over() const { return left_.count() <= 0; }
	[[nodiscard]] long milliseconds() const { return static_cast<long>(std::min(left_, kLongestSleep).count()); }
	[[nodiscard]] Woken outcome(bool is_socket_ready, bool is_latch_set) const {
		if (is_socket_ready) {
			return Woken::socket;
		}
		return is_latch_set || left_ > kLongestSleep ? Woken::latch : Woken::deadline;
	}

private:
	std::chrono::milliseconds left_;
};

} // namespace

Woken wait(int socket, bool readable, bool writable, Deadline deadline) {
	const Sleep sleep(deadline);
	if (sleep.is_over()) {
		return Woken::deadline;
	}
	const int events = call([=] {
		int wanted = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | WL_TIMEOUT;
		if (socket >= 0) {
			wanted |= (readable ? WL_SOCKET_READABLE : 0) | (writable ? WL_SOCKET_WRITEABLE : 0);
		}
		const int happened =
			WaitLatchOrSocket(MyLatch, wanted, socket >= 0 ? socket : PGINVALID_SOCKET, sleep.milliseconds(),
							  wait_event(socket >= 0 ? "HyperlineSource" : "HyperlineMain"));
		after_sleep((happened & WL_LATCH_SET) != 0);
		return happened;
	});
	return sleep.outcome((events & (WL_SOCKET_READABLE | WL_SOCKET_WRITEABLE)) != 0, (events & WL_LATCH_SET) != 0);
}

Woken wait(std::vector<Socket> &sockets, Deadline deadline) {
	const Sleep sleep(deadline);
	for (Socket &socket : sockets) {
		socket.is_readable = socket.is_writable = false;
	}
	if (sleep.is_over()) {
		return Woken::deadline;
	}
	constexpr int kOthers = 2; // the latch and the postmaster
	std::array<WaitEvent, kMostSockets + kOthers> events{};
	const std::size_t watched = std::min(sockets.size(), kMostSockets);
	bool is_latch_set = false;
	bool is_any_ready = false;
	call([&] {
		WaitEventSet *set = create_wait_event_set(static_cast<int>(watched) + kOthers);
		AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, nullptr);
		AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, nullptr, nullptr);
		for (std::size_t i = 0; i < watched; i++) {
			const std::uint32_t wanted =
				(sockets[i].readable ? WL_SOCKET_READABLE : 0U) | (sockets[i].writable ? WL_SOCKET_WRITEABLE : 0U);
			if (wanted != 0) {
				AddWaitEventToSet(set, wanted, sockets[i].descriptor, nullptr, &sockets[i]);
			}
		}
		const int count = WaitEventSetWait(set, sleep.milliseconds(), events.data(), static_cast<int>(events.size()),
										   wait_event("HyperlineSource"));
		FreeWaitEventSet(set); // before an interrupt may end this
		for (int i = 0; i < count; i++) {
			const WaitEvent &event = events[static_cast<std::size_t>(i)];
			is_latch_set = is_latch_set || (event.events & WL_LATCH_SET) != 0;
			if (auto *socket = static_cast<Socket *>(event.user_data); socket != nullptr) {
				socket->is_readable = (event.events & WL_SOCKET_READABLE) != 0;
				socket->is_writable = (event.events & WL_SOCKET_WRITEABLE) != 0;
				is_any_ready = true;
			}
		}
		after_sleep(is_latch_set);
	});
	return sleep.outcome(is_any_ready, is_latch_set);
}

void check_interrupts() {
	call([] {
		leave_if_told();
		CHECK_FOR_INTERRUPTS();
	});
}

void look_around() {
	call([] {
		if (IsUnderPostmaster && !PostmasterIsAlive()) {
			proc_exit(1); // as WL_EXIT_ON_PM_DEATH does
		}
		after_sleep(false);
	});
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

std::uint64_t strong_random() {
	return call([] {
		std::uint64_t number = 0;
		if (!pg_strong_random(&number, sizeof(number))) {
			ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg_internal("could not generate a random number")));
		}
		return number;
	});
}

double random_fraction() noexcept {
	return random_double();
}

std::int64_t now() {
	return GetCurrentTimestamp();
}

} // namespace hyperline::pg
