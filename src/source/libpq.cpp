#include "source/libpq.hpp"

#include <algorithm>
#include <bit>

#include <cstdlib>

#include "source/characters.hpp"
#include "source/hints.hpp"
#include "source/query_slips.hpp"
#include "source/query_text.hpp"
#include "source/scrub.hpp"

namespace hyperline::source {

namespace {

// Beyond the source's own statement_timeout: for the way there and back. Not more than the time-out itself.
constexpr std::chrono::seconds kGrace{30};

constexpr std::chrono::hours kNever{24 * 365};

// Notices of a connection that are kept; a run tells no more.
constexpr std::size_t kMostNotices = 10;

// What libpq cannot keep or does not understand it names with the length that the message announced, in any language
// the last number of what it says: 'lost synchronization with server: got message type "d", length 2000000000'.
std::uint64_t announced_length(std::string_view message) {
	const std::size_t end = message.find_last_of("0123456789");
	if (end == std::string_view::npos) {
		return 0;
	}
	const std::size_t before = message.find_last_not_of("0123456789", end);
	const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
	return std::strtoull(std::string(message.substr(begin, end + 1 - begin)).c_str(), nullptr, 10);
}

constexpr const char *kRefused = "the source refuses the query";

} // namespace

std::string field(const PGresult *result, int row, int column) {
	return PQgetisnull(result, row, column) != 0 ? std::string() : std::string(PQgetvalue(result, row, column));
}

bool flag(const PGresult *result, int row, int column) {
	return field(result, row, column) == "t";
}

PqConnection::PqConnection(const Destination &destination)
	: password_(destination.password), connection_(connect(destination)) {
	PQsetNoticeReceiver(connection_.get(), note, this);
}

// libpq calls it, so nothing is thrown out of it.
void PqConnection::note(void *connection, const PGresult *notice) noexcept {
	auto *const self = static_cast<PqConnection *>(connection);
	if (self->noticed_ == kMostNotices) {
		return;
	}
	self->noticed_++;
	try {
		self->notices_.push_back(self->clean(PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY)));
	} catch (const std::exception &) {
		return; // out of memory: it is not told
	}
}

std::string PqConnection::clean(const char *text) const {
	return one_line(scrub(text != nullptr ? text : "", password_));
}

void PqConnection::start_statement() {
	copied_rows_ = 0;
	started_ = std::chrono::steady_clock::now();
	deadline_ = started_ + (statement_timeout_.count() > 0 ? statement_timeout_ + std::min(statement_timeout_, kGrace)
														   : std::chrono::seconds(kNever));
}

void PqConnection::flush() {
	for (int left = PQflush(connection_.get()); left != 0; left = PQflush(connection_.get())) {
		if (left < 0) {
			throw lost("the connection to the source broke off");
		}
		const pg::Woken woken = pg::wait(PQsocket(connection_.get()), true, true, deadline_);
		if (woken == pg::Woken::deadline) {
			throw Error(sqlstate::kConnectionFailure, "the source takes no more data",
						"It has not taken a whole statement for more than " +
							std::to_string(statement_timeout_.count()) + " s.",
						"Look at what the source does and at the network between the servers.");
		}
		if (woken == pg::Woken::socket) {
			consume_input();
		}
	}
}

// Takes in what has come. Notifications, which nobody asked for, are not kept.
void PqConnection::consume_input() {
	if (PQconsumeInput(connection_.get()) == 0) {
		throw lost("the connection to the source broke off");
	}
	for (PGnotify *notify = PQnotifies(connection_.get()); notify != nullptr; notify = PQnotifies(connection_.get())) {
		PQfreemem(notify);
	}
}

Error PqConnection::no_answer_in_time() const {
	return Error(sqlstate::kConnectionFailure, "the source did not answer in time",
				 "The statement had not ended " + std::to_string(statement_timeout_.count()) +
					 " s after it was sent, nor when the source itself should have ended it.",
				 "Look at what the source does and at the network between the servers. For a query that takes "
				 "longer, raise hyperline_connector.statement_timeout.");
}

void PqConnection::look_around() {
	pg::look_around();
	if (std::chrono::steady_clock::now() >= deadline_) {
		throw no_answer_in_time();
	}
}

void PqConnection::wait_for_input() {
	for (;;) {
		const pg::Woken woken = pg::wait(PQsocket(connection_.get()), true, false, deadline_);
		if (woken == pg::Woken::deadline) {
			throw no_answer_in_time();
		}
		if (woken == pg::Woken::socket) {
			consume_input();
			return;
		}
	}
}

