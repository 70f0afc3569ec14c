// Which keys a run has seen, in which row last, and what it said (a hash of that), for any number of rows: the newest
// in a table in memory, the others in sorted runs in a temporary file, each with a Bloom filter, so that a key that was
// never seen costs no read.
//
// A key is kept as 80 bits of a keyed hash: two of 100 million keys are taken for one with a probability of 1 in 240
// million. Memory: some 36 to 72 bytes for each of `memory_entries`, and some 1.3 bytes for each key in the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "loader/siphash.hpp"

namespace hyperline::loader {

/// A file that is written from its start to its end and read anywhere. Calls throw when the disk fails.
class Spill {
public:
	virtual ~Spill() = default;
	virtual void append(const void *bytes, std::size_t size) = 0;
	virtual void read(std::uint64_t offset, void *bytes, std::size_t size) = 0;
};
using OpenSpill = std::function<std::unique_ptr<Spill>()>;

class SeenKeys {
public:
	/// `memory_entries`: how many keys are kept in memory; `open_spill` opens an empty file;
	/// `hash_key`: what no source can foresee.
	SeenKeys(std::size_t memory_entries, OpenSpill open_spill, const SipKey &hash_key);

	struct Key {
		std::string_view id;
		std::string_view customer_id;
		std::uint64_t row = 0;			   ///< 1 to 2^48 - 1
		std::uint64_t content = 0;		   ///< what is remembered with it
		std::uint64_t earlier_row = 0;	   ///< the row in which the key was seen last, or 0: set by remember()
		std::uint64_t earlier_content = 0; ///< what was remembered with that row: set by remember()
	};
	/// Looks up and remembers a few keys, one after the other. Cheaper than each alone: the memory that they need is on
	/// its way while others are looked up.
	void remember(std::span<Key> keys);

	void clear();

	/// 80 bits of hash, 48 bits of row, and the content; no row: free.
	struct Entry {
		std::uint64_t high = 0;
		std::uint64_t low = 0; ///< the upper 16 bits are of the hash
		std::uint64_t content = 0;
	};

private:
	struct SortedRun {
		std::unique_ptr<Spill> file;
		std::uint64_t count = 0;
		std::vector<std::uint64_t> fences; ///< the first hash of each block
		std::vector<std::uint64_t> filter;
	};
	class RunWriter;
	class RunReader;

	[[nodiscard]] Entry entry_of(std::string_view id, std::string_view customer_id);
	void remember(const Entry &hashed, Key &key);
	void make_room();
	[[nodiscard]] Entry find_in(SortedRun &run, const Entry &key);
	void spill_table();
	void merge_runs();

	std::size_t capacity_;
	OpenSpill open_spill_;
	SipKey hash_key_;
	std::string scratch_;
	std::vector<Entry> table_;
	std::size_t used_ = 0;
	std::vector<SortedRun> runs_; ///< oldest first
	std::vector<Entry> block_;
	std::vector<Entry> hashed_;
};

} // namespace hyperline::loader
