#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static bool more(const unsigned char *p, int n)
{
    for (int i = 1; i <= n; i++)
        if ((p[i] & 0xC0) != 0x80)
            return false;
    return true;
}

/* Length of the sequence at p with `room` bytes left, or 0. The bounds of the second byte are those
 * of table 3-7 of the Unicode standard. */
static size_t sequence(const unsigned char *p, size_t room)
{
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    if (c < 0xC2 || c > 0xF4)
        return 0;
    if (c < 0xE0)
        return room >= 2 && more(p, 1) ? 2 : 0;
    if (c < 0xF0) {
        if (room < 3 || !more(p, 2))
            return 0;
        return (c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F) ? 0 : 3;
    }
    if (room < 4 || !more(p, 3))
        return 0;
    return (c == 0xF0 && p[1] < 0x90) || (c == 0xF4 && p[1] > 0x8F) ? 0 : 4;
}

static size_t check_portable(const char *text, size_t at, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    while (at < n) {
        uint64_t word;
        if (n - at >= 8 && (memcpy(&word, p + at, 8), !(word & 0x8080808080808080u))) {
            at += 8;
            continue;
        }
        size_t length = sequence(p + at, n - at);
        if (!length)
            return at;
        at += length;
    }
    return n;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))

/* The lookup method of John Keiser and Daniel Lemire, "Validating UTF-8 in less than one
 * instruction per byte" (2021): three tables, asked with the high and low half of the byte before
 * and the high half of this one, whose common bits name the errors. */
enum {
    TOO_SHORT = 1,       /* 11______ 0_______ or 11______ 11______ */
    TOO_LONG = 2,        /* 0_______ 10______ */
    OVERLONG_3 = 4,      /* 11100000 100_____ */
    TOO_LARGE = 8,       /* 11110100 1001____ and above */
    SURROGATE = 16,      /* 11101101 101_____ */
    OVERLONG_2 = 32,     /* 1100000_ 10______ */
    TOO_LARGE_1000 = 64, /* 11110101 1000____ and above */
    OVERLONG_4 = 64,     /* 11110000 1000____ */
    TWO_CONTS = 128,     /* 10______ 10______ */
    CARRY = TOO_SHORT | TOO_LONG | TWO_CONTS
};

static const uint8_t by_high_before[16] = {TOO_LONG,
                                           TOO_LONG,
                                           TOO_LONG,
                                           TOO_LONG,
                                           TOO_LONG,
                                           TOO_LONG,
                                           TOO_LONG,
                                           TOO_LONG,
                                           TWO_CONTS,
                                           TWO_CONTS,
                                           TWO_CONTS,
                                           TWO_CONTS,
                                           TOO_SHORT | OVERLONG_2,
                                           TOO_SHORT,
                                           TOO_SHORT | OVERLONG_3 | SURROGATE,
                                           TOO_SHORT | TOO_LARGE | TOO_LARGE_1000 | OVERLONG_4};

static const uint8_t by_low_before[16] = {CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4,
                                          CARRY | OVERLONG_2,
                                          CARRY,
                                          CARRY,
                                          CARRY | TOO_LARGE,
                                          CARRY | TOO_LARGE | TOO_LARGE_1000,
                                          CARRY | TOO_LARGE | TOO_LARGE_1000,
                                          CARRY | TOO_LARGE | TOO_LARGE_1000,
                                          CARRY | TOO_LARGE | TOO_LARGE_1000,
                                          CARRY | TOO_LARGE | TOO_LARGE_1000,
                                          CARRY | TOO_LARGE | TOO_LARGE_1000,
                                          CARRY | TOO_LARGE | TOO_LARGE_1000,
                                          CARRY | TOO_LARGE | TOO_LARGE_1000,
                                          CARRY | TOO_LARGE | TOO_LARGE_1000 | SURROGATE,
                                          CARRY | TOO_LARGE | TOO_LARGE_1000,
                                          CARRY | TOO_LARGE | TOO_LARGE_1000};

static const uint8_t by_high[16] = {TOO_SHORT,
                                    TOO_SHORT,
                                    TOO_SHORT,
                                    TOO_SHORT,
                                    TOO_SHORT,
                                    TOO_SHORT,
                                    TOO_SHORT,
                                    TOO_SHORT,
                                    TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 |
                                        TOO_LARGE_1000 | OVERLONG_4,
                                    TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE,
                                    TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE,
                                    TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE,
                                    TOO_SHORT,
                                    TOO_SHORT,
                                    TOO_SHORT,
                                    TOO_SHORT};

AVX2 static inline __m256i table(const uint8_t t[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)t));
}

AVX2 static inline __m256i load(const char *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AVX2 static inline __m256i high_half(__m256i v)
{
    return _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
}

/* Not zero where the 32 bytes at p are wrong; the three bytes before p are read too. */
AVX2 static inline __m256i errors(const char *p)
{
    __m256i v = load(p), before = load(p - 1);
    __m256i one = _mm256_shuffle_epi8(table(by_high_before), high_half(before));
    __m256i two =
        _mm256_shuffle_epi8(table(by_low_before), _mm256_and_si256(before, _mm256_set1_epi8(15)));
    __m256i three = _mm256_shuffle_epi8(table(by_high), high_half(v));
    __m256i special = _mm256_and_si256(_mm256_and_si256(one, two), three);
    __m256i third = _mm256_subs_epu8(load(p - 2), _mm256_set1_epi8((char)(0xE0 - 0x80)));
    __m256i fourth = _mm256_subs_epu8(load(p - 3), _mm256_set1_epi8((char)(0xF0 - 0x80)));
    __m256i must = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
    return _mm256_xor_si256(must, special);
}

/* Where the character that the byte before `at` belongs to starts, if it may go on at `at`; else
 * `at`. */
static size_t character_start(const unsigned char *p, size_t at)
{
    for (size_t i = 1; i <= 3; i++)
        if (p[at - i] >= 0xC0)
            return at - i;
        else if (p[at - i] < 0x80)
            return at;
    return at;
}

AVX2 static size_t check_avx2(const char *p, size_t n)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t at = 0;
    while (at < 3) {
        size_t length = sequence(u + at, n - at);
        if (!length)
            return at;
        at += length;
    }
    for (; n - at >= 64; at += 64) {
        __m256i both = _mm256_or_si256(load(p + at), load(p + at + 32));
        if (!_mm256_movemask_epi8(both) && (u[at - 1] | u[at - 2] | u[at - 3]) < 0x80)
            continue;
        __m256i wrong = _mm256_or_si256(errors(p + at), errors(p + at + 32));
        if (!_mm256_testz_si256(wrong, wrong))
            break;
    }
    return check_portable(p, character_start(u, at), n);
}
#endif

static bool portable;

void dm_utf8_force_portable(bool on)
{
    portable = on;
}

size_t dm_utf8_check(const char *p, size_t n)
{
#if defined(__x86_64__)
    if (n >= 96 && !portable && __builtin_cpu_supports("avx2"))
        return check_avx2(p, n);
#endif
    return check_portable(p, 0, n);
}
