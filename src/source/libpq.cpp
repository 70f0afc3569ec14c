#include "source/libpq.hpp"

#include <algorithm>

#include "source/query_text.hpp"
#include "source/scrub.hpp"

namespace hyperline::source {

namespace {

// A text of a source: what fits a log line.
constexpr std::size_t kLongestText = 2000;

// Beyond the source's own statement_timeout: for the way there and back.
constexpr std::chrono::seconds kGrace{30};

constexpr std::chrono::hours kNever{24 * 365};

void drop_notice(void * /*unused*/, const PGresult * /*unused*/) {
}

bool is_continuation(char c) {
	return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

} // namespace

PqConnection::PqConnection(const Keywords &keywords, std::string password, std::string shown,
						   std::chrono::seconds timeout)
	: password_(std::move(password)), shown_(std::move(shown)), deadline_(std::chrono::steady_clock::now() + timeout) {
	std::vector<const char *> names;
	std::vector<const char *> values;
	for (const auto &[name, value] : keywords) {
		names.push_back(name.c_str());
		values.push_back(value.c_str());
	}
	names.push_back(nullptr);
	values.push_back(nullptr);
	// expand_dbname = 0: a database name is never read as a connection string.
	connection_.reset(PQconnectStartParams(names.data(), values.data(), 0));
	if (!connection_) {
		throw Error("53200", "out of memory");
	}
	PQsetNoticeReceiver(connection_.get(), drop_notice, nullptr);
	connect(timeout);
	PQsetnonblocking(connection_.get(), 1);
}

void PqConnection::connect(std::chrono::seconds timeout) {
	PostgresPollingStatusType polling = PGRES_POLLING_WRITING;
	if (PQstatus(connection_.get()) == CONNECTION_BAD) {
		polling = PGRES_POLLING_FAILED;
	}
	while (polling != PGRES_POLLING_OK) {
		if (polling == PGRES_POLLING_FAILED) {
			const char *state = PQerrorMessage(connection_.get());
			throw Error(
				sqlstate::kUnableToConnect, "could not connect to " + shown_, clean(state),
				"Check that the server is up and can be reached from this one, and that the url names the right "
				"host, port, database, user and password.");
		}
		const pg::Woken woken = pg::wait(PQsocket(connection_.get()), polling == PGRES_POLLING_READING,
										 polling == PGRES_POLLING_WRITING, deadline_);
		if (woken == pg::Woken::deadline) {
			throw Error(sqlstate::kUnableToConnect, "could not connect to " + shown_,
						"There was no answer within " + std::to_string(timeout.count()) + " s.",
						"Check the network between the servers, or raise hyperline_connector.connect_timeout.");
		}
		if (woken == pg::Woken::socket) {
			polling = PQconnectPoll(connection_.get());
		}
	}
}

std::string PqConnection::clean(const char *text) const {
	std::string cleaned = scrub(text != nullptr ? text : "", password_);
	while (!cleaned.empty() && (cleaned.back() == '\n' || cleaned.back() == ' ')) {
		cleaned.pop_back();
	}
	if (cleaned.size() > kLongestText) {
		std::size_t cut = kLongestText;
		while (cut > 0 && is_continuation(cleaned[cut])) {
			cut--;
		}
		cleaned.resize(cut);
		cleaned += "...";
	}
	for (char &c : cleaned) {
		const auto byte = static_cast<unsigned char>(c);
		if ((byte < 0x20 && c != '\n') || byte == 0x7f) {
			c = c == '\t' ? ' ' : '?';
		}
	}
	return cleaned;
}

void PqConnection::start_statement() {
	deadline_ = std::chrono::steady_clock::now() + (statement_timeout_.count() > 0
														? std::chrono::seconds(statement_timeout_ + kGrace)
														: std::chrono::seconds(kNever));
}

void PqConnection::flush() {
	for (int left = PQflush(connection_.get()); left != 0; left = PQflush(connection_.get())) {
		if (left < 0) {
			throw lost("could not send a statement");
		}
		const pg::Woken woken = pg::wait(PQsocket(connection_.get()), true, true, deadline_);
		if (woken == pg::Woken::deadline) {
			throw lost("the source takes no more data");
		}
		if (woken == pg::Woken::socket && PQconsumeInput(connection_.get()) == 0) {
			throw lost("could not send a statement");
		}
	}
}

void PqConnection::wait_for_input() {
	for (;;) {
		const pg::Woken woken = pg::wait(PQsocket(connection_.get()), true, false, deadline_);
		if (woken == pg::Woken::deadline) {
			throw Error(sqlstate::kConnectionFailure, "the source did not answer in time",
						"There was no end of the statement within " +
							std::to_string((statement_timeout_ + kGrace).count()) + " s.",
						"Make the query faster, or raise hyperline_connector.statement_timeout.");
		}
		if (woken == pg::Woken::socket) {
			if (PQconsumeInput(connection_.get()) == 0) {
				throw lost("the connection to the source broke off");
			}
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
		// The first error is the cause; what follows it is only its consequence.
		if (!last || PQresultStatus(last.get()) != PGRES_FATAL_ERROR) {
			last = std::move(next);
		}
		const ExecStatusType status = PQresultStatus(last.get());
		if (status == PGRES_COPY_OUT || status == PGRES_COPY_IN || status == PGRES_COPY_BOTH) {
			return last;
		}
	}
}

Error PqConnection::lost(const char *what) const {
	return Error(
		sqlstate::kConnectionFailure, what, clean(PQerrorMessage(connection_.get())),
		"The run is tried again. If this happens often, look at the source's log for why it ends connections.");
}

Error PqConnection::error_of(const PGresult *result, const char *what, const std::string &user_query,
							 std::size_t offset) const {
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	if (state == nullptr) {
		return lost(what);
	}
	std::string detail = clean(PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);
	if (position != nullptr && !user_query.empty()) {
		const auto place = static_cast<std::size_t>(std::strtoul(position, nullptr, 10));
		if (place > offset) {
			const std::string shown = caret(user_query, place - offset);
			detail = "The place is marked:\n" + shown + (detail.empty() ? "" : "\n" + detail);
		}
	}
	return Error(state, std::string(what) + ": " + clean(PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY)), detail,
				 clean(PQresultErrorField(result, PG_DIAG_MESSAGE_HINT)));
}

Result PqConnection::run(const char *sql, const std::vector<const char *> &params, const char *what) {
	start_statement();
	if (PQsendQueryParams(connection_.get(), sql, static_cast<int>(params.size()), nullptr,
						  params.empty() ? nullptr : params.data(), nullptr, nullptr, 0) == 0) {
		throw lost(what);
	}
	flush();
	Result result = last_result();
	const ExecStatusType status = PQresultStatus(result.get());
	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY) {
		throw error_of(result.get(), what, {}, 0);
	}
	return result;
}

Result PqConnection::describe(const std::string &sql, const std::string &user_query) {
	const char *what = "the source refuses the query";
	start_statement();
	if (PQsendPrepare(connection_.get(), "", sql.c_str(), 0, nullptr) == 0) {
		throw lost(what);
	}
	flush();
	Result prepared = last_result();
	if (PQresultStatus(prepared.get()) != PGRES_COMMAND_OK) {
		throw error_of(prepared.get(), what, user_query, 0);
	}
	if (PQsendDescribePrepared(connection_.get(), "") == 0) {
		throw lost(what);
	}
	flush();
	Result described = last_result();
	if (PQresultStatus(described.get()) != PGRES_COMMAND_OK) {
		throw error_of(described.get(), what, user_query, 0);
	}
	return described;
}

void PqConnection::begin_copy(const std::string &sql, const std::string &user_query, std::size_t offset) {
	const char *what = "the query failed at the source";
	start_statement();
	if (PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) == 0) {
		throw lost(what);
	}
	flush();
	Result result = last_result();
	if (PQresultStatus(result.get()) != PGRES_COPY_OUT) {
		throw error_of(result.get(), what, user_query, offset);
	}
}

PqConnection::CopyRow PqConnection::next_copy_row(char *&row, int &length, bool wait) {
	for (;;) {
		row = nullptr;
		length = PQgetCopyData(connection_.get(), &row, 1);
		if (length > 0) {
			return CopyRow::row;
		}
		if (length == 0) {
			if (!wait) {
				return CopyRow::row;
			}
			wait_for_input();
			continue;
		}
		if (length == -2) {
			throw lost("the connection to the source broke off");
		}
		const Result result = last_result();
		if (PQresultStatus(result.get()) != PGRES_COMMAND_OK) {
			throw error_of(result.get(), "the query failed at the source", {}, 0);
		}
		return CopyRow::end;
	}
}

} // namespace hyperline::source
