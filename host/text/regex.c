/* Regular expressions by PCRE2, which only this file knows. */
#include "base/error.h"
#include "text/scratch.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

struct dm_regex {
    pcre2_code *code;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

enum { JIT_STACK_START = 32 * 1024, JIT_STACK_MOST = 8 << 20 };

static uint32_t compile_options(uint32_t flags)
{
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_ALT_CIRCUMFLEX;
    if (flags & DM_REGEX_CASELESS)
        options |= PCRE2_CASELESS;
    if (flags & DM_REGEX_MULTILINE)
        options |= PCRE2_MULTILINE;
    if (flags & DM_REGEX_DOTALL)
        options |= PCRE2_DOTALL;
    if (flags & DM_REGEX_EXTENDED)
        options |= PCRE2_EXTENDED;
    return options;
}

/* Machine code where there is a compiler for this machine; the interpreter takes over where there
 * is none. */
static bool prepare(struct dm_regex *re)
{
    re->match = pcre2_match_data_create_from_pattern(re->code, NULL);
    re->context = pcre2_match_context_create(NULL);
    if (!re->match || !re->context)
        return false;
    if (pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE) == 0) {
        re->stack = pcre2_jit_stack_create(JIT_STACK_START, JIT_STACK_MOST, NULL);
        pcre2_jit_stack_assign(re->context, NULL, re->stack);
    }
    return true;
}

struct dm_regex *dm_regex_create(const char *pattern, size_t n, uint32_t flags,
                                 struct dm_error *err)
{
    int code;
    PCRE2_SIZE at;
    struct dm_regex *re = calloc(1, sizeof *re);
    if (!re) {
        dm_fail_memory(err);
        return NULL;
    }
    re->code = pcre2_compile((PCRE2_SPTR)pattern, n, compile_options(flags), &code, &at, NULL);
    if (!re->code) {
        PCRE2_UCHAR why[200];
        pcre2_get_error_message(code, why, sizeof why);
        dm_fail(err, DM_EUSAGE, "pattern, at byte %zu: %s", (size_t)at + 1, (const char *)why);
    } else if (!prepare(re)) {
        dm_fail_memory(err);
    } else {
        return re;
    }
    dm_regex_destroy(re);
    return NULL;
}

void dm_regex_destroy(struct dm_regex *re)
{
    if (!re)
        return;
    pcre2_jit_stack_free(re->stack);
    pcre2_match_context_free(re->context);
    pcre2_match_data_free(re->match);
    pcre2_code_free(re->code);
    free(re);
}

int dm_regex_groups(const struct dm_regex *re)
{
    return (int)pcre2_get_ovector_count(re->match) - 1;
}

int dm_regex_group(const struct dm_regex *re, const char *name)
{
    return pcre2_substring_number_from_name(re->code, (PCRE2_SPTR)name);
}

static int fail_match(int rc, struct dm_error *err)
{
    PCRE2_UCHAR why[200];
    pcre2_get_error_message(rc, why, sizeof why);
    return dm_fail(err, rc == PCRE2_ERROR_NOMEMORY ? DM_EMEMORY : DM_EINPUT,
                   "the pattern gave up on this text: %s", (const char *)why);
}

int dm_regex_find(struct dm_regex *re, const char *p, size_t n, size_t from, int nonempty,
                  const struct dm_text_span **spans, struct dm_error *err)
{
    uint32_t options = PCRE2_NO_UTF_CHECK | (nonempty ? PCRE2_NOTEMPTY_ATSTART : 0);
    int rc = pcre2_match(re->code, (PCRE2_SPTR)p, n, from, options, re->match, re->context);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    if (rc < 0)
        return fail_match(rc, err);
    /* PCRE2's pairs of offsets are laid out as dm_text_span is; offsets not set are SIZE_MAX */
    *spans = (const struct dm_text_span *)(const void *)pcre2_get_ovector_pointer(re->match);
    return 1;
}

int dm_regex_last(struct dm_regex *re, const char *p, size_t n, struct dm_text_span *last,
                  struct dm_error *err)
{
    const struct dm_text_span *spans = NULL;
    size_t from = 0;
    int rc, empty = 0, found = 0;
    while ((rc = dm_regex_find(re, p, n, from, empty, &spans, err)) > 0) {
        *last = spans[0];
        from = spans->end;
        empty = spans->start == spans->end;
        found = 1;
    }
    return rc < 0 ? rc : found;
}

double dm_regex_count(struct dm_regex *re, const char *p, size_t n, struct dm_error *err)
{
    const struct dm_text_span *spans = NULL;
    double count = 0;
    int rc, empty = 0;
    for (size_t from = 0; (rc = dm_regex_find(re, p, n, from, empty, &spans, err)) > 0; count++) {
        from = spans->end;
        empty = spans->start == spans->end;
    }
    return rc < 0 ? rc : count;
}

int dm_regex_replace(struct dm_regex *re, const char *p, size_t n, const struct dm_template *repl,
                     struct dm_buf *out, struct dm_error *err)
{
    const struct dm_text_span *spans = NULL;
    size_t from = 0;
    int rc, empty = 0, changed = 0, groups = dm_regex_groups(re) + 1;
    dm_buf_clear(out);
    while ((rc = dm_regex_find(re, p, n, from, empty, &spans, err)) > 0) {
        if (!dm_buf_add(out, p + from, spans->start - from) ||
            !dm_template_add(out, repl, p, spans, groups))
            return dm_fail_memory(err);
        from = spans->end;
        empty = spans->start == spans->end;
        changed = 1;
    }
    if (rc < 0 || !changed)
        return rc;
    return dm_buf_add(out, p + from, n - from) ? 1 : dm_fail_memory(err);
}
