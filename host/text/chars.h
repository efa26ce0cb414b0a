/* Code points of valid UTF-8: reading, writing, and the classes that the kernels ask for.
 * Nothing here checks validity: samples are validated when they are read. A pointer must stand on
 * the first byte of a code point and all of its bytes must be there. */
#ifndef DM_TEXT_CHARS_H
#define DM_TEXT_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Whether a byte continues a code point. */
static inline bool dm_char_continues(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* Bytes of the code point whose first byte is c. */
static inline size_t dm_char_size(char c)
{
    unsigned char u = (unsigned char)c;
    return u < 0x80 ? 1 : u < 0xE0 ? 2 : u < 0xF0 ? 3 : 4;
}

/* The code point at p; its size in bytes goes to *size. */
static inline uint32_t dm_char_read(const char *p, size_t *size)
{
    const unsigned char *u = (const unsigned char *)p;
    *size = dm_char_size(*p);
    switch (*size) {
    case 1:
        return u[0];
    case 2:
        return (u[0] & 0x1Fu) << 6 | (u[1] & 0x3Fu);
    case 3:
        return (u[0] & 0x0Fu) << 12 | (u[1] & 0x3Fu) << 6 | (u[2] & 0x3Fu);
    default:
        return (u[0] & 0x07u) << 18 | (u[1] & 0x3Fu) << 12 | (u[2] & 0x3Fu) << 6 | (u[3] & 0x3Fu);
    }
}

/* The code point that ends before p; its size goes to *size. There must be one. */
static inline uint32_t dm_char_before(const char *p, size_t *size)
{
    const char *q = p - 1;
    while (dm_char_continues(*q))
        q--;
    return dm_char_read(q, size);
}

/* The first byte from i on that is not ASCII, or n; eight bytes at a time. */
static inline size_t dm_char_skip_ascii(const char *p, size_t n, size_t i)
{
    for (uint64_t word; n - i >= 8; i += 8) {
        memcpy(&word, p + i, 8);
        if (word & 0x8080808080808080)
            break;
    }
    while (i < n && !((unsigned char)p[i] & 0x80))
        i++;
    return i;
}

/* What dm_char_at gives at the end of a text. */
enum { DM_CHAR_END = 0x110000 };

/* The code point at byte i of a text of n bytes; its size goes to *size. DM_CHAR_END of size 0 at
 * the end. */
static inline uint32_t dm_char_at(const char *p, size_t n, size_t i, size_t *size)
{
    *size = 0;
    return i < n ? dm_char_read(p + i, size) : DM_CHAR_END;
}

/* The code point that ends at byte i, or DM_CHAR_END at the start. */
static inline uint32_t dm_char_left(const char *p, size_t i)
{
    size_t size;
    return i > 0 ? dm_char_before(p + i, &size) : DM_CHAR_END;
}

/* Writes c to out, which has room for four bytes; returns the bytes written. */
size_t dm_char_write(char *out, uint32_t c);

/* Bit sets over all code points; *_leads say which first bytes a member that is not ASCII can have,
 * as two tables for a shuffle by half-bytes: a byte may be one when lead_low[b & 15] & lead_high[b
 * >> 4]. */
struct dm_classes {
    uint64_t word[0x110000 / 64];    /* \w of Python's regex module */
    uint64_t alnum[0x110000 / 64];   /* str.isalnum of Python */
    uint64_t special[0x110000 / 64]; /* Data-Juicer's special characters */
    uint8_t special_low[16], special_high[16];
};

/* The sets, built from class_table.h when first asked for. Static. */
const struct dm_classes *dm_classes(void);

/* Whether a set holds a code point. */
static inline bool dm_class_has(const uint64_t *set, uint32_t c)
{
    return set[c / 64] >> (c % 64) & 1;
}

/* str.isspace of Python: Unicode's White_Space and U+001C to U+001F. */
bool dm_char_is_wide_space(uint32_t c); /* for those beyond ASCII */

static inline bool dm_char_is_space(uint32_t c)
{
    if (c < 0x80)
        return c == ' ' || (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x1F);
    return dm_char_is_wide_space(c);
}

/* \s of Python's regex module: Unicode's White_Space alone. */
static inline bool dm_char_is_white(uint32_t c)
{
    return dm_char_is_space(c) && !(c >= 0x1C && c <= 0x1F);
}

/* \d of Python's regex module: decimal digits of every script. */
bool dm_char_is_digit(uint32_t c);

/* The value of such a digit, or -1 for all else. */
int dm_char_digit(uint32_t c);

/* \w of Python's re module: letters and numbers of every script, and the underscore. */
bool dm_char_is_word(uint32_t c);

/* The small ASCII letter that matches c when Python's re module ignores case: besides capitals,
 * U+0130 and U+0131 match i, U+017F s and U+212A k. All else is itself. */
static inline uint32_t dm_char_fold(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    return c == 0x130 || c == 0x131 ? 'i' : c == 0x17F ? 's' : c == 0x212A ? 'k' : c;
}

/* Whether such a letter matches [a-z]. */
static inline bool dm_char_is_letter(uint32_t c)
{
    c = dm_char_fold(c);
    return c >= 'a' && c <= 'z';
}

/* Unicode's Cased and Case_Ignorable. */
bool dm_char_is_cased(uint32_t c);
bool dm_char_is_case_ignorable(uint32_t c);

#endif
