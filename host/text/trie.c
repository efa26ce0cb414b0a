#include "text/trie.h"

#include <stdlib.h>

enum { FIRST_PLACES = 64 };

static bool resize(struct dm_trie *t, size_t places)
{
    struct dm_trie old = *t;
    t->edges = calloc(places, sizeof *t->edges);
    if (!t->edges) {
        t->edges = old.edges;
        return false;
    }
    t->mask = places - 1;
    for (size_t i = 0; old.edges && i <= old.mask; i++)
        if (old.edges[i].key)
            *dm_trie_find(t, old.edges[i].key) = old.edges[i];
    free(old.edges);
    return true;
}

bool dm_trie_init(struct dm_trie *t)
{
    *t = (struct dm_trie){.nodes = 1};
    return resize(t, FIRST_PLACES);
}

void dm_trie_finish(struct dm_trie *t)
{
    free(t->edges);
    *t = (struct dm_trie){0};
}

uint32_t dm_trie_add(struct dm_trie *t, uint32_t parent, uint32_t c)
{
    uint64_t key = dm_trie_key(parent, c);
    struct dm_trie_edge *edge = dm_trie_find(t, key);
    if (edge->key)
        return edge->child;
    if (2 * (size_t)t->nodes > t->mask) {
        if (!resize(t, 2 * (t->mask + 1)))
            return 0;
        edge = dm_trie_find(t, key);
    }
    *edge = (struct dm_trie_edge){key, t->nodes};
    return t->nodes++;
}
