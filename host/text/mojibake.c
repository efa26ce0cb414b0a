/* How ftfy (https://github.com/rspeer/python-ftfy, Robyn Speer, Apache-2.0) mends a text that looks
 * bad: for each code page that holds all of it, the text goes back to bytes, bytes that were lost
 * on the way are guessed, and what is then UTF-8 is the answer. Else parts that look like UTF-8 are
 * mended alone, and at last control characters are read as Windows does. */
#include "text/mojibake.h"

#include "base/utf8.h"
#include "text/badness.h"
#include "text/chars.h"
#include "text/codepage.h"
#include "text/scratch.h"

/* Texts are mended over and over; ftfy has no limit. */
enum { ROUNDS = 64, DEPTH = 8 };

static bool within(char c, unsigned first, unsigned last)
{
    return (unsigned char)c >= first && (unsigned char)c <= last;
}

/* A continuation byte other than 0x85 and 0xA0, which text has as such. */
static bool is_rare(char c)
{
    return within(c, 0x80, 0xBF) && !within(c, 0x85, 0x85) && !within(c, 0xA0, 0xA0);
}

/* Bytes of a sequence at p that would be UTF-8 if its space were 0xA0, or 0. */
static size_t altered(const char *p, size_t n)
{
    if (n >= 2 && p[1] == ' ' && memchr("\xC2\xC3\xC5\xCE\xD0\xD9", p[0], 6))
        return 2;
    if (n >= 3 && within(p[0], 0xE2, 0xE3) && p[1] == ' ' && is_rare(p[2]))
        return 3;
    if (n >= 3 && within(p[0], 0xE0, 0xE3) && is_rare(p[1]) && p[2] == ' ')
        return 3;
    if (n < 4 || !within(p[0], 0xF0, 0xF0))
        return 0;
    int spaces = 0;
    for (int k = 1; k < 4; k++) {
        if (p[k] != ' ' && !within(p[k], 0x80, 0xBF))
            return 0;
        spaces += p[k] == ' ';
    }
    return spaces == 1 ? 4 : 0;
}

/* Whether "à" is a word here: 0xC3, a space, and none of the Portuguese words that begin with it.
 */
static bool is_a_grave(const char *p, size_t n)
{
    static const char *const others[] = {" ", "quele", "quela", "quilo", "s "};
    if (n < 2 || !within(p[0], 0xC3, 0xC3) || p[1] != ' ')
        return false;
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        size_t bytes = strlen(others[k]);
        if (n - 2 >= bytes && memcmp(p + 2, others[k], bytes) == 0)
            return false;
    }
    return true;
}

static bool has_altered(const struct dm_buf *bytes)
{
    for (size_t i = 0; i < bytes->n; i++)
        if (altered(bytes->p + i, bytes->n - i))
            return true;
    return false;
}

/* Puts 0xA0 in the place of spaces that belong to UTF-8. */
static bool restore_spaces(const struct dm_buf *bytes, struct dm_buf *out)
{
    dm_buf_clear(out);
    for (size_t i = 0; i < bytes->n; i++) {
        bool word = is_a_grave(bytes->p + i, bytes->n - i);
        if (!dm_buf_putc(out, bytes->p[i]) || (word && !dm_buf_putc(out, (char)0xA0)))
            return false;
    }
    for (size_t i = 0, size; i < out->n; i += size ? size : 1) {
        size = altered(out->p + i, out->n - i);
        for (size_t k = 0; k < size; k++)
            if (out->p[i + k] == ' ')
                out->p[i + k] = (char)0xA0;
    }
    return true;
}

static bool is_lost(char c)
{
    return c == 0x1A || c == '?';
}

static bool continues_or_lost(char c)
{
    return c == 0x1A || within(c, 0x80, 0xBF);
}

/* Whether the two halves of a surrogate pair stand at p, a byte of which was lost. */
static bool is_lossy_pair(const char *p, size_t n)
{
    if (n < 6 || !within(p[0], 0xED, 0xED) || !within(p[1], 0xA0, 0xAF) ||
        !within(p[3], 0xED, 0xED) || !within(p[4], 0xB0, 0xBF))
        return false;
    bool first = is_lost(p[2]), second = is_lost(p[5]);
    return (first && (second || within(p[5], 0x80, 0xBF))) || (second && within(p[2], 0x80, 0xBF));
}

/* Whether `size` bytes at p are a sequence of UTF-8 whose first byte is good, some of the others
 * are lost, and at most one of these became a question mark. */
