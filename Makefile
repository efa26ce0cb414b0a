# make            build/dmhost
# make demo       install what is missing, build, clean a real corpus
# make test       install what tests need, run the whole suite
# make test-llm   operators that ask a model, against llama.cpp's server with a tiny random model
# make test-cluster  the same run on a real Slurm and a real Ray of three nodes each, on this machine; needs root
# make check      test, linters, formatter, the repository's own rules; SAN=1 under the sanitizers
# make hostile      texts of 10 MB that are meant to do harm, through every operator
# make conformance  how many of the peers' recorded answers our operators give
# make bench fuzz install clean; all others: lua/help/building.md

CC ?= cc
PREFIX ?= /usr/local
SAN ?=
BUILD := build$(if $(SAN),/san)
PACKAGES := luajit libuv libzstd libisal libdeflate libpcre2-8 libxxhash libutf8proc

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
# -Wpedantic would refuse what FFI headers need; system headers are not ours to warn about
override CFLAGS += -std=gnu11 -D_GNU_SOURCE $(WARN) -fvisibility=hidden -Ihost -MMD -MP \
	$(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES) libpq))
LDLIBS := $(shell pkg-config --libs $(PACKAGES)) -lm
# libraries beside the binary come first: so a package of both runs on machines without them
LDFLAGS += -Wl,-E -Wl,--as-needed -Wl,--disable-new-dtags -Wl,-rpath,'$$ORIGIN/lib' -Wl,--build-id
ifdef SAN
override CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
endif

