#include "pg/relation.hpp"

#include <algorithm>
#include <cstring>
#include <exception>

extern "C" {
#include <access/detoast.h>
#include <catalog/pg_collation_d.h>
#include <catalog/pg_type_d.h>
#include <executor/spi.h>
#include <utils/queryenvironment.h>
#include <utils/tuplestore.h>
}

namespace hyperline::pg {

Relation::Relation(std::span<const RelationColumn> columns, std::size_t memory_bytes)
	: exceptions_(std::uncaught_exceptions()) {
	const RelationColumn *first = columns.data();
	const int count = static_cast<int>(columns.size());
	const int kilobytes = static_cast<int>(std::min<std::size_t>(memory_bytes / 1024 + 64, MAX_KILOBYTES));
	call([&] {
		context_ = AllocSetContextCreate(TopTransactionContext, "hyperline relation", ALLOCSET_DEFAULT_SIZES);
		const MemoryContext caller = MemoryContextSwitchTo(context_);
		shape_ = CreateTemplateTupleDesc(count);
		for (int i = 0; i < count; i++) {
			const AttrNumber number = static_cast<AttrNumber>(i + 1);
			TupleDescInitEntry(shape_, number, first[i].name, first[i].type, -1, 0);
			if (first[i].type == TEXTOID) {
				TupleDescInitEntryCollation(shape_, number, C_COLLATION_OID);
			}
		}
		state_ = tuplestore_begin_heap(true, false, kilobytes);
		auto *entry = static_cast<EphemeralNamedRelation>(palloc0(sizeof(EphemeralNamedRelationData)));
		entry->md.reliddesc = InvalidOid;
		entry->md.tupdesc = shape_;
		entry->md.enrtype = ENR_NAMED_TUPLESTORE;
		entry->reldata = state_;
		entry_ = entry;
		MemoryContextSwitchTo(caller);
	});
}

Relation::~Relation() {
	if (std::uncaught_exceptions() != exceptions_) {
		return;
	}
	detach();
	tuplestore_end(static_cast<Tuplestorestate *>(state_));
	MemoryContextDelete(context_);
}

void Relation::put(Datum *values, bool *nulls) {
	tuplestore_putvalues(static_cast<Tuplestorestate *>(state_), shape_, values, nulls);
	rows_++;
}

Datum Relation::by_reference(Datum value) {
	auto *plain = reinterpret_cast<struct varlena *>(DatumGetPointer(value));
	if (VARSIZE(plain) <= kLargeValue) {
		return value;
	}
	const struct varatt_indirect target = {plain};
	void *pointer = palloc(INDIRECT_POINTER_SIZE);
	SET_VARTAG_EXTERNAL(pointer, VARTAG_INDIRECT);
	std::memcpy(VARDATA_EXTERNAL(pointer), &target, sizeof(target));
	return PointerGetDatum(pointer);
}

void Relation::attach(const char *name) {
	detach();
	auto *entry = static_cast<EphemeralNamedRelation>(entry_);
	entry->md.name = const_cast<char *>(name);
	entry->md.enrtuples = static_cast<double>(rows_);
	call([&] {
		if (SPI_register_relation(entry) != SPI_OK_REL_REGISTER) {
			elog(ERROR, "could not register relation \"%s\"", entry->md.name);
		}
	});
	attached_ = true;
}

void Relation::detach() {
	if (attached_) {
		SPI_unregister_relation(static_cast<EphemeralNamedRelation>(entry_)->md.name);
		attached_ = false;
	}
}

} // namespace hyperline::pg
