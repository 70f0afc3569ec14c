// Transactions that a run begins and ends by itself, batch by batch: in a background worker, which has none of its own
// in between, and in a procedure that was called outside a transaction block, where PostgreSQL keeps one open.
//
// Or in a function, which ends none (FunctionTransactions).
//
// Between begin() and commit() an SPI connection is open, a snapshot is active, and search_path is safe. After an error
// in between, rollback() is the only call allowed.
#pragma once

#include <optional>

#include "pg/gate.hpp"
#include "pg/rights.hpp"

namespace hyperline::pg {

class Transactions {
public:
	virtual ~Transactions() = default;
	/// Throws Error when it cannot begin; then nothing is open.
	virtual void begin() = 0;
	/// Throws Error when it cannot commit; then rollback() is due.
	virtual void commit() = 0;
	/// Ends the transaction that begin() began, or cleans up after an error outside of one. Releases what it held.
	virtual void rollback() = 0;

	/// Runs `body` in a transaction and commits; rolls back and rethrows when it throws. Returns what `body` returns.
	template <typename Body>
	auto run(Body &&body) -> decltype(body()) {
		begin();
		try {
			if constexpr (std::is_void_v<decltype(body())>) {
				body();
				commit();
			} else {
				auto result = body();
				commit();
				return result;
			}
		} catch (...) {
			rollback();
			throw;
		}
	}
};

/// In a background worker: no transaction is open between commit() and the next begin(). All of it, to the end of the
/// commit, has the rights of the owner of the extension's functions, as those have, and not those of the superuser that
/// workers connect as: that owner may be none any more. What runs there cannot take them back.
class WorkerTransactions : public Transactions {
public:
	void begin() override;
	void commit() override;
	void rollback() override;

private:
	void become_worker_again() const noexcept;

	Oid worker_ = InvalidOid; ///< the superuser, once begin() has been called
	int security_ = 0;
};

/// In a procedure called with CALL outside a transaction block. What runs between begin() and commit() has the rights
/// of the procedure's owner: a procedure that commits can be no SECURITY DEFINER.
class SessionTransactions : public Transactions {
public:
	/// Throws 25001 when `fcinfo` says that the call stands inside a transaction block.
	explicit SessionTransactions(FunctionCallInfo fcinfo, const char *procedure);
	~SessionTransactions() override;
	SessionTransactions(const SessionTransactions &) = delete;
	SessionTransactions &operator=(const SessionTransactions &) = delete;

	void begin() override;
	void commit() override;
	void rollback() override;

private:
	MemoryContext home_ = nullptr;
	ResourceOwner owner_ = nullptr;
	Oid function_owner_;
	std::optional<AsOwner> as_owner_;
	bool inside_ = false;
	int exceptions_;
};

/// In a function: all in the caller's transaction, which alone commits; each piece in a subtransaction of it, that can
/// be taken back. What a piece sets for its transaction ends with the piece.
class FunctionTransactions : public Transactions {
public:
	FunctionTransactions() noexcept : home_(CurrentMemoryContext) {}

	void begin() override;
	void commit() override;
	void rollback() override;

private:
	void come_home() const noexcept;

	MemoryContext home_;
	ResourceOwner owner_ = nullptr;
	int settings_ = 0;
	bool inside_ = false;
};

/// The commit of the transaction that began last does not wait until it is on disk (synchronous_commit = off). Whatever
/// commits after it and waits, waits for it too: the log is written in order. A crash before that takes it back whole.
/// Throws Error.
void commit_without_waiting();

/// Calls `action` after each commit of this backend's transactions in which mark_for_commit() was called. Once a
/// process.
void on_marked_commit(void (*action)());
/// Marks the running transaction: the action runs when, and only when, it commits.
void mark_for_commit();

} // namespace hyperline::pg
