// Rows whose place among those of their key only the end of a run tells: in a temporary file until then, and back in
// the order of their keys.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "pg/temp_file.hpp"
#include "store/pending.hpp"

namespace hyperline::store {

class SetAside {
public:
	/// Whether there is room for another: 24 bytes of memory a row are bounded.
	[[nodiscard]] bool has_room(std::size_t more) const noexcept { return places_.size() + more < kMostRows; }
	[[nodiscard]] bool empty() const noexcept { return next_ == places_.size(); }
	void add(const PendingEvent &row);

	/// Puts them in order: all that were added since it was empty, the rows of one key next to each other, each after
	/// those that were read before it.
	void sort();
	/// Takes the next one, made in `keep`; nothing is known of `earlier`.
	PendingEvent take(MemoryContext keep);
	/// Whether the next one has another key than the one that was taken last.
	[[nodiscard]] bool at_key_boundary() const {
		return next_ == 0 || empty() || places_[next_].key != places_[next_ - 1].key;
	}
	/// After the last one was taken.
	void clear();

private:
	static constexpr std::size_t kMostRows = 1'000'000;
	struct Place {
		std::uint64_t key; ///< a hash
		std::uint64_t row;
		std::uint64_t offset;
	};
	std::unique_ptr<pg::TempFile> file_;
	std::uint64_t size_ = 0;
	std::vector<Place> places_;
	std::size_t next_ = 0;
	std::string buffer_;
};

} // namespace hyperline::store
