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
#include "source/query_text.hpp"

namespace hyperline::source {

struct FreeResult {
	void operator()(PGresult *result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, FreeResult>;

/// A connection of libpq.
class PqConnection {
public:
	/// Connects, as connect() does.
	explicit PqConnection(const Destination &destination);

	/// Closing it ends what runs at the source: it notices the closed connection.
	~PqConnection() = default;

	/// Sends one statement and waits for its last result. Throws for an error result, with `what` before its message.
	Result run(const char *sql, const std::vector<const char *> &params, const char *what);
	/// Prepares a query as the unnamed statement and describes it.
	Result describe(const Query &query);
	/// Sends a COPY TO STDOUT and waits until its rows begin. `offset`: the bytes that stand before the query in it.
	void begin_copy(const std::string &sql, const Query &query, std::size_t offset);

	enum class CopyRow { row, end };
	/// The next row of the COPY, to be freed with PQfreemem. `wait`: whether to wait for one; else null when there is
	/// none yet.
	CopyRow next_copy_row(char *&row, int &length, bool wait);

	/// From now on statements have to end within this time, and a little more for the way there and back; 0: no limit.
	void set_statement_timeout(std::chrono::seconds timeout) noexcept { statement_timeout_ = timeout; }
	/// What statement_timeout has been set to at the source: told to who meets it.
	void set_source_timeout(std::chrono::seconds timeout) noexcept { source_timeout_ = timeout; }
	/// Once rows come, something has to come at least this often while they are waited for; 0: no limit.
	void set_stall_timeout(std::chrono::seconds timeout) noexcept { stall_timeout_ = timeout; }
	[[nodiscard]] PGconn *get() const noexcept { return connection_.get(); }

private:
	void flush();
	void wait_for_input();
	void wait_for_more_rows();
	void consume_input();
	void refuse_other_count(std::string_view sent) const;
	Result wait_for_result();
	Result last_result();
	[[nodiscard]] Error error_of(const PGresult *result, const char *what, const Query &query = {},
								 std::size_t offset = 0) const;
	[[nodiscard]] std::string hint_for(std::string_view state) const;
	[[nodiscard]] Error lost(const char *what) const;
	[[nodiscard]] std::string clean(const char *text) const;
	void start_statement();

	pg::ExternalFd descriptor_;
	std::string password_;
	PqHandle connection_;
	std::chrono::seconds statement_timeout_{0};
	std::chrono::seconds source_timeout_{0};
	std::chrono::seconds stall_timeout_{0};
	std::uint64_t copied_rows_ = 0; // of the COPY that is under way
	pg::Deadline started_;			// of the statement that is under way
	pg::Deadline deadline_;
};

} // namespace hyperline::source
