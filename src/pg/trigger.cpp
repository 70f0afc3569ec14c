#include "pg/trigger.hpp"

extern "C" {
#include <access/htup_details.h>
#include <commands/trigger.h>
#include <executor/spi.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
}

namespace hyperline::pg {

namespace {

int find_column(TupleDesc shape, const char *column) {
	const int number = SPI_fnumber(shape, column);
	if (number <= 0) {
		elog(ERROR, "column \"%s\" does not exist", column);
	}
	return number;
}

Datum read_value(TupleDesc shape, int number, const char *text) {
	Oid input = InvalidOid;
	Oid parameter = InvalidOid;
	getTypeInputInfo(SPI_gettypeid(shape, number), &input, &parameter);
	return OidInputFunctionCall(input, const_cast<char *>(text), parameter, -1);
}

} // namespace

InsertedRow::InsertedRow(FunctionCallInfo fcinfo) : data_(fcinfo->context), tuple_(nullptr) {
	const auto *data = reinterpret_cast<const TriggerData *>(fcinfo->context);
	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(data->tg_event) || !TRIGGER_FIRED_FOR_ROW(data->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(data->tg_event)) {
		throw hyperline::Error("39P01", "this function is for a trigger before the insert of a row");
	}
	tuple_ = data->tg_trigtuple;
}

std::string InsertedRow::table() const {
	return RelationGetRelationName(static_cast<TriggerData *>(data_)->tg_relation);
}

std::optional<std::string> InsertedRow::text(const char *column) const {
	const char *value = call([&] {
		const TupleDesc shape = RelationGetDescr(static_cast<TriggerData *>(data_)->tg_relation);
		return static_cast<const char *>(
			SPI_getvalue(static_cast<HeapTuple>(tuple_), shape, find_column(shape, column)));
	});
	return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

void InsertedRow::set(const char *column, const char *text) {
	tuple_ = call([&] {
		const TupleDesc shape = RelationGetDescr(static_cast<TriggerData *>(data_)->tg_relation);
		int number = find_column(shape, column);
		Datum value = read_value(shape, number, text);
		bool null = false;
		return heap_modify_tuple_by_cols(static_cast<HeapTuple>(tuple_), shape, 1, &number, &value, &null);
	});
}

bool first_time_in_transaction() {
	static TimestampTz last = 0;
	const TimestampTz started = GetCurrentTransactionStartTimestamp();
	const bool is_first = started != last;
	last = started;
	return is_first;
}

} // namespace hyperline::pg
