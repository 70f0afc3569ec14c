// Building a jsonb step by step, and comparing two. Calls PostgreSQL without a gate of its own: only inside one, since
// it runs for every row.
#pragma once

#include <string_view>

#include "pg/gate.hpp"

namespace hyperline::pg {

/// Builds one jsonb in the current memory context. Trivially destructible, so that an ERROR may pass over it.
class JsonbBuilder {
public:
	void begin_object();
	void end_object();
	void begin_array();
	void end_array();
	void key(std::string_view name);
	void string(std::string_view text);
	/// `digits`: a JSON number that numeric can hold.
	void number(std::string_view digits);
	void boolean(bool value);
	void null();
	/// The finished document. Call once, after the outermost end.
	Datum finish();

private:
	void push(int token, void *value);
	void scalar(void *value);

	void *state_ = nullptr;	 // JsonbParseState
	void *result_ = nullptr; // JsonbValue
};

/// Whether two jsonb are the same byte for byte, so that 1.0 and 1.00 differ, as they do for who reads them.
bool identical_jsonb(Datum left, Datum right);

} // namespace hyperline::pg
