/* DataMate's ExtraSpaceCleaner.
 *
 * It makes spaces ordinary, strips the text and its lines, squeezes runs of spaces, takes out those
 * between two ideographs or symbols, and squeezes newlines. Since stripped lines neither begin nor
 * end with a space, all of it is one pass: lines that hold more than white space, joined by a
 * newline. */
#include "text/charset.h"
#include "text/rewrite.h"
#include "text/scratch.h"

static const uint32_t space_ranges[][2] = {
    {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x180E, 0x180E}, {0x2000, 0x200D},
    {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x2060}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF},
};

/* Ideographs and the 53 symbols of special_token.txt: no space stays between two of them. */
static const uint32_t tight_ranges[][2] = {
    {'!', '*'},       {'+', '/'},       {':', '@'},       {'[', '`'},       {'{', '~'},
    {0xB7, 0xB7},     {0x2014, 0x2014}, {0x2018, 0x2019}, {0x201C, 0x201D}, {0x2026, 0x2026},
    {0x3001, 0x3002}, {0x300A, 0x300B}, {0x3010, 0x3011}, {0x4E00, 0x9FA5}, {0xFF01, 0xFF01},
    {0xFF08, 0xFF09}, {0xFF0C, 0xFF0C}, {0xFF1A, 0xFF1B}, {0xFF1F, 0xFF1F}, {0xFFE5, 0xFFE5},
};

struct squeeze {
    const char *p;
    const struct dm_charset *spaces, *tight;
    struct dm_buf *out; /* has room for the text */
};

static bool is_blank(const struct squeeze *s, uint32_t c)
{
    return dm_char_is_space(c) || dm_charset_has(s->spaces, c);
}

/* Takes white space from the ends of a line. */
static void strip(const struct squeeze *s, struct dm_text_span *line)
{
    size_t size;
    while (line->start < line->end && is_blank(s, dm_char_read(s->p + line->start, &size)))
        line->start += size;
    while (line->start < line->end && is_blank(s, dm_char_before(s->p + line->end, &size)))
        line->end -= size;
}

static void copy(const struct squeeze *s, size_t start, size_t end)
{
    memcpy(s->out->p + s->out->n, s->p + start, end - start);
    s->out->n += end - start;
}

/* Copies a stripped line; a space in it has a character on each side. */
static void add_line(const struct squeeze *s, struct dm_text_span line)
{
    size_t at = line.start, space, size;
    uint32_t c;
    while ((space = dm_charset_find(s->spaces, s->p, line.end, at, &size, &c)) < line.end) {
        copy(s, at, space);
        at = space;
        do
            at += size;
        while (dm_charset_has(s->spaces, c = dm_char_read(s->p + at, &size)));
        if (!dm_charset_has(s->tight, c) || !dm_charset_has(s->tight, dm_char_left(s->p, space)))
            s->out->p[s->out->n++] = ' ';
    }
    copy(s, at, line.end);
}

static bool prepare(struct squeeze *s, size_t n)
{
    static struct dm_charset *spaces, *tight;
    if (!spaces)
        spaces = dm_charset_create(space_ranges[0], sizeof space_ranges / sizeof *space_ranges);
    if (!tight)
        tight = dm_charset_create(tight_ranges[0], sizeof tight_ranges / sizeof *tight_ranges);
    s->spaces = spaces;
    s->tight = tight;
    dm_buf_clear(s->out);
    return spaces && tight && dm_buf_reserve(s->out, n + 1);
}

int dm_text_squeeze(const char *p, size_t n, struct dm_buf *out)
{
    struct squeeze s = {.p = p, .out = out};
    if (!prepare(&s, n))
        return DM_EMEMORY;
    for (size_t at = 0, end; at < n; at = end + 1) {
        const char *newline = memchr(p + at, '\n', n - at);
        end = newline ? (size_t)(newline - p) : n;
        struct dm_text_span line = {at, end};
        strip(&s, &line);
        if (line.start == line.end)
            continue;
        if (out->n > 0)
            out->p[out->n++] = '\n';
        add_line(&s, line);
    }
    return out->n != n || memcmp(out->p, p, n) != 0;
}
