#include "pg/memory.hpp"

#include <cstdlib> // which says whether it is glibc's

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace hyperline::pg {

#ifdef __GLIBC__

// What glibc itself comes to where large blocks are freed often (mallopt(3), M_MMAP_THRESHOLD): one of up to 32 MB
// comes from the heap, and the heap shrinks once 64 MB at its end are free.
ReusedMemory::ReusedMemory() noexcept {
	constexpr int kFromHeap = 32 << 20;
	mallopt(M_MMAP_THRESHOLD, kFromHeap);
	mallopt(M_TRIM_THRESHOLD, 2 * kFromHeap);
}

ReusedMemory::~ReusedMemory() {
	malloc_trim(0);
}

#else

ReusedMemory::ReusedMemory() noexcept = default;
ReusedMemory::~ReusedMemory() = default;

#endif

} // namespace hyperline::pg
