// A temporary file of PostgreSQL's: in its temporary tablespaces, counted against temp_file_limit, and gone when its
// owner is, when the process ends in any way, and after a crash. It outlives transactions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pg/gate.hpp"

namespace hyperline::pg {

class TempFile {
public:
	TempFile();
	~TempFile();
	TempFile(const TempFile &) = delete;
	TempFile &operator=(const TempFile &) = delete;

	/// Writes at the end. Throws Error: 53100 when the disk is full, 53400 past temp_file_limit.
	void append(const void *bytes, std::size_t size);
	/// Reads exactly `size` bytes that were written.
	void read(std::uint64_t offset, void *bytes, std::size_t size);

private:
	int file_;
	std::uint64_t size_ = 0;
};

} // namespace hyperline::pg
