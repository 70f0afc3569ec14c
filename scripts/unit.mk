# GoogleTest over what needs no server: scripts/unit calls this at the top of the project.

BUILD := build/unit$(if $(SANITIZE),-sanitize)
TESTS := $(sort $(wildcard test/unit/*.cpp))
PURE := $(shell scripts/pure-sources)

CXX ?= g++
FLAGS = -std=c++20 -Wall -Wextra $(if $(or $(WERROR),$(filter true,$(CI))),-Werror) -g -O1 -Isrc -Itest -pthread \
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

$(BUILD)/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(FLAGS) -c -o $@ $<

-include $(patsubst %.cpp,$(BUILD)/%.d,$(TESTS) $(PURE))
