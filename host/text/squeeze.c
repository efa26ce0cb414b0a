/* DataMate's ExtraSpaceCleaner.
 *
 * It makes spaces ordinary, strips the text and its lines, squeezes runs of spaces, takes out those
 * between two ideographs or symbols, and squeezes newlines. Since stripped lines neither begin nor
 * end with a space, all of it is one pass: lines that hold more than white space, joined by a
 * newline. */
#include "text/charset.h"
#include "text/rewrite.h"
#include "text/scratch.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

#if defined(__x86_64__)

__attribute__((target("avx2"))) static inline __m256i load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

/* Bytes from first to last, which are all ASCII or all not. */
__attribute__((target("avx2"))) static inline __m256i between(__m256i b, int first, int last)
{
    return _mm256_and_si256(_mm256_cmpgt_epi8(b, _mm256_set1_epi8((char)(first - 1))),
                            _mm256_cmpgt_epi8(_mm256_set1_epi8((char)(last + 1)), b));
}

/* Bytes of what may be tight: neither letters, figures nor controls of ASCII. */
__attribute__((target("avx2"))) static inline __m256i may_be_tight(__m256i b)
{
    __m256i letter = between(_mm256_or_si256(b, _mm256_set1_epi8(0x20)), 'a', 'z');
    __m256i plain = _mm256_or_si256(_mm256_or_si256(letter, between(b, '0', '9')),
                                    _mm256_or_si256(between(b, 0, 0x20), between(b, 0x7F, 0x7F)));
    return _mm256_andnot_si256(plain, _mm256_set1_epi8(-1));
}

__attribute__((target("avx2"))) static inline __m256i is(__m256i b, int c)
{
    return _mm256_cmpeq_epi8(b, _mm256_set1_epi8((char)c));
}

/* First bytes of spaces beyond ASCII. */
__attribute__((target("avx2"))) static inline __m256i may_be_space(__m256i b)
{
    return _mm256_or_si256(between(b, (char)0xE1, (char)0xE3),
                           _mm256_or_si256(is(b, 0xC2), is(b, 0xEF)));
}

/* Second bytes of theirs, which tell them from most quotes, dashes and full width punctuation. */
__attribute__((target("avx2"))) static inline __m256i may_follow(__m256i b)
{
    return _mm256_or_si256(_mm256_or_si256(is(b, 0x80), is(b, 0x81)),
                           _mm256_or_si256(_mm256_or_si256(is(b, 0x9A), is(b, 0xA0)), is(b, 0xBB)));
}

/* Where from i on, i > 0, the first space may stand that does not stay as it is, or where less than
 * a block is left. What stays is one ' ' next to something that is not tight. */
__attribute__((target("avx2"))) static size_t skip_wide(const char *p, size_t n, size_t i)
{
    const __m256i space = _mm256_set1_epi8(' ');
    for (; n - i >= 33; i += 32) {
        __m256i b = load(p + i), next = load(p + i + 1);
        __m256i tight = _mm256_and_si256(may_be_tight(next), may_be_tight(load(p + i - 1)));
        __m256i more = _mm256_or_si256(_mm256_cmpeq_epi8(next, space), may_be_space(next));
        __m256i odd = _mm256_and_si256(_mm256_cmpeq_epi8(b, space), _mm256_or_si256(tight, more));
        __m256i wide = _mm256_and_si256(may_be_space(b), may_follow(next));
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(odd, wide));
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
    }
    return i;
}

#endif

/* Goes over spaces that stay as they are; the character before i is no space. */
static size_t skip_plain(const char *p, size_t n, size_t i)
{
#if defined(__x86_64__)
    if (i > 0 && n - i >= 33 && dm_text_wide())
        return skip_wide(p, n, i);
#endif
    return i;
}

/* Copies a stripped line; a space in it has a character on each side. */
static void add_line(const struct squeeze *s, struct dm_text_span line)
{
    size_t at = line.start, space, size;
    uint32_t c;
    for (;;) {
        space = skip_plain(s->p, line.end, at);
        space = dm_charset_find(s->spaces, s->p, line.end, space, &size, &c);
        if (space >= line.end)
            break;
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
