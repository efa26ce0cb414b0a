/* UTF-8 read the slow way, to compare base/utf8 with: each code point is decoded by arithmetic and
 * its value is what decides. */
#ifndef DM_TEST_NAIVE_UTF8_H
#define DM_TEST_NAIVE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The bytes of the character at p with `room` bytes left, or 0. */
static inline size_t naive_char(const char *text, size_t room)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x80)
        return 1;
    size_t n = 0;
    while (n < 8 && p[0] & (0x80 >> n))
        n++;
    if (n < 2 || n > 4 || n > room)
        return 0;
    uint32_t c = p[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (p[i] >> 6 != 2)
            return 0;
        c = c * 64 + (p[i] - 0x80u);
    }
    return c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) ? 0 : n;
}

/* What dm_utf8_check promises. */
static inline size_t naive_utf8(const char *p, size_t n)
{
    for (size_t at = 0, size; at < n; at += size)
        if (!(size = naive_char(p + at, n - at)))
            return at;
    return n;
}

#endif
