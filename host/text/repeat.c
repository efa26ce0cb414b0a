/* Data-Juicer's character repetition: how much of a text its most frequent n-grams make up.
 *
 * With D distinct n-grams of which S occur once, and k = min(floor(sqrt(D)), D - S), the ratio is
 * the sum of the k largest counts over the number of n-grams.
 *
 * A text with at most 128 different code points beyond ASCII is first spelled with one byte for
 * each code point, which most languages fit; any other becomes an array of 32-bit units. */
#include "text/chars.h"
#include "text/grams.h"
#include "text/scratch.h"

#include <math.h>

static size_t how_many_from(const uint32_t *counts, size_t m, uint64_t least)
{
    size_t n = 0;
    for (size_t i = 0; i < m; i++)
        n += counts[i] >= least;
    return n;
}

/* Sum of the k largest of m counts, 0 < k <= m. The k-th largest is found bit by bit, so that the
 * time is linear whatever their order. */
static uint64_t sum_largest(const uint32_t *counts, size_t m, size_t k)
{
    uint64_t least = 0, sum = 0;
    for (uint64_t bit = 1ull << 31; bit; bit >>= 1)
        if (how_many_from(counts, m, least | bit) >= k)
            least |= bit;
    size_t larger = 0;
    for (size_t i = 0; i < m; i++) {
        if (counts[i] > least) {
            sum += counts[i];
            larger++;
        }
    }
    return sum + (k - larger) * least;
}

static double ratio_of(struct dm_grams *g)
{
    size_t distinct = g->n - g->repeats, m = dm_grams_count(g);
    size_t k = (size_t)sqrt((double)distinct);
    if (k >= m)
        return (double)(g->repeats + m) / (double)g->n;
    return (double)sum_largest(g->again, m, k) / (double)g->n;
}

/* Small codes for the code points of a text that are not ASCII. */
struct alphabet {
    uint32_t chars[1024];
    uint8_t codes[1024];
    unsigned used;
};

/* The byte that stands for c, or 0 when 128 others are in use. */
static inline uint8_t code_of(struct alphabet *a, uint32_t c)
{
    uint32_t slot = (c * 0x9E3779B1u) >> 22;
    while (a->chars[slot] != c) {
        if (!a->chars[slot]) {
            if (a->used == 128)
                return 0;
            a->chars[slot] = c;
            a->codes[slot] = (uint8_t)(128 + a->used++);
            break;
        }
        slot = (slot + 1) & 1023;
    }
    return a->codes[slot];
}

/* Spells the text with a byte for each code point; returns how many, or 0 when its alphabet is too
 * large. */
static size_t spell_bytes(const char *p, size_t n, uint8_t *out)
{
    struct alphabet a = {.used = 0};
    size_t units = 0, size;
    for (size_t i = 0; i < n; i += size) {
        if ((unsigned char)p[i] < 0x80) {
            size = 1;
            out[units++] = (uint8_t)p[i];
            continue;
        }
        uint8_t code = code_of(&a, dm_char_read(p + i, &size));
        if (!code)
            return 0;
        out[units++] = code;
    }
    return units;
}

static size_t spell_words(const char *p, size_t n, uint32_t *out)
{
    size_t units = 0, size;
    for (size_t i = 0; i < n; i += size)
        out[units++] = dm_char_read(p + i, &size);
    return units;
}

int dm_text_repetition(const char *p, size_t n, double rep_len, double *ratio)
{
    struct dm_grams g = {.units = p};
    size_t units = (size_t)dm_text_length(p, n);
    bool wide = false;
    *ratio = 0;
    if (rep_len < 1 || rep_len > (double)units)
        return DM_OK;
    if (units >= UINT32_MAX / 4)
        return DM_EINPUT;
    if (units != n) {
        void *room = dm_scratch_room(DM_SCRATCH_UNITS, units * sizeof(uint32_t));
        if (!room)
            return DM_EMEMORY;
        wide = spell_bytes(p, n, room) == 0;
        if (wide)
            spell_words(p, n, room);
        g.units = room;
    }
    g.len = (size_t)rep_len;
    g.n = units - g.len + 1;
    int status = dm_grams_note(&g, wide);
    if (status == DM_OK)
        *ratio = ratio_of(&g);
    return status;
}
