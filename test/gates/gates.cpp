// A library for sql/gates.sql: drives an ERROR and C++ exceptions through the two gates, with objects on the stack that
// count themselves.
#include <new>
#include <stdexcept>

#include "pg/gate.hpp"

extern "C" {
#include <executor/spi.h>

PG_MODULE_MAGIC;
}

namespace {

using hyperline::Error;
namespace pg = hyperline::pg;

int alive = 0;

class Counted {
public:
	Counted() { alive++; }
	~Counted() { alive--; }
	Counted(const Counted &) = delete;
	Counted &operator=(const Counted &) = delete;
};

std::string text_of(Datum value) {
	const char *shown = pg::call([=] { return static_cast<const char *>(TextDatumGetCString(value)); });
	return shown;
}

// Runs a statement through the inward gate. An ERROR of it arrives as an exception.
void run(const std::string &sql) {
	const Counted counted;
	pg::call([&] {
		SPI_connect();
		SPI_execute(sql.c_str(), false, 0);
		SPI_finish();
	});
}

void throw_it(const std::string &kind) {
	const Counted counted;
	if (kind == "ours") {
		throw Error("HL999", "something of ours", "The facts.", "What to do.");
	}
	if (kind == "standard") {
		throw std::runtime_error("something of the library's");
	}
	if (kind == "memory") {
		throw std::bad_alloc();
	}
	throw 17; // NOLINT(hicpp-exception-baseclass): whatever comes
}

} // namespace

// An exception through the outward gate.
HYPERLINE_PLAIN_FUNCTION(gate_throw) {
	const Counted counted;
	throw_it(text_of(fcinfo->args[0].value));
	return 0;
}

// An ERROR through the inward gate, and on through the outward one.
HYPERLINE_PLAIN_FUNCTION(gate_pass) {
	const Counted counted;
	run(text_of(fcinfo->args[0].value));
	return 0;
}

// Both from a statement that is not to be seen.
HYPERLINE_PLAIN_FUNCTION_WITH(gate_throw_hidden, pg::Statement::hidden) {
	throw_it(text_of(fcinfo->args[0].value));
	return 0;
}

HYPERLINE_PLAIN_FUNCTION_WITH(gate_pass_hidden, pg::Statement::hidden) {
	run(text_of(fcinfo->args[0].value));
	return 0;
}

// An ERROR through the inward gate that is looked at, and then raised again.
HYPERLINE_PLAIN_FUNCTION(gate_look) {
	const MemoryContext before = CurrentMemoryContext;
	try {
		run(text_of(fcinfo->args[0].value));
	} catch (const pg::Error &error) {
		const hyperline::Failure failure = error.failure();
		throw Error(error.sqlstate(), "seen: " + failure.message,
					"detail: " + failure.detail + "; context: " + error.context() +
						(CurrentMemoryContext == before ? "; memory context restored" : "; memory context lost") +
						"; alive: " + std::to_string(alive),
					failure.hint);
	}
	return 0;
}

// How many objects were left behind.
HYPERLINE_PLAIN_FUNCTION(gate_alive) {
	return Int32GetDatum(alive);
}
