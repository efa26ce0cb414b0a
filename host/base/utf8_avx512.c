/* 64 bytes at a time with AVX-512BW. */
#if defined(__x86_64__)
#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define TARGET __attribute__((target("avx512bw")))
#define KERNEL dm_utf8_avx512
#define VECTOR TARGET static inline __attribute__((always_inline))

enum { BYTES = 64 };
typedef __m512i vector;

VECTOR vector load(const char *p)
{
    return _mm512_loadu_si512((const void *)p);
}

VECTOR vector fill(char c)
{
    return _mm512_set1_epi8(c);
}

VECTOR vector table(const uint8_t t[16])
{
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)t));
}

VECTOR vector look_up(vector t, vector v)
{
    return _mm512_shuffle_epi8(t, v);
}

VECTOR vector without(vector a, vector b)
{
    return _mm512_subs_epu8(a, b);
}

VECTOR vector high_half(vector v)
{
    return _mm512_and_si512(_mm512_srli_epi16(v, 4), fill(15));
}

VECTOR bool any_high(vector v)
{
    return _mm512_movepi8_mask(v) != 0;
}

VECTOR bool any(vector v)
{
    return _mm512_test_epi8_mask(v, v) != 0;
}

#include "base/utf8_body.h"
#else
typedef int dm_utf8_no_avx512;
#endif
