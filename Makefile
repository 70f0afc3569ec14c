# Builds with PGXS: make, make install (PG_CONFIG= chooses the server, with_llvm=no leaves out the bitcode). The goals
# that need no server's headers (make demo, make check, ...) are scripts, which install what is missing first.

SCRIPT_GOALS = demo check check-asan check-valgrind bench unit lint format
GOALS := $(or $(MAKECMDGOALS),all)
ifeq ($(filter-out $(SCRIPT_GOALS),$(GOALS)),)

.PHONY: $(SCRIPT_GOALS)
demo:
	@scripts/demo
check: # STAGES="unit regress" runs these only
	@scripts/check $(STAGES)
check-asan: # sanitizers over the units and under the servers. STAGES=tap TESTS="070_secrets ..." runs these only
	@HYPERLINE_MEMCHECK=asan CHECK_TESTS="$(TESTS)" scripts/check $(or $(STAGES),sanitize regress tap)
check-valgrind: # the servers under valgrind: for hours. STAGES and TESTS as above
	@HYPERLINE_MEMCHECK=valgrind CHECK_TESTS="$(TESTS)" scripts/check $(or $(STAGES),regress tap)
bench: # ROWS=1000000 ROUNDS=9 ...: see bench/run
	@bench/run
unit: # SANITIZE=1: with AddressSanitizer and UndefinedBehaviorSanitizer
	+scripts/unit $(if $(SANITIZE),--sanitize)
lint:
	@scripts/lint
format:
	@scripts/lint --format

else ifneq ($(filter $(SCRIPT_GOALS),$(GOALS)),)

# Both kinds at once: PGXS has a goal "check" of its own, so each goal gets its own make.
.NOTPARALLEL:
.PHONY: $(GOALS)
$(GOALS):
	@$(MAKE) --no-print-directory $@

else

PG_CONFIG ?= pg_config
PG_MAJOR := $(shell $(PG_CONFIG) --version 2>/dev/null | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
ifeq ($(PG_MAJOR),)
$(error $(PG_CONFIG) was not found: install the headers of your server (postgresql-server-dev-15 on Debian 12; scripts/install-packages does it), or give PG_CONFIG=/path/to/pg_config)
endif
ifeq ($(filter 14 15 16 17 18,$(PG_MAJOR)),)
$(error PostgreSQL $(PG_MAJOR) is not supported: hyperline_connector builds for PostgreSQL 14 to 18)
endif

# A build elsewhere: make -f /path/to/the/sources/Makefile
TOP := $(patsubst %/,%,$(dir $(firstword $(MAKEFILE_LIST))))
ifneq ($(TOP),.)
VPATH := $(TOP)
endif

EXTENSION = hyperline_connector
EXTVERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" $(TOP)/hyperline_connector.control)
MODULE_big = hyperline_connector
SOURCES := $(patsubst $(TOP)/%,%,$(sort $(wildcard $(TOP)/src/*.cpp $(TOP)/src/*/*.cpp)))
OBJS := $(SOURCES:.cpp=.o)
ifdef VPATH
$(shell mkdir -p $(sort $(dir $(OBJS))))
endif
SCRIPT := $(EXTENSION)--$(EXTVERSION).sql
SCRIPT_PARTS := $(addprefix $(TOP)/schema/,tables.sql views.sql functions.sql comments.sql grants.sql)
DATA_built = $(SCRIPT)
DATA := $(patsubst $(TOP)/%,%,$(wildcard $(TOP)/schema/$(EXTENSION)--*--*.sql))
EXTRA_CLEAN = $(SOURCES:.cpp=.d)

ifneq ($(or $(WERROR),$(filter true,$(CI))),)
STRICT = -Werror
endif
# -isystem: the server's headers are not ours to warn about. -Wno-register: s_lock.h of PostgreSQL 14 and 15.
INCLUDES := -I$(TOP)/src -isystem $(shell $(PG_CONFIG) --includedir-server) -isystem $(shell $(PG_CONFIG) --includedir)
LANGUAGE = -std=c++20 -Wno-register
ifdef SANITIZE # for servers that have the library preloaded: scripts/memcheck-postgres
SANITIZER = -fsanitize=address,undefined -fno-omit-frame-pointer -O1
with_llvm = no
endif
PG_CXXFLAGS = $(LANGUAGE) -Wall -Wextra $(STRICT) $(INCLUDES) -MMD -MP $(SANITIZER)
# The server loads libraries into one name space: only what it looks up is exported, or the templates of two C++
# extensions could meet.
SHLIB_LINK = $(SANITIZER) -lpq -lcares -lcrypto -lstdc++ $(if $(filter linux,$(PORTNAME)),-Wl$(comma)--version-script=$(TOP)/scripts/exports.map)
comma = ,
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
BITCODE_CXXFLAGS += $(LANGUAGE) $(INCLUDES) # PGXS's rule for bitcode ignores PG_CXXFLAGS

-include $(SOURCES:.cpp=.d)
$(shlib): $(TOP)/scripts/exports.map
$(OBJS:.o=.bc): %.bc: %.o # which knows its headers

# For sql/gates.sql
build/gates.so: $(TOP)/test/gates/gates.cpp $(TOP)/src/pg/gate.cpp $(wildcard $(TOP)/src/pg/*.hpp)
	mkdir -p build
	$(CXX) $(PG_CXXFLAGS) $(CPPFLAGS) -MF build/gates.d -g -O1 -fPIC -shared -o $@ $(filter %.cpp,$^)

$(SCRIPT): $(SCRIPT_PARTS) $(EXTENSION).control
	{ printf '%s\n' '\echo Use "CREATE EXTENSION $(EXTENSION)" to load this file. \quit'; cat $(SCRIPT_PARTS); } >$@.new
	mv $@.new $@

endif
