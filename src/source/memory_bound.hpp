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

/// What libpq has kept of all that a source has sent over the life of a connection: buffers, and each parameter that it
/// was told of. Its allocations are told from ours by when they are made. While the process has grown by less than
/// kAnswerMemory since the connection was opened, that is not looked at: it cannot be more. Where malloc is glibc's;
/// elsewhere nothing is counted.
class KeptMemory {
public:
	KeptMemory() noexcept;

	[[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

private:
	friend class MemoryBound;
	void begin(std::optional<std::size_t> process) noexcept;
	void end(std::ptrdiff_t handed_out) noexcept;

	std::optional<std::size_t> process_; ///< what it had when the connection was opened
	std::size_t opened_ = 0;			 ///< what was allocated then
	std::optional<std::size_t> begun_;	 ///< what was allocated when libpq began to work; none: that is not looked at
	std::size_t bytes_ = 0;
};

/// What malloc() has set aside for a block; 0 where that is not known.
std::size_t allocated(const void *block) noexcept;

/// While it lives, the process cannot have more than `room` bytes more than it had when it began.
class MemoryBound {
public:
	explicit MemoryBound(std::size_t room, KeptMemory *kept = nullptr) noexcept;
	~MemoryBound();
	MemoryBound(const MemoryBound &) = delete;
	MemoryBound &operator=(const MemoryBound &) = delete;

	/// Counts from what the process has now: the buffer for a message that is under way has been granted, and its copy
	/// will be as large.
	void renew() noexcept;
	/// Bytes that have been allocated meanwhile and are not libpq's any more: its rows; less than 0: those that were,
	/// and are free now.
	void hand_out(std::ptrdiff_t bytes) noexcept { handed_out_ += bytes; }
	/// Whether it is of use to say so.
	[[nodiscard]] bool counts() const noexcept { return kept_ != nullptr && kept_->begun_.has_value(); }

private:
	std::size_t room_;
	std::optional<rlimit> before_; ///< none: nothing is bound
	KeptMemory *kept_;
	std::ptrdiff_t handed_out_ = 0;
};

} // namespace hyperline::source
