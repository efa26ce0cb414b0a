#include "json/sample.h"

#include "base/utf8.h"
#include "json/index.h"
#include "json/kernel.h"
#include "json/tree.h"

#include <stdlib.h>

static double counter; /* of generations and stamps; exact for 2^53 of them */

void dm_sample_stamp(struct dm_sample *s)
{
    s->stamp = ++counter;
}

bool dm_sample_grow(struct dm_sample *s)
{
    enum { FIRST = 8 }; /* most samples that Lua makes are small, and there may be a million */
    uint32_t cap = s->cap ? s->cap * 2 : FIRST;
    if (s->cap > INT32_MAX / 2)
        return false;
    struct dm_value *values = realloc(s->values, cap * sizeof *values);
    if (!values)
        return false;
    s->values = values;
    s->cap = cap;
    return true;
}

bool dm_sample_own(struct dm_sample *s, const char *p, size_t n, uint32_t *off)
{
    if (n >= UINT32_MAX - s->own.n || !dm_buf_reserve(&s->own, n + 1 + DM_JSON_SLACK))
        return false;
    s->base[1] = s->own.p;
    *off = (uint32_t)s->own.n;
    return dm_buf_add(&s->own, p, n) && dm_buf_putc(&s->own, '\n');
}

/* Without any value, under a new generation. */
static void reset(struct dm_sample *s)
{
    dm_sample_stamp(s);
    s->generation = s->parsed = s->stamp;
    s->nvalues = 0;
    s->edits = 0;
    memset(s->cursors, 0xFF, sizeof s->cursors);
    dm_index_drop(s);
    dm_buf_clear(&s->own);
}

/* What a failed parse leaves. */
static void make_empty(struct dm_sample *s)
{
    static const char text[] = "{}";
    s->base[0] = text;
    s->nvalues = 1;
    s->values[0] = (struct dm_value){.len = 2, .kind = DM_OBJECT};
}

struct dm_sample *dm_sample_create(void)
{
    struct dm_sample *s = calloc(1, sizeof *s);
    if (!s || !dm_sample_grow(s)) {
        free(s);
        return NULL;
    }
    s->depth = DM_JSON_DEPTH;
    reset(s);
    make_empty(s);
    return s;
}

void dm_sample_destroy(struct dm_sample *s)
{
    if (!s)
        return;
    free(s->values);
    dm_index_drop(s);
    dm_buf_finish(&s->own);
    dm_buf_finish(&s->scratch);
    free(s);
}

static const char *fault_text(enum dm_json_fault fault)
{
    static const char *const texts[] = {
        [DM_JSON_VALUE] = "expected a value",
        [DM_JSON_KEY] = "expected a key in quotes",
        [DM_JSON_COLON] = "expected ':' after the key",
        [DM_JSON_COMMA] = "expected ',' or the closing bracket after the value",
        [DM_JSON_CONTROL] = "raw control character in a string",
        [DM_JSON_OPEN] = "string without closing quote",
        [DM_JSON_ESCAPE] = "unknown escape in a string",
        [DM_JSON_HEX] = "\\u without four hexadecimal digits",
        [DM_JSON_NUMBER] = "malformed number",
        [DM_JSON_WORD] = "expected true, false or null",
    };
    return texts[fault];
}

/* The newline at or behind p; only rows at fault are searched this way. */
static const char *newline(const char *p)
{
    while (*p != '\n')
        p++;
    return p;
}

static int fail_at(struct dm_error *err, const struct dm_sample *s, enum dm_json_fault fault,
                   size_t at)
{
    if (fault == DM_JSON_MEMORY)
        return dm_fail_memory(err);
    if (fault == DM_JSON_DEEP)
        return dm_fail(err, DM_EINPUT, "nested deeper than %u levels, at byte %zu of the row",
                       s->depth, at + 1);
    return dm_fail(err, DM_EINPUT, "not valid JSON: %s, at byte %zu of the row", fault_text(fault),
                   at + 1);
}

