#include "text/html_write.h"

#include "text/entity.h"
#include "text/scratch.h"

#include <string.h>
#include <strings.h>

/* Attributes that are lists of words. */
static const char *const lists[] = {"class", "accesskey", "dropzone", "rel", "rev", "headers"};

/* Appends the value of an attribute with its references read. */
static bool add_decoded(struct dm_buf *out, const char *p, size_t n)
{
    struct dm_entity_text entity;
    for (size_t i = 0, size; i < n; i += size) {
        const char *sign = memchr(p + i, '&', n - i);
        size_t end = sign ? (size_t)(sign - p) : n;
        if (!dm_buf_add(out, p + i, end - i))
            return false;
        size = end - i;
        if (!sign)
            continue;
        size_t bytes = dm_entity_read(sign, n - end, &entity);
        if (!dm_buf_add(out, bytes ? entity.bytes : "&", bytes ? entity.n : 1))
            return false;
        size += bytes ? bytes : 1;
    }
    return true;
}

/* Appends text with & < > escaped, and " too if asked for. */
static bool add_escaped(struct dm_buf *out, const char *p, size_t n, bool quotes)
{
    for (size_t i = 0; i < n; i++) {
        const char *escape = p[i] == '&'             ? "&amp;"
                             : p[i] == '<'           ? "&lt;"
                             : p[i] == '>'           ? "&gt;"
                             : p[i] == '"' && quotes ? "&quot;"
                                                     : NULL;
        if (!(escape ? dm_buf_puts(out, escape) : dm_buf_putc(out, p[i])))
            return false;
    }
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\f' || c == '\r';
}

/* Joins the words of a value by single spaces. */
static void join_words(struct dm_buf *value)
{
    size_t n = 0;
    bool gap = false;
    for (size_t i = 0; i < value->n; i++) {
        if (is_space(value->p[i])) {
            gap = n > 0;
            continue;
        }
        if (gap)
            value->p[n++] = ' ';
        value->p[n++] = value->p[i];
        gap = false;
    }
    value->n = n;
}

static bool is_list(const char *p, size_t n)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strlen(lists[i]) == n && strncasecmp(lists[i], p, n) == 0)
            return true;
    return false;
}

static bool add_lower(struct dm_buf *out, const char *p, size_t n)
{
    if (!dm_buf_add(out, p, n))
        return false;
    for (char *c = out->p + out->n - n; c < out->p + out->n; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c |= 0x20;
    return true;
}

/* In single quotes where the value has double ones and no single ones. */
static bool add_value(struct dm_buf *out, const struct dm_buf *value)
{
    bool doubles = value->n && memchr(value->p, '"', value->n);
    bool singles = value->n && memchr(value->p, '\'', value->n);
    char quote = doubles && !singles ? '\'' : '"';
    return dm_buf_putc(out, quote) && add_escaped(out, value->p, value->n, doubles && singles) &&
           dm_buf_putc(out, quote);
}

bool dm_html_write_open(struct dm_buf *out, const struct dm_html *h, const struct dm_html_token *t,
                        const char *name, size_t n)
{
    struct dm_buf *value = dm_scratch_get(DM_SCRATCH_PIECES);
    struct dm_html_attribute a;
    bool ok = dm_buf_putc(out, '<') && dm_buf_add(out, name, n);
    for (size_t i = t->end; ok;) {
        i = dm_html_read_attribute(h, i, &a);
        if (a.name.end == a.name.start)
            break;
        dm_buf_clear(value);
        ok = dm_buf_putc(out, ' ') &&
             add_lower(out, h->p + a.name.start, a.name.end - a.name.start) &&
             dm_buf_putc(out, '=') &&
             add_decoded(value, h->p + a.value.start, a.value.end - a.value.start);
        if (is_list(h->p + a.name.start, a.name.end - a.name.start))
            join_words(value);
        ok = ok && add_value(out, value);
    }
    return ok && dm_buf_puts(out, dm_html_is_void(t->tag) ? "/>" : ">");
}

bool dm_html_write_close(struct dm_buf *out, const char *name, size_t n)
{
    return dm_buf_puts(out, "</") && dm_buf_add(out, name, n) && dm_buf_putc(out, '>');
}

/* What white space alone becomes, or NULL when there is more. */
static const char *blank(const struct dm_buf *text)
{
    for (size_t i = 0; i < text->n; i++)
        if (!is_space(text->p[i]))
            return NULL;
    return text->n && memchr(text->p, '\n', text->n) ? "\n" : " ";
}

bool dm_html_write_decoded(struct dm_buf *out, const struct dm_html *h, size_t start, size_t end)
{
    struct dm_entity_text entity;
    const char *p = h->p;
    for (size_t i = start, size; i < end; i += size) {
        const char *sign = memchr(p + i, '&', end - i);
        size_t at = sign ? (size_t)(sign - p) : end;
        if (!dm_buf_add(out, p + i, at - i))
            return false;
        size = at - i;
        if (!sign)
            continue;
        size_t bytes = dm_entity_read_whole(sign, h->n - at, &entity);
        bool known = bytes && entity.n;
        size_t rest = bytes ? bytes - (sign[bytes - 1] == ';') : 1;
        if (!dm_buf_add(out, known ? entity.bytes : sign, known ? entity.n : rest))
            return false;
        size += bytes ? bytes : 1;
    }
    return true;
}

bool dm_html_write_text(struct dm_buf *out, const struct dm_html *h, const struct dm_html_token *t,
                        bool keep)
{
    struct dm_buf *text = dm_scratch_get(DM_SCRATCH_PIECES);
    dm_buf_clear(text);
    if (!t->references)
        return dm_buf_add(out, h->p + t->start, t->end - t->start);
    if (!dm_html_write_decoded(text, h, t->start, t->end))
        return false;
    const char *white = keep ? NULL : blank(text);
    return white ? dm_buf_puts(out, white) : add_escaped(out, text->p, text->n, false);
}

bool dm_html_write_other(struct dm_buf *out, const struct dm_html *h, const struct dm_html_token *t)
{
    const char *p = h->p + t->start;
    size_t n = t->end - t->start;
    bool known = p[1] == '?' || (n >= 4 && strncasecmp(p, "<!--", 4) == 0) ||
                 (n >= 9 && strncasecmp(p, "<!doctype", 9) == 0) || (n >= 3 && p[2] == '[');
    if (n >= 10 && strncasecmp(p, "<!doctype ", 10) == 0)
        return dm_buf_puts(out, "<!DOCTYPE ") && dm_buf_add(out, p + 10, n - 10) &&
               dm_buf_putc(out, '\n');
    if (known)
        return dm_buf_add(out, p, n);
    size_t inner = n > 3 ? n - 3 : 0;
    return dm_buf_puts(out, "<!--") && dm_buf_add(out, p + 2, inner) && dm_buf_puts(out, "-->");
}
