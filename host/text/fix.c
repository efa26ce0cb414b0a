/* fix_text of ftfy 6.3.1 (https://github.com/rspeer/python-ftfy, Robyn Speer, Apache-2.0) with its
 * defaults: each line goes through a row of fixes over and over until none changes it. Each
 * character tells which fixes it may need; a line goes through those that some of its characters
 * need, and lines that need none, most of them, are copied in one go. */
#include "text/badness.h"
#include "text/chars.h"
#include "text/codepage.h"
#include "text/entity.h"
#include "text/mojibake.h"
#include "text/normal.h"
#include "text/scratch.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* ftfy cuts longer lines; that a line has so many rounds at most is ours. */
enum { LONGEST_LINE = 1000000, ROUNDS = 64 };
enum { WIDE_FIRST = 0xFF01, WIDE_LAST = 0xFFEF, TEXT_MOST = 8 };
enum { FORMS = 4, PLANE = 0x10000 };

/* The fixes, in their order. */
enum {
    NEEDS_ENTITIES = 1,
    NEEDS_ENCODING = 2,
    NEEDS_MAP = 4,
    NEEDS_REMOVAL = 8,
    NEEDS_NORMAL = 16,
    NEEDS_KNOWN = 128
};

/* A fixed line, in two buffers by turns. */
struct line {
    const char *p;
    size_t n;
    struct dm_buf *to, *other;
    int form;
    unsigned needs;
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
        size_t size;
        *to = *wide_form(c);
        return dm_char_read(to->text, &size) != c;
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

/* What a character may need, and NEEDS_KNOWN. */
static unsigned find_needs(uint32_t c, int form)
{
    struct mapped to;
    char text[4];
    unsigned needs = NEEDS_KNOWN;
    size_t n = dm_char_write(text, c);
    if (c == '&')
        needs |= NEEDS_ENTITIES;
    if (dm_badness_is_clue(c))
        needs |= NEEDS_ENCODING;
    if (map_char(c, &to))
        needs |= NEEDS_MAP;
    if (unwanted(text, n))
        needs |= NEEDS_REMOVAL;
    return dm_char_is_inert(c, form) ? needs : needs | NEEDS_NORMAL;
}

/* The same out of a table that is filled when characters are met. */
static inline unsigned needs_of(uint32_t c, int form)
{
    static uint8_t needs[FORMS][PLANE];
    if (c >= PLANE)
        return find_needs(c, form);
    if (!needs[form][c])
        needs[form][c] = (uint8_t)find_needs(c, form);
    return needs[form][c];
}

static int map_chars(const char *p, size_t n, int form, struct dm_buf *out)
{
    struct mapped to;
    size_t from = 0, size;
    int changed = 0;
    dm_buf_clear(out);
    for (size_t i = 0; i < n; i += size) {
        uint32_t c = dm_char_read(p + i, &size);
        if (!(needs_of(c, form) & NEEDS_MAP))
            continue;
        map_char(c, &to);
        if (!dm_buf_add(out, p + from, i - from) || !dm_buf_add(out, to.text, to.n))
            return DM_EMEMORY;
        if (c == '\r' && i + 1 < n && p[i + 1] == '\n')
            size = 2;
        from = i + size;
        changed = 1;
    }
    if (!changed)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}

static int remove_unwanted(const char *p, size_t n, int form, struct dm_buf *out)
{
    size_t from = 0, size;
    int changed = 0;
    dm_buf_clear(out);
    for (size_t i = 0; i < n; i += size) {
        if (!(needs_of(dm_char_read(p + i, &size), form) & NEEDS_REMOVAL))
            continue;
        size_t gone = unwanted(p + i, n - i);
        if (!dm_buf_add(out, p + from, i - from))
            return DM_EMEMORY;
        size = gone;
        from = i + gone;
        changed = 1;
    }
    if (!changed)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}

static unsigned needs_of_text(const char *p, size_t n, int form)
{
    unsigned needs = 0;
    for (size_t i = 0, size; i < n; i += size)
        needs |= needs_of(dm_char_read(p + i, &size), form);
    return needs;
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
    line->needs = needs_of_text(line->p, line->n, line->form);
    return true;
}

/* One fix, if the line needs it. */
static int run_fix(struct line *line, unsigned fix)
{
    if (!(line->needs & fix))
        return 0;
    switch (fix) {
    case NEEDS_ENTITIES:
        return dm_entity_unescape(line->p, line->n, line->to);
    case NEEDS_ENCODING:
        return dm_mojibake_fix(line->p, line->n, line->to);
    case NEEDS_MAP:
        return map_chars(line->p, line->n, line->form, line->to);
    case NEEDS_REMOVAL:
        return remove_unwanted(line->p, line->n, line->form, line->to);
    default:
        return dm_text_normalize(line->p, line->n, line->form, line->to);
    }
}

/* All fixes once. */
static bool fix_once(struct line *line, bool entities)
{
    line->changed = false;
    for (unsigned fix = entities ? NEEDS_ENTITIES : NEEDS_ENCODING; fix <= NEEDS_NORMAL; fix *= 2)
        if (!take(line, run_fix(line, fix)))
            return false;
    return true;
}

/* Whether a byte may begin a character that needs a fix: all but printable ASCII, TAB, LF, FF, what
 * continues a character, and E4 to E9, which begin Chinese ones, U+4000 to U+9FFF. */
static bool is_odd(unsigned char u)
{
    if (u < 0x80)
        return u == '&' || u == 0x7F || (u < 0x20 && u != '\t' && u != '\n' && u != '\f');
    return u >= 0xC0 && (u < 0xE4 || u > 0xE9);
}

#if defined(__x86_64__)

/* Bytes from first to last of b, which are all ASCII or all not. */
__attribute__((target("avx2"))) static inline __m256i between(__m256i b, int first, int last)
{
    return _mm256_and_si256(_mm256_cmpgt_epi8(b, _mm256_set1_epi8((char)(first - 1))),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(last + 1)), b));
}

