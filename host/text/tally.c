#include "text/tally.h"

#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FIRST_PLACES = 64 };

void dm_tally_finish(struct dm_tally *t)
{
    free(t->pieces);
    *t = (struct dm_tally){0};
}

/* The place of a piece; hash 0 when it is not there. */
static struct dm_piece *place_of(const struct dm_tally *t, uint64_t hash, const char *p, size_t n)
{
    for (size_t i = hash & t->mask;; i = (i + 1) & t->mask) {
        struct dm_piece *piece = &t->pieces[i];
        if (!piece->hash || (piece->hash == hash && piece->n == n && memcmp(piece->p, p, n) == 0))
            return piece;
    }
}

static bool grow(struct dm_tally *t)
{
    size_t places = t->pieces ? 2 * (t->mask + 1) : FIRST_PLACES;
    struct dm_tally bigger = {calloc(places, sizeof *t->pieces), places - 1, t->used};
    if (!bigger.pieces)
        return false;
    for (size_t i = 0; t->pieces && i <= t->mask; i++) {
        const struct dm_piece *piece = &t->pieces[i];
        if (piece->hash)
            *place_of(&bigger, piece->hash, piece->p, piece->n) = *piece;
    }
    free(t->pieces);
    *t = bigger;
    return true;
}

static uint64_t hash_of(const char *p, size_t n)
{
    uint64_t hash = XXH3_64bits(p, n);
    return hash ? hash : 1;
}

struct dm_piece *dm_tally_add(struct dm_tally *t, const char *p, size_t n)
{
    if ((!t->pieces || 2 * t->used > t->mask) && !grow(t))
        return NULL;
    uint64_t hash = hash_of(p, n);
    struct dm_piece *piece = place_of(t, hash, p, n);
    if (!piece->hash) {
        *piece = (struct dm_piece){hash, p, n, 0};
        t->used++;
    }
    return piece;
}

struct dm_piece *dm_tally_find(const struct dm_tally *t, const char *p, size_t n)
{
    if (!t->pieces)
        return NULL;
    struct dm_piece *piece = place_of(t, hash_of(p, n), p, n);
    return piece->hash ? piece : NULL;
}
