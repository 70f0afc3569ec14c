#include "source/provider.hpp"

#include <array>

#include "pg/failure.hpp"
#include "source/memory_bound.hpp"
#include "source/postgresql.hpp"

namespace hyperline::source {

Chunk::~Chunk() {
	clear();
}

void Chunk::clear() noexcept {
	for (const Buffer &buffer : buffers_) {
		buffer.free(buffer.memory);
	}
	buffers_.clear();
	values_.clear();
	rows.clear();
	bytes = 0;
}

void Chunk::keep(void *buffer, void (*free)(void *)) {
	buffers_.push_back(Buffer{buffer, free});
}

std::ptrdiff_t Chunk::memory() const noexcept {
	std::size_t sum = allocated(rows.data()) + allocated(buffers_.data()) + allocated(values_.data());
	for (const Buffer &buffer : buffers_) {
		sum += allocated(buffer.memory);
	}
	return static_cast<std::ptrdiff_t>(sum);
}

namespace {

constexpr std::array<Provider, 1> kProviders{Provider{"postgresql", postgresql_split_url, postgresql_open}};

} // namespace

const Provider &find_provider(std::string_view name) {
	std::string known;
	for (const Provider &provider : kProviders) {
		if (provider.name == name) {
			return provider;
		}
		known += (known.empty() ? "\"" : ", \"") + std::string(provider.name) + "\"";
	}
	throw Error(sqlstate::kInvalidParameterValue, "unknown provider \"" + std::string(name) + "\"", {},
				"Known providers: " + known + ".");
}

} // namespace hyperline::source