__attribute__((target("avx2"))) static inline __m256i equal(__m256i b, char c)
{
    return _mm256_cmpeq_epi8(b, _mm256_set1_epi8(c));
}

/* The first odd byte from i on, or where less than a block is left. */
__attribute__((target("avx2"))) static size_t find_odd_wide(const char *p, size_t n, size_t i)
{
    for (; n - i >= 32; i += 32) {
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        __m256i good = _mm256_or_si256(equal(b, '\f'), between(b, '\t', '\n'));
        __m256i odd = _mm256_andnot_si256(good, between(b, 0, 0x1F));
        odd = _mm256_or_si256(odd, _mm256_or_si256(equal(b, '&'), equal(b, 0x7F)));
        __m256i lead =
            _mm256_andnot_si256(between(b, (char)0xE4, (char)0xE9), between(b, (char)0xC0, -1));
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(odd, lead));
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
    }
    return i;
}

#endif

/* The first odd byte from i on, or n. */
static size_t find_odd(const char *p, size_t n, size_t i)
{
#if defined(__x86_64__)
    if (dm_text_wide())
        i = find_odd_wide(p, n, i);
#endif
    while (i < n && !is_odd((unsigned char)p[i]))
        i++;
    return i;
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

/* Start of the line that holds the byte at `odd`; a line starts at i. */
static size_t line_start(const char *p, size_t n, size_t i, size_t odd)
{
    const char *newline = memrchr(p + i, '\n', odd - i);
    size_t start = newline ? (size_t)(newline - p) + 1 : i;
    for (size_t end; (end = line_end(p, n, start)) <= odd;)
        start = end;
    return start;
}

/* Fixes a line until nothing changes. */
static bool fix_line(struct line *line, bool entities, bool *fixed)
{
    *fixed = false;
    for (int round = 0; round < ROUNDS; round++) {
        if (!fix_once(line, entities))
            return false;
        if (!line->changed)
            break;
        *fixed = true;
    }
    return true;
}

int dm_text_fix(const char *p, size_t n, int form, struct dm_buf *out)
{
    const char *tag = memchr(p, '<', n);
    size_t from = 0, tag_at = tag ? (size_t)(tag - p) : n;
    bool fixed;
    dm_buf_clear(out);
    for (size_t i = 0, end; (end = find_odd(p, n, i)) < n; i = end) {
        struct line line = {.to = dm_scratch_get(DM_SCRATCH_FIX),
                            .other = dm_scratch_get(DM_SCRATCH_FIXED),
                            .form = form};
        i = line_start(p, n, i, end);
        end = line_end(p, n, i);
        line.p = p + i;
        line.n = end - i;
        line.needs = needs_of_text(line.p, line.n, form);
        if (!fix_line(&line, end <= tag_at, &fixed))
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
