/* 64 bytes at a time with AVX-512. */
#if defined(__x86_64__)
#include "text/case.h"

#include <immintrin.h>
#include <stdint.h>

#define TARGET __attribute__((target("avx512bw,avx512vbmi,bmi,lzcnt")))
#define INLINE TARGET static inline __attribute__((always_inline))

INLINE uint64_t first_bits(size_t n)
{
    return n < 64 ? ((uint64_t)1 << n) - 1 : ~(uint64_t)0;
}

INLINE __m512i load(const char *p)
{
    return _mm512_loadu_si512((const void *)p);
}

INLINE uint64_t equal(__m512i v, int c)
{
    return _mm512_cmpeq_epi8_mask(v, _mm512_set1_epi8((char)c));
}

INLINE uint64_t within(__m512i v, int from, int to)
{
    __m512i distance = _mm512_sub_epi8(v, _mm512_set1_epi8((char)from));
    return _mm512_cmple_epu8_mask(distance, _mm512_set1_epi8((char)(to - from)));
}

/* The first bytes of characters of more than two bytes that may have case. None has: U+0800 to
 * U+0FFF, U+2000 to U+20FF, U+3000 to U+9FFF, U+B000 to U+FFFF but for ligatures and full-width
 * letters, U+1F000 to U+1FFFF. */
INLINE uint64_t cased_leads(__m512i v, __m512i next)
{
    uint64_t some = within(v, 0xE1, 0xFF) & ~within(v, 0xE3, 0xE9) & ~within(v, 0xEB, 0xEE);
    if (!some)
        return 0;
    uint64_t cased = equal(next, 0xAC) | within(next, 0xBC, 0xBD);
    return some & ~(equal(v, 0xE2) & within(next, 0x80, 0x83)) & ~(equal(v, 0xEF) & ~cased) &
           ~(equal(v, 0xF0) & equal(next, 0x9F));
}

/* Maps the characters of two bytes that start at `leads`, one first byte after another: few are in
 * a block. Returns those that are not known. */
INLINE uint64_t map_pairs(const struct dm_case_pairs *pairs, const char *p, uint64_t leads,
                          __m512i v, __m512i next, __m512i *mapped)
{
    uint64_t unknown = 0;
    while (leads) {
        unsigned char lead = (unsigned char)p[__builtin_ctzll(leads)];
        uint64_t same = equal(v, lead) & leads;
        __m512i second = _mm512_permutexvar_epi8(v, load(pairs->second[lead & 31]));
        *mapped = _mm512_mask_permutexvar_epi8(*mapped, same, next, load(pairs->first[lead & 31]));
        *mapped = _mm512_mask_mov_epi8(*mapped, same << 1, second);
        unknown |= _mm512_mask_testn_epi8_mask(same << 1, second, second) >> 1;
        leads &= ~same;
    }
    return unknown;
}

TARGET size_t dm_case_avx512(const struct dm_case_pairs *pairs, const char *p, size_t n, char *to,
                             bool *changed)
{
    size_t at = 0, size, good;
    uint64_t other = 0;
    do {
        size_t left = n - at;
        uint64_t inside = first_bits(left);
        __m512i v = _mm512_maskz_loadu_epi8(inside, p + at), mapped;
        __m512i next = _mm512_maskz_loadu_epi8(first_bits(left - 1), p + at + 1);
        uint64_t leads = within(v, 0xC2, 0xDF), cut = leads >> 63; /* it is the next block's */
        size = (left < 64 ? left : 64) - cut;
        mapped = _mm512_mask_add_epi8(v, within(v, pairs->from, pairs->to), v,
                                      _mm512_set1_epi8(pairs->distance));
        uint64_t stops = cased_leads(v, next);
        stops |= map_pairs(pairs, p + at, leads & ~(cut << 63), v, next, &mapped);
        good = stops ? (size_t)__builtin_ctzll(stops) : size;
        other |= _mm512_cmpneq_epi8_mask(v, mapped) & first_bits(good);
        _mm512_storeu_si512((void *)(to + at), mapped);
        at += good;
    } while (good == size && at < n);
    *changed |= other != 0;
    return at;
}
#else
typedef int dm_case_no_avx512;
#endif
