/* The check by vectors, written once. A file that includes this has defined KERNEL, the name of the
 * function to make; TARGET, the attribute of every function; VECTOR, how one begins that is written
 * into it; the type `vector`, of BYTES bytes; and
 *   load(p), fill(c)           the bytes at p; c everywhere
 *   table(t)                   16 bytes, for look_up
 *   look_up(t, v)              entry v of the table; v is less than 16
 *   high_half(v)               of each byte
 *   without(a, b)              subtraction down to zero
 *   any_high(v), any(v)        whether a byte has its highest bit; whether one is not zero */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

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

enum { BEFORE = 3, WINDOW = 256 }; /* bytes */

/* Not zero where the bytes at p are wrong; the three bytes before p are read too. */
VECTOR vector errors(const char *p)
{
    vector v = load(p), before = load(p - 1);
    vector one = look_up(table(by_high_before), high_half(before));
    vector two = look_up(table(by_low_before), before & fill(15));
    vector three = look_up(table(by_high), high_half(v));
    vector third = without(load(p - 2), fill((char)(0xE0 - 0x80)));
    vector fourth = without(load(p - 3), fill((char)(0xF0 - 0x80)));
    vector must = (third | fourth) & fill((char)0x80);
    return must ^ (one & two & three);
}

/* The same for n bytes, at most a vector, between zeros. Of the bytes before p, `before` are read.
 */
VECTOR vector errors_of_copy(const char *p, size_t n, size_t before)
{
    char copy[BEFORE + BYTES] = {0};
    memcpy(copy + BEFORE - before, p - before, before + n);
    return errors(copy + BEFORE);
}

/* Whether a window of bytes is right. Most are ASCII, or hold that many other characters that a
 * branch for each vector would be guessed wrong. */
VECTOR bool window_is_right(const char *p)
{
    vector all = load(p - BEFORE), wrong = fill(0);
    for (size_t i = 0; i < WINDOW; i += BYTES)
        all |= load(p + i);
    if (!any_high(all))
        return true;
    for (size_t i = 0; i < WINDOW; i += BYTES)
        wrong |= errors(p + i);
    return !any(wrong);
}

/* Where the character that the byte before `at` belongs to starts, if it may go on at `at`; else
 * `at`. */
static size_t character_start(const unsigned char *p, size_t at)
{
    for (size_t i = 1; i <= BEFORE && i <= at; i++)
        if (p[at - i] >= 0xC0)
            return at - i;
        else if (p[at - i] < 0x80)
            return at;
    return at;
}

/* Zeros behind the last bytes tell whether a character is cut short. */
TARGET size_t KERNEL(const char *p, size_t n)
{
    size_t at = 0;
    bool right = n < BYTES || !any(errors_of_copy(p, BYTES, 0));
    if (right && n >= BYTES)
        at = BYTES;
    for (; right && n - at >= WINDOW; at += right ? WINDOW : 0)
        right = window_is_right(p + at);
    for (; right && n - at >= BYTES; at += right ? BYTES : 0)
        right = !any(errors(p + at));
    if (right && !any(errors_of_copy(p + at, n - at, at < BEFORE ? at : BEFORE)))
        return n;
    at = character_start((const unsigned char *)p, at);
    return at + dm_utf8_portable(p + at, n - at);
}
