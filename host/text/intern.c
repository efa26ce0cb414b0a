#include "text/intern.h"

#include "base/seed.h"
#include "lua/ffi.h"
#include "text/scratch.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

struct key {
    uint64_t hash;
    size_t at, n;
};

static const struct key *keys_of(const struct dm_intern *s)
{
    return (const struct key *)(const void *)s->keys->p;
}

/* The slot that holds the string's number, or the empty one where it belongs. */
static uint32_t *find_slot(const struct dm_intern *s, uint64_t hash, const char *p, size_t n)
{
    const struct key *keys = keys_of(s);
    size_t mask = s->nslots - 1, i = hash & mask;
    for (; s->slots[i]; i = (i + 1) & mask) {
        const struct key *k = &keys[s->slots[i] - 1];
        if (k->hash == hash && k->n == n && memcmp(s->text->p + k->at, p, n) == 0)
            break;
    }
    return &s->slots[i];
}

/* Makes an empty table of so many slots and enters all keys. */
static bool fill(struct dm_intern *s, size_t nslots)
{
    const struct key *keys = keys_of(s);
    size_t count = s->keys->n / sizeof *keys;
    s->slots = dm_scratch_room(DM_SCRATCH_SLOTS, nslots * sizeof *s->slots);
    if (!s->slots)
        return false;
    memset(s->slots, 0, nslots * sizeof *s->slots);
    s->nslots = nslots;
    for (size_t i = 0; i < count; i++)
        *find_slot(s, keys[i].hash, s->text->p + keys[i].at, keys[i].n) = (uint32_t)i + 1;
    return true;
}

bool dm_intern_begin(struct dm_intern *s)
{
    s->text = dm_scratch_get(DM_SCRATCH_KEY_TEXT);
    s->keys = dm_scratch_get(DM_SCRATCH_KEYS);
    s->seed = dm_seed();
    dm_buf_clear(s->text);
    dm_buf_clear(s->keys);
    return dm_buf_reserve(s->text, 1) && fill(s, 64);
}

/* The slot of a string; NULL when memory is short. */
static uint32_t *slot_of(struct dm_intern *s, const char *p, struct key *key)
{
    if (2 * s->keys->n / sizeof *key >= s->nslots && !fill(s, 4 * s->nslots))
        return NULL;
    key->hash = XXH3_64bits_withSeed(p, key->n, s->seed);
    return find_slot(s, key->hash, p, key->n);
}

/* Enters a string whose bytes are kept. */
static int64_t enter(struct dm_intern *s, uint32_t *slot, const struct key *key)
{
    uint32_t count = (uint32_t)(s->keys->n / sizeof *key);
    *slot = count + 1;
    return dm_buf_add(s->keys, key, sizeof *key) ? (int64_t)count : DM_EMEMORY;
}

int64_t dm_intern_take(struct dm_intern *s, size_t at, bool *fresh)
{
    struct key key = {0, at, s->text->n - at};
    uint32_t *slot = slot_of(s, s->text->p + at, &key);
    if (!slot)
        return DM_EMEMORY;
    *fresh = *slot == 0;
    if (*fresh)
        return enter(s, slot, &key);
    s->text->n = at;
    return *slot - 1;
}

int64_t dm_intern_add(struct dm_intern *s, const char *p, size_t n)
{
    struct key key = {0, s->text->n, n};
    uint32_t *slot = slot_of(s, p, &key);
    if (slot && *slot)
        return *slot - 1;
    return slot && dm_buf_add(s->text, p, n) ? enter(s, slot, &key) : DM_EMEMORY;
}

int64_t dm_intern_find(const struct dm_intern *s, const char *p, size_t n)
{
    uint64_t hash = XXH3_64bits_withSeed(p, n, s->seed);
    return (int64_t)*find_slot(s, hash, p, n) - 1;
}

const char *dm_intern_string(const struct dm_intern *s, uint32_t i, size_t *n)
{
    const struct key *key = &keys_of(s)[i];
    *n = key->n;
    return s->text->p + key->at;
}
