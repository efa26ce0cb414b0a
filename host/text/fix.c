/* fix_text of ftfy 6.3.1 (https://github.com/rspeer/python-ftfy, Robyn Speer, Apache-2.0) with its
 * defaults: each line goes through a row of fixes over and over until none changes it. Lines that
 * no fix can change, most of them, are copied in one go. */
#include "text/chars.h"
#include "text/codepage.h"
#include "text/entity.h"
#include "text/mojibake.h"
#include "text/scratch.h"

#include <string.h>

/* ftfy cuts longer lines; that a line has so many rounds at most is ours. */
enum { LONGEST_LINE = 1000000, ROUNDS = 64 };
enum { WIDE_FIRST = 0xFF01, WIDE_LAST = 0xFFEF, TEXT_MOST = 8 };

/* A fixed line, in two buffers by turns. */
struct line {
    const char *p;
    size_t n;
    struct dm_buf *to, *other;
    bool changed;
};

/* What becomes of one character. */
struct mapped {
    char text[TEXT_MOST];
    uint8_t n;
};

static const struct {
    uint16_t c;
    char text[5];
} ligatures[] = {
    {0x132, "IJ"},  {0x133, "ij"},  {0x149, "'n"},  {0x1C4, "DŽ"},   {0x1C5, "Dž"},
    {0x1C6, "dž"},  {0x1C7, "LJ"},  {0x1C8, "Lj"},  {0x1C9, "lj"},   {0x1CA, "NJ"},
    {0x1CB, "Nj"},  {0x1CC, "nj"},  {0x1F1, "DZ"},  {0x1F2, "Dz"},   {0x1F3, "dz"},
    {0xFB00, "ff"}, {0xFB01, "fi"}, {0xFB02, "fl"}, {0xFB03, "ffi"}, {0xFB04, "ffl"},
    {0xFB05, "ſt"}, {0xFB06, "st"},
};

/* Characters that are mapped begin with these; all other leads are passed over. */
static bool may_be_mapped(const unsigned char *u)
{
    switch (u[0]) {
    case '\r':
        return true;
    case 0xC2:
        return u[1] < 0xA0;
    case 0xC4:
    case 0xC5:
    case 0xC7:
        return true;
    case 0xCA:
        return u[1] == 0xBC;
    case 0xE2:
        return u[1] == 0x80;
    case 0xE3:
        return u[1] == 0x80 && u[2] == 0x80;
    case 0xEF:
        return u[1] >= 0xAC;
    default:
        return false;
    }
}

/* Standard forms of the characters of full or half width. */
static const struct mapped *wide_form(uint32_t c)
{
    static struct mapped forms[WIDE_LAST - WIDE_FIRST + 1];
    struct mapped *form = &forms[c - WIDE_FIRST];
    if (!form->n) {
        struct dm_buf out = {0};
        char text[4];
        size_t n = dm_char_write(text, c);
        if (dm_text_normalize(text, n, DM_NFKC, &out) == 1 && out.n <= TEXT_MOST) {
            memcpy(form->text, out.p, out.n);
            form->n = (uint8_t)out.n;
        } else {
            memcpy(form->text, text, n);
            form->n = (uint8_t)n;
        }
        dm_buf_finish(&out);
    }
    return form;
}

static uint32_t straight_quote(uint32_t c)
{
    if ((c >= 0x2018 && c <= 0x201B) || c == 0x2BC)
        return '\'';
    return c >= 0x201C && c <= 0x201F ? '"' : c;
}

/* Control characters of Latin-1, ligatures, width, quotation marks and line ends, in this order.
 * False when the character stays. */
static bool map_char(uint32_t c, struct mapped *to)
{
    if (c >= WIDE_FIRST && c <= WIDE_LAST) {
        *to = *wide_form(c);
        return true;
    }
    for (size_t i = 0; i < sizeof ligatures / sizeof *ligatures; i++) {
        if (ligatures[i].c == c) {
            to->n = (uint8_t)strlen(ligatures[i].text);
            memcpy(to->text, ligatures[i].text, to->n);
            return true;
        }
    }
    uint32_t result = c >= 0x80 && c < 0xA0 ? dm_codepage_char(DM_PAGE_1252, (uint8_t)c) : c;
    result = straight_quote(result);
    if (result == 0x3000)
        result = ' ';
    if (result == '\r' || result == 0x2028 || result == 0x2029)
        result = '\n';
    to->n = (uint8_t)dm_char_write(to->text, result);
    return result != c;
}

static int map_chars(const char *p, size_t n, struct dm_buf *out)
{
    struct mapped to;
    size_t from = 0, size;
    int changed = 0;
    dm_buf_clear(out);
    for (size_t i = 0; i < n; i += size) {
        size = dm_char_size(p[i]);
        if (!may_be_mapped((const unsigned char *)p + i) ||
            !map_char(dm_char_read(p + i, &size), &to))
            continue;
        if (!dm_buf_add(out, p + from, i - from) || !dm_buf_add(out, to.text, to.n))
            return DM_EMEMORY;
        if (p[i] == '\r' && i + 1 < n && p[i + 1] == '\n')
            size = 2;
        from = i + size;
        changed = 1;
    }
    if (!changed)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}

