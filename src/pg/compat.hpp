// Every difference between the server versions that we build for, 14 to 18, and nothing else.
//
// Included by pg/postgres.hpp, after postgres.h. Code elsewhere has no PG_VERSION_NUM.
#pragma once

#if PG_VERSION_NUM < 140000 || PG_VERSION_NUM >= 190000
#error "hyperline_connector builds for PostgreSQL 14 to 18"
#endif

extern "C" {
#include <catalog/pg_database.h>
#include <catalog/pg_extension.h>
#include <funcapi.h>
#include <pgstat.h>
#include <storage/ipc.h>
#include <storage/latch.h>
#include <storage/lwlock.h>
#include <storage/shmem.h>
#include <utils/acl.h>
#include <utils/guc.h>
#include <utils/wait_event.h>
#if PG_VERSION_NUM < 150000
#include <access/xlog.h>
#else
#include <common/pg_prng.h>
#endif
#if PG_VERSION_NUM >= 180000
#include <storage/waiteventset.h>
#endif
}

namespace hyperline::pg {

// MarkGUCPrefixReserved came in 15; before, placeholders only got a warning.
inline void reserve_setting_prefix(const char *prefix) {
#if PG_VERSION_NUM >= 150000
	MarkGUCPrefixReserved(prefix);
#else
	EmitWarningsOnPlaceholders(prefix);
#endif
}

// Shared memory is asked for in a hook since 15, in _PG_init before.
using ShmemRequest = void (*)();

inline void ask_for_shared_memory(ShmemRequest request) {
#if PG_VERSION_NUM >= 150000
	static shmem_request_hook_type previous = nullptr;
	static ShmemRequest ours = nullptr;
	previous = shmem_request_hook;
	ours = request;
	shmem_request_hook = []() {
		if (previous != nullptr) {
			previous();
		}
		ours();
	};
#else
	request();
#endif
}

// The second parameter of 17 and later is the resource owner; none is needed for a set that its maker frees.
inline WaitEventSet *create_wait_event_set(int events) {
#if PG_VERSION_NUM >= 170000
	return CreateWaitEventSet(nullptr, events);
#else
	return CreateWaitEventSet(CurrentMemoryContext, events);
#endif
}

// InitMaterializedSRF came in 15 (as SetSingleFuncCall in some of its minors).
inline ReturnSetInfo *begin_materialized_rows(FunctionCallInfo fcinfo) {
	auto *info = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
#if PG_VERSION_NUM >= 150000
	InitMaterializedSRF(fcinfo, 0);
#else
	if (info == nullptr || !IsA(info, ReturnSetInfo) || (info->allowedModes & SFRM_Materialize) == 0) {
		elog(ERROR, "set-valued function called in context that cannot accept a set");
	}
	TupleDesc shape = nullptr;
	if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE) {
		elog(ERROR, "return type must be a row type");
	}
	const MemoryContext caller = MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
	info->setDesc = CreateTupleDescCopy(shape);
	info->setResult = tuplestore_begin_heap((info->allowedModes & SFRM_Materialize_Random) != 0, false, work_mem);
	info->returnMode = SFRM_Materialize;
	MemoryContextSwitchTo(caller);
#endif
	return info;
}

// One function for all kinds of objects since 16.
inline bool owns_database(Oid database, Oid role) {
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(DatabaseRelationId, database, role);
#else
	return pg_database_ownercheck(database, role);
#endif
}

inline bool owns_extension(Oid extension, Oid role) {
#if PG_VERSION_NUM >= 160000
	return object_ownercheck(ExtensionRelationId, extension, role);
#else
	return pg_extension_ownercheck(extension, role);
#endif
}

// From 0 to 1. A generator of PostgreSQL's own, which each process seeds at its start, came in 15.
inline double random_double() {
#if PG_VERSION_NUM >= 150000
	return pg_prng_double(&pg_global_prng_state);
#else
	return static_cast<double>(random()) / static_cast<double>(MAX_RANDOM_VALUE);
#endif
}

// Extensions name their waits since 17; before, all are "Extension". Raises nothing but out of memory.
inline uint32 wait_event([[maybe_unused]] const char *name) {
#if PG_VERSION_NUM >= 170000
	return WaitEventExtensionNew(name);
#else
	return PG_WAIT_EXTENSION;
#endif
}

} // namespace hyperline::pg

// The magic block can carry a name and a version since 18.
#ifdef PG_MODULE_MAGIC_EXT
#define HYPERLINE_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "hyperline_connector", .version = "1.0")
#else
#define HYPERLINE_MODULE_MAGIC PG_MODULE_MAGIC
#endif
