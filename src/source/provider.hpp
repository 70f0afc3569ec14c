// What a source is to the rest of the house: something that can be opened, asked what a query returns, and read row by
// row in one snapshot. A provider is one implementation of Source, and nobody else asks which.
//
// Every wait inside answers to Ctrl-C, to a shutdown and to a deadline. What a source says is shown without secrets and
// without control characters. All calls throw hyperline::Error for what the source or the network did, with the
// source's SQLSTATE where it gave one, and pg::Error for what happened here (a cancelled query).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/secret_file.hpp"
#include "source/field.hpp"
#include "source/query_text.hpp"
#include "source/rules.hpp"

namespace hyperline::source {

/// Where connections may go, and how; see source/rules.hpp.
struct NetworkRules {
	std::string name_servers; ///< comma-separated; empty: those of the operating system
	std::string allowed_hosts = "*";
	Encryption encryption = Encryption::automatic;
	std::string root_certificates; ///< a file; empty: those that the operating system trusts
};

/// What the settings allow.
struct Limits {
	std::chrono::seconds connect{10};
	std::chrono::seconds statement{3600};	///< of one statement at the source; 0: none
	std::chrono::seconds stall{300};		///< between rows, when nothing comes at all; 0: none
	std::size_t row = std::size_t{1} << 30; ///< the largest row, in bytes as sent
	NetworkRules network;
};

/// What a check finds out.
struct Facts {
	std::string server_version;
	bool is_replica = false;
	bool encrypted = false;
	bool is_superuser = false;
	bool may_write = false; ///< to some table of the database
	bool is_local = false;
	std::chrono::microseconds latency{0}; ///< of a blank query
};

/// The moment that a read sees.
struct Snapshot {
	/// The source's clock, at or before the moment: microseconds since 2000-01-01 UTC. Of a replica: up to when it has
	/// replayed its primary. nullopt: a replica that does not say.
	std::optional<std::int64_t> time;
	/// Since when the oldest transaction has been open that may still commit, as far as the source shows them, else
	/// `time`: what commits later was stamped at or after it.
	std::optional<std::int64_t> open_since;
	/// The source's clock at or after the moment: what began later is seen by no read of it.
	std::int64_t taken_by = 0;
	/// Durable position, at or past what is seen: 'system identifier/timeline/log position'; empty: not to be had.
	std::string position;
	std::string position_before; ///< the same, at or before what is seen
	bool is_replica = false;
};

/// What to read of a query.
struct ReadPlan {
	enum class Rows {
		all,
		first,			///< `limit` rows
		without_cursor, ///< those whose cursor field is NULL
		with_ids,		///< those whose `id` prints as one of `ids`
		from_cursor,	///< those whose cursor field is at or past `from`, and somewhat before; in its order
	};
	Query query;
	Rows rows = Rows::all;
	std::uint64_t limit = 0;
	Field id;
	std::vector<std::string> ids;
	Field cursor;
	std::optional<std::string> from; ///< as the source printed it; nullopt: from the beginning
	// For times, from_cursor reads from farther back: by `lookback`, an interval, and by what had not committed when
	// `from` was reached, in the snapshot of `from_time` and `from_open_since`.
	std::string lookback;
	std::optional<std::int64_t> from_time;
	std::optional<std::int64_t> from_open_since;
	/// Long values of rows that are too large to be sent or taken come cut (Row::whole_bytes), at the price of
	/// measuring each row; else such a row ends the read with HL002.
	bool cuts_large_rows = false;
	std::uint64_t rows_before = 0; ///< rows of the run that were read before: the next one's number is one more
};

/// What the source would do to read something.
struct Plan {
	double largest_rows = 0;   ///< the most that it reads of one table, as it estimates
	std::string largest_table; ///< without its schema; empty: nothing, or the parts of several
	bool sorts = false;		   ///< all rows, to bring them into the order that was asked for
};

/// Rows as they came, with the memory that they live in.
class Chunk {
public:
	Chunk() = default;
	Chunk(const Chunk &) = delete;
	Chunk &operator=(const Chunk &) = delete;
	~Chunk();

	std::vector<Row> rows;
	std::size_t bytes = 0;

	void clear() noexcept;
	/// Takes over a buffer of the provider's, freed with `free`.
	void keep(void *buffer, void (*free)(void *));
	std::vector<Value> &values() noexcept { return values_; }
	/// What it has from malloc(), its buffers among it.
	[[nodiscard]] std::ptrdiff_t memory() const noexcept;

private:
	struct Buffer {
		void *memory;
		void (*free)(void *);
	};
	std::vector<Buffer> buffers_;
	std::vector<Value> values_;
};

/// An open connection to a source.
class Source {
public:
	virtual ~Source() = default;

	/// Runs a blank query and finds out what check_connection() says.
	virtual Facts check() = 0;
	/// Begins a read-only transaction with one snapshot for all that follows.
	virtual Snapshot begin() = 0;
	/// What the query returns, without reading any of its rows. Throws 42601 for what is not one statement that returns
	/// rows.
	virtual std::vector<Field> describe(const Query &query) = 0;
	/// What it would do to read that, without reading any of it. Throws what the source says of it: a query that
	/// describe() has seen may read what its role must not.
	virtual Plan plan(const ReadPlan &plan) = 0;
	/// Begins to stream rows of a query that describe() has seen. One stream at a time.
	virtual void read(const ReadPlan &plan) = 0;
	/// The next rows: those that have arrived, at least one. False when the source has said that it has sent all.
	virtual bool next(Chunk &chunk) = 0;
	/// Ends the transaction. Throws when the source does not confirm it.
	virtual void end() = 0;
	/// What the source has said beside its answers (NOTICEs and the like) since the last call: the first few, each one
	/// clean line.
	virtual std::vector<std::string> take_notices() = 0;
};

/// A url, split for keeping. The password is wiped with its owner.
struct StoredUrl {
	StoredUrl(std::string masked_url, std::optional<std::string> secret, bool trusted)
		: masked(std::move(masked_url)), password(std::move(secret)), is_trusted(trusted) {}
	~StoredUrl() {
		if (password) {
			pg::wipe(*password);
		}
	}
	StoredUrl(const StoredUrl &) = delete;
	StoredUrl &operator=(const StoredUrl &) = delete;

	std::string masked;
	std::optional<std::string> password;
	bool is_trusted; ///< a superuser's: else it has to use a password of its own, and little is told of it
};

/// A kind of source.
struct Provider {
	std::string_view name;
	/// Checks a url as a user gives it. Throws 22023 (never repeating it), 42501 when it takes a superuser.
	StoredUrl (*split_url)(const std::string &url, bool is_superuser);
	/// Opens a connection. Throws within the limits.
	std::unique_ptr<Source> (*open)(const StoredUrl &url, const Limits &limits);
};

/// Throws 22023, naming the known ones, when there is none of that name.
const Provider &find_provider(std::string_view name);

} // namespace hyperline::source
