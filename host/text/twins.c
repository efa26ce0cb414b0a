/* Which of the signatures that came before is like one: the oldest that has enough places in
 * common.
 *
 * Two signatures that differ in no more than d places are equal in one of any d + 1 bands that the
 * places are cut into. So a signature is looked up by each of its bands, and compared with those
 * that share one. Where very many do, all are compared instead, which then costs less. */
#include "base/error.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    FIRST_CAP = 256,
    PER_HEAD = 4,  /* entries of the lists for each head, at the most */
    ALL_SHARE = 16 /* all are compared once so large a part of them has been met in the lists */
};

struct dm_twins {
    uint32_t least, bands;
    uint32_t (*kept)[DM_MINHASH];
    uint32_t *seen; /* of each: the last search that met it */
    /* of each and its bands in turn: what is before it in its list, from 1; 0: none */
    uint32_t *next;
    uint32_t *heads;
    size_t heads_n; /* a power of two */
    size_t n, cap;
    uint32_t search;
};

struct dm_twins *dm_twins_create(uint32_t least)
{
    struct dm_twins *t = calloc(1, sizeof *t);
    if (t) {
        t->least = least;
        t->bands = least == 0 || least > DM_MINHASH ? 1 : DM_MINHASH - least + 1;
    }
    return t;
}

void dm_twins_destroy(struct dm_twins *t)
{
    if (t) {
        free(t->kept);
        free(t->seen);
        free(t->next);
        free(t->heads);
    }
    free(t);
}

static uint32_t common(const uint32_t *a, const uint32_t *b)
{
    uint32_t n = 0;
    for (size_t i = 0; i < DM_MINHASH; i++)
        n += a[i] == b[i];
    return n;
}

/* The head of the list of those whose band may be equal to that of a signature. */
static uint32_t *head_of(const struct dm_twins *t, uint32_t band, const uint32_t *signature)
{
    size_t from = (size_t)band * DM_MINHASH / t->bands;
    size_t to = ((size_t)band + 1) * DM_MINHASH / t->bands;
    uint64_t hash = XXH3_64bits_withSeed(signature + from, (to - from) * sizeof *signature, band);
    return &t->heads[hash & (t->heads_n - 1)];
}

static double find_among_all(const struct dm_twins *t, const uint32_t *signature)
{
    for (size_t i = 0; i < t->n; i++)
        if (common(t->kept[i], signature) >= t->least)
            return (double)i;
    return -1;
}

/* A number for this search, which no signature has been met by. */
static uint32_t begin_search(struct dm_twins *t)
{
    if (++t->search == 0) {
        memset(t->seen, 0, t->n * sizeof *t->seen);
        t->search = 1;
    }
    return t->search;
}

double dm_twins_find(struct dm_twins *t, const uint32_t signature[DM_MINHASH])
{
    size_t met = 0, found = t->n;
    if (t->n == 0)
        return -1;
    if (t->least == 0)
        return 0;
    uint32_t search = begin_search(t);
    for (uint32_t band = 0; band < t->bands; band++)
        for (uint32_t at = *head_of(t, band, signature); at; at = t->next[at - 1]) {
            size_t i = (at - 1) / t->bands;
            if (++met > FIRST_CAP && met > t->n / ALL_SHARE)
                return find_among_all(t, signature);
            if (t->seen[i] == search || i >= found)
                continue;
            t->seen[i] = search;
            if (common(t->kept[i], signature) >= t->least)
                found = i;
        }
    return found < t->n ? (double)found : -1;
}

static void enter(struct dm_twins *t, size_t i)
{
    for (uint32_t band = 0; band < t->bands; band++) {
        uint32_t *head = head_of(t, band, t->kept[i]);
        size_t at = i * t->bands + band;
        t->next[at] = *head;
        *head = (uint32_t)at + 1;
    }
}

/* Twice the room, and lists that are as short as they were. */
static bool grow(struct dm_twins *t)
{
    size_t cap = t->cap ? t->cap * 2 : FIRST_CAP, heads_n = 1;
    while (heads_n * PER_HEAD < cap * t->bands)
        heads_n *= 2;
    if (cap > UINT32_MAX / t->bands)
        return false;
    void *kept = realloc(t->kept, cap * sizeof *t->kept);
    if (kept)
        t->kept = kept;
    void *seen = realloc(t->seen, cap * sizeof *t->seen);
    if (seen)
        t->seen = seen;
    void *next = realloc(t->next, cap * t->bands * sizeof *t->next);
    if (next)
        t->next = next;
    void *heads = kept && seen && next ? calloc(heads_n, sizeof *t->heads) : NULL;
    if (!heads)
        return false;
    free(t->heads);
    t->heads = heads;
    t->cap = cap;
    t->heads_n = heads_n;
    for (size_t i = 0; i < t->n; i++)
        enter(t, i);
    return true;
}

int dm_twins_keep(struct dm_twins *t, const uint32_t signature[DM_MINHASH])
{
    if (t->n == t->cap && !grow(t))
        return DM_EMEMORY;
    memcpy(t->kept[t->n], signature, sizeof *t->kept);
    t->seen[t->n] = 0;
    enter(t, t->n++);
    return DM_OK;
}
