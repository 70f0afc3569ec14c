#include "source/postgresql.hpp"

#include <cstdlib>

#include "pg/utf8.hpp"
#include "source/copy_row.hpp"
#include "source/keywords.hpp"
#include "source/libpq.hpp"
#include "source/plan.hpp"
#include "source/query_text.hpp"
#include "source/scrub.hpp"
#include "source/sql_text.hpp"
#include "source/types.hpp"
#include "source/url.hpp"
#include "source/url_rights.hpp"

namespace hyperline::source {

namespace {

// What one chunk takes from the connection before it is passed on: enough to spread the cost of a gate.
constexpr std::size_t kChunkRows = 500;
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

// A last field that is NULL, in a row that was not cut, with the tab before it.
constexpr std::size_t kNotCut = 3;

// The most bytes of a row that PostgreSQL prints: MaxAllocSize, less what ends a text.
constexpr std::size_t kMostSent = 0x3fffffff - 2 - kNotCut;

// As many as a table of PostgreSQL may have.
constexpr int kMostColumns = 1600;

// PostgreSQL keeps 63 bytes of a name, and as many as this where it was built for longer ones.
constexpr std::size_t kLongestName = 255;

std::optional<std::int64_t> number(const PGresult *result, int row, int column) {
	return PQgetisnull(result, row, column) != 0
			   ? std::nullopt
			   : std::optional<std::int64_t>(std::strtoll(PQgetvalue(result, row, column), nullptr, 10));
}

Error no_time_of_a_server(const std::string &fact) {
	return Error(sqlstate::kProtocolViolation, "the source sends a time that no server has", fact,
				 "Look at what answers there, and at what lies between the servers: a pooler, a proxy.");
}

// What a clock tells, in microseconds since 2000: it is computed with here, and printed.
std::optional<std::int64_t> moment(const PGresult *result, int row, int column) {
	constexpr std::int64_t kFarthest = std::int64_t{5000} * 366 * 86'400'000'000;
	const std::optional<std::int64_t> found = number(result, row, column);
	if (found && (*found < -kFarthest || *found > kFarthest)) {
		throw no_time_of_a_server("It is " + std::to_string(*found) + " microseconds away from the year 2000.");
	}
	return found;
}

class PostgresqlSource final : public Source {
public:
	PostgresqlSource(const ConnectionUrl &url, bool is_trusted, const Limits &limits);

	Facts check() override;
	Snapshot begin() override;
	std::vector<Field> describe(const Query &query) override;
	Plan plan(const ReadPlan &plan) override { return plan_of(connection_, plan); }
	void read(const ReadPlan &plan) override;
	bool next(Chunk &chunk) override;
	void end() override;
	std::vector<std::string> take_notices() override { return connection_.take_notices(); }

private:
	std::string position();
	void prepare_session();
	void refuse_other_settings();
	[[nodiscard]] Error row_too_large(std::string message, std::string detail, std::string hint) const;
	[[noreturn]] void refuse(const Failure &failure) const;
	void refuse_announced(const Failure &failure) const;
	PqConnection::CopyRow next_row(char *&line, int &length, bool wait, MemoryBound &bound);

	bool is_local_;
	Limits limits_;
	PqConnection connection_;
	std::vector<Field> fields_;
	std::size_t largest_row_ = 0;
	bool cuts_ = false; // a row has one more value
	std::uint64_t row_number_ = 0;
	std::uint64_t last_row_ = UINT64_MAX; // more are not asked for
	bool ended_ = false;				  // the stream's end came together with its last rows
};

std::string shown_name(const ConnectionUrl &url) {
	return "database \"" + url.dbname + "\" at \"" + url.host + "\", port " +
		   std::to_string(url.port.value_or(kDefaultPort));
}

PostgresqlSource::PostgresqlSource(const ConnectionUrl &url, bool is_trusted, const Limits &limits)
	: is_local_(is_local(url)), limits_(limits),
	  connection_(Destination{connection_keywords(url, is_trusted), url.host, url.password.value_or(""),
							  shown_name(url), limits.network, is_trusted, limits.connect}) {
	connection_.set_statement_timeout(limits.connect);
	connection_.set_largest_row(limits.row);
}

constexpr const char *kCheck = R"(
SELECT current_setting('server_version'),
       pg_is_in_recovery(),
       current_setting('is_superuser') = 'on',
       EXISTS (
		SELECT FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p', 'v', 'f')
		  AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
		  AND has_schema_privilege(n.oid, 'USAGE')
		  AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
		       OR has_any_column_privilege(c.oid, 'INSERT, UPDATE')))
)";

