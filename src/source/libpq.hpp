// libpq without blocking: every wait is pg::wait(), so it ends on an interrupt or at its deadline. Handles have one
// owner. Nothing of libpq is used elsewhere but in the provider.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <libpq-fe.h>

#include "pg/failure.hpp"
#include "pg/wait.hpp"
#include "source/connect.hpp"
#include "source/memory_bound.hpp"
#include "source/query_text.hpp"

namespace hyperline::source {

struct FreeResult {
	void operator()(PGresult *result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, FreeResult>;

/// A value of a result; empty when it is NULL or not there.
std::string field(const PGresult *result, int row, int column);
bool flag(const PGresult *result, int row, int column);

/// A connection of libpq.
class PqConnection {
public:
	/// Connects, as connect() does.
	explicit PqConnection(const Destination &destination);
	PqConnection(const PqConnection &) = delete;
	PqConnection &operator=(const PqConnection &) = delete;

	/// Closing it ends what runs at the source: it notices the closed connection.
	~PqConnection() = default;

	/// Sends one statement and waits for its last result. Throws for an error result, with `what` before its message.
	Result run(const char *sql, const std::vector<const char *> &params, const char *what);
	/// Prepares a query as the unnamed statement and describes it.
	Result describe(const Query &query);
	/// Sends a statement that holds a query, and waits for its result. `offset`: as below.
	Result run(const std::string &sql, const Query &query, std::size_t offset);
	/// Sends a COPY TO STDOUT and waits until its rows begin. `offset`: the bytes that stand before the query in it.
	void begin_copy(const std::string &sql, const Query &query, std::size_t offset);

	/// To be called now and then while rows come that need not be waited for: does what a wait would do beside, and
	/// throws when the statement's time is over.
	void look_around();

	/// The bound of what libpq takes while rows come. Throws 08P01 when it has kept too much already.
	[[nodiscard]] MemoryBound bound_rows();

	enum class CopyRow { row, end };
	/// The next row of the COPY, to be freed with PQfreemem. `wait`: whether to wait for one; else null when none
	/// has come yet. `bound` is bound_rows()', and renewed for a row that has begun to come.
	CopyRow next_copy_row(char *&row, int &length, bool wait, MemoryBound &bound);

	/// From now on statements have to end within this time, and a little more for the way there and back; 0: no limit.
	void set_statement_timeout(std::chrono::seconds timeout) noexcept { statement_timeout_ = timeout; }
	/// What statement_timeout has been set to at the source: told to who meets it.
	void set_source_timeout(std::chrono::seconds timeout) noexcept { source_timeout_ = timeout; }
	/// Once rows come, something has to come at least this often while they are waited for; 0: no limit.
	void set_stall_timeout(std::chrono::seconds timeout) noexcept { stall_timeout_ = timeout; }
	/// The largest row, in bytes: what announces more ends the connection.
	void set_largest_row(std::size_t bytes) noexcept { largest_row_ = bytes; }
	/// What is said of a message, such as a row, that has more bytes than are taken.
	[[nodiscard]] Error too_large(std::uint64_t announced) const;
	/// The notices that have come since the last call, each one line; only the first few of the connection.
	std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }
	[[nodiscard]] PGconn *get() const noexcept { return connection_.get(); }

private:
	static void note(void *connection, const PGresult *notice) noexcept;
	void flush();
	void wait_for_input();
	[[nodiscard]] Error no_answer_in_time() const;
	void wait_for_more_rows();
	void consume_input();
	void refuse_other_count(std::string_view sent) const;
	Result wait_for_result();
	Result last_result();
	/// Whose statement an error is of.
	enum class Origin { ours, query };
	[[nodiscard]] Error error_of(const PGresult *result, const char *what, Origin origin, const Query &query = {},
								 std::size_t offset = 0) const;
	[[nodiscard]] std::string hint_for_cancel() const;
	[[nodiscard]] Error lost(const char *what) const;
	[[nodiscard]] std::string clean(const char *text) const;
	void start_statement();
	void refuse_too_much_kept() const;

	pg::ExternalFd descriptor_;
	std::string password_;
	KeptMemory kept_;
	PqHandle connection_;
	std::chrono::seconds statement_timeout_{0};
	std::chrono::seconds source_timeout_{0};
	std::chrono::seconds stall_timeout_{0};
	std::size_t largest_row_ = kAnswerMemory;
	std::vector<std::string> notices_;
	std::size_t noticed_ = 0;
	std::uint64_t copied_rows_ = 0; // of the COPY that is under way
	pg::Deadline started_;			// of the statement that is under way
	pg::Deadline deadline_;
};

} // namespace hyperline::source
