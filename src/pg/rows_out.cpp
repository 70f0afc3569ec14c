#include "pg/rows_out.hpp"

extern "C" {
#include <catalog/pg_type_d.h>
#include <utils/array.h>
#include <utils/builtins.h>
#include <utils/lsyscache.h>
#include <utils/timestamp.h>
}

namespace hyperline::pg {

namespace {

// An OutValue as PostgreSQL reads it, without a destructor, for use inside the gate.
struct FlatOut {
	enum class Kind : std::uint8_t { null, boolean, number, text, texts } kind;
	std::int64_t number;
	const char *text;
	const std::vector<std::string> *texts;
};

FlatOut flatten(const OutValue &value) {
	struct Visitor {
		FlatOut operator()(std::monostate) const { return {FlatOut::Kind::null, 0, nullptr, nullptr}; }
		FlatOut operator()(bool flag) const { return {FlatOut::Kind::boolean, flag ? 1 : 0, nullptr, nullptr}; }
		FlatOut operator()(std::int64_t number) const { return {FlatOut::Kind::number, number, nullptr, nullptr}; }
		FlatOut operator()(Timestamp time) const {
			return {FlatOut::Kind::number, time.microseconds, nullptr, nullptr};
		}
		FlatOut operator()(const std::string &text) const { return {FlatOut::Kind::text, 0, text.c_str(), nullptr}; }
		FlatOut operator()(const std::vector<std::string> &texts) const {
			return {FlatOut::Kind::texts, 0, nullptr, &texts};
		}
	};
	return std::visit(Visitor{}, value);
}

Datum text_array(const std::vector<std::string> &texts) {
	auto *elements = static_cast<Datum *>(palloc(sizeof(Datum) * (texts.size() + 1)));
	for (std::size_t i = 0; i < texts.size(); i++) {
		elements[i] = CStringGetTextDatum(texts[i].c_str());
	}
	return PointerGetDatum(construct_array(elements, static_cast<int>(texts.size()), TEXTOID, -1, false, TYPALIGN_INT));
}

Datum to_datum(const FlatOut &value, Oid type, int32 modifier) {
	switch (value.kind) {
	case FlatOut::Kind::boolean:
		return BoolGetDatum(value.number != 0);
	case FlatOut::Kind::number:
		return type == INT4OID ? Int32GetDatum(static_cast<int32>(value.number)) : Int64GetDatum(value.number);
	case FlatOut::Kind::texts:
		return text_array(*value.texts);
	case FlatOut::Kind::text: {
		if (type == TEXTOID) {
			return CStringGetTextDatum(value.text);
		}
		Oid input = InvalidOid;
		Oid parameter = InvalidOid;
		getTypeInputInfo(type, &input, &parameter);
		return OidInputFunctionCall(input, const_cast<char *>(value.text), parameter, modifier);
	}
	case FlatOut::Kind::null:
		break;
	}
	return 0;
}

void fill(const std::vector<FlatOut> &row, TupleDesc shape, Datum *values, bool *nulls) {
	if (static_cast<int>(row.size()) != shape->natts) {
		elog(ERROR, "a row of %d columns for a type of %d", static_cast<int>(row.size()), shape->natts);
	}
	for (int i = 0; i < shape->natts; i++) {
		const FlatOut &value = row[static_cast<std::size_t>(i)];
		const Form_pg_attribute column = TupleDescAttr(shape, i);
		nulls[i] = value.kind == FlatOut::Kind::null;
		values[i] = to_datum(value, column->atttypid, column->atttypmod);
	}
}

std::vector<FlatOut> flatten_row(const std::vector<OutValue> &row) {
	std::vector<FlatOut> flat;
	flat.reserve(row.size());
	for (const OutValue &value : row) {
		flat.push_back(flatten(value));
	}
	return flat;
}

} // namespace

Datum return_rows(FunctionCallInfo fcinfo, const std::vector<std::vector<OutValue>> &rows) {
	ReturnSetInfo *info = call([=] { return begin_materialized_rows(fcinfo); });
	for (const std::vector<OutValue> &row : rows) {
		const std::vector<FlatOut> flat = flatten_row(row);
		call([&] {
			Datum values[MaxTupleAttributeNumber];
			bool nulls[MaxTupleAttributeNumber];
			fill(flat, info->setDesc, values, nulls);
			tuplestore_putvalues(info->setResult, info->setDesc, values, nulls);
		});
	}
	return 0;
}

Datum return_row(FunctionCallInfo fcinfo, const std::vector<OutValue> &row) {
	const std::vector<FlatOut> flat = flatten_row(row);
	return call([&] {
		TupleDesc shape = nullptr;
		if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE) {
			elog(ERROR, "return type must be a row type");
		}
		shape = BlessTupleDesc(shape);
		Datum values[MaxTupleAttributeNumber];
		bool nulls[MaxTupleAttributeNumber];
		fill(flat, shape, values, nulls);
		return HeapTupleGetDatum(heap_form_tuple(shape, values, nulls));
	});
}

