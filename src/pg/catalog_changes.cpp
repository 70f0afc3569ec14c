#include "pg/catalog_changes.hpp"

extern "C" {
#include <utils/inval.h>
#include <utils/syscache.h>
}

namespace hyperline::pg {

namespace {

std::uint64_t changes = 0;
bool is_told = false;

void on_table(Datum /* argument */, Oid /* table */) {
	changes++;
}

void on_row(Datum /* argument */, int /* cache */, uint32 /* hash */) {
	changes++;
}

// For as long as the process lives: PostgreSQL cannot take a callback back.
void be_told() {
	if (is_told) {
		return;
	}
	is_told = true;
	CacheRegisterRelcacheCallback(on_table, 0);
	constexpr int kCaches[] = {AUTHOID, AUTHMEMROLEMEM, NAMESPACEOID, PROCOID, OPEROID, TYPEOID, CONSTROID};
	for (const int cache : kCaches) {
		CacheRegisterSyscacheCallback(cache, on_row, 0);
	}
}

} // namespace

std::uint64_t catalog_changes() {
	call([] {
		be_told();
		AcceptInvalidationMessages();
	});
	return changes;
}

} // namespace hyperline::pg
