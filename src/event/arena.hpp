// Memory for the texts that mapping makes: what it hands out stays where it is until clear().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace hyperline::event {

class Arena {
public:
	/// `size` bytes that live until clear().
	char *allocate(std::size_t size) {
		if (size > room_) {
			add_block(size);
		}
		char *start = next_;
		next_ += size;
		room_ -= size;
		return start;
	}

	std::string_view keep(std::string_view text) {
		if (text.empty()) {
			return {};
		}
		char *copy = allocate(text.size());
		std::memcpy(copy, text.data(), text.size());
		return {copy, text.size()};
	}

	/// Frees all but the first block.
	void clear() noexcept {
		if (blocks_.size() > 1) {
			blocks_.resize(1);
		}
		if (!blocks_.empty()) {
			next_ = blocks_.front().get();
			room_ = kBlock;
		}
	}

private:
	static constexpr std::size_t kBlock = std::size_t{64} * 1024;

	// The first block has the usual size, so that clear() knows it.
	void add_block(std::size_t size) {
		if (blocks_.empty() && size > kBlock) {
			add_block(kBlock);
		}
		const std::size_t length = std::max(size, kBlock);
		blocks_.push_back(std::make_unique_for_overwrite<char[]>(length));
		next_ = blocks_.back().get();
		room_ = length;
	}

	std::vector<std::unique_ptr<char[]>> blocks_;
	char *next_ = nullptr;
	std::size_t room_ = 0;
};

} // namespace hyperline::event
