#include "pg/databases.hpp"

#include "pg/database_list.hpp"
#include "pg/settings.hpp"

extern "C" {
#include <access/heapam.h>
#include <access/htup_details.h>
#include <access/table.h>
#include <access/tableam.h>
#include <catalog/pg_database.h>
#include <commands/dbcommands.h>
#include <utils/snapmgr.h>
}

namespace hyperline::pg {

namespace {

struct Listed {
	Oid oid;
	NameData name;
	Listed *next;
};

// In the memory of `keep`: the transaction's goes with it.
Listed *scan(MemoryContext keep) {
	Listed *first = nullptr;
	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	Relation relation = table_open(DatabaseRelationId, AccessShareLock);
	TableScanDesc databases = table_beginscan_catalog(relation, 0, nullptr);
	for (HeapTuple tuple = heap_getnext(databases, ForwardScanDirection); HeapTupleIsValid(tuple);
		 tuple = heap_getnext(databases, ForwardScanDirection)) {
		const auto *database = reinterpret_cast<Form_pg_database>(GETSTRUCT(tuple));
		constexpr int kInvalid = -2; // half dropped: DATCONNLIMIT_INVALID_DB, which older minors do not have
		if (database->datallowconn && !database->datistemplate && database->datconnlimit != kInvalid) {
			auto *listed = static_cast<Listed *>(MemoryContextAlloc(keep, sizeof(Listed)));
			listed->oid = database->oid;
			listed->name = database->datname;
			listed->next = first;
			first = listed;
		}
	}
	table_endscan(databases);
	table_close(relation, AccessShareLock);
	PopActiveSnapshot();
	CommitTransactionCommand();
	MemoryContextSwitchTo(keep);
	return first;
}

} // namespace

std::vector<Database> list_databases() {
	const MemoryContext caller = CurrentMemoryContext;
	const MemoryContext context =
		call([] { return AllocSetContextCreate(TopMemoryContext, "hyperline databases", ALLOCSET_SMALL_SIZES); });
	std::vector<Database> databases;
	try {
		for (const Listed *listed = call([=] { return scan(context); }); listed != nullptr; listed = listed->next) {
			databases.push_back(Database{listed->oid, NameStr(listed->name)});
		}
	} catch (...) {
		MemoryContextSwitchTo(caller);
		MemoryContextDelete(context);
		throw;
	}
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return databases;
}

std::string current_database() {
	const char *name = call([] { return static_cast<const char *>(get_database_name(MyDatabaseId)); });
	return name == nullptr ? std::string() : std::string(name);
}

bool is_named() {
	return is_wanted(settings.databases, current_database());
}

} // namespace hyperline::pg
