/* Counts the n-grams of a text that occur more than once. Exact, and linear in the text. */
#ifndef DM_TEXT_GRAMS_H
#define DM_TEXT_GRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The units of a text and the state of the count. The caller sets the first three. */
struct dm_grams {
    const void *units; /* uint8_t or uint32_t */
    size_t n;          /* n-grams: at least one, below 2^30 */
    size_t len;        /* units in one, at least one */
    uint32_t *table, *again;
    uint32_t *first,
        *tags; /* of long ones, for each: where it was first seen, a part of its hash */
    unsigned shift;
    uint32_t mask, base;
    size_t repeats; /* entries of again: first places of n-grams that were seen again */
};

/* Looks at every n-gram; `wide` says that units have 32 bits. DM_OK or DM_EMEMORY. Uses the work
 * spaces DM_SCRATCH_TABLE and DM_SCRATCH_LIST. */
int dm_grams_note(struct dm_grams *g, bool wide);

/* Then turns the list of repeats into the counts of the n-grams that occur more than once, in
 * g->again; returns how many. The table is done with and lends its memory: no count reaches the
 * next base. */
size_t dm_grams_count(struct dm_grams *g);

#endif