// How long a query works before its first row is its own affair. Once rows come, they keep coming, or the source or
// what lies between has stopped; nothing would tell where TCP still answers. The time spent on storing what came is not
// counted: only waiting is.
void PqConnection::wait_for_more_rows() {
	const pg::Deadline stalled = std::chrono::steady_clock::now() + stall_timeout_;
	if (copied_rows_ == 0 || stall_timeout_.count() == 0 || stalled > deadline_) {
		wait_for_input();
		return;
	}
	for (;;) {
		const pg::Woken woken = pg::wait(PQsocket(connection_.get()), true, false, stalled);
		if (woken == pg::Woken::deadline) {
			throw Error(sqlstate::kConnectionFailure, "the source stopped sending in the middle of its rows",
						"Nothing came for " + std::to_string(stall_timeout_.count()) + " s.",
						"Look at what the source does and at the network between the servers. For a query that rests "
						"longer between its rows, raise hyperline_connector.stall_timeout.");
		}
		if (woken == pg::Woken::socket) {
			consume_input();
			return;
		}
	}
}

Result PqConnection::wait_for_result() {
	while (PQisBusy(connection_.get()) != 0) {
		wait_for_input();
	}
	return Result(PQgetResult(connection_.get()));
}

Result PqConnection::last_result() {
	Result last;
	for (;;) {
		Result next = wait_for_result();
		if (!next) {
			return last;
		}
		const ExecStatusType status = PQresultStatus(next.get());
		// The first error is the cause; what follows it is only its consequence.
		if (!last || PQresultStatus(last.get()) != PGRES_FATAL_ERROR) {
			last = std::move(next);
		}
		// libpq says this again and again until the COPY is over, also after an error.
		if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH) {
			return last;
		}
	}
}

// A PostgreSQL server sends nothing of more than 1 GB: that is garbage, and may pass.
Error PqConnection::too_large(std::uint64_t announced) const {
	constexpr std::uint64_t kMostOfPostgresql = 0x3fffffff + 4; // MaxAllocSize and the length itself
	if (announced > kMostOfPostgresql) {
		return Error(sqlstate::kProtocolViolation, "the source announces more than a PostgreSQL server sends",
					 "It announces a message of " + std::to_string(announced) + " bytes.",
					 "Look at what answers there, and at what lies between the servers: a pooler, a proxy.");
	}
	return Error(sqlstate::kProgramLimitExceeded, "the source announces more than is taken from it at once",
				 "It announces a message of " + std::to_string(announced) + " bytes; a row may have " +
					 std::to_string(largest_row_) + ", and what is no row " + std::to_string(kAnswerMemory) + ".",
				 "Leave the largest fields out of the query, shorten them there, or raise "
				 "hyperline_connector.max_row_size.");
}

Error PqConnection::lost(const char *what) const {
	const char *reason = PQerrorMessage(connection_.get());
	const std::uint64_t announced = announced_length(reason);
	if (announced > std::min(largest_row_, kAnswerMemory) && announced <= INT32_MAX) {
		return too_large(announced);
	}
	return Error(sqlstate::kConnectionFailure, what, clean(reason),
				 "If this happens often, look at the source's log for why it ends connections.");
}

// The source's clock for it began after ours.
std::string PqConnection::hint_for_cancel() const {
	const bool timed_out =
		source_timeout_.count() > 0 && std::chrono::steady_clock::now() - started_ >= source_timeout_;
	return timed_out
			   ? "It was given " + std::to_string(source_timeout_.count()) +
					 " s: make the query shorter (a cursor field, a condition on {{last_refreshed_at}}, an index), "
					 "or raise hyperline_connector.statement_timeout."
			   : "Somebody at the source ended it, or a limit that is set there: ask there why.";
}

Error PqConnection::error_of(const PGresult *result, const char *what, Origin origin, const Query &query,
							 std::size_t offset) const {
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (state == nullptr) {
		return lost(what);
	}
	if (!is_error_state(state)) {
		state = sqlstate::kProtocolViolation; // whatever it is, nothing went well
	}
	std::string detail = clean(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	const std::size_t place = position == nullptr ? 0 : std::strtoul(position, nullptr, 10);
	const std::size_t place_in_query = place > offset ? place - offset : 0;
	if (const std::string shown = caret(query, place_in_query); !shown.empty()) {
		detail = "The place is marked:\n" + shown + (detail.empty() ? "" : "\n" + detail);
	}
	const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
	std::string hint = origin == Origin::query ? hint_for_text(state, function, query, place_in_query) : std::string();
	if (hint.empty() && !(origin == Origin::query && replaces_hint_of_source(state))) {
		hint = clean(PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
	}
	if (hint.empty() && std::string_view(state) == sqlstate::kUndefinedColumn &&
		is_quoted_name(query, place_in_query)) {
		hint = "Double quotes are for names. If a text is meant, write it in single quotes.";
	}
	if (hint.empty()) {
		hint = std::string_view(state) == sqlstate::kQueryCanceled ? hint_for_cancel()
			   : origin == Origin::query						   ? hint_for_query(state, function)
																   : hint_for_own_statement(state);
	}
	return Error(state, std::string(what) + ": " + clean(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)), detail,
				 hint);
}

Result PqConnection::run(const char *sql, const std::vector<const char *> &params, const char *what) {
	refuse_too_much_kept();
	const MemoryBound bound(kAnswerMemory, &kept_);
	start_statement();
	if (PQsendQueryParams(connection_.get(), sql, static_cast<int>(params.size()), nullptr,
						  params.empty() ? nullptr : params.data(), nullptr, nullptr, 0) == 0) {
		throw lost(what);
	}
	flush();
	Result result = last_result();
	const ExecStatusType status = PQresultStatus(result.get());
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
		throw error_of(result.get(), what, Origin::ours);
	}
	return result;
}

