// A memory context with one owner. Use it for what lives through a row or a batch; std containers hold the rest.
#pragma once

#include <utility>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// A memory context under TopMemoryContext, so that it outlives transactions; deleted with its owner.
class OwnedContext {
public:
	/// `name` must be a literal: PostgreSQL keeps the pointer. Throws Error when memory is short.
	explicit OwnedContext(const char *name)
		: context_(call([=] {
			  return AllocSetContextCreateInternal(TopMemoryContext, name, ALLOCSET_DEFAULT_MINSIZE,
												   ALLOCSET_DEFAULT_INITSIZE, ALLOCSET_DEFAULT_MAXSIZE);
		  })) {}
	~OwnedContext() { MemoryContextDelete(context_); }
	OwnedContext(const OwnedContext &) = delete;
	OwnedContext &operator=(const OwnedContext &) = delete;

	[[nodiscard]] MemoryContext get() const noexcept { return context_; }
	/// Frees all that was allocated in it.
	void reset() { MemoryContextReset(context_); }
	/// Bytes that it holds from the operating system, with its children.
	[[nodiscard]] std::size_t bytes() const { return MemoryContextMemAllocated(context_, true); }

private:
	MemoryContext context_;
};

/// Makes a context the current one for a scope.
class CurrentContext {
public:
	explicit CurrentContext(MemoryContext context) : previous_(MemoryContextSwitchTo(context)) {}
	~CurrentContext() { MemoryContextSwitchTo(previous_); }
	CurrentContext(const CurrentContext &) = delete;
	CurrentContext &operator=(const CurrentContext &) = delete;

private:
	MemoryContext previous_;
};

/// For the life of a run, which allocates and frees the same megabytes with each batch: they stay with the process, and
/// are not given back to the operating system and fetched again page by page, which was 8 % of a load of unchanged
/// rows. What is free at the end is given back. Where malloc is glibc's; elsewhere it does nothing.
class ReusedMemory {
public:
	ReusedMemory() noexcept;
	~ReusedMemory();
	ReusedMemory(const ReusedMemory &) = delete;
	ReusedMemory &operator=(const ReusedMemory &) = delete;
};

} // namespace hyperline::pg
