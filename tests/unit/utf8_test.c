/* UTF-8: every kernel and a slow second reading answer the same. */
#include "base/utf8.h"
#include "naive_utf8.h"
#include "test.h"
#include "utf8_kernels.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 448 }; /* a vector, a window of several, single vectors */

static unsigned long compared, wrong;

static void compare(const char *p, size_t n, size_t want)
{
    compared++;
    for (int i = 0; i < UTF8_KERNELS; i++) {
        dm_utf8_kernel *kernel = utf8_kernel_at(i);
        size_t valid = kernel ? kernel(p, n) : want;
        if (valid != want && wrong++ < 10)
            ok(false, "kernel %d, %zu bytes: %zu, should be %zu", i, n, valid, want);
    }
}

/* Puts n bytes at `at` into a text of ASCII; what follows them is ASCII, so that a short look ahead
 * tells the answer. */
static void place(char *text, size_t at, const char *bytes, size_t n)
{
    char ahead[16];
    memset(ahead, 'x', sizeof ahead);
    memcpy(ahead, bytes, n);
    size_t valid = naive_utf8(ahead, n + 4);
    memcpy(text + at, bytes, n);
    compare(text, ROOM, valid < n ? at + valid : ROOM);
    memset(text + at, 'x', n);
}

/* Every sequence of one to three bytes, across the edges of blocks in turn. */
static void test_short_sequences(void)
{
    static const size_t edges[] = {0,   1,   2,   30,  31,  32,  63,  64,
                                   126, 286, 287, 288, 318, 319, 320, ROOM - 3};
    char text[ROOM], bytes[3];
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < 1 << 24; i++) {
        bytes[0] = (char)(i >> 16);
        bytes[1] = (char)(i >> 8);
        bytes[2] = (char)i;
        if ((i >> 16) < 0x80 && (i & 0xFF)) /* ASCII before what was tried as two bytes */
            continue;
        place(text, edges[i % 16], bytes, 3);
    }
}

/* Sequences of four bytes with everything as second byte and boundary values behind, at every place
 * around the edge of a vector. */
static void test_long_sequences(void)
{
    static const unsigned char lasts[] = {0x00, 'x',  0x7F, 0x80, 0x8F, 0x90,
                                          0x9F, 0xA0, 0xBF, 0xC0, 0xED, 0xFF};
    char text[ROOM], bytes[4];
    memset(text, 'x', sizeof text);
    for (unsigned i = 0; i < 16 * 256 * 12 * 12; i++) {
        unsigned rest = i / 144;
        bytes[0] = (char)(0xF0 + rest / 256);
        bytes[1] = (char)rest;
        bytes[2] = (char)lasts[i / 12 % 12];
        bytes[3] = (char)lasts[i % 12];
        size_t edge = i & 2 ? 320 : 64;
        for (size_t at = edge - 5 + i % 2; at <= edge + 1; at += 2)
            place(text, at, bytes, 4);
    }
}

/* Texts of every length that end within a character, at the end of their memory. */
static void test_ends(void)
{
    static const char *const chars[] = {"x", "\xC3\xA9", "\xE6\x95\xB0", "\xF0\x9F\x98\x80"};
    for (size_t n = 0; n <= ROOM; n++)
        for (size_t c = 0; c < 4; c++)
            for (size_t shift = 0; shift < 4; shift++) {
                char *text = malloc(n + 1), *p = text + 1;
                size_t size = strlen(chars[c]);
                for (size_t i = 0; i < n; i++)
                    p[i] = i < shift ? 'x' : chars[c][(i - shift) % size];
                compare(p, n, naive_utf8(p, n));
                if (n > 3) {
                    p[n / 2] = (char)0x80;
                    compare(p, n, naive_utf8(p, n));
                }
                free(text);
            }
}

/* Dense text with one byte changed to anything. */
static void test_changed_bytes(void)
{
    static const char source[] = "a\xC3\xA9\xF0\x9F\x98\x80\xE6\x95\xB0\xED\x9F\xBF\xF4\x8F\xBF\xBF"
                                 "\xE0\xA0\x80\xC2\x80\xF0\x90\x80\x80zz";
    char text[ROOM];
    for (size_t i = 0; i < ROOM; i++)
        text[i] = source[i % (sizeof source - 1)];
    for (size_t at = 0; at < ROOM; at++)
        for (int c = 0; c < 256; c++) {
            char kept = text[at];
            text[at] = (char)c;
            compare(text, ROOM, naive_utf8(text, ROOM));
            text[at] = kept;
        }
}

int main(void)
{
    test_short_sequences();
    test_long_sequences();
    test_ends();
    test_changed_bytes();
    ok(compared > 10000000, "%lu texts compared", compared);
    ok(wrong == 0, "%lu of %lu differ", wrong, compared);
    return test_end("utf8");
}
