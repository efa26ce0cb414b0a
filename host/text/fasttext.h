/* A supervised model of fastText (https://fasttext.cc), as `fasttext supervised` and `fasttext
 * quantize` write it (.bin, .ftz). The file is mapped, so that all workers of a machine share it.
 */
#ifndef DM_TEXT_FASTTEXT_H
#define DM_TEXT_FASTTEXT_H

#include "lua/ffi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How the output is computed; the file's own numbers. */
enum dm_fasttext_loss { DM_FASTTEXT_HS = 1, DM_FASTTEXT_NS, DM_FASTTEXT_SOFTMAX, DM_FASTTEXT_OVA };

/* Of each part of a quantized row, and of its norm: what a byte can number. */
enum { DM_FASTTEXT_CENTROIDS = 256 };

/* Rows of floats: as they are, or each part of a row as the number of its centroid. The file's
 * numbers stand at any address. */
struct dm_fasttext_matrix {
    int64_t rows;
    int32_t columns;
    const char *dense; /* or NULL */
    const unsigned char *codes, *norms;
    const char *centroids, *norm_centroids;
    int32_t parts, part, last_part;
};

struct dm_fasttext_word {
    const char *p; /* ends in NUL */
    uint32_t n;
};

/* A node of the tree of labels of the hierarchical softmax; leaves are labels. */
struct dm_fasttext_node {
    int32_t left, right;
    int64_t count;
};

struct dm_fasttext {
    const char *map;
    size_t size;
    int32_t dimensions, ngrams, loss, buckets, shortest, longest;
    int32_t words, labels;
    struct dm_fasttext_word *names; /* words, then labels */
    int32_t *slots;                 /* of a hash table of names: number + 1 */
    uint32_t mask;
    bool pruned;              /* of all buckets only some have rows */
    struct dm_fasttext_pair { /* of a hash table: bucket + 1, its row among the kept ones */
        int32_t bucket, row;
    } * kept;
    uint32_t kept_mask;
    struct dm_fasttext_node *tree; /* of the hierarchical softmax: labels, then inner nodes */
    struct dm_fasttext_matrix in, out;
    float *hidden, *output;
};

/* FNV-1a as fastText has it, with bytes as signed numbers: goes on from h. */
#define DM_FASTTEXT_SEED 2166136261u
static inline uint32_t dm_fasttext_hash(uint32_t h, char c)
{
    uint32_t x = (uint8_t)c;
    x |= (0 - (x >> 7)) << 8;
    return (h ^ x) * 16777619u;
}

/* The number of a name: a word below `words`, else a label; -1 when there is none. */
int32_t dm_fasttext_find(const struct dm_fasttext *f, const char *p, size_t n, uint32_t hash);

/* Adds a row to x[columns]. */
void dm_fasttext_add_row(const struct dm_fasttext_matrix *m, int64_t row, float *x);

/* The product of a row and x. */
float dm_fasttext_dot_row(const struct dm_fasttext_matrix *m, int64_t row, const float *x);

#endif
