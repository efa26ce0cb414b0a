/* Looking things up in a sample. */
#include "base/error.h"
#include "json/index.h"
#include "json/kernel.h"
#include "json/tree.h"

#include <math.h>
#include <stdlib.h>

/* Decodes the string with these flags at p; borrowed until the sample is used again. */
static int decode(struct dm_sample *s, const char *p, size_t n, uint8_t flags, struct dm_span *out,
                  struct dm_error *err)
{
    *out = (struct dm_span){p, n};
    if (!(flags & DM_VALUE_ESCAPED))
        return DM_OK;
    size_t unpaired;
    if (!dm_buf_reserve(&s->scratch, n + DM_JSON_SLACK))
        return dm_fail_memory(err);
    out->p = s->scratch.p;
    out->n = dm_json_kernel()->unescape(p, n, s->scratch.p, &unpaired);
    if (unpaired < n)
        return dm_fail(err, DM_EINPUT, "the string has an unpaired surrogate, %.6s", p + unpaired);
    return DM_OK;
}

int dm_sample_string(struct dm_sample *s, uint32_t value, struct dm_span *out, struct dm_error *err)
{
    const struct dm_value *v = &s->values[value];
    return decode(s, dm_value_text(s, v), v->len, v->flags, out, err);
}

int dm_sample_key(struct dm_sample *s, uint32_t value, struct dm_span *out, struct dm_error *err)
{
    const struct dm_value *v = &s->values[value];
    return decode(s, dm_value_key(s, v), v->klen, v->kflags, out, err);
}

bool dm_sample_has_key(struct dm_sample *s, uint32_t value, const char *key, size_t n)
{
    const struct dm_value *v = &s->values[value];
    const char *p = dm_value_key(s, v);
    if (!(v->kflags & DM_VALUE_ESCAPED))
        return v->klen == n && memcmp(p, key, n) == 0;
    struct dm_span decoded;
    return v->klen > n && decode(s, p, v->klen, v->kflags, &decoded, NULL) == DM_OK &&
           decoded.n == n && memcmp(decoded.p, key, n) == 0;
}

uint32_t dm_sample_find(struct dm_sample *s, uint32_t object, const char *key, size_t n)
{
    uint32_t found = 0, steps = 0;
    if (s->values[object].kind != DM_OBJECT)
        return 0;
    const struct dm_index *x = dm_index_of(s, object);
    if (x)
        return dm_index_find(s, x, key, n);
    for (uint32_t i = s->values[object].child; i; i = s->values[i].next, steps++)
        if (dm_sample_has_key(s, i, key, n))
            found = i;
    dm_index_note(s, object, steps);
    return found;
}

struct dm_cursor *dm_sample_cursor(struct dm_sample *s, uint32_t container)
{
    struct dm_cursor *c = s->cursors, found;
    size_t i = 0;
    while (i < DM_CURSORS - 1 && c[i].container != container)
        i++;
    found = c[i];
    if (found.container != container)
        found = (struct dm_cursor){.container = container, .count = UINT32_MAX};
    memmove(c + 1, c, i * sizeof *c);
    *c = found;
    return c;
}

/* The element at a position, found from the one that the cursor stands at or from the first. */
static uint32_t walk(struct dm_sample *s, struct dm_cursor *c, uint32_t want)
{
    uint32_t at = 1, before = 0, i = s->values[c->container].child, steps = 0;
    if (c->at && c->at <= want) {
        at = c->at;
        before = c->before;
        i = c->value;
    }
    for (; i && at < want; at++, steps++) {
        before = i;
        i = s->values[i].next;
    }
    if (i) {
        c->at = at;
        c->value = i;
        c->before = before;
    }
    dm_index_note(s, c->container, steps);
    return i;
}

uint32_t dm_sample_at(struct dm_sample *s, uint32_t array, double position)
{
    if (s->values[array].kind != DM_ARRAY || !(position >= 1 && position < UINT32_MAX) ||
        position != floor(position))
        return 0;
    struct dm_cursor *c = dm_sample_cursor(s, array);
    uint32_t want = (uint32_t)position;
    if (want > c->count)
        return 0;
    const struct dm_index *x = dm_index_of(s, array);
    if (!x)
        return walk(s, c, want);
    uint32_t i = dm_index_at(x, want);
    if (i) {
        c->at = want;
        c->value = i;
        c->before = dm_index_before(x, i);
    }
    return i;
}

/* The number that a step of a path is; 0 when it is none. */
static double position_of(const char *p, size_t n)
{
    double position = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return 0;
        position = position * 10 + (p[i] - '0');
    }
    return position;
}

uint32_t dm_sample_follow(struct dm_sample *s, uint32_t value, const char *path, size_t n)
{
    const char *end = path + n;
    for (const char *p = path; p < end;) {
        const char *slash = memchr(p, '/', (size_t)(end - p));
        size_t length = (size_t)((slash ? slash : end) - p);
        bool element = s->values[value].kind == DM_ARRAY;
        value = element ? dm_sample_at(s, value, position_of(p, length))
                        : dm_sample_find(s, value, p, length);
        if (!value)
            return 0;
        p += length + 1;
    }
    return value;
}

uint32_t dm_sample_count(struct dm_sample *s, uint32_t container)
{
    struct dm_cursor *c = dm_sample_cursor(s, container);
    if (c->count != UINT32_MAX)
        return c->count;
    c->count = c->last = 0;
    for (uint32_t i = s->values[container].child; i; i = s->values[i].next) {
        c->count++;
        c->last = i;
    }
    return c->count;
}

/* Whether the digits are beyond 2^53 = 9007199254740992. */
static bool beyond_double(const char *p, size_t n)
{
    if (*p == '-') {
        p++;
        n--;
    }
    return n > 16 || (n == 16 && memcmp(p, "9007199254740992", 16) > 0);
}

/* An integer of at most 15 digits. */
static double small_integer(const char *p, size_t n)
{
    int64_t x = 0;
    for (size_t i = *p == '-'; i < n; i++)
        x = x * 10 + (p[i] - '0');
    return *p == '-' ? -(double)x : (double)x;
}

int dm_sample_number(const struct dm_sample *s, uint32_t value, double *out, struct dm_error *err)
{
    const struct dm_value *v = &s->values[value];
    const char *p = dm_value_text(s, v);
    if (v->flags & DM_VALUE_INTEGER) {
        if (v->len <= 15) {
            *out = small_integer(p, v->len);
            return DM_OK;
        }
        if (beyond_double(p, v->len))
            return 1;
    }
    *out = strtod(p, NULL);
    if (isinf(*out))
        return dm_fail(err, DM_EINPUT, "the number %.*s%s is out of range",
                       v->len > 40 ? 40 : (int)v->len, p, v->len > 40 ? "..." : "");
    return DM_OK;
}

int dm_sample_is_string(struct dm_sample *s, uint32_t value, const char *p, size_t n)
{
    const struct dm_value *v = &s->values[value];
    struct dm_span now;
    if (v->kind != DM_STRING || v->len < n || (v->len > n && !(v->flags & DM_VALUE_ESCAPED)))
        return 0;
    return dm_sample_string(s, value, &now, NULL) == DM_OK && now.n == n &&
           memcmp(now.p, p, n) == 0;
}
