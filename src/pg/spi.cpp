#include "pg/spi.hpp"

#include <exception>

extern "C" {
#include <catalog/pg_type_d.h>
#include <executor/spi.h>
#include <utils/builtins.h>
#include <utils/guc.h>
#include <utils/lsyscache.h>
#include <utils/snapmgr.h>
#include <utils/timestamp.h>
}

#include "pg/memory.hpp"

namespace hyperline::pg {

Param::Param(bool value) : type_(BOOLOID), number_(value ? 1 : 0) {
}
Param::Param(int value) : type_(INT4OID), number_(value) {
}
Param::Param(std::int64_t value) : type_(INT8OID), number_(value) {
}
Param::Param(Timestamp value) : type_(TIMESTAMPTZOID), number_(value.microseconds) {
}
Param::Param(std::optional<Timestamp> value)
	: type_(TIMESTAMPTZOID), null_(!value), number_(value ? value->microseconds : 0) {
}

Param Param::null_int() {
	Param param(0);
	param.null_ = true;
	return param;
}
Param Param::null_bool() {
	Param param(false);
	param.null_ = true;
	return param;
}

Datum Param::datum() const {
	if (null_) {
		return 0;
	}
	switch (type_) {
	case BOOLOID:
		return BoolGetDatum(number_ != 0);
	case INT4OID:
		return Int32GetDatum(static_cast<int32>(number_));
	case INT8OID:
	case TIMESTAMPTZOID:
		return Int64GetDatum(number_);
	default:
		return PointerGetDatum(cstring_to_text_with_len(text_.data(), static_cast<int>(text_.size())));
	}
}

std::optional<std::string> Rows::optional_text(std::size_t row, std::size_t column) const {
	if (is_null(row, column)) {
		return std::nullopt;
	}
	return text(row, column);
}

std::optional<Timestamp> Rows::optional_time(std::size_t row, std::size_t column) const {
	if (is_null(row, column)) {
		return std::nullopt;
	}
	return Timestamp{number(row, column)};
}

std::string Rows::text_or(std::size_t row, std::size_t column, const char *otherwise) const {
	return is_null(row, column) ? otherwise : text(row, column);
}

Connection::Connection() : exceptions_(std::uncaught_exceptions()) {
	call([] {
		const MemoryContext caller = CurrentMemoryContext;
		if (SPI_connect() != SPI_OK_CONNECT) {
			elog(ERROR, "SPI_connect failed");
		}
		MemoryContextSwitchTo(caller);
	});
}

Connection::~Connection() {
	if (std::uncaught_exceptions() == exceptions_) {
		SPI_finish();
	}
}

namespace {

constexpr int kMaxParams = 32;

// A result value before it is copied into C++'s memory.
struct Flat {
	enum class Kind : std::uint8_t { null, number, boolean, text } kind;
	int64 number;
	const char *text;
};

struct Flattened {
	Flat *values;
	int columns;
	uint64 rows;
	uint64 processed;
	SPITupleTable *table;
};

Flat flatten_value(HeapTuple tuple, TupleDesc shape, int column) {
	bool null = false;
	const Datum value = SPI_getbinval(tuple, shape, column, &null);
	if (null) {
		return Flat{Flat::Kind::null, 0, nullptr};
	}
	switch (SPI_gettypeid(shape, column)) {
	case INT2OID:
		return Flat{Flat::Kind::number, DatumGetInt16(value), nullptr};
	case INT4OID:
		return Flat{Flat::Kind::number, DatumGetInt32(value), nullptr};
	case INT8OID:
	case TIMESTAMPTZOID:
		return Flat{Flat::Kind::number, DatumGetInt64(value), nullptr};
	case BOOLOID:
		return Flat{Flat::Kind::boolean, DatumGetBool(value) ? 1 : 0, nullptr};
	default:
		return Flat{Flat::Kind::text, 0, SPI_getvalue(tuple, shape, column)};
	}
}

Flattened flatten_result() {
	Flattened flat{nullptr, 0, 0, SPI_processed, SPI_tuptable};
	if (SPI_tuptable == nullptr) {
		return flat;
	}
	flat.columns = SPI_tuptable->tupdesc->natts;
	flat.rows = SPI_tuptable->numvals;
	flat.values =
		static_cast<Flat *>(MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Flat) * flat.columns * flat.rows + 1));
	for (uint64 row = 0; row < flat.rows; row++) {
		for (int column = 0; column < flat.columns; column++) {
			flat.values[row * flat.columns + column] =
				flatten_value(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column + 1);
		}
	}
	return flat;
}

Rows copy_result(const Flattened &flat) {
	Rows rows;
	rows.processed = flat.processed;
	rows.cells.reserve(flat.rows);
	for (uint64 row = 0; row < flat.rows; row++) {
		std::vector<Cell> &cells = rows.cells.emplace_back();
		cells.reserve(static_cast<std::size_t>(flat.columns));
		for (int column = 0; column < flat.columns; column++) {
			const Flat &value = flat.values[row * flat.columns + column];
			switch (value.kind) {
			case Flat::Kind::null:
				cells.emplace_back();
				break;
			case Flat::Kind::number:
				cells.emplace_back(std::in_place_type<std::int64_t>, value.number);
				break;
			case Flat::Kind::boolean:
				cells.emplace_back(std::in_place_type<bool>, value.number != 0);
				break;
			case Flat::Kind::text:
				cells.emplace_back(std::in_place_type<std::string>, value.text);
				break;
			}
		}
	}
	return rows;
}

