# make            build/dmhost
# make demo       install what is missing, build, clean a real corpus
# make test       install what tests need, run the whole suite
# make check      test, linters, formatter, the repository's own rules; SAN=1 under the sanitizers
# make bench fuzz install clean

CC ?= cc
PREFIX ?= /usr/local
SAN ?=
BUILD := build$(if $(SAN),/san)
PACKAGES := luajit libuv libzstd libisal libpcre2-8 libxxhash

CFLAGS ?= -O2 -g
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
# -Wpedantic would refuse what FFI headers need; system headers are not ours to warn about
override CFLAGS += -std=gnu11 $(WARN) -fvisibility=hidden -Ihost -MMD -MP \
	$(patsubst -I%,-isystem %,$(shell pkg-config --cflags $(PACKAGES)))
LDLIBS := $(shell pkg-config --libs $(PACKAGES)) -lm
LDFLAGS += -Wl,-E -Wl,--as-needed
ifdef SAN
override CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
endif

HOST := $(filter-out host/main.c,$(wildcard host/*/*.c))
OBJ := $(HOST:%.c=$(BUILD)/%.o) $(BUILD)/embed.o
EMBEDDED := host/lua/dm_ffi.h $(shell find lua ops -name '*.lua' | LC_ALL=C sort)
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*.c))

.PHONY: all test check unit specs lint format clean
all: $(BUILD)/dmhost

$(BUILD)/dmhost: $(BUILD)/host/main.o $(OBJ)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c -o $@ $<

# The list of embedded files decides too, so that a deleted one goes.
$(BUILD)/embed.list: FORCE
	@mkdir -p $(@D)
	@echo '$(EMBEDDED)' | cmp -s - $@ || echo '$(EMBEDDED)' >$@
FORCE:

$(BUILD)/embed.S: $(BUILD)/embed.list $(EMBEDDED)
	@{ echo '.section .note.GNU-stack,"",@progbits'; echo '.section .rodata'; \
	i=0; for f in $(EMBEDDED); do \
	  echo "n$$i: .asciz \"$$f\""; echo "t$$i: .incbin \"$$f\""; echo "e$$i: .byte 0"; i=$$((i+1)); done; \
	echo '.section .data.rel.ro,"aw"'; echo '.balign 8'; echo '.globl dm_embed_table'; \
	echo '.hidden dm_embed_table'; echo 'dm_embed_table:'; \
	i=0; for f in $(EMBEDDED); do echo ".quad n$$i, t$$i, e$$i - t$$i"; i=$$((i+1)); done; \
	echo '.quad 0, 0, 0'; } >$@

$(BUILD)/embed.o: $(BUILD)/embed.S
	$(CC) -c -o $@ $<

# C units: each file is a program of its own over the same objects.
$(BUILD)/unit/%: tests/unit/%.c $(OBJ)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -Itests/unit -o $@ $< $(OBJ) $(LDLIBS)

unit: $(UNIT)
	@set -e; for t in $(UNIT); do $$t; done

specs: $(BUILD)/dmhost
	DMHOST=$(abspath $(BUILD)/dmhost) $(BUILD)/dmhost lua /usr/bin/busted

test: all unit specs

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
