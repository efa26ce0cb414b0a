/* Writing samples and pieces of JSON. */
#include "json/write.h"

#include "base/utf8.h"
#include "json/kernel.h"
#include "json/tree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK = 64, STEP = 1024, LONGEST = 6 /* \u001f */ };

/* Escapes n bytes, of which BLOCK more must be readable. */
static bool escape(struct dm_buf *b, const char *p, size_t n)
{
    const struct dm_json_kernel *kernel = dm_json_kernel();
    for (size_t step; n; p += step, n -= step) {
        step = n < STEP ? n : STEP;
        if (!dm_buf_reserve(b, LONGEST * step + 2 * BLOCK))
            return false;
        b->n += kernel->escape(p, step, b->p + b->n);
    }
    return true;
}

/* The end of a text is escaped from a copy, unless there is slack: something behind it to read. */
static bool quote(struct dm_buf *b, const char *p, size_t n, bool slack)
{
    char last[2 * BLOCK] = {0};
    size_t safe = slack ? n : n > BLOCK ? n - BLOCK : 0;
    if (!dm_buf_reserve(b, n + n / 16 + LONGEST * STEP))
        return false;
    b->p[b->n++] = '"';
    if (!escape(b, p, safe))
        return false;
    memcpy(last, p + safe, n - safe);
    return escape(b, last, n - safe) && dm_buf_putc(b, '"');
}

bool dm_json_quote(struct dm_buf *b, const char *p, size_t n)
{
    size_t before = b->n;
    if (quote(b, p, n, false))
        return true;
    b->n = before;
    return false;
}

bool dm_json_number(struct dm_buf *b, double x)
{
    const double limit = 9007199254740992.0;
    if (x == floor(x) && fabs(x) <= limit && !(x == 0 && signbit(x)))
        return (x >= 0 || dm_buf_putc(b, '-')) && dm_buf_decimal(b, (uint64_t)fabs(x));
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    return dm_buf_puts(b, text);
}

/* The bytes of a value that is not dirty and not plain, with a string's quotes. */
static struct dm_span span_of(const struct dm_sample *s, const struct dm_value *v)
{
    const char *p = dm_value_text(s, v);
    if (v->kind == DM_STRING)
        return (struct dm_span){p - 1, (size_t)v->len + 2};
    return (struct dm_span){p, v->len};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* The bytes that led to a member in its container's text: from behind the value before it, or
 * behind the bracket, up to the value. Unless it is written first, when a comma and what is before
 * it go. */
static struct dm_span lead_of(const struct dm_sample *s, const struct dm_value *container,
                              const struct dm_value *v, bool first)
{
    const char *at = dm_value_key(s, v), *from = at;
    if (container->kind == DM_OBJECT) {
        at += v->klen + 1;
        while (*at != ':')
            at++;
        at++;
        while (is_blank(*at))
            at++;
        from--;
    }
    const char *p = from;
    while (is_blank(p[-1]))
        p--;
    if (p[-1] != ',')
        from = p;
    else if (!first)
        for (from = p - 1; is_blank(from[-1]);)
            from--;
    return (struct dm_span){from, (size_t)(at - from)};
}

static bool write_value(const struct dm_sample *s, const struct dm_value *v, struct dm_buf *out);

static bool write_member(const struct dm_sample *s, const struct dm_value *container,
                         const struct dm_value *v, bool first, struct dm_buf *out)
{
    if (v->kflags & DM_VALUE_INNER) {
        struct dm_span lead = lead_of(s, container, v, first);
        return dm_buf_add(out, lead.p, lead.n) && write_value(s, v, out);
    }
    if (!first && !dm_buf_putc(out, ','))
        return false;
    if (container->kind == DM_OBJECT &&
        !(quote(out, dm_value_key(s, v), v->klen, true) && dm_buf_putc(out, ':')))
        return false;
    return write_value(s, v, out);
}

static bool write_dirty(const struct dm_sample *s, const struct dm_value *v, struct dm_buf *out)
{
    const char *close = dm_value_text(s, v) + v->len - 1, *tail = close;
    if (!dm_buf_putc(out, v->kind == DM_OBJECT ? '{' : '['))
        return false;
    bool first = true;
    for (uint32_t i = v->child; i; i = s->values[i].next) {
        if (!write_member(s, v, &s->values[i], first, out))
            return false;
        first = false;
    }
    while (!first && is_blank(tail[-1]))
        tail--;
    return dm_buf_add(out, tail, (size_t)(close - tail) + 1);
}

static bool write_value(const struct dm_sample *s, const struct dm_value *v, struct dm_buf *out)
{
    if (v->flags & DM_VALUE_PLAIN)
        return quote(out, dm_value_text(s, v), v->len, true);
    if (dm_value_is_container(v) && (v->flags & DM_VALUE_DIRTY))
        return write_dirty(s, v, out);
    struct dm_span span = span_of(s, v);
    return dm_buf_add(out, span.p, span.n);
}

int dm_sample_write_value(struct dm_sample *s, uint32_t value, struct dm_buf *out,
                          struct dm_error *err)
{
    size_t before = out->n;
    if (write_value(s, &s->values[value], out))
        return DM_OK;
    out->n = before;
    return dm_fail_memory(err);
}

int dm_sample_write(struct dm_sample *s, struct dm_buf *out, struct dm_error *err)
{
    return dm_sample_write_value(s, 0, out, err);
}

int dm_sample_raw(struct dm_sample *s, uint32_t value, struct dm_span *out, struct dm_error *err)
{
    dm_buf_clear(&s->scratch);
    int rc = dm_sample_write_value(s, value, &s->scratch, err);
    *out = (struct dm_span){s->scratch.p, s->scratch.n};
    dm_buf_clear(&s->scratch);
    return rc;
}

int dm_json_add(struct dm_buf *out, const char *p, size_t n, struct dm_error *err)
{
    return dm_buf_add(out, p, n) ? DM_OK : dm_fail_memory(err);
}

int dm_json_add_string(struct dm_buf *out, const char *p, size_t n, struct dm_error *err)
{
    size_t valid = dm_utf8_check(p, n);
    if (valid < n)
        return dm_fail(err, DM_EINPUT, "the string is not valid UTF-8 at byte %zu", valid + 1);
    return dm_json_quote(out, p, n) ? DM_OK : dm_fail_memory(err);
}

int dm_json_add_number(struct dm_buf *out, double x, struct dm_error *err)
{
    if (!isfinite(x))
        return dm_fail(err, DM_EUSAGE, "JSON has no %s", isnan(x) ? "NaN" : "infinite numbers");
    return dm_json_number(out, x) ? DM_OK : dm_fail_memory(err);
}
