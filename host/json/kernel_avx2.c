/* Two times 32 bytes with AVX2. */
#if defined(__x86_64__)
#include "json/kernel_masks.h"

#include <immintrin.h>

#define TARGET __attribute__((target("avx2,bmi,bmi2,lzcnt,popcnt")))
#define KERNEL dm_json_avx2
#define VECTOR TARGET static inline __attribute__((always_inline))

VECTOR __m256i load_32(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

VECTOR __m256i table(const uint8_t t[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)t));
}

VECTOR uint64_t join(__m256i a, __m256i b)
{
    return (uint32_t)_mm256_movemask_epi8(a) | (uint64_t)(uint32_t)_mm256_movemask_epi8(b) << 32;
}

VECTOR uint64_t equal(__m256i a, __m256i b, char c)
{
    __m256i all = _mm256_set1_epi8(c);
    return join(_mm256_cmpeq_epi8(a, all), _mm256_cmpeq_epi8(b, all));
}

VECTOR __m256i below_32(__m256i v)
{
    return _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(31)), v);
}

VECTOR struct masks masks_of(const char *p)
{
    __m256i a = load_32(p), b = load_32(p + 32);
    return (struct masks){equal(a, b, '"'), equal(a, b, '\\'), join(below_32(a), below_32(b))};
}

VECTOR __m256i classes(__m256i v)
{
    __m256i half = _mm256_set1_epi8(15);
    __m256i low = _mm256_shuffle_epi8(table(dm_json_by_low), _mm256_and_si256(v, half));
    __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), half);
    return _mm256_and_si256(low, _mm256_shuffle_epi8(table(dm_json_by_high), high));
}

VECTOR uint64_t any_of(__m256i a, __m256i b, char bits)
{
    __m256i all = _mm256_set1_epi8(bits), zero = _mm256_setzero_si256();
    return ~join(_mm256_cmpeq_epi8(_mm256_and_si256(a, all), zero),
                 _mm256_cmpeq_epi8(_mm256_and_si256(b, all), zero));
}

VECTOR struct marks marks_of(const char *p)
{
    __m256i a = load_32(p), b = load_32(p + 32);
    struct masks m = masks_of(p);
    return (struct marks){m.backslash, m.quote | m.control,
                          any_of(classes(a), classes(b), DM_ANY_SIMPLE)};
}

VECTOR struct escapes escapes_of(const char *p)
{
    __m256i in_a = classes(load_32(p)), in_b = classes(load_32(p + 32));
    return (struct escapes){any_of(in_a, in_b, DM_ESCAPE_U), any_of(in_a, in_b, DM_ANY_HEX)};
}

VECTOR void copy_64(char *to, const char *from)
{
    __m256i a = load_32(from), b = load_32(from + 32);
    _mm256_storeu_si256((__m256i *)(void *)to, a);
    _mm256_storeu_si256((__m256i *)(void *)(to + 32), b);
}

#include "json/kernel_body.h"
#else
typedef int dm_json_no_avx2;
#endif
