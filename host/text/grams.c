/* The n-grams go through a hash table that holds the place where each was first seen; an equal hash
 * is verified on the text, so the result is exact. The table is not cleared between texts: entries
 * carry a base that grows by the length of the text, and lower ones are empty. */
#include "text/grams.h"
#include "text/hash.h"
#include "text/scratch.h"

static uint32_t next_base;

enum kind { SHORT, BYTES, WORDS }; /* bytes in n-grams of 8 to 16; bytes; 32-bit units */

enum { LONG = 64 }; /* units of an n-gram that is not compared with others as a whole, if need be */

static inline __attribute__((always_inline)) uint32_t unit(const struct dm_grams *g, size_t i,
                                                           enum kind kind)
{
    return kind == WORDS ? ((const uint32_t *)g->units)[i] : ((const uint8_t *)g->units)[i];
}

static inline __attribute__((always_inline)) bool same(const struct dm_grams *g, size_t a, size_t b,
                                                       enum kind kind)
{
    const uint8_t *p = g->units;
    if (kind == SHORT)
        return dm_load8(p + a) == dm_load8(p + b) &&
               dm_load8(p + a + g->len - 8) == dm_load8(p + b + g->len - 8);
    size_t unit = kind == WORDS ? 4 : 1;
    return memcmp(p + a * unit, p + b * unit, g->len * unit) == 0;
}

/* The same of long ones. Their hashes are the same too; and where the n-gram before i has been
 * seen, that tells of all units but the last: so repetitions are not read once for each of their
 * units. */
static inline __attribute__((always_inline)) bool same_long(const struct dm_grams *g, size_t seen,
                                                            size_t i, enum kind kind)
{
    size_t last = g->len - 1, next = i ? g->first[i - 1] + 1 : i;
    if (g->tags[seen] != g->tags[i])
        return false;
    if (next < i && g->first[next] == seen)
        return unit(g, seen + last, kind) == unit(g, i + last, kind);
    return same(g, seen, i, kind);
}

/* Notes the n-gram that begins at unit i. */
static inline __attribute__((always_inline)) void note(struct dm_grams *g, uint64_t hash, size_t i,
                                                       enum kind kind)
{
    uint32_t slot = (uint32_t)(hash >> g->shift), seen;
    bool is_long = kind != SHORT && g->len >= LONG;
    if (is_long) {
        g->first[i] = (uint32_t)i;
        g->tags[i] = (uint32_t)hash;
    }
    for (; (seen = g->table[slot]) >= g->base; slot = (slot + 1) & g->mask) {
        seen -= g->base;
        if (is_long ? same_long(g, seen, i, kind) : same(g, seen, i, kind)) {
            g->again[g->repeats++] = seen;
            if (is_long)
                g->first[i] = seen;
            return;
        }
    }
    g->table[slot] = g->base + (uint32_t)i;
}

static void note_short(struct dm_grams *all)
{
    struct dm_grams g = *all; /* a copy that stays in registers */
    const uint8_t *p = g.units, *end = p + g.len - 8;
    const uint64_t *keys = dm_hash_keys();
    uint64_t a = keys[0], b = keys[1];
    for (size_t i = 0; i < g.n; i++)
        note(&g, dm_load8(p + i) * a + dm_load8(end + i) * b, i, SHORT);
    *all = g;
}

/* The hash is a polynomial that rolls along the units. */
static inline __attribute__((always_inline)) void note_rolling(struct dm_grams *all, enum kind kind)
{
    struct dm_grams g = *all;
    uint64_t hash = 0, top = 1, key = dm_hash_keys()[2], spread = dm_hash_keys()[0];
    for (size_t i = 0; i < g.len; i++) {
        hash = hash * key + unit(&g, i, kind);
        top *= i ? key : 1;
    }
    for (size_t i = 0;; i++) {
        note(&g, hash * spread, i, kind);
        if (i + 1 == g.n)
            break;
        hash = (hash - unit(&g, i, kind) * top) * key + unit(&g, i + g.len, kind);
    }
    *all = g;
}

int dm_grams_note(struct dm_grams *g, bool wide)
{
    size_t slots = 1024;
    unsigned bits = 10;
    for (; slots < 2 * g->n; bits++)
        slots *= 2;
    size_t cap = dm_scratch_get(DM_SCRATCH_TABLE)->cap;
    g->table = dm_scratch_room(DM_SCRATCH_TABLE, slots * sizeof *g->table);
    g->again = dm_scratch_room(DM_SCRATCH_LIST, (g->len < LONG ? 1 : 3) * g->n * sizeof *g->again);
    g->repeats = 0;
    if (!g->table || !g->again)
        return DM_EMEMORY;
    g->first = g->again + g->n;
    g->tags = g->first + g->n;
    struct dm_buf *room = dm_scratch_get(DM_SCRATCH_TABLE);
    if (room->cap != cap || next_base > UINT32_MAX - g->n || next_base == 0) {
        memset(room->p, 0, room->cap);
        next_base = 1;
    }
    g->base = next_base;
    next_base += (uint32_t)g->n;
    g->mask = (uint32_t)(slots - 1);
    g->shift = 64 - bits;
    if (wide)
        note_rolling(g, WORDS);
    else if (g->len >= 8 && g->len <= 16)
        note_short(g);
    else
        note_rolling(g, BYTES);
    return DM_OK;
}

size_t dm_grams_count(struct dm_grams *g)
{
    uint32_t *count = g->table, *again = g->again;
    size_t m = 0;
    for (size_t i = 0; i < g->repeats; i++)
        count[again[i]] = 1;
    for (size_t i = 0; i < g->repeats; i++)
        count[again[i]]++;
    for (size_t i = 0; i < g->repeats; i++) {
        uint32_t first = again[i];
        if (count[first])
            again[m++] = count[first];
        count[first] = 0;
    }
    return m;
}
