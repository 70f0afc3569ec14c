#include "source/attempt.hpp"

#include <string_view>

#include <cstdlib>
#include <unistd.h>

#include "pg/failure.hpp"
#include "source/characters.hpp"
#include "source/memory_bound.hpp"
#include "source/scrub.hpp"

namespace hyperline::source {

namespace {

void drop_notice(void * /*unused*/, const PGresult * /*unused*/) {
}

// Takes libpq's variables out of the environment while it reads its options, for what a server was started with is not
// meant for sources; others in this process (dblink, a WAL receiver) may rely on them.
class WithoutEnvironment {
public:
	WithoutEnvironment() {
		for (char **entry = environ; entry != nullptr && *entry != nullptr; entry++) {
			const std::string_view text = *entry;
			const std::size_t equals = text.find('=');
			if (text.starts_with("PG") && equals != std::string_view::npos) {
				taken_.emplace_back(text.substr(0, equals), text.substr(equals + 1));
			}
		}
		for (const auto &[name, unused] : taken_) {
			unsetenv(name.c_str());
		}
	}
	~WithoutEnvironment() {
		for (const auto &[name, value] : taken_) {
			setenv(name.c_str(), value.c_str(), 1);
		}
	}
	WithoutEnvironment(const WithoutEnvironment &) = delete;
	WithoutEnvironment &operator=(const WithoutEnvironment &) = delete;

private:
	Keywords taken_;
};

// The SQLSTATE that the server gave, if it was the server that refused: in verbose form its message reads
// "FATAL:  28P01: ...", the first word in any language. Takes it out of the message, and the place in the server's
// source that the verbose form adds.
std::string take_sqlstate(std::string &message) {
	constexpr std::string_view mark = ":  ";
	for (std::size_t at = message.find(mark); at != std::string::npos; at = message.find(mark, at + 1)) {
		const std::size_t begin = at + mark.size();
		std::string state = message.substr(begin, 5);
		if (!is_sqlstate(state) || message.compare(begin + 5, 2, ": ") != 0) {
			continue;
		}
		message.erase(begin, 7);
		while (!message.empty() && message.back() == '\n') {
			message.pop_back();
		}
		const std::size_t line = message.rfind('\n');
		if (line != std::string::npos && line > at && message.find(".c:", line) != std::string::npos) {
			message.resize(line);
		}
		return state;
	}
	return {};
}

// libpq's advice, a question, stands on a line of its own: "... refused\n\tIs the server running on that host ...?"
void join_advice(std::string &message) {
	constexpr std::string_view kBreak = "\n\t";
	for (std::size_t at = message.find(kBreak); at != std::string::npos; at = message.find(kBreak, at)) {
		message.replace(at, kBreak.size(), ". ");
	}
}

PqHandle start(const Keywords &keywords) {
	std::vector<const char *> names;
	std::vector<const char *> values;
	for (const auto &[name, value] : keywords) {
		names.push_back(name.c_str());
		values.push_back(value.c_str());
	}
	names.push_back(nullptr);
	values.push_back(nullptr);
	const WithoutEnvironment hidden;
	// expand_dbname = 0: a database name is never read as a connection string.
	PqHandle connection(PQconnectStartParams(names.data(), values.data(), 0));
	if (!connection) {
		throw Error("53200", "out of memory");
	}
	return connection;
}

struct Course {
	PostgresPollingStatusType outcome; ///< reading or writing: it has not come to an end
	ConnStatusType last_step;		   ///< what it was at when it ended
};

// Until it is connected or has failed, `is_far_enough`, or the deadline has come.
template <typename Test>
Course go(PGconn *connection, pg::Deadline deadline, Test is_far_enough) {
	Course course{PQstatus(connection) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING,
				  PQstatus(connection)};
	while (course.outcome != PGRES_POLLING_OK && course.outcome != PGRES_POLLING_FAILED && !is_far_enough(connection)) {
		const pg::Woken woken = pg::wait(PQsocket(connection), course.outcome == PGRES_POLLING_READING,
										 course.outcome == PGRES_POLLING_WRITING, deadline);
		if (woken == pg::Woken::deadline) {
			break;
		}
		if (woken == pg::Woken::socket) {
			course.last_step = PQstatus(connection);
			course.outcome = PQconnectPoll(connection);
		}
	}
	return course;
}

// Between the end of the handshake and the first message within TLS.
bool has_tls(PGconn *connection) {
	return PQstatus(connection) == CONNECTION_MADE && PQsslInUse(connection) != 0;
}

} // namespace

bool Attempt::is_refused_after_login() const noexcept {
	return !sqlstate.empty() && !sqlstate.starts_with("28") && PQconnectionUsedPassword(connection.get()) != 0;
}

Attempt attempt(const Keywords &keywords, const std::string &password, pg::Deadline deadline) {
	const MemoryBound bound(kAnswerMemory);
	Attempt result;
	result.connection = start(keywords);
	PGconn *connection = result.connection.get();
	PQsetNoticeReceiver(connection, drop_notice, nullptr);
	PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
	const Course course = go(connection, deadline, [](PGconn *) { return false; });
	if (course.outcome != PGRES_POLLING_OK && course.outcome != PGRES_POLLING_FAILED) {
		return result;
	}
	result.is_connected = course.outcome == PGRES_POLLING_OK;
	result.failed_in_tls = !result.is_connected && course.last_step == CONNECTION_SSL_STARTUP;
	if (result.is_connected) {
		PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
		PQsetnonblocking(connection, 1);
	} else {
		std::string message = PQerrorMessage(connection);
		result.sqlstate = take_sqlstate(message);
		join_advice(message);
		result.reason = one_line(scrub(std::move(message), password));
	}
	return result;
}

bool agrees_on_tls(const Keywords &keywords, pg::Deadline deadline) {
	const MemoryBound bound(kAnswerMemory);
	const PqHandle connection = start(keywords);
	PQsetNoticeReceiver(connection.get(), drop_notice, nullptr);
	go(connection.get(), deadline, has_tls);
	return has_tls(connection.get());
}

} // namespace hyperline::source
