#include "json/index.h"

#include "base/seed.h"

#include <stdlib.h>
#include <xxhash.h>

enum {
    INDEXES = 4,      /* of one sample */
    FEW = 64,         /* members that are walked in any case */
    WALKS = 16,       /* as long as the last one, before an index is made */
    FIRST = 64,       /* slots */
    FREE = 0,         /* a slot that was never used */
    LEFT = 0x7FFFFFFF /* one whose member has gone; no value has that number */
};

bool dm_index_always;

/* What is known of a member. */
struct link {
    uint32_t before; /* the member before it, or 0 */
    uint32_t same;   /* the last one before it that has its key, or 0; of an element its position */
};

struct dm_index {
    uint32_t container;
    uint32_t *slots;    /* the last member with each key, by the key's hash; an array's elements */
    uint32_t nslots;    /* a power of two */
    uint32_t used;      /* slots that are not free */
    struct link *links; /* by value */
    uint32_t nlinks;
};

struct dm_indexes {
    struct dm_index of[INDEXES];
    unsigned next; /* which of them gives way next */
};

static void finish(struct dm_index *x)
{
    free(x->slots);
    free(x->links);
    *x = (struct dm_index){.container = UINT32_MAX};
}

void dm_index_drop(struct dm_sample *s)
{
    for (int i = 0; s->indexes && i < INDEXES; i++)
        finish(&s->indexes->of[i]);
    free(s->indexes);
    s->indexes = NULL;
    s->walked = 0;
}

size_t dm_index_memory(const struct dm_sample *s)
{
    size_t n = 0;
    for (int i = 0; s->indexes && i < INDEXES; i++) {
        const struct dm_index *x = &s->indexes->of[i];
        n += x->nslots * sizeof *x->slots + x->nlinks * sizeof *x->links;
    }
    return n;
}

struct dm_index *dm_index_of(const struct dm_sample *s, uint32_t container)
{
    for (int i = 0; s->indexes && i < INDEXES; i++)
        if (s->indexes->of[i].container == container)
            return &s->indexes->of[i];
    return NULL;
}

/* The slot of a key, or the free one that it would take. */
static uint32_t *slot_of(struct dm_sample *s, const struct dm_index *x, const char *key, size_t n)
{
    for (uint64_t i = XXH3_64bits_withSeed(key, n, dm_seed());; i++) {
        uint32_t *slot = &x->slots[i & (x->nslots - 1)];
        if (*slot == FREE || (*slot != LEFT && dm_sample_has_key(s, *slot, key, n)))
            return slot;
    }
}

/* Enters a member that has none with its key behind it. */
static void enter(struct dm_sample *s, struct dm_index *x, uint32_t value,
                  const struct dm_span *key)
{
    uint32_t *slot = slot_of(s, x, key->p, key->n);
    x->used += *slot == FREE;
    x->links[value].same = *slot;
    *slot = value;
}

/* Enters an element behind all others. */
static void enter_element(struct dm_index *x, uint32_t value)
{
    x->slots[x->used++] = value;
    x->links[value].same = x->used;
}

/* The same as enter for a key as it is written. One that can not be read is never looked for. One
 * with escapes is read into the scratch buffer, which the search for its slot needs too. */
static bool read_in(struct dm_sample *s, struct dm_index *x, uint32_t value)
{
    struct dm_span key;
    struct dm_buf copy = {0};
    int rc = dm_sample_key(s, value, &key, NULL);
    if (rc == DM_OK && s->values[value].kflags & DM_VALUE_ESCAPED) {
        rc = dm_buf_add(&copy, key.p, key.n) ? DM_OK : DM_EMEMORY;
        key.p = copy.p;
    }
    if (rc == DM_OK)
        enter(s, x, value, &key);
    dm_buf_finish(&copy);
    return rc != DM_EMEMORY;
}

/* Makes room for all values that there may be, and for twice as many members as there are. */
static bool make_room(struct dm_sample *s, struct dm_index *x)
{
    struct link *links = realloc(x->links, s->cap * sizeof *links);
    if (!links)
        return false;
    x->links = links;
    x->nlinks = s->cap;
    uint32_t members = dm_sample_count(s, x->container);
    x->nslots = FIRST;
    while (x->nslots / 4 <= members)
        x->nslots *= 2;
    free(x->slots);
    x->slots = calloc(x->nslots, sizeof *x->slots);
    x->used = 0;
    return x->slots != NULL;
}

/* Reads all members in; without memory for them there is no index. */
static void fill(struct dm_sample *s, struct dm_index *x)
{
    uint32_t before = 0;
    bool array = s->values[x->container].kind == DM_ARRAY, ok = make_room(s, x);
    for (uint32_t i = s->values[x->container].child; i && ok; i = s->values[i].next) {
        x->links[i] = (struct link){.before = before};
        if (array)
            enter_element(x, i);
        else
            ok = read_in(s, x, i);
        before = i;
    }
    if (!ok)
        finish(x);
}

void dm_index_note(struct dm_sample *s, uint32_t container, uint32_t steps)
{
    s->walked += steps;
    if (!dm_index_always && (steps <= FEW || s->walked / WALKS < steps))
        return;
    s->walked = 0;
    if (!s->indexes) {
        s->indexes = calloc(1, sizeof *s->indexes);
        for (int i = 0; s->indexes && i < INDEXES; i++)
            s->indexes->of[i].container = UINT32_MAX;
    }
    if (!s->indexes)
        return;
    struct dm_index *x = &s->indexes->of[s->indexes->next++ % INDEXES];
    finish(x);
    x->container = container;
    fill(s, x);
}

uint32_t dm_index_find(struct dm_sample *s, const struct dm_index *x, const char *key, size_t n)
{
    return *slot_of(s, x, key, n);
}

uint32_t dm_index_at(const struct dm_index *x, uint32_t position)
{
    return position <= x->used ? x->slots[position - 1] : 0;
}

uint32_t dm_index_before(const struct dm_index *x, uint32_t value)
{
    return x->links[value].before;
}

void dm_index_put(struct dm_sample *s, uint32_t before, uint32_t old, uint32_t value,
                  const struct dm_span *key)
{
    struct dm_index *x = dm_index_of(s, s->values[value].parent);
    uint32_t next = s->values[value].next;
    if (!x)
        return;
    if (value >= x->nlinks || x->used >= x->nslots / 2) {
        fill(s, x);
        return;
    }
    x->links[value] = (struct link){.before = before};
    if (next)
        x->links[next].before = value;
    if (old) {
        x->links[value].same = x->links[old].same;
        *(key ? slot_of(s, x, key->p, key->n) : &x->slots[x->links[old].same - 1]) = value;
    } else if (key) {
        enter(s, x, value, key);
    } else {
        enter_element(x, value);
    }
}

void dm_index_remove(struct dm_sample *s, uint32_t before, uint32_t value,
                     const struct dm_span *key)
{
    struct dm_index *x = dm_index_of(s, s->values[value].parent);
    uint32_t next = s->values[value].next;
    if (!x)
        return;
    if (next)
        x->links[next].before = before;
    if (key) {
        uint32_t same = x->links[value].same;
        *slot_of(s, x, key->p, key->n) = same ? same : LEFT;
    } else {
        x->used--;
    }
}
