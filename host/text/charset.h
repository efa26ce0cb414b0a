/* A set of code points, as a page table of bit maps: what kernels and operators count, remove and
 * replace. */
#ifndef DM_TEXT_CHARSET_H
#define DM_TEXT_CHARSET_H

#include "text/chars.h"
#include "lua/ffi.h"

enum { DM_CHARSET_PAGES = 0x110000 / 256 };

struct dm_charset {
    bool lead[256];                  /* first bytes that members have */
    uint8_t lead_bits[2][16];        /* the same by half-bytes: bit h % 8 of [h / 8][low], h high */
    uint16_t page[DM_CHARSET_PAGES]; /* index into bits; 0 has no member */
    uint64_t (*bits)[4];
    size_t npages;
};

/* Whether the set holds a code point. */
static inline bool dm_charset_has(const struct dm_charset *set, uint32_t c)
{
    return set->bits[set->page[c >> 8]][c >> 6 & 3] >> (c & 63) & 1;
}

/* The first member from byte i on, or n; its size goes to *size and it itself to *c. */
size_t dm_charset_find(const struct dm_charset *set, const char *p, size_t n, size_t i,
                       size_t *size, uint32_t *c);

#endif
