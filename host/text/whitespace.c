/* Stripping, and Data-Juicer's whitespace normalisation. */
#include "text/chars.h"
#include "text/scratch.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

void dm_text_strip(const char *p, size_t n, struct dm_text_span *span)
{
    size_t start = 0, end = n, size;
    while (start < n && dm_char_is_space(dm_char_read(p + start, &size)))
        start += size;
    while (end > start && dm_char_is_space(dm_char_before(p + end, &size)))
        end -= size;
    span->start = start;
    span->end = end;
}

/* Bytes of the space that stands at p, one of the 22 that become U+0020, or 0. */
static size_t odd_space(const unsigned char *u)
{
    switch (u[0]) {
    case '\t':
        return 1;
    case 0xC2:
        return u[1] == 0x84 || u[1] == 0xA0 ? 2 : 0;
    case 0xE2:
        if (u[1] == 0x80)
            return u[2] <= 0x8D || u[2] == 0xAF ? 3 : 0;
        return u[1] == 0x81 && (u[2] == 0x9F || u[2] == 0xA0) ? 3 : 0;
    case 0xE3:
        return u[1] == 0x80 && u[2] == 0x80 ? 3 : 0;
    case 0xEF:
        return u[1] == 0xBF && u[2] == 0xBC ? 3 : 0;
    default:
        return 0;
    }
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static inline __m256i pair(__m256i b, __m256i next, int first,
                                                           int second)
{
    return _mm256_and_si256(_mm256_cmpeq_epi8(b, _mm256_set1_epi8((char)first)),
                            _mm256_cmpeq_epi8(next, _mm256_set1_epi8((char)second)));
}

/* Goes on to the first block in which an odd space may begin; returns its mask, 0 near the end. */
__attribute__((target("avx2"))) static uint32_t odd_block(const char *p, size_t n, size_t *at)
{
    for (; n - *at >= 33; *at += 32) {
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + *at));
        __m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(p + *at + 1));
        __m256i hit = _mm256_cmpeq_epi8(b, _mm256_set1_epi8('\t'));
        if (_mm256_movemask_epi8(b)) {
            hit = _mm256_or_si256(hit, _mm256_cmpeq_epi8(b, _mm256_set1_epi8((char)0xC2)));
            hit = _mm256_or_si256(hit, pair(b, next, 0xE2, 0x80));
            hit = _mm256_or_si256(hit, pair(b, next, 0xE2, 0x81));
            hit = _mm256_or_si256(hit, pair(b, next, 0xE3, 0x80));
            hit = _mm256_or_si256(hit, pair(b, next, 0xEF, 0xBF));
        }
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(hit);
        if (mask)
            return mask;
    }
    return 0;
}

/* The first odd space from `at` on, or a place near the end before which there is none. */
__attribute__((target("avx2"))) static size_t find_wide(const char *p, size_t n, size_t at)
{
    uint32_t mask;
    while ((mask = odd_block(p, n, &at)) != 0) {
        for (; mask; mask &= mask - 1) {
            size_t i = at + (size_t)__builtin_ctz(mask);
            if (odd_space((const unsigned char *)p + i))
                return i;
        }
        at += 32;
    }
    return at;
}

#endif

/* The first odd space from `at` on, or n. A continuation byte in front is stepped over. */
static size_t find_odd(const char *p, size_t n, size_t at)
{
#if defined(__x86_64__)
    if (dm_text_wide())
        at = find_wide(p, n, at);
#endif
    while (at < n && !odd_space((const unsigned char *)p + at))
        at++;
    return at;
}

int dm_text_whitespace(const char *p, size_t n, struct dm_buf *out)
{
    struct dm_text_span span;
    dm_text_strip(p, n, &span);
    size_t at = span.start, odd = find_odd(p, span.end, at);
    if (odd == n && span.start == 0)
        return 0;
    dm_buf_clear(out);
    if (!dm_buf_reserve(out, n))
        return DM_EMEMORY;
    while (odd < span.end) {
        memcpy(out->p + out->n, p + at, odd - at);
        out->n += odd - at;
        out->p[out->n++] = ' ';
        at = odd + odd_space((const unsigned char *)p + odd);
        odd = find_odd(p, span.end, at);
    }
    memcpy(out->p + out->n, p + at, span.end - at);
    out->n += span.end - at;
    return 1;
}