Result PqConnection::run(const std::string &sql, const Query &query, std::size_t offset) {
	refuse_too_much_kept();
	const MemoryBound bound(kAnswerMemory, &kept_);
	start_statement();
	if (PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 0) {
		throw lost(kRefused);
	}
	flush();
	Result result = last_result();
	if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) {
		throw error_of(result.get(), kRefused, Origin::query, query, offset);
	}
	return result;
}

Result PqConnection::describe(const Query &query) {
	const char *what = kRefused;
	refuse_too_much_kept();
	const MemoryBound bound(kAnswerMemory, &kept_);
	start_statement();
	if (PQsendPrepare(connection_.get(), "", query.text.c_str(), 0, nullptr) == 0) {
		throw lost(what);
	}
	flush();
	Result prepared = last_result();
	if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) {
		throw error_of(prepared.get(), what, Origin::query, query);
	}
	if (PQsendDescribePrepared(connection_.get(), "") == 0) {
		throw lost(what);
	}
	flush();
	Result described = last_result();
	if (PQresultStatus(described.get()) != PGRES_COMMAND_OK) {
		throw error_of(described.get(), what, Origin::query, query);
	}
	return described;
}

void PqConnection::begin_copy(const std::string &sql, const Query &query, std::size_t offset) {
	const char *what = "the query failed at the source";
	refuse_too_much_kept();
	const MemoryBound bound(largest_row_ + kAnswerMemory, &kept_); // the first row comes along with the answer
	start_statement();
	if (PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 0) {
		throw lost(what);
	}
	flush();
	Result result = last_result();
	if (PQresultStatus(result.get()) != PGRES_COPY_OUT) {
		throw error_of(result.get(), what, Origin::query, query, offset);
	}
}

// The end is proven: the source says how many rows it has sent, and that is how many have come.
void PqConnection::refuse_other_count(std::string_view sent) const {
	const std::string received = std::to_string(copied_rows_);
	if (!sent.empty() && sent != received) {
		Failure failure{sqlstate::kProtocolViolation, "the source has sent another number of rows than has come",
						"It says that it sent " + std::string(sent) + ", and " + received + " have come.",
						"Look at what lies between the servers: a pooler, a proxy."};
		failure.rows_missing = true;
		throw Error(std::move(failure));
	}
}

// libpq keeps each parameter that a source tells of, and its buffer at the size of the largest message. What it keeps
// between two looks at it is bounded by MemoryBound.
void PqConnection::refuse_too_much_kept() const {
	const std::size_t most = largest_row_ + kAnswerMemory;
	if (kept_.bytes() > most) {
		throw Error(sqlstate::kProtocolViolation, "the source sends more beside its rows than is kept of a connection",
					"It takes " + std::to_string(kept_.bytes()) + " bytes of memory; " + std::to_string(most) +
						" are the most.",
					"Look at what answers there, and at what lies between the servers: a pooler, a proxy.");
	}
}

MemoryBound PqConnection::bound_rows() {
	refuse_too_much_kept();
	return MemoryBound(largest_row_ + kAnswerMemory, &kept_);
}

PqConnection::CopyRow PqConnection::next_copy_row(char *&row, int &length, bool wait, MemoryBound &bound) {
	bool polled = false;
	for (std::uint64_t waits = 0;;) {
		row = nullptr;
		length = PQgetCopyData(connection_.get(), &row, 1);
		if (length > 0) {
			copied_rows_++;
			return CopyRow::row;
		}
		if (length == 0) {
			if (!wait) {
				if (polled) {
					return CopyRow::row;
				}
				polled = true;
				consume_input(); // of what has come since: one more look, and no wait
				continue;
			}
			wait_for_more_rows();
			// A row that does not come after one wait may be a large one: the more often it was waited for, the
			// seldomer.
			if (++waits > 1 && std::has_single_bit(waits)) {
				bound.renew();
				refuse_too_much_kept();
			}
			continue;
		}
		if (length == -2) {
			throw lost("the connection to the source broke off");
		}
		const Result result = last_result();
		if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
			throw error_of(result.get(), "the query failed at the source", Origin::query);
		}
		refuse_other_count(PQcmdTuples(result.get()));
		return CopyRow::end;
	}
}

} // namespace hyperline::source