Facts PostgresqlSource::check() {
	Facts facts;
	const auto started = std::chrono::steady_clock::now();
	connection_.run("", {}, "the source does not answer a blank query");
	facts.latency = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - started);
	const Result result = connection_.run(kCheck, {}, "the source does not answer");
	facts.server_version = one_line(field(result.get(), 0, 0));
	facts.is_replica = flag(result.get(), 0, 1);
	facts.is_superuser = flag(result.get(), 0, 2);
	facts.may_write = flag(result.get(), 0, 3);
	facts.encrypted = PQsslInUse(connection_.get()) != 0;
	facts.is_local = is_local_;
	return facts;
}

constexpr const char *kBegin = "could not begin to read at the source";

// Read before the snapshot is taken. A transaction that the snapshot does not see either is among those that are open
// here, or begins after this statement did: what it stamps with its own time is not older than open_since. Sessions of
// other roles show their times to members of pg_read_all_stats only; a prepared transaction shows when it was prepared.
// The rooms' own reads write nothing. On a replica open transactions are out of sight.
//
// A replica's clock says nothing of what it has replayed: the time of the last commit does, or, when it has replayed
// all that it was sent, the last message of its primary, which was alive within wal_receiver_timeout. One that knows of
// neither has no time.
constexpr const char *kMoment = R"(
SELECT pg_catalog.pg_is_in_recovery(),
       ((EXTRACT(epoch FROM m.at)::numeric - 946684800) * 1000000)::bigint,
       ((EXTRACT(epoch FROM LEAST(m.at, m.open_since))::numeric - 946684800) * 1000000)::bigint
FROM (
	SELECT CASE
	       WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.now()
	       WHEN replayed.up_to < pg_catalog.now() THEN replayed.up_to
	       WHEN replayed.up_to IS NOT NULL THEN pg_catalog.now()
	       END,
	       CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN LEAST((
		SELECT pg_catalog.min(a.xact_start)
		FROM pg_catalog.pg_stat_activity a
		WHERE a.datname = pg_catalog.current_database() AND a.pid <> pg_catalog.pg_backend_pid()
		  AND a.backend_type NOT IN ('autovacuum worker', 'walsender')
		  AND NOT (a.usename = session_user AND a.application_name = pg_catalog.current_setting('application_name'))
	), (
		SELECT pg_catalog.min(p.prepared)
		FROM pg_catalog.pg_prepared_xacts p
		WHERE p.database = pg_catalog.current_database()
	)) END
	FROM (
		SELECT GREATEST(pg_catalog.pg_last_xact_replay_timestamp(), (
			SELECT COALESCE(w.last_msg_send_time, pg_catalog.now() - NULLIF(pg_catalog.current_setting('wal_receiver_timeout')::interval, interval '0'))
			FROM pg_catalog.pg_stat_wal_receiver w
			WHERE pg_catalog.pg_last_wal_replay_lsn() >= COALESCE(w.latest_end_lsn, pg_catalog.pg_last_wal_receive_lsn())
		)) AS up_to
	) replayed
) AS m(at, open_since)
)";

// CASE calls only what the server's role allows: a standby has no write position, a primary replays nothing. A primary
// names the timeline that it writes, also right after its promotion; a standby the newest that it tells of, which may
// be one too old until its next restartpoint.
#define HYPERLINE_POSITION                                                                                             \
	"(SELECT s.system_identifier || '/' ||"                                                                            \
	"        CASE WHEN pg_catalog.pg_is_in_recovery() THEN"                                                            \
	"          GREATEST(c.timeline_id, r.min_recovery_end_timeline,"                                                   \
	"                   (SELECT w.received_tli FROM pg_catalog.pg_stat_wal_receiver w))"                               \
	"        ELSE ('x' || pg_catalog.substr(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_flush_lsn()), 1, 8))" \
	"          ::bit(32)::int"                                                                                         \
	"        END || '/' ||"                                                                                            \
	"        CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()"                        \
	"        ELSE pg_catalog.pg_current_wal_flush_lsn()"                                                               \
	"        END || '/' ||"                                                                                            \
	"        (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database())"             \
	" FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c, pg_catalog.pg_control_recovery() "  \
	"r)"

