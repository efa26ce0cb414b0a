/* Data-Juicer's punctuation_normalization: 34 marks become ASCII, one by one. */
#include "text/chars.h"
#include "text/scratch.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* That a full-width 1 (U+FF11) becomes a quote is the peer's slip. */
static const struct mark {
    char utf8[4], ascii[4];
} marks[] = {
    {"«", "\""},  {"´", "'"},   {"»", "\""},  {"–", "-"},   {"—", " - "}, {"’", "'"},
    {"“", "\""},  {"”", "\""},  {"„", "\""},  {"…", "..."}, {"∶", ":"},   {"━", "-"},
    {"►", "-"},   {"、", ","},  {"。", "."},  {"〈", "<"},  {"〉", ">"},  {"《", "\""},
    {"》", "\""}, {"「", "\""}, {"」", "\""}, {"【", "["},  {"】", "]"},  {"！", "!"},
    {"％", "%"},  {"（", "("},  {"）", ")"},  {"，", ","},  {"．", ". "}, {"１", "\""},
    {"：", ":"},  {"；", ";"},  {"？", "?"},  {"～", "~"},
};

enum { MARKS = sizeof marks / sizeof *marks };

/* The place of a character in the table, or -1 when no mark begins as it does. */
static inline int place_of(const unsigned char *u)
{
    int lead = u[0] == 0xC2 ? 0 : u[0] == 0xE2 ? 1 : u[0] == 0xE3 ? 2 : u[0] == 0xEF ? 3 : -1;
    if (lead <= 0)
        return lead < 0 ? -1 : u[1] & 0x3F;
    return lead << 12 | (u[1] & 0x3F) << 6 | (u[2] & 0x3F);
}

/* The mark at p, or NULL. */
static inline const struct mark *mark_at(const char *p)
{
    static uint8_t numbers[4 << 12]; /* of marks, from 1 */
    if (!numbers[place_of((const unsigned char *)marks[0].utf8)])
        for (size_t i = 0; i < MARKS; i++)
            numbers[place_of((const unsigned char *)marks[i].utf8)] = (uint8_t)(i + 1);
    int place = place_of((const unsigned char *)p);
    return place >= 0 && numbers[place] ? &marks[numbers[place] - 1] : NULL;
}

#if defined(__x86_64__)

/* The first byte from i on that a mark may begin with, or where less than a block is left. */
__attribute__((target("avx2"))) static size_t find_lead(const char *p, size_t n, size_t i)
{
    for (; n - i >= 32; i += 32) {
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        if (!_mm256_movemask_epi8(b))
            continue;
        __m256i e2 = _mm256_cmpeq_epi8(_mm256_or_si256(b, _mm256_set1_epi8(1)),
                                       _mm256_set1_epi8((char)0xE3));
        __m256i hit = _mm256_or_si256(_mm256_cmpeq_epi8(b, _mm256_set1_epi8((char)0xC2)),
                                      _mm256_cmpeq_epi8(b, _mm256_set1_epi8((char)0xEF)));
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(hit, e2));
        if (mask)
            return i + (size_t)__builtin_ctz(mask);
    }
    return i;
}

#endif

/* The first mark from i on, where a character starts; n: there is none. */
static size_t find_mark(const char *p, size_t n, size_t i, const struct mark **mark)
{
    for (size_t at = i; at < n; at++) {
#if defined(__x86_64__)
        if (dm_text_wide())
            at = find_lead(p, n, at);
#endif
        *mark = at < n ? mark_at(p + at) : NULL;
        if (*mark)
            return at;
    }
    return n;
}

int dm_text_punctuation(const char *p, size_t n, struct dm_buf *out)
{
    const struct mark *mark;
    size_t from = 0;
    dm_buf_clear(out);
    for (size_t i; (i = find_mark(p, n, from, &mark)) < n; from = i + dm_char_size(p[i]))
        if (!dm_buf_add(out, p + from, i - from) || !dm_buf_puts(out, mark->ascii))
            return DM_EMEMORY;
    if (from == 0)
        return 0;
    return dm_buf_add(out, p + from, n - from) ? 1 : DM_EMEMORY;
}
