#include "text/html_write.h"

#include "text/entity.h"
#include "text/scratch.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Attributes that are lists of words, and the elements where they are; NULL: all. */
static const struct {
    const char *attribute, *element;
} lists[] = {
    {"class", NULL},       {"accesskey", NULL}, {"dropzone", NULL},    {"rel", "a"},
    {"rev", "a"},          {"rel", "link"},     {"rev", "link"},       {"rel", "area"},
    {"headers", "td"},     {"headers", "th"},   {"archive", "object"}, {"accept-charset", "form"},
    {"sandbox", "iframe"}, {"for", "output"},   {"sizes", "icon"},
};

/* An attribute with its name in small letters; `at` grows in the order of the source. */
struct named {
    const char *name;
    size_t n, at;
    struct dm_text_span value;
};

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

static bool is_word(const char *word, const char *p, size_t n)
{
    return strlen(word) == n && memcmp(word, p, n) == 0;
}

static bool is_list(const struct named *a, const char *element, size_t n)
{
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (is_word(lists[i].attribute, a->name, a->n))
            if (!lists[i].element || is_word(lists[i].element, element, n))
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

static int compare_names(const struct named *a, const struct named *b)
{
    int order = memcmp(a->name, b->name, a->n < b->n ? a->n : b->n);
    return order ? order : (a->n > b->n) - (a->n < b->n);
}

static int compare(const void *a, const void *b)
{
    const struct named *x = a, *y = b;
    int order = compare_names(x, y);
    return order ? order : (x->at > y->at) - (x->at < y->at);
}

/* Reads a tag's attributes to `list`, by name; their names to `names`. */
static bool read_attributes(const struct dm_html *h, size_t i, struct dm_buf *names,
                            struct dm_buf *list)
{
    struct dm_html_attribute a;
    struct named *all;
    dm_buf_clear(names);
    dm_buf_clear(list);
    for (;;) {
        i = dm_html_read_attribute(h, i, &a);
        struct named one = {.n = a.name.end - a.name.start, .at = list->n, .value = a.value};
        if (one.n == 0)
            break;
        if (!add_lower(names, h->p + a.name.start, one.n) || !dm_buf_add(list, &one, sizeof one))
            return false;
    }
    if (list->n == 0)
        return true;
    all = (struct named *)(void *)list->p;
    for (size_t k = 0, at = 0; k < list->n / sizeof *all; at += all[k++].n)
        all[k].name = names->p + at;
    qsort(all, list->n / sizeof *all, sizeof *all, compare);
    return true;
}

/* Writes an attribute of an element. The charset that a page names becomes that of what is written.
 */
static bool write_attribute(struct dm_buf *out, const struct dm_html *h, const struct named *a,
                            const char *element, size_t n)
{
    struct dm_buf *value = dm_scratch_get(DM_SCRATCH_PIECES);
    dm_buf_clear(value);
    if (!dm_buf_putc(out, ' ') || !dm_buf_add(out, a->name, a->n) || !dm_buf_putc(out, '=') ||
        !add_decoded(value, h->p + a->value.start, a->value.end - a->value.start))
        return false;
    if (is_word("meta", element, n) && is_word("charset", a->name, a->n))
        return dm_buf_puts(out, "\"utf-8\"");
    if (is_list(a, element, n))
        join_words(value);
    return add_value(out, value);
}

bool dm_html_write_open(struct dm_buf *out, const struct dm_html *h, const struct dm_html_token *t,
                        const char *name, size_t n)
{
    struct dm_buf *list = dm_scratch_get(DM_SCRATCH_LIST);
    if (!read_attributes(h, t->end, dm_scratch_get(DM_SCRATCH_CUTS), list) ||
        !dm_buf_putc(out, '<') || !dm_buf_add(out, name, n))
        return false;
    const struct named *all = (const struct named *)(const void *)list->p;
    for (size_t i = 0, count = list->n / sizeof *all; i < count; i++)
        if (i + 1 == count || compare_names(all + i, all + i + 1) != 0) /* the last of a name */
            if (!write_attribute(out, h, all + i, name, n))
                return false;
    return dm_buf_puts(out, dm_html_is_void(t->tag) ? "/>" : ">");
}

bool dm_html_write_close(struct dm_buf *out, const char *name, size_t n)
{
    return dm_buf_puts(out, "</") && dm_buf_add(out, name, n) && dm_buf_putc(out, '>');
}

/* What white space alone becomes, or NULL when there is more. */
static const char *blank(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!is_space(p[i]))
            return NULL;
    return n && memchr(p, '\n', n) ? "\n" : " ";
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
    const char *p = h->p + t->start;
    size_t n = t->end - t->start;
    dm_buf_clear(text);
    if (t->references) {
        if (!dm_html_write_decoded(text, h, t->start, t->end))
            return false;
        p = text->p;
        n = text->n;
    }
    const char *white = keep ? NULL : blank(p, n);
    if (white)
        return dm_buf_puts(out, white);
    return t->references || t->unended ? add_escaped(out, p, n, false) : dm_buf_add(out, p, n);
}

/* Writes markup whose content is [p, p + n). */
static bool write_content(struct dm_buf *out, const char *open, const char *p, size_t n,
                          const char *close, bool keep)
{
    const char *white = keep ? NULL : blank(p, n);
    return dm_buf_puts(out, open) && (white ? dm_buf_puts(out, white) : dm_buf_add(out, p, n)) &&
           dm_buf_puts(out, close);
}

/* Bytes of [p, p + n) before the last `c`, behind which a '>' ends it. */
static size_t before_last(const char *p, size_t n, char c)
{
    while (n > 0 && p[n - 1] != c)
        n--;
    return n > 0 ? n - 1 : 0;
}

bool dm_html_write_other(struct dm_buf *out, const struct dm_html *h, const struct dm_html_token *t,
                         bool keep)
{
    const char *p = h->p + t->start;
    size_t n = t->end - t->start;
    if (n >= 7 && memcmp(p, "<!--", 4) == 0)
        return write_content(out, "<!--", p + 4, before_last(p + 4, n - 4, '-') - 1, "-->", keep);
    if (n >= 10 && strncasecmp(p, "<!doctype ", 10) == 0)
        return write_content(out, "<!DOCTYPE ", p + 10, n - 11, ">\n", keep);
    if (n >= 9 && strncasecmp(p, "<!doctype", 9) == 0)
        return dm_buf_add(out, p, n);
    if (n >= 12 && strncasecmp(p, "<![CDATA[", 9) == 0)
        return write_content(out, "<![CDATA[", p + 9, n - 12, "]]>", keep);
    if (n >= 5 && memcmp(p, "<![", 3) == 0 && memchr(p, ']', n))
        return write_content(out, "<?", p + 3, before_last(p + 3, n - 3, ']'), "?>", keep);
    if (p[1] == '?')
        return write_content(out, "<?", p + 2, n - 3, ">", keep);
    return write_content(out, "<!--", p + 2, n > 3 ? n - 3 : 0, "-->", keep);
}
