/* str.splitlines of Python: the lines of a text, or how many there are and how long. */
#include "text/chars.h"
#include "text/scratch.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Bytes of the line end at i, 0 when there is none. */
static size_t line_end(const char *p, size_t n, size_t i)
{
    const unsigned char *u = (const unsigned char *)p + i;
    switch (u[0]) {
    case '\r':
        return i + 1 < n && u[1] == '\n' ? 2 : 1;
    case '\n':
    case '\v':
    case '\f':
    case 0x1C:
    case 0x1D:
    case 0x1E:
        return 1;
    case 0xC2:
        return u[1] == 0x85 ? 2 : 0;
    case 0xE2:
        return u[1] == 0x80 && (u[2] == 0xA8 || u[2] == 0xA9) ? 3 : 0;
    default:
        return 0;
    }
}

/* Appends the line that ends at byte i, when one does; *start goes to the next one. False when
 * memory is short. */
static bool list_end(const char *p, size_t n, size_t i, size_t *start, struct dm_buf *out)
{
    struct dm_text_span line = {*start, i};
    size_t size = i < *start ? 0 : line_end(p, n, i);
    if (!size)
        return true;
    *start = i + size;
    return dm_buf_add(out, &line, sizeof line);
}

/* The count so far; places are numbers of code points. */
struct tally {
    size_t next;  /* byte at which the line begins */
    size_t start; /* its place */
    size_t lines, longest;
};

/* Takes up the line end at byte i, whose place is given, when there is one. */
static inline void note_end(struct tally *t, const char *p, size_t n, size_t i, size_t place)
{
    size_t size = i < t->next ? 0 : line_end(p, n, i);
    if (!size)
        return;
    if (place - t->start > t->longest)
        t->longest = place - t->start;
    t->lines++;
    t->next = i + size;
    t->start = place + (p[i] == '\r' ? size : 1);
}

static size_t tally_plain(struct tally *t, const char *p, size_t n, size_t i, size_t place)
{
    for (; i < n; i++) {
        if (dm_char_continues(p[i]))
            continue;
        note_end(t, p, n, i, place);
        place++;
    }
    return place;
}

#if defined(__x86_64__)

/* Bytes at which a line end may begin. */
__attribute__((target("avx2"))) static inline uint32_t find_ends(__m256i b)
{
    __m256i low = _mm256_and_si256(_mm256_cmpgt_epi8(b, _mm256_set1_epi8(0x09)),
                                   _mm256_cmpgt_epi8(_mm256_set1_epi8(0x0E), b));
    __m256i high = _mm256_and_si256(_mm256_cmpgt_epi8(b, _mm256_set1_epi8(0x1B)),
                                    _mm256_cmpgt_epi8(_mm256_set1_epi8(0x1F), b));
    __m256i wide = _mm256_or_si256(_mm256_cmpeq_epi8(b, _mm256_set1_epi8((char)0xC2)),
                                   _mm256_cmpeq_epi8(b, _mm256_set1_epi8((char)0xE2)));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(low, high), wide));
}

/* Goes over whole blocks; *at goes on to the rest. */
__attribute__((target("avx2"))) static bool list_avx2(const char *p, size_t n, size_t *at,
                                                      size_t *start, struct dm_buf *out)
{
    for (; n - *at >= 32; *at += 32) {
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + *at));
        for (uint32_t m = find_ends(b); m; m &= m - 1)
            if (!list_end(p, n, *at + (size_t)__builtin_ctz(m), start, out))
                return false;
    }
    return true;
}

__attribute__((target("avx2,popcnt"))) static size_t tally_avx2(struct tally *t, const char *p,
                                                                size_t n)
{
    size_t i = 0, place = 0;
    for (; n - i >= 32; i += 32) {
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        uint32_t starts =
            (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(b, _mm256_set1_epi8(-65)));
        for (uint32_t m = find_ends(b); m; m &= m - 1) {
            unsigned at = (unsigned)__builtin_ctz(m);
            uint32_t before = starts & ((1u << at) - 1);
            note_end(t, p, n, i + at, place + (size_t)__builtin_popcount(before));
        }
        place += (size_t)__builtin_popcount(starts);
    }
    return tally_plain(t, p, n, i, place);
}

#endif

void dm_text_measure_lines(const char *p, size_t n, struct dm_line_counts *counts)
{
    struct tally t = {0, 0, 0, 0};
    size_t place;
#if defined(__x86_64__)
    if (dm_text_wide())
        place = tally_avx2(&t, p, n);
    else
#endif
        place = tally_plain(&t, p, n, 0, 0);
    if (t.next < n) {
        t.lines++;
        if (place - t.start > t.longest)
            t.longest = place - t.start;
    }
    counts->lines = (double)t.lines;
    counts->longest = (double)t.longest;
}

int dm_text_lines(const char *p, size_t n, struct dm_buf *out)
{
    struct dm_text_span last = {0, n};
    size_t i = 0;
    bool ok = true;
    dm_buf_clear(out);
#if defined(__x86_64__)
    if (dm_text_wide())
        ok = list_avx2(p, n, &i, &last.start, out);
#endif
    for (; ok && i < n; i++)
        ok = list_end(p, n, i, &last.start, out);
    if (ok && last.start < n)
        ok = dm_buf_add(out, &last, sizeof last);
    return ok ? DM_OK : DM_EMEMORY;
}
