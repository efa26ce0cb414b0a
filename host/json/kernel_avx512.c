/* 64 bytes at a time with AVX-512, as of VBMI2: the first processors with AVX-512 slow down when
 * they use it. */
#if defined(__x86_64__)
#include "json/kernel_masks.h"

#include <immintrin.h>

#define TARGET                                                                                     \
    __attribute__((target("avx512bw,avx512vl,avx512vbmi,avx512vbmi2,avx2,bmi,bmi2,lzcnt,popcnt")))
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

VECTOR uint64_t below(__m512i v, unsigned char c)
{
    return apart(_mm512_cmplt_epu8_mask(v, _mm512_set1_epi8((char)c)));
}

VECTOR struct masks masks_of(const char *p)
{
    __m512i v = load_64(p);
    return (struct masks){equal(v, '"'), equal(v, '\\'), below(v, 32)};
}

/* What may follow a backslash, each at half of itself: no two of them have the same. The first
 * entry is not half of it, so that a zero, which all others hold, is not known there. */
static const char simple[64] = {
    [0] = '"',       ['"' / 2] = '"', ['/' / 2] = '/', ['\\' / 2] = '\\', ['b' / 2] = 'b',
    ['f' / 2] = 'f', ['n' / 2] = 'n', ['r' / 2] = 'r', ['t' / 2] = 't',
};

/* '"' with its second bit turned stands right above the control characters, which with it turned
 * are still the same ones. */
VECTOR struct marks marks_of(const char *p)
{
    __m512i v = load_64(p);
    __m512i known = _mm512_permutexvar_epi8(_mm512_srli_epi16(v, 1), load_64(simple));
    return (struct marks){equal(v, '\\'), below(_mm512_xor_si512(v, _mm512_set1_epi8(2)), 33),
                          apart(_mm512_cmpeq_epi8_mask(v, known))};
}

VECTOR struct escapes escapes_of(const char *p)
{
    __m512i v = load_64(p), half = _mm512_set1_epi8(15);
    __m512i low = _mm512_shuffle_epi8(table(dm_json_by_low), _mm512_and_si512(v, half));
    __m512i high = _mm512_and_si512(_mm512_srli_epi16(v, 4), half);
    __m512i in = _mm512_and_si512(low, _mm512_shuffle_epi8(table(dm_json_by_high), high));
    return (struct escapes){_mm512_test_epi8_mask(in, _mm512_set1_epi8(DM_ESCAPE_U)),
                            _mm512_test_epi8_mask(in, _mm512_set1_epi8(DM_ANY_HEX))};
}

VECTOR void copy_64(char *to, const char *from)
{
    _mm512_storeu_si512((void *)to, load_64(from));
}

#define DM_JSON_AT_ONCE

/* Entry v of a table of 128 bytes. */
VECTOR __m512i look_up_128(const char t[128], __m512i v)
{
    return _mm512_permutex2var_epi8(load_64(t), v, load_64(t + 64));
}

VECTOR bool unescape_at_once(const char *p, size_t n, uint64_t starts, uint64_t escaped, char **to)
{
    __m512i v = load_64(p), letters = look_up_128(dm_json_unescaped, v);
    if (escaped & equal(v, 'u'))
        return false;
    v = _mm512_mask_mov_epi8(v, escaped, letters);
    _mm512_storeu_si512((void *)*to, _mm512_maskz_compress_epi8(~starts, v));
    *to += n - (size_t)__builtin_popcountll(starts);
    return true;
}

/* Writes 32 bytes with a backslash before those that are special. */
VECTOR void write_escaped(__m512i v, uint32_t special, char *to)
{
    const uint64_t bytes = 0xAAAAAAAAAAAAAAAAu; /* of pairs: a place for a backslash, a byte */
    uint64_t taken = bytes | _pdep_u64(special, ~bytes);
    __m512i backslashes = _mm512_set1_epi8('\\');
    _mm512_storeu_si512((void *)to,
                        _mm512_mask_expand_epi8(backslashes, _pext_u64(bytes, taken), v));
}

VECTOR bool escape_at_once(const char *p, size_t n, uint64_t special, uint64_t control, char **to)
{
    __m512i v = load_64(p), letters = _mm512_permutexvar_epi8(v, load_64(dm_json_letters));
    if (_mm512_mask_testn_epi8_mask(control & special, letters, letters))
        return false;
    v = _mm512_mask_mov_epi8(v, control, letters);
    write_escaped(v, (uint32_t)special, *to);
    char *half = *to + 32 + __builtin_popcount((uint32_t)special);
    write_escaped(_mm512_castsi256_si512(_mm512_extracti64x4_epi64(v, 1)),
                  (uint32_t)(special >> 32), half);
    *to += n + (size_t)__builtin_popcountll(special);
    return true;
}

#include "json/kernel_body.h"
#else
typedef int dm_json_no_avx512;
#endif
