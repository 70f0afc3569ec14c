#include "loader/seen_keys.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace hyperline::loader {

namespace {

using Entry = SeenKeys::Entry;

constexpr std::uint64_t kRowMask = (std::uint64_t{1} << 48U) - 1;
constexpr std::size_t kBlockEntries = 256; // 6 kB
constexpr std::size_t kMostRuns = 8;
// 10 bits and 7 functions a key: one in 120 keys that are not there is looked for in the file.
constexpr std::size_t kFilterBits = 10;
constexpr unsigned kFilterFunctions = 7;

std::uint64_t tag_of(const Entry &entry) {
	return entry.low & ~kRowMask;
}

bool same_key(const Entry &a, const Entry &b) {
	return a.high == b.high && tag_of(a) == tag_of(b);
}

bool before(const Entry &a, const Entry &b) {
	return a.high != b.high ? a.high < b.high : tag_of(a) < tag_of(b);
}

// A second hash from bits that the first does not use as its low ones.
template <typename Visit>
bool visit_filter(const Entry &key, std::size_t words, Visit visit) {
	const std::uint64_t bits = words * 64;
	std::uint64_t at = key.high;
	const std::uint64_t step = (std::rotl(key.high, 32) ^ (tag_of(key) * 0x9E3779B97F4A7C15U)) | 1U;
	for (unsigned i = 0; i < kFilterFunctions; i++, at += step) {
		const std::uint64_t bit = at % bits;
		if (!visit(bit / 64, std::uint64_t{1} << (bit % 64))) {
			return false;
		}
	}
	return true;
}

} // namespace

// Writes a sorted run: entries come in order, each key once.
class SeenKeys::RunWriter {
public:
	RunWriter(std::unique_ptr<Spill> file, std::uint64_t expected) {
		run_.file = std::move(file);
		run_.filter.assign(std::max<std::uint64_t>(1, (expected * kFilterBits + 63) / 64), 0);
		buffer_.reserve(kBlockEntries);
	}
	void add(const Entry &entry) {
		if (buffer_.empty()) {
			run_.fences.push_back(entry.high);
		}
		buffer_.push_back(entry);
		visit_filter(entry, run_.filter.size(), [&](std::uint64_t word, std::uint64_t bit) {
			run_.filter[word] |= bit;
			return true;
		});
		run_.count++;
		if (buffer_.size() == kBlockEntries) {
			flush();
		}
	}
	SortedRun finish() {
		flush();
		return std::move(run_);
	}

private:
	void flush() {
		if (!buffer_.empty()) {
			run_.file->append(buffer_.data(), buffer_.size() * sizeof(Entry));
			buffer_.clear();
		}
	}

	SortedRun run_;
	std::vector<Entry> buffer_;
};

// Reads a run from its start.
class SeenKeys::RunReader {
public:
	explicit RunReader(SortedRun &run) : run_(run) { fill(); }
	[[nodiscard]] bool at_end() const { return at_ == block_.size(); }
	[[nodiscard]] const Entry &entry() const { return block_[at_]; }
	void next() {
		if (++at_ == block_.size()) {
			fill();
		}
	}

private:
	void fill() {
		const std::uint64_t left = run_.count - read_;
		block_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, kBlockEntries)));
		at_ = 0;
		if (!block_.empty()) {
			run_.file->read(read_ * sizeof(Entry), block_.data(), block_.size() * sizeof(Entry));
			read_ += block_.size();
		}
	}

	SortedRun &run_;
	std::uint64_t read_ = 0;
	std::vector<Entry> block_;
	std::size_t at_ = 0;
};

SeenKeys::SeenKeys(std::size_t memory_entries, OpenSpill open_spill, const SipKey &hash_key)
	: capacity_(std::max<std::size_t>(memory_entries, 1)), open_spill_(std::move(open_spill)), hash_key_(hash_key) {
}

void SeenKeys::clear() {
	table_.clear();
	used_ = 0;
	runs_.clear();
}

Entry SeenKeys::entry_of(std::string_view id, std::string_view customer_id) {
	// The length of the first keeps ("ab", "c") apart from ("a", "bc").
	const std::uint64_t length = id.size();
	scratch_.assign(reinterpret_cast<const char *>(&length), sizeof(length));
	scratch_.append(id).append(customer_id);
	const Hash128 hash = siphash(hash_key_, scratch_);
	return Entry{hash.high, hash.low & ~kRowMask, 0};
}

