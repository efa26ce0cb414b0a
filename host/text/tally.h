/* Counting pieces of texts by their content. */
#ifndef DM_TEXT_TALLY_H
#define DM_TEXT_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece where it was first seen, and its count; hash 0 is an empty place. */
struct dm_piece {
    uint64_t hash;
    const char *p;
    size_t n;
    size_t count;
};

struct dm_tally {
    struct dm_piece *pieces;
    size_t mask, used;
};

/* Zeroed is empty. The pieces' bytes are borrowed. */
void dm_tally_finish(struct dm_tally *t);

/* The piece with these bytes, which is added with count 0 when it is new. NULL when memory is
 * short. The result holds until the next call. */
struct dm_piece *dm_tally_add(struct dm_tally *t, const char *p, size_t n);

/* The piece with these bytes, or NULL. */
struct dm_piece *dm_tally_find(const struct dm_tally *t, const char *p, size_t n);

#endif