/* Parses the text from p to its newline; offsets count from base. */
static int parse(struct dm_sample *s, const char *base, const char *p, uint8_t flags,
                 const char **end, struct dm_error *err)
{
    const char *row = p, *at;
    while (*p == ' ' || *p == '\t' || *p == '\r')
        p++;
    enum dm_json_fault fault = dm_json_kernel()->parse(s, base, p, flags, &at);
    if (fault == DM_JSON_OK) {
        *end = at;
        while (**end == ' ' || **end == '\t' || **end == '\r')
            (*end)++;
        if (**end == '\n')
            return DM_OK;
        at = *end;
        *end = newline(at);
        return dm_fail(err, DM_EINPUT,
                       "not valid JSON: text after the end of the value, at byte %zu of the row",
                       (size_t)(at - row) + 1);
    }
    *end = newline(at);
    if (fault == DM_JSON_VALUE && strncmp(at, "\xef\xbb\xbf", 3) == 0)
        return dm_fail(err, DM_EINPUT,
                       "not valid JSON: a byte order mark within the file, at byte %zu of the row",
                       (size_t)(at - row) + 1);
    return fail_at(err, s, fault, (size_t)(at - row));
}

static const char *const kind_names[] = {
    [DM_NULL] = "null",        [DM_FALSE] = "false",     [DM_TRUE] = "true",
    [DM_NUMBER] = "a number",  [DM_STRING] = "a string", [DM_ARRAY] = "an array",
    [DM_OBJECT] = "an object",
};

static int check_row(const struct dm_sample *s, const char *row, size_t n, bool utf8_known,
                     struct dm_error *err)
{
    if (n > UINT32_MAX)
        return dm_fail(err, DM_EINPUT, "row is longer than 4 GiB");
    if (s->values[0].kind != DM_OBJECT)
        return dm_fail(err, DM_EINPUT, "the row is %s, not an object",
                       kind_names[s->values[0].kind]);
    size_t valid = utf8_known ? n : dm_utf8_check(row, n);
    if (valid < n)
        return dm_fail(err, DM_EINPUT, "not valid UTF-8, at byte %zu of the row", valid + 1);
    return DM_OK;
}

static void limit(struct dm_sample *s, const struct dm_json_limits *limits)
{
    s->depth = limits && limits->depth ? limits->depth : DM_JSON_DEPTH;
    if (s->depth > DM_JSON_DEPTH_MAX)
        s->depth = DM_JSON_DEPTH_MAX;
}

int dm_sample_parse(struct dm_sample *s, const char *row, const char **end,
                    const struct dm_json_limits *limits, bool utf8_known, struct dm_error *err)
{
    if (!s->cap && !dm_sample_grow(s)) {
        *end = newline(row);
        return dm_fail_memory(err);
    }
    reset(s);
    limit(s, limits);
    s->base[0] = row;
    int rc = parse(s, row, row, 0, end, err);
    if (rc == DM_OK)
        rc = check_row(s, row, (size_t)(*end - row), utf8_known, err);
    if (rc)
        make_empty(s);
    return rc;
}

int dm_sample_parse_own(struct dm_sample *s, const char *text, size_t n, uint32_t *value,
                        struct dm_error *err)
{
    uint32_t off;
    const char *end;
    size_t valid = dm_utf8_check(text, n);
    if (valid < n)
        return dm_fail(err, DM_EINPUT, "not valid UTF-8, at byte %zu", valid + 1);
    if (!dm_sample_own(s, text, n, &off))
        return dm_fail_memory(err);
    *value = s->nvalues;
    int rc = parse(s, s->own.p, s->own.p + off, DM_VALUE_OWN, &end, err);
    if (rc == DM_OK && end != s->own.p + off + n)
        rc = dm_fail(err, DM_EINPUT, "newline in a JSON text, at byte %zu",
                     (size_t)(end - s->own.p) - off + 1);
    if (rc)
        s->nvalues = *value;
    return rc;
}

int dm_sample_parse_text(struct dm_sample *s, const char *text, size_t n,
                         const struct dm_json_limits *limits, struct dm_error *err)
{
    uint32_t value;
    reset(s);
    limit(s, limits);
    int rc = dm_sample_parse_own(s, text, n, &value, err);
    if (rc == DM_OK && !dm_value_is_container(&s->values[0]))
        rc =
            dm_fail(err, DM_EINPUT, "the text is %s, not an object", kind_names[s->values[0].kind]);
    if (rc)
        make_empty(s);
    return rc;
}

void dm_sample_seal(struct dm_sample *s)
{
    s->generation = ++counter;
}

bool dm_sample_touched(const struct dm_sample *s)
{
    return s->values[0].flags & DM_VALUE_DIRTY;
}
