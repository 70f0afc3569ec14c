#include "source/memory_bound.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

namespace hyperline::source {

namespace {

// What RLIMIT_DATA counts, and the stack. This runs for each piece of a stream: nothing is allocated for it, and the
// file stays open as long as the process lives.
std::optional<std::size_t> private_memory() noexcept {
	static const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	if (file < 0) {
		return std::nullopt;
	}
	std::array<char, 200> text{};
	const ssize_t length = pread(file, text.data(), text.size() - 1, 0);
	unsigned long long pages = 0;
	if (length <= 0 || std::sscanf(text.data(), "%*u %*u %*u %*u %*u %llu", &pages) != 1) {
		return std::nullopt;
	}
	return static_cast<std::size_t>(pages) * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

} // namespace

MemoryBound::MemoryBound(std::size_t room) noexcept : room_(room) {
	rlimit limits{};
	if (getrlimit(RLIMIT_DATA, &limits) == 0) {
		before_ = limits;
		renew();
	}
}

MemoryBound::~MemoryBound() {
	if (before_) {
		setrlimit(RLIMIT_DATA, &*before_);
	}
}

void MemoryBound::renew() noexcept {
	const std::optional<std::size_t> used = before_ ? private_memory() : std::nullopt;
	if (used) {
		rlimit limits = *before_;
		limits.rlim_cur = std::min<rlim_t>(before_->rlim_cur, *used + room_);
		setrlimit(RLIMIT_DATA, &limits);
	}
}

} // namespace hyperline::source