HOST := $(filter-out host/main.c,$(wildcard host/*/*.c))
OBJ := $(HOST:%.c=$(BUILD)/%.o) $(BUILD)/embed.o
EMBEDDED := $(shell { ls lua/help/*.md; find host/lua lua ops -name 'dm_ffi*.h' -o -name '*.lua' -o -name '*.txt' -o -name '*.py' -o -name '*.json'; } | LC_ALL=C sort)
# Those that take longest, mostly by waiting, are begun first: so none is left alone at the end.
LONGEST := $(patsubst %,tests/%_spec.lua,cli/datamate_once cli/fault net/serve_ends net/serve_transcript net/serve \
	cli/guilty net/cache cli/try ops/hostile datajuicer/peer datajuicer/corpus cli/run cluster/process net/budget \
	net/llm cli/screen cli/dev net/serve_tasks net/serve_cases cluster/door cluster/network)
# two need a cluster, which tests/cluster/run.sh starts
SPECS := $(LONGEST) $(filter-out $(LONGEST) %/slurm_spec.lua %/ray_spec.lua tests/model/%,\
	$(sort $(shell find tests -name '*_spec.lua')))
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))

# what clang-format and the linters read; tables are made by scripts
OURS := $(filter-out %_table.h host/lua/dm_ffi%.h,$(wildcard host/*.[ch] host/*/*.[ch] tests/unit/*.[ch] tests/fuzz/*.[ch] tests/bench/*.[ch]))
LUA := lua ops examples $(wildcard tests/*.lua tests/*/*.lua)

.PHONY: all demo test test-cluster test-llm test-datajuicer check unit specs conformance hostile lint format bench bench-ops bench-datamate bench-dev bench-fleet bench-llm fuzz install clean
all: $(BUILD)/dmhost

$(BUILD)/dmhost: $(BUILD)/host/main.o $(OBJ)
	@echo link $@; $(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D); echo cc $<; $(CC) $(CFLAGS) -c -o $@ $<

# The list of embedded files decides too, so that a deleted one goes.
$(BUILD)/embed.list: FORCE
	@mkdir -p $(@D)
	@echo '$(EMBEDDED)' | cmp -s - $@ || echo '$(EMBEDDED)' >$@
FORCE:

$(BUILD)/compile: host/compile.c Makefile
	@mkdir -p $(@D); $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(LDLIBS)

$(BUILD)/embed.S: $(BUILD)/compile $(BUILD)/embed.list $(EMBEDDED)
	@$(BUILD)/compile $@ $(BUILD)/embed.bin $(EMBEDDED)

$(BUILD)/embed.o: $(BUILD)/embed.S
	@$(CC) -c -o $@ $<

# C units: each file is a program of its own over the same objects.
$(BUILD)/unit/%: tests/unit/%.c $(OBJ)
	@mkdir -p $(@D); $(CC) $(CFLAGS) $(LDFLAGS) -Itests/unit -o $@ $< $(OBJ) $(LDLIBS)

RUNS := $(UNIT:%=run-%)
.PHONY: $(RUNS)
$(RUNS): run-%: %
	@$<
unit: $(RUNS)

# LeakSanitizer can not see what Lua's heap holds; handle_segv=0: a crash must be the operator's, as without.
specs: export ASAN_OPTIONS = detect_leaks=0:handle_segv=0:allow_user_segv_handler=1
specs: export UBSAN_OPTIONS = print_stacktrace=1
# Debian's python3 and others, for which tests/deps.sh installs packages.
specs: export PATH := /usr/bin:$(PATH)
# Specs wait more than they compute, but under the sanitizers.
specs: JOBS ?= $(shell expr $(if $(SAN),1,3) '*' $$(nproc))
specs: $(BUILD)/dmhost
	DMHOST=$(abspath $(BUILD)/dmhost) $(BUILD)/dmhost test -j $(JOBS) $(if $(SAN),--timeout 900) $(SPECS)

# Data-Juicer's own unit tests are not in the repository.
conformance: export DMHOST_VECTORS ?= $(wildcard ../shared/vectors)
conformance: $(BUILD)/dmhost
	@$(BUILD)/dmhost lua tests/ops/conformance.lua

# HOSTILE_BYTES of another length, and only cases whose names match CASES, a pattern of Lua. TMPDIR takes 2 GB of texts.
# SAN=1 takes some 75 minutes of processor time, estimated from a tenth of the length.
# The sanitizers look through all of the text whenever memmem is called, however near what it finds is.
hostile: HOSTILE_BYTES ?= 1e7
hostile: CASES ?= .
hostile: export ASAN_OPTIONS = detect_leaks=0:handle_segv=0:allow_user_segv_handler=1:allocator_may_return_null=1:quarantine_size_mb=64:intercept_memmem=0
hostile: export UBSAN_OPTIONS = print_stacktrace=1
hostile: $(BUILD)/dmhost
	DMHOST=$(abspath $(BUILD)/dmhost) $(BUILD)/dmhost lua tests/ops/hostile.lua $(HOSTILE_BYTES) '$(CASES)'

test:
	tests/deps.sh build test
	$(MAKE) -j$$(nproc) all $(UNIT)
	$(MAKE) -j$$(nproc) unit
	$(MAKE) specs

test-llm: $(BUILD)/dmhost
	DMHOST=$(abspath $(BUILD)/dmhost) tests/model/run.sh

test-cluster: CLUSTERS ?= slurm ray
test-cluster: $(BUILD)/dmhost
	DMHOST=$(abspath $(BUILD)/dmhost) tests/cluster/run.sh $(CLUSTERS)

# cppcheck and luacheck look anew only at what has changed.
lint:
	@echo clang-format, cppcheck, luacheck
	@mkdir -p $(BUILD)/cppcheck
	@clang-format --dry-run -Werror $(OURS)
	@cppcheck -j $$(nproc) --cppcheck-build-dir=$(BUILD)/cppcheck --quiet --error-exitcode=1 --enable=warning,portability --inline-suppr --suppress=*:*_table.h \
	  --std=c11 -D__x86_64__ -Ihost host
	@luacheck --cache $(BUILD)/luacheck --quiet --config .luacheckrc $(LUA)

format:
	@clang-format -i $(OURS)

# The catalogue says what the operators say of themselves; tests/lua/style_spec.lua tells when it is out of date.
ops/README.md: FORCE $(BUILD)/dmhost
	$(BUILD)/dmhost ops --markdown >$@

# Everything that must hold before a commit; with SAN=1 the same tests under the sanitizers.
check: test
ifndef SAN
	$(MAKE) lint
endif

# Recipes through the real Data-Juicer and through dmhost; installs it.
test-datajuicer:
	tests/deps.sh build test bench
	$(MAKE) all
	tests/datajuicer/setup.sh
	DM_DATAJUICER_PYTHON=$(CURDIR)/build/datajuicer/bin/python DMHOST=$(BUILD)/dmhost $(BUILD)/dmhost test --timeout 1200 \
		tests/datajuicer

# What the README promises, measured side by side; ROUNDS runs of each. Writes tests/bench/REPORT.md and
# DATAMATE.md.
bench: ROUNDS ?= 5
bench:
	tests/deps.sh build demo bench
	$(MAKE) all
	$(BUILD)/dmhost lua tests/bench/bench.lua $(ROUNDS)
	$(MAKE) bench-datamate

# The speed of each operator; writes tests/bench/OPS.md.
bench-ops:
	tests/deps.sh build demo
	$(MAKE) all
	$(BUILD)/dmhost lua tests/bench/corpus.lua 200M build/bench/200M.jsonl
	$(BUILD)/dmhost lua tests/bench/ops.lua

# Tasks of DataMate, with tables of a server and of a file, here and on Ray; writes tests/bench/DATAMATE.md.
bench-datamate:
	tests/deps.sh build test bench
	-tests/cluster/ray.sh install
	$(MAKE) all
	$(BUILD)/dmhost lua tests/bench/datamate.lua

# Requests to a model: dmhost beside a load tool and Python; prints a table.
bench-llm:
	tests/deps.sh build bench-llm
	$(MAKE) all
	tests/bench/llm/run.sh $(BUILD)

# From a save to the screen of dmhost dev; prints a table.
bench-dev: $(BUILD)/dmhost
	$(BUILD)/dmhost lua tests/bench/dev.lua

# A coordinator with 10,000 workers that do no work.
bench-fleet: $(BUILD)/fleet
	tests/bench/fleet.sh $(BUILD) 1250 8 100 500000
	tests/bench/fleet.sh $(BUILD) 9000 1 1000 100000

$(BUILD)/fleet: tests/bench/fleet.c $(OBJ)
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $< $(OBJ) $(LDLIBS)

demo:
	tests/deps.sh build demo
	$(MAKE) -j$$(nproc) all
	$(BUILD)/dmhost lua tests/bench/corpus.lua demo build/demo
	rm -rf out && $(BUILD)/dmhost run examples/clean.lua
	@echo; echo 'Next, your own data:  build/dmhost run examples/clean.lua -i YOUR.jsonl -o clean.jsonl'

# make fuzz [FUZZ_SECONDS=60] [TARGET=json]: each fuzzer for so long, under the sanitizers.
FUZZ_CC := clang-14
FUZZ_SECONDS ?= 60
TARGET ?= $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
FUZZ_FLAGS := -O1 -g -std=gnu11 -D_GNU_SOURCE -DDM_INPUT_BLOCK=64 -DDM_READER_BLOCK=16 -Ihost -Itests/unit -MMD -MP \
	$(shell pkg-config --cflags $(PACKAGES) libpq) -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZ_OBJ := $(HOST:%.c=build/fuzz/%.o) $(BUILD)/embed.o

build/fuzz/%.o: %.c Makefile
	@mkdir -p $(@D); echo cc $<; $(FUZZ_CC) $(FUZZ_FLAGS) -c -o $@ $<

.PRECIOUS: build/fuzz/%.o
build/fuzz/%: build/fuzz/tests/fuzz/%_fuzz.o $(FUZZ_OBJ)
	@$(FUZZ_CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LDLIBS)

fuzz:
	tests/deps.sh build test
	$(MAKE) $(addprefix build/fuzz/,$(TARGET))
	@set -e; for t in $(TARGET); do tests/fuzz/run.sh build/fuzz $$t $(FUZZ_SECONDS); done

# Where each shell looks for completions.
COMPLETIONS := bash-completion/completions/dmhost zsh/vendor-completions/_dmhost fish/vendor_completions.d/dmhost.fish

install: all
	install -D -m 755 $(BUILD)/dmhost $(DESTDIR)$(PREFIX)/bin/dmhost
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/dmhost README.md LICENSE
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/dmhost/lua/help lua/help/*.md
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/dmhost/ops ops/README.md
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/dmhost/examples examples/*.lua
	@set -e; for f in $(COMPLETIONS); do \
	  mkdir -p $$(dirname $(DESTDIR)$(PREFIX)/share/$$f); shell=$${f%%[-/]*}; \
	  echo completion of $$shell: $(DESTDIR)$(PREFIX)/share/$$f; \
	  $(BUILD)/dmhost completion $$shell >$(DESTDIR)$(PREFIX)/share/$$f; done

clean:
	rm -rf build

-include $(shell find $(BUILD) -path $(BUILD)/datajuicer -prune -o -name '*.d' -print 2>/dev/null)