constexpr const char *kPosition = "SELECT " HYPERLINE_POSITION;

// The first statement of the transaction, so that the position is read right after the snapshot was taken.
constexpr const char *kSnapshot =
	"SELECT CASE WHEN $1::bool THEN " HYPERLINE_POSITION " END,"
	" ((EXTRACT(epoch FROM pg_catalog.clock_timestamp())::numeric - 946684800) * 1000000)::bigint";

#undef HYPERLINE_POSITION

// What decides how values print is set to PostgreSQL's defaults, UTC apart, whatever the role or the database was
// given. Before PostgreSQL 12 floats print all their digits with 3 only; since then with anything above 0.
constexpr const char *kSession = R"(
SELECT pg_catalog.set_config(v.name, v.value, true)
FROM (VALUES ('TimeZone', 'UTC'), ('DateStyle', 'ISO, MDY'), ('IntervalStyle', 'postgres'),
             ('extra_float_digits', '3'), ('bytea_output', 'hex'), ('lc_monetary', 'C'),
             ('standard_conforming_strings', 'on'), ('quote_all_identifiers', 'off'),
             ('lock_timeout', '5s'), ('idle_in_transaction_session_timeout', '10min'),
             ('statement_timeout', $1)) v(name, value)
)";

// A hosted server may hide its position; then there is none to compare, and that is said by leaving it empty.
std::string PostgresqlSource::position() {
	try {
		return one_line(field(connection_.run(kPosition, {}, kBegin).get(), 0, 0));
	} catch (const Error &error) {
		const std::string &state = error.failure().sqlstate;
		if (state != sqlstate::kInsufficientPrivilege && state != sqlstate::kUndefinedFunction &&
			state != sqlstate::kFeatureNotSupported) {
			throw;
		}
		return {};
	}
}

Snapshot PostgresqlSource::begin() {
	connection_.set_statement_timeout(limits_.connect);
	Snapshot snapshot;
	const Result now = connection_.run(kMoment, {}, kBegin);
	snapshot.is_replica = flag(now.get(), 0, 0);
	snapshot.time = moment(now.get(), 0, 1);
	snapshot.open_since = moment(now.get(), 0, 2);
	if (snapshot.time.has_value() != snapshot.open_since.has_value()) {
		throw no_time_of_a_server("Of what time it is and since when a transaction is open, it tells one only.");
	}
	snapshot.position_before = position();
	connection_.run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", {}, kBegin);
	const bool shows_position = !snapshot.position_before.empty();
	const Result taken = connection_.run(kSnapshot, {shows_position ? "t" : "f"}, kBegin);
	snapshot.position = one_line(field(taken.get(), 0, 0));
	snapshot.taken_by = moment(taken.get(), 0, 1).value_or(0);
	prepare_session();
	return snapshot;
}

void PostgresqlSource::prepare_session() {
	const char *what = "could not prepare the session at the source";
	const std::string timeout = std::to_string(limits_.statement.count()) + "s";
	connection_.run(kSession, {timeout.c_str()}, what);
	connection_.set_source_timeout(limits_.statement);
	if (PQserverVersion(connection_.get()) >= 140000) {
		// So that a query whose reader is gone ends at the source too; not every platform can.
		connection_.run("SAVEPOINT hyperline", {}, what);
		try {
			connection_.run("SELECT pg_catalog.set_config('client_connection_check_interval', '10s', true)", {}, what);
		} catch (const Error &error) {
			if (error.failure().sqlstate != sqlstate::kInvalidParameterValue) {
				throw;
			}
			connection_.run("ROLLBACK TO SAVEPOINT hyperline", {}, what);
		}
		connection_.run("RELEASE SAVEPOINT hyperline", {}, what);
	}
	refuse_other_settings();
}

// The source reports these by itself, also when a query changes them: then values print in another way.
void PostgresqlSource::refuse_other_settings() {
	struct Expected {
		const char *name;
		const char *value;
	};
	static constexpr Expected kExpected[] = {{"client_encoding", "UTF8"},
											 {"standard_conforming_strings", "on"},
											 {"TimeZone", "UTC"},
											 {"DateStyle", "ISO, MDY"},
											 {"IntervalStyle", "postgres"}};
	for (const Expected &expected : kExpected) {
		const char *value = PQparameterStatus(connection_.get(), expected.name);
		if (value != nullptr && std::string_view(value) != expected.value) {
			throw Error(
				sqlstate::kObjectNotInPrerequisiteState,
				std::string("the source's session has another ") + expected.name + " than it was given",
				"It is \"" + one_line(value) + "\" and not \"" + expected.value +
					"\": values would not print as they are to be read.",
				"Look for a SET in a function that the query calls, and for settings of the role: ALTER ROLE ... "
				"RESET ... takes back what ALTER ROLE ... SET gave it.");
		}
	}
}

