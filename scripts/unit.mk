# GoogleTest over what needs no server: scripts/unit calls this at the top of the project.

BUILD := build/unit$(if $(SANITIZE),-sanitize)
TESTS := $(sort $(wildcard test/unit/*.cpp))
PURE := $(shell scripts/pure-sources)

CXX ?= g++
FLAGS = -std=c++20 -Wall -Wextra $(if $(or $(WERROR),$(filter true,$(CI))),-Werror) -g $(OPTIMIZE) -Isrc -Itest -pthread \
	-D_GLIBCXX_ASSERTIONS -MMD -MP $(SANITIZER)
ifdef SANITIZE
SANITIZER = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif

# An archive: what a test does not use need not link.
$(BUILD)/unit_test: $(TESTS:%.cpp=$(BUILD)/%.o) $(BUILD)/pure.a
	$(CXX) $(SANITIZER) -o $@ $^ -lgtest_main -lgtest -lcares -lcrypto -pthread

$(BUILD)/pure.a: $(PURE:%.cpp=$(BUILD)/%.o)
	rm -f $@
	ar rcs $@ $^

# Most tests take longer to compile than to run.
QUICK := $(filter-out test/unit/schedule_year_test.cpp,$(TESTS))
OPTIMIZE = -O1
$(QUICK:%.cpp=$(BUILD)/%.o): OPTIMIZE = -O0

$(BUILD)/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(FLAGS) -c -o $@ $<

-include $(patsubst %.cpp,$(BUILD)/%.d,$(TESTS) $(PURE))
