/* Counting code points and those of a class. */
#include "text/chars.h"
#include "text/scratch.h"
#include "lua/ffi.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static size_t length_plain(const char *p, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += !dm_char_continues(p[i]);
    return count;
}

static size_t class_plain(const uint64_t *set, const char *p, size_t n)
{
    size_t count = 0, size;
    for (size_t i = 0; i < n; i += size)
        count += dm_class_has(set, dm_char_read(p + i, &size));
    return count;
}

#if defined(__x86_64__)

/* Up to 255 blocks are counted in bytes before the bytes are added up. */
__attribute__((target("avx2"))) static size_t length_avx2(const char *p, size_t n)
{
    size_t i = 0, count = 0;
    const __m256i limit = _mm256_set1_epi8(-65);
    while (n - i >= 32) {
        __m256i sums = _mm256_setzero_si256();
        for (int k = 0; k < 255 && n - i >= 32; k++, i += 32) {
            __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
            sums = _mm256_sub_epi8(sums, _mm256_cmpgt_epi8(b, limit));
        }
        __m256i wide = _mm256_sad_epu8(sums, _mm256_setzero_si256());
        count += (size_t)(_mm256_extract_epi64(wide, 0) + _mm256_extract_epi64(wide, 1) +
                          _mm256_extract_epi64(wide, 2) + _mm256_extract_epi64(wide, 3));
    }
    return count + length_plain(p + i, n - i);
}

/* Goes over blocks whose characters all start before number *left, which sinks by theirs. Ends
 * where a character starts. */
__attribute__((target("avx2,popcnt"))) static size_t offset_avx2(const char *p, size_t n,
                                                                 double *left)
{
    size_t i = 0;
    for (unsigned starts; n - i >= 32; i += 32, *left -= starts) {
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(b, _mm256_set1_epi8(-65)));
        starts = (unsigned)__builtin_popcount(mask);
        if (starts > *left)
            break;
    }
    while (i < n && dm_char_continues(p[i]))
        i++;
    return i;
}

/* ASCII: printable or white space, and no letter. Bytes from 128 are negative here and fall out. */
__attribute__((target("avx2"))) static inline uint32_t special_ascii(__m256i b)
{
    __m256i lower = _mm256_or_si256(b, _mm256_set1_epi8(0x20));
    __m256i letter = _mm256_and_si256(_mm256_cmpgt_epi8(lower, _mm256_set1_epi8('a' - 1)),
                                      _mm256_cmpgt_epi8(_mm256_set1_epi8('z' + 1), lower));
    __m256i shown = _mm256_and_si256(_mm256_cmpgt_epi8(b, _mm256_set1_epi8(31)),
                                     _mm256_cmpgt_epi8(_mm256_set1_epi8(127), b));
    __m256i space = _mm256_and_si256(_mm256_cmpgt_epi8(b, _mm256_set1_epi8(8)),
                                     _mm256_cmpgt_epi8(_mm256_set1_epi8(14), b));
    __m256i any = _mm256_or_si256(_mm256_andnot_si256(letter, shown), space);
    return (uint32_t)_mm256_movemask_epi8(any);
}

/* Bytes that can begin a special character outside ASCII. */
__attribute__((target("avx2"))) static inline uint32_t special_leads(__m256i b, __m256i low,
                                                                     __m256i high)
{
    __m256i nibble = _mm256_set1_epi8(15);
    __m256i l = _mm256_shuffle_epi8(low, _mm256_and_si256(b, nibble));
    __m256i h = _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(b, 4), nibble));
    __m256i none = _mm256_cmpeq_epi8(_mm256_and_si256(l, h), _mm256_setzero_si256());
    return ~(uint32_t)_mm256_movemask_epi8(none);
}

__attribute__((target("avx2"))) static __m256i twice(const uint8_t *table)
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)table));
}

__attribute__((target("avx2,popcnt"))) static size_t special_avx2(const char *p, size_t n)
{
    const struct dm_classes *k = dm_classes();
    __m256i low = twice(k->special_low), high = twice(k->special_high);
    size_t i = 0, count = 0, size;
    for (; n - i >= 32; i += 32) {
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        count += (size_t)__builtin_popcount(special_ascii(b));
        if (!_mm256_movemask_epi8(b))
            continue;
        for (uint32_t m = special_leads(b, low, high); m; m &= m - 1)
            count += dm_class_has(k->special, dm_char_read(p + i + __builtin_ctz(m), &size));
    }
    while (i < n && dm_char_continues(p[i]))
        i++;
    return count + class_plain(k->special, p + i, n - i);
}

/* ASCII letters and digits. */
__attribute__((target("avx2"))) static inline uint32_t alnum_ascii(__m256i b)
{
    __m256i lower = _mm256_or_si256(b, _mm256_set1_epi8(0x20));
    __m256i letter = _mm256_and_si256(_mm256_cmpgt_epi8(lower, _mm256_set1_epi8('a' - 1)),
                                      _mm256_cmpgt_epi8(_mm256_set1_epi8('z' + 1), lower));
    __m256i digit = _mm256_and_si256(_mm256_cmpgt_epi8(b, _mm256_set1_epi8('0' - 1)),
                                     _mm256_cmpgt_epi8(_mm256_set1_epi8('9' + 1), b));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(letter, digit));
}

__attribute__((target("avx2,popcnt"))) static size_t alnum_avx2(const char *p, size_t n)
{
    const uint64_t *set = dm_classes()->alnum;
    size_t i = 0, count = 0, size;
    for (; n - i >= 32; i += 32) {
        __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        count += (size_t)__builtin_popcount(alnum_ascii(b));
        uint32_t starts =
            (uint32_t)_mm256_movemask_epi8(_mm256_cmpgt_epi8(b, _mm256_set1_epi8(-65)));
        for (uint32_t m = starts & (uint32_t)_mm256_movemask_epi8(b); m; m &= m - 1)
            count += dm_class_has(set, dm_char_read(p + i + __builtin_ctz(m), &size));
    }
    while (i < n && dm_char_continues(p[i]))
        i++;
    return count + class_plain(set, p + i, n - i);
}

#endif

double dm_text_length(const char *p, size_t n)
{
#if defined(__x86_64__)
    if (dm_text_wide())
        return (double)length_avx2(p, n);
#endif
    return (double)length_plain(p, n);
}

double dm_text_special(const char *p, size_t n)
{
#if defined(__x86_64__)
    if (dm_text_wide())
        return (double)special_avx2(p, n);
#endif
    return (double)class_plain(dm_classes()->special, p, n);
}

double dm_text_alnum(const char *p, size_t n)
{
#if defined(__x86_64__)
    if (dm_text_wide())
        return (double)alnum_avx2(p, n);
#endif
    return (double)class_plain(dm_classes()->alnum, p, n);
}

double dm_text_offset(const char *p, size_t n, double count)
{
    size_t i = 0;
    double left = count;
#if defined(__x86_64__)
    if (dm_text_wide())
        i = offset_avx2(p, n, &left);
#endif
    for (; i < n && left > 0; left--)
        i += dm_char_size(p[i]);
    return (double)i;
}
