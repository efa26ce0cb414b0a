#include "text/entity.h"

#include "text/chars.h"
#include "text/codepage.h"
#include "text/entity_table.h"

#include <string.h>

enum { LONGEST = 24, LONGEST_HTML = 31, LONGEST_BARE = 6, HIGHEST = 0x10FFFF };

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The number in n digits, HIGHEST + 1 when it is greater, or -1 when they are no digits. */
static int32_t read_number(const char *p, size_t n, int base)
{
    int32_t value = 0;
    for (size_t i = 0; i < n; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0 || digit >= base)
            return -1;
        value = value * base + digit;
        if (value > HIGHEST)
            value = HIGHEST + 1;
    }
    return n ? value : -1;
}

/* Whether HTML makes nothing of a number. */
static bool is_nothing(uint32_t c)
{
    return (c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F ||
           (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

/* What a number stands for, as in html.unescape of Python. Returns the bytes written; -1: the
 * reference stays. */
static int number_text(const char *p, size_t n, char *out)
{
    bool hex = n > 0 && (p[0] | 0x20) == 'x';
    int32_t value = read_number(p + hex, n - hex, hex ? 16 : 10);
    if (value < 0 || value == ';')
        return -1;
    uint32_t c = (uint32_t)value;
    if (c == 0 || c > HIGHEST || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    else if (c >= 0x80 && c < 0xA0)
        c = dm_codepage_char(DM_PAGE_1252, (uint8_t)c);
    else if (is_nothing(c))
        return 0;
    return (int)dm_char_write(out, c);
}

/* What a name stands for, or NULL; with its semicolon, unless it is one that needs none. */
static const struct entity *find_name(const char *p, size_t n)
{
    size_t low = 0, count = sizeof entities / sizeof *entities;
    while (count > 0) {
        size_t half = count / 2;
        const struct entity *e = &entities[low + half];
        int order = strncmp(e->name, p, n);
        if (order == 0 && !e->name[n])
            return e;
        if (order < 0) {
            low += half + 1;
            count -= half + 1;
        } else {
            count = half;
        }
    }
    return NULL;
}

/* Bytes of a reference at the '&' p: one to 24 letters and digits and a semicolon. 0: none. */
static size_t reference(const char *p, size_t n)
{
    size_t start = n > 1 && p[1] == '#' ? 2 : 1, i = start;
    while (i < n && i - start < LONGEST && is_alnum(p[i]))
        i++;
    return i > start && i < n && p[i] == ';' ? i + 1 : 0;
}

/* What the reference stands for, whose number is written to c. False: it stays. */
static bool reference_text(const char *p, size_t n, char *c, const char **text, size_t *bytes)
{
    if (p[1] == '#') {
        int written = number_text(p + 2, n - 3, c);
        *text = c;
        *bytes = written < 0 ? 0 : (size_t)written;
        return written >= 0;
    }
    const struct entity *e = find_name(p + 1, n - 1);
    *text = e ? e->value : "";
    *bytes = strlen(*text);
    return e != NULL;
}

int dm_entity_unescape(const char *p, size_t n, struct dm_buf *out)
{
    size_t from = 0, size, bytes;
    char number[4];
    const char *text;
    int changed = 0;
    dm_buf_clear(out);
    for (size_t i = 0; i < n; i += size) {
        const char *sign = memchr(p + i, '&', n - i);
        if (!sign)
            break;
        i = (size_t)(sign - p);
        size = reference(sign, n - i);
        if (!size) {
            size = 1;
            continue;
        }
        if (!reference_text(sign, size, number, &text, &bytes))
            continue;
        if (!dm_buf_add(out, p + from, i - from) || !dm_buf_add(out, text, bytes))
            return DM_EMEMORY;
        from = i + size;
        changed = 1;
    }
    if (!changed)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}

/* The number at p as HTML reads it, "&#" being before. Returns its bytes, 0 when there is none. */
static size_t html_number(const char *p, size_t n, char *out, size_t *written)
{
    bool hex = n > 0 && (p[0] | 0x20) == 'x';
    size_t i = hex;
    while (i < n && hex_value(p[i]) >= 0 && hex_value(p[i]) < (hex ? 16 : 10))
        i++;
    int32_t value = read_number(p + hex, i - hex, hex ? 16 : 10);
    if (value < 0)
        return 0;
    uint32_t c = (uint32_t)value;
    if (c == 0 || c > HIGHEST || (c >= 0xD800 && c <= 0xDFFF))
        c = 0xFFFD;
    else if (c >= 0x80 && c < 0xA0)
        c = dm_codepage_char(DM_PAGE_1252, (uint8_t)c);
    *written = dm_char_write(out, c);
    return i + (i < n && p[i] == ';');
}

/* The name at p as HTML reads it: with a semicolon, or the longest that needs none. Returns its
 * bytes, 0 when there is none. */
static size_t html_name(const char *p, size_t n, const struct entity **found)
{
    size_t i = 0;
    while (i < n && i < LONGEST_HTML && is_alnum(p[i]))
        i++;
    *found = i < n && p[i] == ';' ? find_name(p, i + 1) : NULL;
    if (*found && (*found)->html)
        return i + 1;
    for (i = i < LONGEST_BARE ? i : LONGEST_BARE; i > 1; i--)
        if ((*found = find_name(p, i)) != NULL)
            return i;
    return 0;
}

size_t dm_entity_read(const char *p, size_t n, struct dm_entity_text *text)
{
    const struct entity *e;
    size_t size = 0;
    if (n > 1 && p[1] == '#') {
        size = html_number(p + 2, n - 2, text->bytes, &text->n);
        return size ? size + 2 : 0;
    }
    size = html_name(p + 1, n - 1, &e);
    if (!size)
        return 0;
    text->n = strlen(e->value);
    memcpy(text->bytes, e->value, text->n);
    return size + 1;
}

static size_t whole_number(const char *p, size_t n, struct dm_entity_text *text)
{
    bool hex = n > 2 && (p[2] | 0x20) == 'x';
    size_t i = 2 + hex;
    while (i < n && hex_value(p[i]) >= 0 && hex_value(p[i]) < (hex ? 16 : 10))
        i++;
    if (i >= n || hex_value(p[i]) >= 0)
        return 0;
    i = html_number(p + 2, n - 2, text->bytes, &text->n);
    return i ? i + 2 : 0;
}

size_t dm_entity_read_whole(const char *p, size_t n, struct dm_entity_text *text)
{
    char name[LONGEST_HTML + 2];
    size_t i = 1;
    if (n > 1 && p[1] == '#')
        return whole_number(p, n, text);
    if (n < 2 || !is_alnum(p[1]) || p[1] <= '9')
        return 0;
    while (i < n && (is_alnum(p[i]) || p[i] == '-' || p[i] == '.'))
        i++;
    if (i >= n)
        return 0;
    const struct entity *e = NULL;
    if (i - 1 <= LONGEST_HTML) {
        memcpy(name, p + 1, i - 1);
        name[i - 1] = ';';
        e = find_name(name, i);
    }
    text->n = e && e->html ? strlen(e->value) : 0;
    memcpy(text->bytes, e ? e->value : "", text->n);
    return i + (p[i] == ';');
}
