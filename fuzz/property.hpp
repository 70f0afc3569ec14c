// What the fuzzers share: a property that does not hold ends the process, which is how libFuzzer learns of it.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace hyperline::fuzz {

inline void check(bool holds, const char *property) {
	if (!holds) {
		static_cast<void>(std::fprintf(stderr, "does not hold: %s\n", property));
		std::abort();
	}
}

inline std::string_view text_of(const std::uint8_t *data, std::size_t size) {
	return size == 0 ? std::string_view() : std::string_view(reinterpret_cast<const char *>(data), size);
}

} // namespace hyperline::fuzz