std::vector<Field> PostgresqlSource::describe(const Query &query) {
	const Result described = connection_.describe(query);
	if (const int parameters = PQnparams(described.get()); parameters > 0) {
		throw Error(sqlstate::kUndefinedParameter, "a query cannot have parameters",
					"Nobody gives $" + std::to_string(parameters) + " a value when it runs.",
					"Write the value itself in its place; the time of the last run is {{last_refreshed_at}}.");
	}
	const int columns = PQnfields(described.get());
	if (columns == 0) {
		throw Error(sqlstate::kSyntaxError, "the query returns no columns", {},
					"Write one SELECT, without INTO, that returns at least id, \"customerId\" and timestamp.");
	}
	if (columns > kMostColumns) {
		throw Error(sqlstate::kTooManyColumns, "the query returns more columns than are taken",
					"It returns " + std::to_string(columns) + "; at most " + std::to_string(kMostColumns) +
						" are taken.",
					"Leave columns out, or put several into one: jsonb_build_object('a', a, 'b', b).");
	}
	std::vector<Field> fields(static_cast<std::size_t>(columns));
	for (int i = 0; i < columns; i++) {
		const std::string_view name = PQfname(described.get(), i);
		if (valid_utf8_prefix(name) != name.size()) {
			throw Error(sqlstate::kProtocolViolation, "the source sends a column name that is not valid UTF-8",
						"It is the name of column " + std::to_string(i + 1) + ".",
						"Give the column another name with AS.");
		}
		if (name.size() > kLongestName) {
			throw Error(sqlstate::kProtocolViolation, "the source sends a column name that is too long",
						"The name of column " + std::to_string(i + 1) + " has " + std::to_string(name.size()) +
							" bytes.",
						"Look at what lies between the servers: a pooler, a proxy.");
		}
		fields[static_cast<std::size_t>(i)].name = name;
	}
	look_up_types(connection_, fields, described.get());
	fields_ = fields;
	return fields;
}

void PostgresqlSource::read(const ReadPlan &plan) {
	std::size_t offset = 0;
	cuts_ = plan.cuts_large_rows;
	const std::string sql = cuts_ ? copy_cut_statement(plan, fields_, std::min(limits_.row, kMostSent), offset)
								  : copy_statement(plan, offset);
	largest_row_ = limits_.row + (cuts_ ? kNotCut : 0);
	connection_.set_largest_row(largest_row_);
	row_number_ = plan.rows_before;
	last_row_ = plan.rows == ReadPlan::Rows::first ? plan.rows_before + plan.limit : UINT64_MAX;
	connection_.set_statement_timeout(limits_.statement);
	connection_.set_stall_timeout(limits_.stall);
	try {
		connection_.begin_copy(sql, plan.query, offset);
	} catch (const Error &error) {
		refuse_announced(error.failure());
		throw;
	}
}

// HL002, unless rows come cut already: then reading them once more is no way out.
Error PostgresqlSource::row_too_large(std::string message, std::string detail, std::string hint) const {
	return cuts_ ? Error(sqlstate::kProgramLimitExceeded, std::move(message), std::move(detail), std::move(hint))
				 : Error(sqlstate::kRowTooLarge, std::move(message), std::move(detail),
						 "The next run rejects such rows and reads on. " + std::move(hint));
}

void PostgresqlSource::refuse(const Failure &failure) const {
	throw row_too_large(failure.message, failure.detail, failure.hint);
}

// What was announced was too large to be taken here: nothing of it was.
void PostgresqlSource::refuse_announced(const Failure &failure) const {
	if (failure.sqlstate == sqlstate::kProgramLimitExceeded && PQstatus(connection_.get()) == CONNECTION_BAD) {
		refuse(failure);
	}
}

