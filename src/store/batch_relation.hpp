// A batch's rows as SQL sees them: what batch_probe.cpp and batch_write.cpp share.
#pragma once

#include <cstdint>
#include <vector>

#include "pg/relation.hpp"
#include "pg/spi.hpp"
#include "store/pending.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
}

namespace hyperline::store {

inline constexpr pg::RelationColumn kEventColumns[] = {
	{"row", INT4OID},	  {"id", TEXTOID},		   {"customer_id", TEXTOID}, {"timestamp", TIMESTAMPTZOID},
	{"record", JSONBOID}, {"is_deleted", BOOLOID}, {"version", TEXTOID},	 {"earlier_row", INT8OID},
};

/// All events, or those that `rows` names.
void fill(pg::Relation &relation, const std::vector<PendingEvent> &events, const std::vector<std::uint32_t> *rows);

/// For the rest of the transaction: a batch is joined by looking its keys up in the index, in the batch's order,
/// whatever the statistics say of the tables or guess of the batch. A time prints the same in every session.
/// `statement` keeps its plan for the next time.
void plan_by_key(pg::Prepared &statement);

} // namespace hyperline::store

// Whether the stored event's version is after (">") or before ("<") that of the batch's row. $2 names the version
// field, $3 tells whether it is a number. A row without a version is before any that has one: the answers when only the
// batch's row has one, and when only the stored event has one.
#define HYPERLINE_STORED_IS(operator, none_stored, none_in_batch)                                                      \
	"CASE WHEN $2::pg_catalog.text IS NULL THEN false"                                                                 \
	"     WHEN $2 OPERATOR(pg_catalog.=) 'timestamp'"                                                                  \
	"     THEN e.\"timestamp\" OPERATOR(pg_catalog."                                                                   \
	operator") b.\"timestamp\""                                                                                        \
			"     WHEN (e.record OPERATOR(pg_catalog.->>) $2) IS NULL THEN " none_stored " AND b.version IS NOT NULL"  \
			"     WHEN b.version IS NULL THEN " none_in_batch                                                          \
			"     WHEN $3 AND pg_catalog.jsonb_typeof(e.record OPERATOR(pg_catalog.->) $2) OPERATOR(pg_catalog.=) "    \
			"'number'"                                                                                                 \
			"     THEN (e.record OPERATOR(pg_catalog.->>) $2)::pg_catalog.numeric"                                     \
			"          OPERATOR(pg_catalog."                                                                           \
			operator") b.version::pg_catalog.numeric"                                                                  \
					"     ELSE (e.record OPERATOR(pg_catalog.->>) $2) COLLATE pg_catalog.\"C\""                        \
					"          OPERATOR(pg_catalog."                                                                   \
					operator") b.version"                                                                              \
							" END"