std::optional<std::string> text_argument(FunctionCallInfo fcinfo, int number) {
	if (fcinfo->nargs <= number || fcinfo->args[number].isnull) {
		return std::nullopt;
	}
	const char *shown = call([=] {
		const Oid type = get_fn_expr_argtype(fcinfo->flinfo, number);
		const Datum value = fcinfo->args[number].value;
		if (type == TEXTOID || !OidIsValid(type)) {
			return static_cast<const char *>(TextDatumGetCString(value));
		}
		Oid output = InvalidOid;
		bool varlena = false;
		getTypeOutputInfo(type, &output, &varlena);
		return static_cast<const char *>(OidOutputFunctionCall(output, value));
	});
	return std::string(shown);
}

hyperline::Error null_argument(FunctionCallInfo fcinfo, const char *name) {
	const char *function = call([=] { return get_func_name(fcinfo->flinfo->fn_oid); });
	return hyperline::Error("22004", std::string("argument \"") + name + "\" must not be null", {},
							std::string("Give it a value. \\df hyperline.") + (function == nullptr ? "*" : function) +
								" lists the arguments.");
}

std::string required_text(FunctionCallInfo fcinfo, int number, const char *name) {
	std::optional<std::string> text = text_argument(fcinfo, number);
	if (!text) {
		throw null_argument(fcinfo, name);
	}
	return *std::move(text);
}

std::optional<std::int64_t> integer_argument(FunctionCallInfo fcinfo, int number) {
	if (fcinfo->nargs <= number || fcinfo->args[number].isnull) {
		return std::nullopt;
	}
	return call([=]() -> std::int64_t {
		const Datum value = fcinfo->args[number].value;
		return get_fn_expr_argtype(fcinfo->flinfo, number) == INT8OID ? DatumGetInt64(value) : DatumGetInt32(value);
	});
}

Oid required_oid(FunctionCallInfo fcinfo, int number, const char *name) {
	if (fcinfo->nargs <= number || fcinfo->args[number].isnull) {
		throw null_argument(fcinfo, name);
	}
	return DatumGetObjectId(fcinfo->args[number].value);
}

IntervalParts required_interval(FunctionCallInfo fcinfo, int number, const char *name) {
	if (fcinfo->nargs <= number || fcinfo->args[number].isnull) {
		throw null_argument(fcinfo, name);
	}
	const Interval *interval = DatumGetIntervalP(fcinfo->args[number].value);
	return IntervalParts{interval->month, interval->day, interval->time};
}

std::optional<bool> boolean_argument(FunctionCallInfo fcinfo, int number) {
	if (fcinfo->nargs <= number || fcinfo->args[number].isnull) {
		return std::nullopt;
	}
	return DatumGetBool(fcinfo->args[number].value);
}

Datum text_result(const std::string &text) {
	return call([&] { return PointerGetDatum(cstring_to_text_with_len(text.data(), static_cast<int>(text.size()))); });
}

} // namespace hyperline::pg
