/* 64 bytes at a time with AVX-512BW. */
#if defined(__x86_64__)
#include "json/kernel_masks.h"

#include <immintrin.h>

#define TARGET __attribute__((target("avx512bw,avx512vl,avx2,bmi,bmi2,lzcnt,popcnt")))
#define KERNEL dm_json_avx512
#define VECTOR TARGET static inline __attribute__((always_inline))

VECTOR __m512i load_64(const char *p)
{
    return _mm512_loadu_si512((const void *)p);
}

VECTOR __m512i table(const uint8_t t[16])
{
    return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)t));
}

/* Has the compiler move the mask to a general register before anything is done with it: made part
 * of the comparison, an AND with what the block before has left would wait for all of that. */
VECTOR uint64_t apart(uint64_t mask)
{
    __asm__("" : "+r"(mask));
    return mask;
}

VECTOR uint64_t equal(__m512i v, char c)
{
    return apart(_mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8(c)));
}

VECTOR struct masks masks_of(const char *p)
{
    __m512i v = load_64(p);
    return (struct masks){equal(v, '"'), equal(v, '\\'),
                          apart(_mm512_cmplt_epu8_mask(v, _mm512_set1_epi8(32)))};
}

VECTOR struct escapes escapes_of(const char *p)
{
    __m512i v = load_64(p), half = _mm512_set1_epi8(15);
    __m512i low = _mm512_shuffle_epi8(table(dm_json_by_low), _mm512_and_si512(v, half));
    __m512i high = _mm512_and_si512(_mm512_srli_epi16(v, 4), half);
    __m512i in = _mm512_and_si512(low, _mm512_shuffle_epi8(table(dm_json_by_high), high));
    return (struct escapes){apart(_mm512_test_epi8_mask(in, _mm512_set1_epi8(DM_ANY_SIMPLE))),
                            _mm512_test_epi8_mask(in, _mm512_set1_epi8(DM_ESCAPE_U)),
                            _mm512_test_epi8_mask(in, _mm512_set1_epi8(DM_ANY_HEX))};
}

VECTOR void copy_64(char *to, const char *from)
{
    _mm512_storeu_si512((void *)to, load_64(from));
}

#include "json/kernel_body.h"
#else
typedef int dm_json_no_avx512;
#endif