// The table grows as a run does: a small one takes little.
void SeenKeys::make_room() {
	if (!table_.empty() && (used_ * 3 < table_.size() * 2 || used_ >= capacity_)) {
		return;
	}
	std::vector<Entry> larger(std::bit_ceil(std::max<std::size_t>(64, table_.size() * 2)));
	for (const Entry &entry : table_) {
		if ((entry.low & kRowMask) != 0) {
			std::size_t slot = entry.high & (larger.size() - 1);
			while (larger[slot].low != 0) {
				slot = (slot + 1) & (larger.size() - 1);
			}
			larger[slot] = entry;
		}
	}
	table_ = std::move(larger);
}

void SeenKeys::remember(std::span<Key> keys) {
	hashed_.clear();
	for (const Key &key : keys) {
		hashed_.push_back(entry_of(key.id, key.customer_id));
		if (!table_.empty()) {
			__builtin_prefetch(&table_[hashed_.back().high & (table_.size() - 1)], 1);
		}
	}
	for (std::size_t i = 0; i < keys.size(); i++) {
		remember(hashed_[i], keys[i]);
	}
}

void SeenKeys::remember(const Entry &hashed, Key &key) {
	make_room();
	const Entry now{hashed.high, hashed.low | (key.row & kRowMask), key.content};
	std::size_t slot = hashed.high & (table_.size() - 1);
	for (; (table_[slot].low & kRowMask) != 0; slot = (slot + 1) & (table_.size() - 1)) {
		if (same_key(table_[slot], hashed)) {
			key.earlier_row = table_[slot].low & kRowMask;
			key.earlier_content = table_[slot].content;
			table_[slot] = now;
			return;
		}
	}
	Entry earlier;
	for (auto run = runs_.rbegin(); run != runs_.rend() && earlier.low == 0; ++run) {
		earlier = find_in(*run, hashed);
	}
	key.earlier_row = earlier.low & kRowMask;
	key.earlier_content = earlier.content;
	table_[slot] = now;
	if (++used_ >= capacity_) {
		spill_table();
	}
}

// All zero when it is not there.
Entry SeenKeys::find_in(SortedRun &run, const Entry &key) {
	if (!visit_filter(key, run.filter.size(),
					  [&](std::uint64_t word, std::uint64_t bit) { return (run.filter[word] & bit) != 0; })) {
		return {};
	}
	// The last block that begins before the key's hash; entries of one hash may go on in the next.
	auto fence = std::lower_bound(run.fences.begin(), run.fences.end(), key.high);
	std::uint64_t block = fence == run.fences.begin() ? 0 : static_cast<std::uint64_t>(fence - run.fences.begin()) - 1;
	for (; block < run.fences.size() && run.fences[block] <= key.high; block++) {
		const std::uint64_t first = block * kBlockEntries;
		block_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kBlockEntries, run.count - first)));
		run.file->read(first * sizeof(Entry), block_.data(), block_.size() * sizeof(Entry));
		const auto found = std::lower_bound(block_.begin(), block_.end(), key, before);
		if (found != block_.end()) {
			return same_key(*found, key) ? *found : Entry{};
		}
	}
	return {};
}

void SeenKeys::spill_table() {
	const std::size_t slots = table_.size();
	std::erase_if(table_, [](const Entry &entry) { return (entry.low & kRowMask) == 0; });
	std::sort(table_.begin(), table_.end(), before);
	RunWriter writer(open_spill_(), table_.size());
	for (const Entry &entry : table_) {
		writer.add(entry);
	}
	runs_.push_back(writer.finish());
	table_.assign(slots, Entry{});
	used_ = 0;
	if (runs_.size() > kMostRuns) {
		merge_runs();
	}
}

// All into one: of a key that is in several, what was remembered last stays.
void SeenKeys::merge_runs() {
	std::vector<RunReader> readers;
	std::uint64_t expected = 0;
	for (SortedRun &run : runs_) {
		readers.emplace_back(run);
		expected += run.count;
	}
	RunWriter writer(open_spill_(), expected);
	for (;;) {
		const RunReader *least = nullptr;
		for (const RunReader &reader : readers) {
			if (!reader.at_end() && (least == nullptr || before(reader.entry(), least->entry()))) {
				least = &reader;
			}
		}
		if (least == nullptr) {
			break;
		}
		Entry entry = least->entry();
		for (RunReader &reader : readers) {
			if (!reader.at_end() && same_key(reader.entry(), entry)) {
				entry = reader.entry(); // the oldest run comes first
				reader.next();
			}
		}
		writer.add(entry);
	}
	SortedRun merged = writer.finish();
	runs_.clear();
	runs_.push_back(std::move(merged));
}

} // namespace hyperline::loader