// Builds the parameters, lets `execute` run and `take` the result, all behind the gate; what PostgreSQL allocates on
// the way goes with a scratch context, so that a run of a thousand batches in one SPI connection does not grow.
template <typename Execute, typename Take>
auto behind_gate(std::initializer_list<Param> params, const Execute &execute, const Take &take) {
	const Param *begin = params.begin();
	const int count = static_cast<int>(params.size());
	return call([&] {
		Oid types[kMaxParams];
		Datum values[kMaxParams];
		char nulls[kMaxParams];
		if (count > kMaxParams) {
			elog(ERROR, "a statement has %d parameters", count);
		}
		for (int i = 0; i < count; i++) {
			types[i] = begin[i].type();
			values[i] = begin[i].datum();
			nulls[i] = begin[i].is_null() ? 'n' : ' ';
		}
		const int code = execute(count, types, values, nulls);
		if (code < 0) {
			elog(ERROR, "SPI failed: %s", SPI_result_code_string(code));
		}
		return take();
	});
}

template <typename Execute>
Rows run_with(std::initializer_list<Param> params, const Execute &execute) {
	const OwnedContext scratch("hyperline statement");
	const CurrentContext current(scratch.get());
	const Flattened flat = behind_gate(params, execute, flatten_result);
	Rows rows = copy_result(flat);
	SPI_freetuptable(flat.table);
	return rows;
}

} // namespace

Rows run(const char *sql, std::initializer_list<Param> params) {
	return run_with(params, [sql](int count, Oid *types, Datum *values, const char *nulls) {
		return SPI_execute_with_args(sql, count, types, values, nulls, false, 0);
	});
}

Rows run_on_latest(const char *sql, std::initializer_list<Param> params) {
	return run_with(params, [sql](int count, Oid *types, Datum *values, const char *nulls) {
		const int settings = NewGUCNestLevel();
		(void)set_config_option("jit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
		SPIPlanPtr plan = SPI_prepare(sql, count, types);
		if (plan == nullptr) {
			return SPI_result;
		}
		const int code =
			SPI_execute_snapshot(plan, values, nulls, GetLatestSnapshot(), InvalidSnapshot, true, false, 0);
		SPI_freeplan(plan);
		AtEOXact_GUC(false, settings);
		return code;
	});
}

Prepared::~Prepared() {
	if (plan_ != nullptr) {
		SPI_freeplan(static_cast<SPIPlanPtr>(plan_));
	}
}

int Prepared::execute(const char *sql, int count, Oid *types, Datum *values, const char *nulls) {
	if (plan_ == nullptr) {
		SPIPlanPtr plan = SPI_prepare(sql, count, types);
		if (plan == nullptr) {
			return SPI_result;
		}
		SPI_keepplan(plan);
		plan_ = plan;
	}
	return SPI_execute_plan(static_cast<SPIPlanPtr>(plan_), values, nulls, false, 0);
}

Rows Prepared::run(const char *sql, std::initializer_list<Param> params) {
	return run_with(params, [sql, this](int count, Oid *types, Datum *values, const char *nulls) {
		return execute(sql, count, types, values, nulls);
	});
}

void Prepared::run(const char *sql, std::initializer_list<Param> params, Visitor visitor) {
	const OwnedContext scratch("hyperline statement");
	const CurrentContext current(scratch.get());
	const auto run_plan = [sql, this](int count, Oid *types, Datum *values, const char *nulls) {
		return execute(sql, count, types, values, nulls);
	};
	behind_gate(params, run_plan, [visitor] {
		for (uint64 i = 0; SPI_tuptable != nullptr && i < SPI_tuptable->numvals; i++) {
			visitor.visit(visitor.target, TupleView(SPI_tuptable->vals[i], SPI_tuptable->tupdesc));
		}
		SPI_freetuptable(SPI_tuptable);
	});
}

bool TupleView::is_null(int column) const {
	bool null = false;
	(void)SPI_getbinval(static_cast<HeapTuple>(tuple_), static_cast<TupleDesc>(shape_), column + 1, &null);
	return null;
}

std::int64_t TupleView::number(int column) const {
	bool null = false;
	auto *shape = static_cast<TupleDesc>(shape_);
	const Datum value = SPI_getbinval(static_cast<HeapTuple>(tuple_), shape, column + 1, &null);
	if (null) {
		return 0;
	}
	return SPI_gettypeid(shape, column + 1) == INT4OID ? DatumGetInt32(value) : DatumGetInt64(value);
}

bool TupleView::boolean(int column) const {
	bool null = false;
	const Datum value =
		SPI_getbinval(static_cast<HeapTuple>(tuple_), static_cast<TupleDesc>(shape_), column + 1, &null);
	return !null && DatumGetBool(value);
}

Datum TupleView::value(int column) const {
	bool null = false;
	return SPI_getbinval(static_cast<HeapTuple>(tuple_), static_cast<TupleDesc>(shape_), column + 1, &null);
}

} // namespace hyperline::pg
