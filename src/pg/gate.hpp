// The two gates between C++ and PostgreSQL. Nothing else in the house may use PG_TRY, sigsetjmp or ereport(ERROR).
//
// In, call(): C++ calls PostgreSQL. An ERROR raised in the body, a longjmp, ends here and becomes a pg::Error.
// Out, entry(): PostgreSQL calls C++. An exception ends here, every C++ frame is left, and only then is it raised.
//
// The body given to call() may own nothing that has a destructor: an ERROR passes over its frame. Use it around a
// statement or a batch, not around a field: it costs a sigsetjmp.
#pragma once

#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "pg/failure.hpp"
#include "pg/postgres.hpp"

namespace hyperline::pg {

/// An ERROR of PostgreSQL on its way through C++. Owns a copy of the ErrorData in a memory context of its own, so that
/// it outlives the transaction's abort. Catch it only to rethrow it, or to roll back what it happened in.
class Error final : public std::exception {
public:
	/// Takes over `context` and the `data` in it; both null when there was no memory to copy them.
	Error(MemoryContext context, ErrorData *data);

	[[nodiscard]] std::string sqlstate() const;
	[[nodiscard]] Failure failure() const;
	/// CONTEXT, a line a level; empty when there is none.
	[[nodiscard]] std::string context() const;
	[[nodiscard]] const char *what() const noexcept override;
	/// A copy in `target`, for raising it again. Null when there is none.
	[[nodiscard]] ErrorData *release_into(MemoryContext target) const noexcept;

private:
	struct Copy;
	std::shared_ptr<Copy> copy_;
};

/// PostgreSQL's error handling state, saved and restored around a gate. Declared outside of the jump.
class ErrorStacks {
public:
	ErrorStacks() noexcept : exceptions_(PG_exception_stack), contexts_(error_context_stack) {}
	~ErrorStacks() {
		PG_exception_stack = exceptions_;
		error_context_stack = contexts_;
	}
	ErrorStacks(const ErrorStacks &) = delete;
	ErrorStacks &operator=(const ErrorStacks &) = delete;

private:
	sigjmp_buf *exceptions_;
	ErrorContextCallback *contexts_;
};

namespace detail {

/// Turns the error on top of PostgreSQL's error stack into an Error and throws it; `caller` becomes current again.
[[noreturn]] void throw_current_error(MemoryContext caller);

/// What is about to be raised: trivial, so that it can be jumped away from.
struct Raised {
	ErrorData *data;  ///< null: there was no memory even for that
	bool has_context; ///< it came from PostgreSQL and has its CONTEXT already
};

/// Describes the exception that is being handled. Never throws and never raises.
Raised describe_current_exception() noexcept;

/// Raises it as an ERROR. `hide_statement` keeps the statement and the context out of the log: it held a secret.
[[noreturn]] void raise(Raised raised, bool hide_statement);

} // namespace detail

/// The inward gate: runs `body`, which calls PostgreSQL, and returns what it returns.
/// Throws Error when PostgreSQL raised an ERROR; the memory context is then what it was before.
template <typename Body>
auto call(Body &&body) -> decltype(body()) {
	static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Body>>,
				  "an ERROR jumps over this frame: capture by reference");
	using Result = decltype(body());
	static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>);
	const MemoryContext caller = CurrentMemoryContext;
	{
		const ErrorStacks saved;
		sigjmp_buf landing;
		if (sigsetjmp(landing, 0) == 0) {
			PG_exception_stack = &landing;
			return body();
		}
	}
	detail::throw_current_error(caller);
}

enum class Statement { shown, hidden };

/// The outward gate: runs `body`, C++ that may throw, on behalf of PostgreSQL.
/// Raises an ERROR with what was thrown, after all frames of `body` are gone.
template <typename Body>
auto entry(Body &&body, Statement statement = Statement::shown) -> decltype(body()) {
	static_assert(std::is_trivially_destructible_v<std::remove_reference_t<Body>>);
	detail::Raised raised{nullptr, false};
	{
		const ErrorStacks saved;
		const MemoryContext caller = CurrentMemoryContext;
		try {
			return body();
		} catch (...) {
			MemoryContextSwitchTo(caller);
			raised = detail::describe_current_exception();
		}
	}
	detail::raise(raised, statement == Statement::hidden);
}

} // namespace hyperline::pg

/// Defines an SQL-callable function whose body is C++ and runs with the rights of whoever calls it:
/// HYPERLINE_PLAIN_FUNCTION(hyperline_x) { ... return Datum; }. Nearly always HYPERLINE_FUNCTION of pg/rights.hpp is
/// meant.
#define HYPERLINE_PLAIN_FUNCTION_WITH(name, visibility)                                                                \
	static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo);                                                \
	extern "C" {                                                                                                       \
	PG_FUNCTION_INFO_V1(name);                                                                                         \
	PGDLLEXPORT Datum name(PG_FUNCTION_ARGS) {                                                                         \
		return ::hyperline::pg::entry([&] { return name##_body(fcinfo); }, visibility);                                \
	}                                                                                                                  \
	}                                                                                                                  \
	static Datum name##_body([[maybe_unused]] FunctionCallInfo fcinfo)

#define HYPERLINE_PLAIN_FUNCTION(name) HYPERLINE_PLAIN_FUNCTION_WITH(name, ::hyperline::pg::Statement::shown)
