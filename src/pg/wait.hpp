// Waiting: on the process's latch and, if there is one, on a socket, with a deadline. Every wait of the extension ends
// on Ctrl-C, on a shutdown, and with the postmaster; there is no other wait, and no sleep.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "pg/gate.hpp"

namespace hyperline::pg {

using Deadline = std::chrono::steady_clock::time_point;

enum class Woken { socket, latch, deadline };

/// Waits for `socket` (-1: for none) to become readable or writable, for the latch, or for the deadline.
/// Runs the interrupts that came in: throws Error on a cancelled query, and does not return from a termination.
/// A settings reload that is due in a worker is carried out.
Woken wait(int socket, bool readable, bool writable, Deadline deadline);

/// One of several sockets: what is waited for, and what a wait found.
struct Socket {
	int descriptor = -1;
	bool readable = false;
	bool writable = false;
	bool is_readable = false; ///< found
	bool is_writable = false; ///< found
};

/// The most sockets that one wait can watch.
inline constexpr std::size_t kMostSockets = 32;

/// The same for any number of sockets up to kMostSockets, none included: notes in each what happened to it.
Woken wait(std::vector<Socket> &sockets, Deadline deadline);

/// Runs the interrupts that have come in, without waiting.
void check_interrupts();

/// Does all that a wait does but wait: for who is busy for long with what has come already. Interrupts, a shutdown, the
/// postmaster's end, a reload of the settings.
void look_around();

/// Tells PostgreSQL that the process holds a file descriptor of its own for a while.
class ExternalFd {
public:
	ExternalFd();
	~ExternalFd();
	ExternalFd(const ExternalFd &) = delete;
	ExternalFd &operator=(const ExternalFd &) = delete;
};

/// A number that nobody can foresee.
std::uint64_t strong_random();

/// A random number from 0 to 1, as good as a delay needs.
double random_fraction() noexcept;

/// The local wall clock, in microseconds since 2000-01-01 UTC.
std::int64_t now();

} // namespace hyperline::pg
