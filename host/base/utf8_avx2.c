/* 32 bytes at a time with AVX2. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define TARGET __attribute__((target("avx2")))
#define KERNEL dm_utf8_avx2
#define VECTOR TARGET static inline __attribute__((always_inline))

enum { BYTES = 32 };
typedef __m256i vector;

VECTOR vector load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

VECTOR vector fill(char c)
{
    return _mm256_set1_epi8(c);
}

VECTOR vector table(const uint8_t t[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)t));
}

VECTOR vector look_up(vector t, vector v)
{
    return _mm256_shuffle_epi8(t, v);
}

VECTOR vector without(vector a, vector b)
{
    return _mm256_subs_epu8(a, b);
}

VECTOR vector high_half(vector v)
{
    return _mm256_and_si256(_mm256_srli_epi16(v, 4), fill(15));
}

VECTOR bool any_high(vector v)
{
    return _mm256_movemask_epi8(v) != 0;
}

VECTOR bool any(vector v)
{
    return !_mm256_testz_si256(v, v);
}

#include "base/utf8_body.h"
#else
typedef int dm_utf8_no_avx2;
#endif