static bool is_lossy_row(const char *p, size_t n, size_t size)
{
    size_t lost = 0, marks = 0;
    if (n < size)
        return false;
    for (size_t k = 1; k < size; k++) {
        if (p[k] != '?' && !continues_or_lost(p[k]))
            return false;
        lost += is_lost(p[k]);
        marks += p[k] == '?';
    }
    return lost > 0 && marks <= 1;
}

/* Bytes of a sequence at p of which some were lost, or 0. */
static size_t lossy(const char *p, size_t n)
{
    if (within(p[0], 0xC2, 0xDF)) {
        bool hit = n >= 2 && (p[1] == 0x1A || (p[1] == '?' && within(p[0], 0xC2, 0xC3)));
        return hit ? 2 : 0;
    }
    if (is_lossy_pair(p, n))
        return 6;
    if (within(p[0], 0xE0, 0xEF))
        return is_lossy_row(p, n, 3) ? 3 : 0;
    if (within(p[0], 0xF0, 0xF4))
        return is_lossy_row(p, n, 4) ? 4 : 0;
    return p[0] == 0x1A;
}

/* Makes one U+FFFD of each such sequence. */
static bool replace_lossy(const struct dm_buf *bytes, struct dm_buf *out)
{
    dm_buf_clear(out);
    for (size_t i = 0, size; i < bytes->n; i += size) {
        size = lossy(bytes->p + i, bytes->n - i);
        if (!dm_buf_add(out, size ? "\xEF\xBF\xBD" : bytes->p + i, size ? 3 : 1))
            return false;
        size += size == 0;
    }
    return true;
}

/* Appends what the bytes at p that are no UTF-8 stand for in the variants of Java and of CESU-8:
 * NUL in two bytes, a surrogate pair in six. Returns how many they are; 0: they are neither. */
static size_t add_variant(const char *p, size_t n, struct dm_buf *out)
{
    char c[4];
    if (n >= 2 && within(p[0], 0xC0, 0xC0) && within(p[1], 0x80, 0x80))
        return dm_buf_putc(out, 0) ? 2 : 0;
    bool pair = n >= 6 && within(p[0], 0xED, 0xED) && within(p[1], 0xA0, 0xAF) &&
                within(p[2], 0x80, 0xBF) && within(p[3], 0xED, 0xED) && within(p[4], 0xB0, 0xBF) &&
                within(p[5], 0x80, 0xBF);
    if (!pair)
        return 0;
    uint32_t code = 0x10000 + ((p[1] & 0x0Fu) << 16) + ((p[2] & 0x3Fu) << 10) +
                    ((p[4] & 0x0Fu) << 6) + (p[5] & 0x3Fu);
    return dm_buf_add(out, c, dm_char_write(c, code)) ? 6 : 0;
}

/* Reads the bytes as UTF-8 or its variants. False: they are not, or memory is short. */
static bool decode(const struct dm_buf *bytes, struct dm_buf *out)
{
    dm_buf_clear(out);
    for (size_t i = 0; i < bytes->n;) {
        size_t good = dm_utf8_check(bytes->p + i, bytes->n - i);
        if (!dm_buf_add(out, bytes->p + i, good))
            return false;
        i += good;
        if (i == bytes->n)
            break;
        size_t size = add_variant(bytes->p + i, bytes->n - i, out);
        if (!size)
            return false;
        i += size;
    }
    return true;
}

/* Reads the text anew as if it had been read by a page. Returns 1 when that gives UTF-8. */
static int reread(int page, const char *p, size_t n, struct dm_buf *out)
{
    struct dm_buf bufs[2] = {{0}, {0}}, *bytes = &bufs[0], *other = &bufs[1], *swap;
    bool ok = dm_codepage_encode(page, p, n, bytes);
    if (ok && page != DM_PAGE_MACROMAN && has_altered(bytes)) {
        ok = restore_spaces(bytes, other);
        swap = bytes, bytes = other, other = swap;
    }
    if (ok && dm_codepage_is_windows(page)) {
        ok = replace_lossy(bytes, other);
        swap = bytes, bytes = other, other = swap;
    }
    int status = !ok ? DM_EMEMORY : decode(bytes, out);
    dm_buf_finish(bytes);
    dm_buf_finish(other);
    return status;
}

