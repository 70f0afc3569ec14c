#include "pg/jsonb.hpp"

extern "C" {
#include <utils/builtins.h>
#include <utils/fmgrprotos.h>
#include <utils/jsonb.h>
#include <utils/numeric.h>
}

namespace hyperline::pg {

namespace {

// Most numbers are short integers, and those need no parser.
bool small_integer(std::string_view digits, int64 &value) {
	const bool negative = !digits.empty() && digits.front() == '-';
	const std::size_t first = negative ? 1 : 0;
	if (digits.size() == first || digits.size() - first > 18) {
		return false;
	}
	value = 0;
	for (std::size_t i = first; i < digits.size(); i++) {
		if (digits[i] < '0' || digits[i] > '9') {
			return false;
		}
		value = value * 10 + (digits[i] - '0');
	}
	if (negative) {
		value = -value;
	}
	return true;
}

Numeric make_numeric(std::string_view digits) {
	int64 integer = 0;
	if (small_integer(digits, integer)) {
		return int64_to_numeric(integer);
	}
	char buffer[128];
	char *text = digits.size() < sizeof(buffer) ? buffer : static_cast<char *>(palloc(digits.size() + 1));
	std::memcpy(text, digits.data(), digits.size());
	text[digits.size()] = '\0';
	const Datum numeric =
		DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	if (text != buffer) {
		pfree(text);
	}
	return DatumGetNumeric(numeric);
}

JsonbValue string_value(std::string_view text) {
	JsonbValue value;
	value.type = jbvString;
	value.val.string.val = const_cast<char *>(text.data());
	value.val.string.len = static_cast<int>(text.size());
	return value;
}

} // namespace

void JsonbBuilder::push(int token, void *value) {
	auto *state = static_cast<JsonbParseState *>(state_);
	result_ = pushJsonbValue(&state, static_cast<JsonbIteratorToken>(token), static_cast<JsonbValue *>(value));
	state_ = state;
}

void JsonbBuilder::scalar(void *value) {
	const auto *state = static_cast<const JsonbParseState *>(state_);
	if (state == nullptr) {
		elog(ERROR, "a jsonb document must be an object or an array here");
	}
	push(state->contVal.type == jbvObject ? WJB_VALUE : WJB_ELEM, value);
}

void JsonbBuilder::begin_object() {
	push(WJB_BEGIN_OBJECT, nullptr);
}

void JsonbBuilder::end_object() {
	push(WJB_END_OBJECT, nullptr);
}

void JsonbBuilder::begin_array() {
	push(WJB_BEGIN_ARRAY, nullptr);
}

void JsonbBuilder::end_array() {
	push(WJB_END_ARRAY, nullptr);
}

void JsonbBuilder::key(std::string_view name) {
	JsonbValue value = string_value(name);
	push(WJB_KEY, &value);
}

void JsonbBuilder::string(std::string_view text) {
	JsonbValue value = string_value(text);
	scalar(&value);
}

void JsonbBuilder::number(std::string_view digits) {
	JsonbValue value;
	value.type = jbvNumeric;
	value.val.numeric = make_numeric(digits);
	scalar(&value);
}

void JsonbBuilder::boolean(bool flag) {
	JsonbValue value;
	value.type = jbvBool;
	value.val.boolean = flag;
	scalar(&value);
}

void JsonbBuilder::null() {
	JsonbValue value;
	value.type = jbvNull;
	scalar(&value);
}

Datum JsonbBuilder::finish() {
	return JsonbPGetDatum(JsonbValueToJsonb(static_cast<JsonbValue *>(result_)));
}

bool identical_jsonb(Datum left, Datum right) {
	const Jsonb *a = DatumGetJsonbP(left);
	const Jsonb *b = DatumGetJsonbP(right);
	const bool same = VARSIZE(a) == VARSIZE(b) && std::memcmp(VARDATA(a), VARDATA(b), VARSIZE(a) - VARHDRSZ) == 0;
	if (DatumGetPointer(left) != reinterpret_cast<const char *>(a)) {
		pfree(const_cast<Jsonb *>(a));
	}
	if (DatumGetPointer(right) != reinterpret_cast<const char *>(b)) {
		pfree(const_cast<Jsonb *>(b));
	}
	return same;
}

} // namespace hyperline::pg
