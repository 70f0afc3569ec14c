#include "source/memory_bound.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

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

// What malloc() has handed out and not been given back, with what it adds to each block; nullopt: it does not tell.
std::optional<std::size_t> allocated_memory() noexcept {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
	const struct mallinfo2 info = mallinfo2();
	return info.uordblks + info.hblkhd;
#else
	return std::nullopt;
#endif
}

} // namespace

std::size_t allocated(const void *block) noexcept {
#ifdef __GLIBC__
	return malloc_usable_size(const_cast<void *>(block)) + sizeof(std::size_t);
#else
	static_cast<void>(block);
	return 0;
#endif
}

KeptMemory::KeptMemory() noexcept {
	if (const std::optional<std::size_t> opened = allocated_memory()) {
		opened_ = *opened;
		process_ = private_memory();
	}
}

void KeptMemory::begin(std::optional<std::size_t> process) noexcept {
	if (process && process_ && *process >= *process_ + kAnswerMemory) {
		begun_ = allocated_memory();
	}
}

// What free() keeps for the next small block counts as allocated, whoever took it: so the sum drifts. It cannot be more
// than what all of the process has more than when the connection was opened, which is little whenever a batch has been
// stored.
void KeptMemory::end(std::ptrdiff_t handed_out) noexcept {
	const std::optional<std::size_t> now = begun_ ? allocated_memory() : std::nullopt;
	if (now) {
		const auto difference = [](std::size_t from, std::size_t to) {
			return static_cast<std::ptrdiff_t>(to) - static_cast<std::ptrdiff_t>(from);
		};
		const std::ptrdiff_t most = std::max<std::ptrdiff_t>(difference(opened_, *now), 0);
		const std::ptrdiff_t sum = static_cast<std::ptrdiff_t>(bytes_) + difference(*begun_, *now) - handed_out;
		bytes_ = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(sum, 0, most));
	}
	begun_.reset();
}

MemoryBound::MemoryBound(std::size_t room, KeptMemory *kept) noexcept : room_(room), kept_(kept) {
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
	if (kept_ != nullptr) {
		kept_->end(handed_out_);
	}
}

void MemoryBound::renew() noexcept {
	const std::optional<std::size_t> used = before_ ? private_memory() : std::nullopt;
	if (used) {
		rlimit limits = *before_;
		limits.rlim_cur = std::min<rlim_t>(before_->rlim_cur, *used + room_);
		setrlimit(RLIMIT_DATA, &limits);
	}
	if (kept_ != nullptr) {
		kept_->end(std::exchange(handed_out_, 0));
		kept_->begin(used);
	}
}

} // namespace hyperline::source
