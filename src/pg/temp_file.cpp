#include "pg/temp_file.hpp"

extern "C" {
#include <storage/fd.h>
#include <utils/wait_event.h>
}

namespace hyperline::pg {

TempFile::TempFile() : file_(call([] { return OpenTemporaryFile(true); })) {
}

TempFile::~TempFile() {
	try {
		call([this] { FileClose(file_); });
	} catch (const Error &) { // NOLINT(bugprone-empty-catch): it is closed when the process ends
	}
}

void TempFile::append(const void *bytes, std::size_t size) {
	call([=, this] {
		errno = 0;
		const int written = FileWrite(file_, static_cast<char *>(const_cast<void *>(bytes)), static_cast<int>(size),
									  static_cast<off_t>(size_), WAIT_EVENT_BUFFILE_WRITE);
		if (written != static_cast<int>(size)) {
			if (errno == 0) {
				errno = ENOSPC; // a short write says nothing more
			}
			ereport(ERROR,
					(errcode_for_file_access(), errmsg("could not write to a temporary file: %m"),
					 errhint("Make room on the disk of the data folder: temporary files are in its base/pgsql_tmp.")));
		}
	});
	size_ += size;
}

void TempFile::read(std::uint64_t offset, void *bytes, std::size_t size) {
	call([=, this] {
		const int got = FileRead(file_, static_cast<char *>(bytes), static_cast<int>(size), static_cast<off_t>(offset),
								 WAIT_EVENT_BUFFILE_READ);
		if (got != static_cast<int>(size)) {
			ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR),
							errmsg("could not read from a temporary file: %d of %zu bytes", got, size)));
		}
	});
}

} // namespace hyperline::pg