/* End of the characters at i that look like one or more characters of UTF-8, or i. */
static size_t clue_end(const char *p, size_t n, size_t i)
{
    for (size_t size;;) {
        if (i >= n)
            return i;
        unsigned clues = dm_codepage_clues(dm_char_read(p + i, &size));
        unsigned more = clues & DM_CLUE_FIRST_OF_2   ? 1
                        : clues & DM_CLUE_FIRST_OF_3 ? 2
                        : clues & DM_CLUE_FIRST_OF_4 ? 3
                                                     : 0;
        size_t end = i + size;
        for (unsigned k = 0; k < more; k++, end += size)
            if (end >= n || !(dm_codepage_clues(dm_char_read(p + end, &size)) & DM_CLUE_CONTINUES))
                return i;
        if (!more)
            return i;
        i = end;
    }
}

static int fix(const char *p, size_t n, struct dm_buf *out, int depth);

/* Appends a part that looks like UTF-8, mended if that can be. */
static bool add_part(const char *p, size_t n, struct dm_buf *out, int depth)
{
    struct dm_buf part = {0};
    int status = dm_badness_is_bad(p, n) ? fix(p, n, &part, depth + 1) : 0;
    bool ok = status >= 0 && (status ? dm_buf_add(out, part.p, part.n) : dm_buf_add(out, p, n));
    dm_buf_finish(&part);
    return ok;
}

/* Whether the character before i is one that a part does not begin behind. */
static bool strict_before(const char *p, size_t i)
{
    size_t size;
    return i > 0 && (dm_codepage_clues(dm_char_before(p + i, &size)) & DM_CLUE_STRICT);
}

/* Mends the parts that look like UTF-8 where they are shorter than the text. */
static int fix_parts(const char *p, size_t n, struct dm_buf *out, int depth)
{
    size_t from = 0;
    dm_buf_clear(out);
    for (size_t i = 0, next; i < n; i = next) {
        size_t end = strict_before(p, i) ? i : clue_end(p, n, i);
        next = end > i ? end : i + dm_char_size(p[i]);
        if (end == i || end - i == n)
            continue;
        if (!dm_buf_add(out, p + from, i - from) || !add_part(p + i, end - i, out, depth))
            return DM_EMEMORY;
        from = end;
    }
    if (!dm_buf_add(out, p + from, n - from))
        return DM_EMEMORY;
    return out->n != n || memcmp(out->p, p, n) != 0;
}

/* Reads control characters as Windows does. With `strict`, none may be left; otherwise those that
 * Windows leaves out stay. */
static int fix_controls(const char *p, size_t n, bool strict, struct dm_buf *out)
{
    bool changed = false;
    char bytes[4];
    dm_buf_clear(out);
    for (size_t i = 0, size; i < n; i += size) {
        uint32_t c = dm_char_read(p + i, &size), to = c;
        if (c >= 0x80 && c < 0xA0)
            to = dm_codepage_char(DM_PAGE_1252, (uint8_t)c);
        if (strict && to >= 0x80 && to < 0xA0)
            return 0;
        changed |= to != c;
        if (!dm_buf_add(out, bytes, dm_char_write(bytes, to)))
            return DM_EMEMORY;
    }
    return changed;
}

/* One step. Returns 1 and sets `out` when the text changes. */
static int fix_once(const char *p, size_t n, struct dm_buf *out, int depth)
{
    if (!dm_badness_is_bad(p, n))
        return 0;
    unsigned pages = dm_codepage_of_text(p, n);
    for (int page = 0; page < DM_PAGES; page++) {
        int status = pages >> page & 1 ? reread(page, p, n, out) : 0;
        if (status > 0)
            return out->n != n || memcmp(out->p, p, n) != 0;
        if (status < 0)
            return status;
    }
    int status = depth < DEPTH ? fix_parts(p, n, out, depth) : 0;
    if (status == 0 && (pages & 1u << DM_PAGE_LATIN1))
        status = fix_controls(p, n, true, out);
    return status ? status : fix_controls(p, n, false, out);
}

/* Takes steps until one changes nothing. */
static int fix(const char *p, size_t n, struct dm_buf *out, int depth)
{
    struct dm_buf bufs[2] = {{0}, {0}};
    int round = 0, status = 1;
    for (; round < ROUNDS; round++) {
        struct dm_buf *to = &bufs[round & 1];
        status = fix_once(p, n, to, depth);
        if (status <= 0)
            break;
        p = to->p;
        n = to->n;
    }
    dm_buf_clear(out);
    if (status >= 0 && round > 0)
        status = dm_buf_add(out, p, n) ? 1 : DM_EMEMORY;
    dm_buf_finish(&bufs[0]);
    dm_buf_finish(&bufs[1]);
    return status;
}

int dm_mojibake_fix(const char *p, size_t n, struct dm_buf *out)
{
    return fix(p, n, out, 0);
}
