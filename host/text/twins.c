/* Which of the signatures that came before is like one: the oldest that has enough places in
 * common.
 *
 * A place with its value is an item; signatures that have `least` items in common have one in
 * common among any DM_MINHASH - least + 1 of each, as long as both choose theirs by one order of
 * all items. Each is looked up, and kept, by those of its items that the fewest have, so that what
 * very many have in common is never looked up. Where very many are met all the same, all are
 * compared, which then costs less. */
#include "base/error.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum {
    FIRST_CAP = 256,
    PER_HEAD = 4,      /* entries of the lists for each head, at the most */
    ALL_SHARE = 16,    /* all are compared once so large a part of them has been met in the lists */
    COUNTERS = 1 << 20 /* items share them: an order is all that they are for */
};

struct dm_twins {
    uint32_t least, chosen; /* items by which each is looked up */
    uint32_t (*kept)[DM_MINHASH];
    uint32_t *seen; /* of each: the last search that met it */
    /* of each and its chosen items in turn: what is before it in its list, from 1; 0: none */
    uint32_t *next;
    uint32_t *heads;
    size_t heads_n; /* a power of two */
    size_t n, cap;
    uint32_t search;
    size_t counted;
    uint32_t *counters;
    uint64_t items[DM_MINHASH]; /* of the signature at hand: the chosen ones first */
    uint32_t at_hand[DM_MINHASH];
    bool has_items;
};

struct dm_twins *dm_twins_create(uint32_t least)
{
    struct dm_twins *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->least = least;
    t->chosen = least == 0 || least > DM_MINHASH ? 1 : DM_MINHASH - least + 1;
    t->counters = calloc(COUNTERS, sizeof *t->counters);
    if (t->counters)
        return t;
    free(t);
    return NULL;
}

void dm_twins_destroy(struct dm_twins *t)
{
    if (t) {
        free(t->kept);
        free(t->seen);
        free(t->next);
        free(t->heads);
        free(t->counters);
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

static uint32_t item_of(const uint32_t *signature, size_t place)
{
    return (uint32_t)XXH3_64bits_withSeed(&signature[place], sizeof *signature, place);
}

void dm_twins_count(struct dm_twins *t, const uint32_t signature[DM_MINHASH])
{
    t->counted++;
    t->has_items = false;
    for (size_t i = 0; i < DM_MINHASH; i++)
        t->counters[item_of(signature, i) % COUNTERS]++;
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Chooses items of a signature: those that were counted least often. */
static void choose(struct dm_twins *t, const uint32_t *signature)
{
    if (t->has_items && memcmp(t->at_hand, signature, sizeof t->at_hand) == 0)
        return;
    memcpy(t->at_hand, signature, sizeof t->at_hand);
    t->has_items = true;
    for (size_t i = 0; i < DM_MINHASH; i++) {
        uint32_t item = item_of(signature, i);
        t->items[i] = (uint64_t)t->counters[item % COUNTERS] << 32 | item;
    }
    qsort(t->items, DM_MINHASH, sizeof *t->items, by_size);
}

/* The head of the list of those that may have chosen the same item. */
static uint32_t *head_of(const struct dm_twins *t, uint32_t number)
{
    return &t->heads[(uint32_t)t->items[number] & (t->heads_n - 1)];
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
    if (t->n == 0 || t->least > DM_MINHASH)
        return -1;
    if (t->least == 0)
        return 0;
    uint32_t search = begin_search(t);
    choose(t, signature);
    for (uint32_t number = 0; number < t->chosen; number++)
        for (uint32_t at = *head_of(t, number); at; at = t->next[at - 1]) {
            size_t i = (at - 1) / t->chosen;
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
    choose(t, t->kept[i]);
    for (uint32_t number = 0; number < t->chosen; number++) {
        uint32_t *head = head_of(t, number);
        size_t at = i * t->chosen + number;
        t->next[at] = *head;
        *head = (uint32_t)at + 1;
    }
}

/* Twice the room, at first for all that were counted, and lists that are as short as they were. */
static bool grow(struct dm_twins *t)
{
    size_t cap = t->cap ? t->cap * 2 : t->counted, heads_n = 1;
    if (cap < FIRST_CAP)
        cap = FIRST_CAP;
    while (heads_n * PER_HEAD < cap * t->chosen)
        heads_n *= 2;
    if (cap > UINT32_MAX / t->chosen)
        return false;
    void *kept = realloc(t->kept, cap * sizeof *t->kept);
    if (kept)
        t->kept = kept;
    void *seen = realloc(t->seen, cap * sizeof *t->seen);
    if (seen)
        t->seen = seen;
    void *next = realloc(t->next, cap * t->chosen * sizeof *t->next);
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
