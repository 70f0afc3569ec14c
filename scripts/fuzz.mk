# libFuzzer over what needs no server, with AddressSanitizer and UndefinedBehaviorSanitizer: scripts/fuzz calls this at the
# top of the project.

# pointer-overflow is left out: RapidJSON's stack adds to a null pointer when it is new.
BUILD := build/fuzz
TARGETS := $(patsubst fuzz/%.cpp,%,$(sort $(wildcard fuzz/*.cpp)))
PURE := $(shell scripts/pure-sources)

CXX := clang++-14
FLAGS = -std=c++20 -Wall -Wextra -g -O1 -Isrc -Itest -Ifuzz -D_GLIBCXX_ASSERTIONS -DRAPIDJSON_HAS_STDSTRING=1 -MMD -MP \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize=pointer-overflow -fno-sanitize-recover=all -fno-omit-frame-pointer

all: $(TARGETS:%=$(BUILD)/%.fuzzer)

$(BUILD)/%.fuzzer: $(BUILD)/fuzz/%.o $(BUILD)/pure.a
	$(CXX) -fsanitize=fuzzer,address,undefined -o $@ $^ -lcares -lcrypto

$(BUILD)/pure.a: $(PURE:%.cpp=$(BUILD)/%.o)
	rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.cpp
	@mkdir -p $(@D)
	$(CXX) $(FLAGS) -c -o $@ $<

.PRECIOUS: $(BUILD)/%.o
-include $(patsubst %.cpp,$(BUILD)/%.d,$(wildcard fuzz/*.cpp) $(PURE))
