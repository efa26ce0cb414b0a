#include "base/utf8.h"

#include <stdbool.h>
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

size_t dm_utf8_portable(const char *text, size_t n)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t at = 0;
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

static dm_utf8_kernel *best(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512bw"))
        return dm_utf8_avx512;
    if (__builtin_cpu_supports("avx2"))
        return dm_utf8_avx2;
#endif
    return dm_utf8_portable;
}

size_t dm_utf8_check(const char *p, size_t n)
{
    enum { SHORT = 96 };
    return n < SHORT ? dm_utf8_portable(p, n) : best()(p, n);
}

void dm_utf8_mask(char *p, size_t n)
{
    if (dm_utf8_check(p, n) == n)
        return;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] >= 0x80)
            p[i] = '?';
}
