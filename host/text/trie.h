/* A tree of code points: nodes are numbers, 0 the root, numbered as they are added; what they stand
 * for is the caller's. Edges are in one hash table, from parent and code point to child. */
#ifndef DM_TEXT_TRIE_H
#define DM_TEXT_TRIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dm_trie_edge {
    uint64_t key; /* 0: an empty place */
    uint32_t child;
};

struct dm_trie {
    struct dm_trie_edge *edges;
    size_t mask;
    uint32_t nodes;
};

/* An empty tree with the root. False when memory is short; finish in any case. */
bool dm_trie_init(struct dm_trie *t);
void dm_trie_finish(struct dm_trie *t);

/* The child behind c, which is made when there is none. 0 when memory is short. */
uint32_t dm_trie_add(struct dm_trie *t, uint32_t parent, uint32_t c);

static inline uint64_t dm_trie_key(uint32_t parent, uint32_t c)
{
    return ((uint64_t)parent << 21 | c) + 1;
}

/* The place of a key. */
static inline struct dm_trie_edge *dm_trie_find(const struct dm_trie *t, uint64_t key)
{
    for (size_t i = (key * 0x9E3779B97F4A7C15) >> 32 & t->mask;; i = (i + 1) & t->mask)
        if (!t->edges[i].key || t->edges[i].key == key)
            return &t->edges[i];
}

/* The child behind c, or 0. */
static inline uint32_t dm_trie_child(const struct dm_trie *t, uint32_t parent, uint32_t c)
{
    return dm_trie_find(t, dm_trie_key(parent, c))->child;
}

#endif