/* Bytes of a terminal's escape sequence at p, or 0: ESC [ digits and semicolons, a letter. */
static size_t escape(const char *p, size_t n)
{
    size_t i = 2, size;
    if (n < 3 || p[0] != 0x1B || p[1] != '[')
        return 0;
    for (; i < n; i += size) {
        uint32_t c = dm_char_read(p + i, &size);
        if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
            return i + 1;
        if (c != ';' && !dm_char_is_digit(c))
            break;
    }
    return 0;
}

/* Bytes that what goes may begin with. */
static bool may_be_unwanted(unsigned char u)
{
    return u < 0x20 || u == 0x7F || u == 0xE2 || u == 0xEF;
}

/* Bytes at p that go: an escape sequence, or a control character that no text means. */
static size_t unwanted(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t size = escape(p, n);
    if (size)
        return size;
    if (u[0] < 0x20)
        return u[0] != '\t' && u[0] != '\n' && u[0] != '\f' && u[0] != '\r';
    if (u[0] == 0xE2)
        return u[1] == 0x81 && u[2] >= 0xAA && u[2] <= 0xAF ? 3 : 0;
    if (u[0] == 0xEF)
        return (u[1] == 0xBB && u[2] == 0xBF) || (u[1] == 0xBF && u[2] >= 0xB9 && u[2] <= 0xBC) ? 3
                                                                                                : 0;
    return u[0] == 0x7F;
}

static int remove_unwanted(const char *p, size_t n, struct dm_buf *out)
{
    size_t from = 0, size;
    int changed = 0;
    dm_buf_clear(out);
    for (size_t i = 0; i < n; i += size) {
        size_t gone = may_be_unwanted((unsigned char)p[i]) ? unwanted(p + i, n - i) : 0;
        size = gone ? gone : dm_char_size(p[i]);
        if (!gone)
            continue;
        if (!dm_buf_add(out, p + from, i - from))
            return DM_EMEMORY;
        from = i + gone;
        changed = 1;
    }
    if (!changed)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}

/* Takes what a fix made. */
static bool take(struct line *line, int status)
{
    if (status <= 0)
        return status == 0;
    struct dm_buf *made = line->to;
    line->p = made->p;
    line->n = made->n;
    line->to = line->other;
    line->other = made;
    line->changed = true;
    return true;
}

/* All fixes once. */
static bool fix_once(struct line *line, bool entities, int form)
{
    line->changed = false;
    if (entities && !take(line, dm_entity_unescape(line->p, line->n, line->to)))
        return false;
    return take(line, dm_mojibake_fix(line->p, line->n, line->to)) &&
           take(line, map_chars(line->p, line->n, line->to)) &&
           take(line, remove_unwanted(line->p, line->n, line->to)) &&
           take(line, dm_text_normalize(line->p, line->n, form, line->to));
}

/* Whether no fix changes a line: printable ASCII without '&', and TAB, LF, FF. */
static bool is_plain(const char *p, size_t n)
{
    unsigned odd = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char u = (unsigned char)p[i];
        odd |= u >= 0x7F || u == '&' || (u < 0x20 && u != '\t' && u != '\n' && u != '\f');
    }
    return !odd;
}

/* End of the line at i, at most LONGEST_LINE code points away. */
static size_t line_end(const char *p, size_t n, size_t i)
{
    const char *newline = memchr(p + i, '\n', n - i);
    size_t end = newline ? (size_t)(newline - p) + 1 : n;
    if (end - i > LONGEST_LINE)
        end = i + (size_t)dm_text_offset(p + i, end - i, LONGEST_LINE);
    return end;
}

/* Fixes a line until nothing changes. */
static bool fix_line(struct line *line, bool entities, int form, bool *fixed)
{
    *fixed = false;
    for (int round = 0; round < ROUNDS; round++) {
        if (!fix_once(line, entities, form))
            return false;
        if (!line->changed)
            break;
        *fixed = true;
    }
    return true;
}

int dm_text_fix(const char *p, size_t n, int form, struct dm_buf *out)
{
    size_t from = 0;
    bool entities = true, fixed;
    dm_buf_clear(out);
    for (size_t i = 0, end; i < n; i = end) {
        struct line line = {.to = dm_scratch_get(DM_SCRATCH_FIX),
                            .other = dm_scratch_get(DM_SCRATCH_FIXED)};
        end = line_end(p, n, i);
        line.p = p + i;
        line.n = end - i;
        entities = entities && !memchr(line.p, '<', line.n);
        if (is_plain(line.p, line.n))
            continue;
        if (!fix_line(&line, entities, form, &fixed))
            return DM_EMEMORY;
        if (!fixed)
            continue;
        if (!dm_buf_add(out, p + from, i - from) || !dm_buf_add(out, line.p, line.n))
            return DM_EMEMORY;
        from = end;
    }
    if (from == 0)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}
