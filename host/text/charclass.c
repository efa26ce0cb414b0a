/* Sets of code points, to remove from a text or to keep alone. */
#include "base/error.h"
#include "text/chars.h"
#include "text/scratch.h"

#include <stdlib.h>
#include <string.h>

enum { CODE_POINTS = 0x110000 };

struct dm_charclass {
    uint8_t ascii[128]; /* 1: is in the set */
    uint64_t bits[CODE_POINTS / 64];
};

struct dm_charclass *dm_charclass_create(void)
{
    return calloc(1, sizeof(struct dm_charclass));
}

void dm_charclass_destroy(struct dm_charclass *set)
{
    free(set);
}

void dm_charclass_add(struct dm_charclass *set, uint32_t first, uint32_t last)
{
    for (uint32_t c = first; c <= last && c < CODE_POINTS; c++) {
        set->bits[c / 64] |= 1ull << (c % 64);
        if (c < 128)
            set->ascii[c] = 1;
    }
}

/* Whether the code point at p is in the set; its size goes to *size. */
static inline bool holds(const struct dm_charclass *set, const char *p, size_t *size)
{
    unsigned char first = (unsigned char)*p;
    if (first < 128) {
        *size = 1;
        return set->ascii[first];
    }
    return dm_class_has(set->bits, dm_char_read(p, size));
}

/* Goes on while membership is `member`. */
static size_t skip(const struct dm_charclass *set, const char *p, size_t n, size_t i, bool member)
{
    size_t size;
    while (i < n && holds(set, p + i, &size) == member)
        i += size;
    return i;
}

int dm_charclass_remove(const struct dm_charclass *set, const char *p, size_t n, int others,
                        struct dm_buf *out)
{
    bool gone = !others;
    size_t i = skip(set, p, n, 0, !gone);
    if (i == n)
        return 0;
    dm_buf_clear(out);
    if (!dm_buf_reserve(out, n))
        return DM_EMEMORY;
    for (size_t from = 0; from < n; i = skip(set, p, n, from, !gone)) {
        memcpy(out->p + out->n, p + from, i - from);
        out->n += i - from;
        from = skip(set, p, n, i, gone);
    }
    return 1;
}
