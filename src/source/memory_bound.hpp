// A bound on what libpq may allocate: it believes the length that a message begins with, and eleven bytes of a hostile
// source made it reserve 2 GB. The operating system refuses what is past the bound, which libpq takes for "out of
// memory" and ends the connection. In force only while libpq works: what is done with the rows is not the source's.
// Linux only (RLIMIT_DATA counts all private memory); elsewhere, and without /proc, it bounds nothing.
#pragma once

#include <cstddef>
#include <optional>

#include <sys/resource.h>

namespace hyperline::source {

/// Memory that a source may have at a time for anything but rows: its notices, parameters, errors, and the results of
/// our own statements. The part of the process that is not libpq's has its share of it too.
inline constexpr std::size_t kAnswerMemory = std::size_t{64} << 20;

/// While it lives, the process cannot have more than `room` bytes more than it had when it began.
class MemoryBound {
public:
	explicit MemoryBound(std::size_t room) noexcept;
	~MemoryBound();
	MemoryBound(const MemoryBound &) = delete;
	MemoryBound &operator=(const MemoryBound &) = delete;

	/// Counts from what the process has now: the buffer for a message that is under way has been granted, and its copy
	/// will be as large.
	void renew() noexcept;

private:
	std::size_t room_;
	std::optional<rlimit> before_; ///< none: nothing is bound
};

} // namespace hyperline::source