// A row that the source cannot print, for a text there has less than 1 GB, ends the whole query: say which one it was.
// Where rows come cut it is another one, or the query itself that fails.
PqConnection::CopyRow PostgresqlSource::next_row(char *&line, int &length, bool wait, MemoryBound &bound) {
	PqConnection::CopyRow kind{};
	try {
		kind = connection_.next_copy_row(line, length, wait, bound);
	} catch (const Error &error) {
		const Failure &failure = error.failure();
		refuse_announced(failure);
		if ((failure.sqlstate != sqlstate::kProgramLimitExceeded && failure.sqlstate != "53200") ||
			PQstatus(connection_.get()) == CONNECTION_BAD) {
			throw;
		}
		throw row_too_large("row " + std::to_string(row_number_ + 1) +
								" of the query is too large for its source to send",
							failure.message + (failure.detail.empty() ? "" : "\n" + failure.detail),
							"PostgreSQL prints rows of less than 1 GB. Leave its largest fields out of the query, or "
							"shorten them there.");
	}
	if (line != nullptr && static_cast<std::size_t>(length) > largest_row_) { // small enough for memory, but no more
		PQfreemem(line);
		refuse(connection_.too_large(static_cast<std::uint64_t>(length)).failure());
	}
	return kind;
}

bool PostgresqlSource::next(Chunk &chunk) {
	MemoryBound bound = connection_.bound_rows();
	if (bound.counts()) {
		bound.hand_out(-chunk.memory());
	}
	chunk.clear();
	if (ended_) {
		ended_ = false;
		return false;
	}
	connection_.look_around();
	while (chunk.rows.size() < kChunkRows && chunk.bytes < kChunkBytes) {
		char *line = nullptr;
		int length = 0;
		if (next_row(line, length, chunk.rows.empty(), bound) == PqConnection::CopyRow::end) {
			refuse_other_settings();
			if (chunk.rows.empty()) {
				return false;
			}
			ended_ = true;
			break;
		}
		if (line == nullptr) {
			break;
		}
		chunk.keep(line, [](void *buffer) { PQfreemem(buffer); });
		std::vector<Value> &values = chunk.values();
		const std::size_t before = values.size();
		split_copy_row(line, static_cast<std::size_t>(length), values);
		std::uint64_t whole_bytes = 0;
		if (cuts_) {
			whole_bytes = std::strtoull(std::string(values.back().text).c_str(), nullptr, 10);
			values.pop_back();
		}
		if (values.size() - before != fields_.size()) {
			throw Error(sqlstate::kProtocolViolation, "the source sent a row of another shape than it described", {},
						"Look at what lies between the servers: a pooler, a proxy.");
		}
		if (row_number_ == last_row_) {
			throw Error(sqlstate::kProtocolViolation, "the source sent more rows than it was asked for", {},
						"Look at what lies between the servers: a pooler, a proxy.");
		}
		chunk.rows.push_back(
			Row{nullptr, fields_.size(), ++row_number_, static_cast<std::size_t>(length), whole_bytes});
		chunk.bytes += static_cast<std::size_t>(length);
	}
	if (bound.counts()) {
		bound.hand_out(chunk.memory());
	}
	const Value *values = chunk.values().data();
	for (Row &row : chunk.rows) {
		row.values = values;
		values += row.size;
	}
	return true;
}

void PostgresqlSource::end() {
	connection_.set_statement_timeout(limits_.connect);
	const Result result = connection_.run("COMMIT", {}, "the source does not confirm the end of the read");
	if (std::string_view(PQcmdStatus(result.get())) != "COMMIT") {
		throw Error(sqlstate::kConnectionFailure, "the source does not confirm the end of the read",
					"It rolled its transaction back: what it sent may not be all.",
					"Look at the source's log for why.");
	}
}

} // namespace

StoredUrl postgresql_split_url(const std::string &url, bool is_superuser) {
	const ConnectionUrl parsed = parse_url(url);
	check_rights(parsed, is_superuser);
	return StoredUrl{masked(parsed), parsed.password, is_superuser};
}

std::unique_ptr<Source> postgresql_open(const StoredUrl &url, const Limits &limits) {
	ConnectionUrl parsed = parse_url(url.masked);
	if (url.password) {
		parsed = with_password(std::move(parsed), *url.password);
	} else if (url.is_trusted) {
		if (const pg::Secret secret = password_from_server(parsed); !secret.text().empty()) {
			parsed = with_password(std::move(parsed), secret.text());
		}
	}
	check_rights(parsed, url.is_trusted);
	return std::make_unique<PostgresqlSource>(parsed, url.is_trusted, limits);
}

} // namespace hyperline::source
