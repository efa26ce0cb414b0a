/* Which of the signatures that came before is like one: all are compared, the oldest first. */
#include "base/error.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct dm_twins {
    uint32_t (*kept)[DM_MINHASH];
    size_t n, cap;
};

struct dm_twins *dm_twins_create(void)
{
    return calloc(1, sizeof(struct dm_twins));
}

void dm_twins_destroy(struct dm_twins *t)
{
    if (t)
        free(t->kept);
    free(t);
}

static uint32_t common(const uint32_t *a, const uint32_t *b)
{
    uint32_t n = 0;
    for (size_t i = 0; i < DM_MINHASH; i++)
        n += a[i] == b[i];
    return n;
}

double dm_twins_find(const struct dm_twins *t, const uint32_t signature[DM_MINHASH], uint32_t least)
{
    for (size_t i = 0; i < t->n; i++)
        if (common(t->kept[i], signature) >= least)
            return (double)i;
    return -1;
}

int dm_twins_keep(struct dm_twins *t, const uint32_t signature[DM_MINHASH])
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 256;
        void *kept = realloc(t->kept, cap * sizeof *t->kept);
        if (!kept)
            return DM_EMEMORY;
        t->kept = kept;
        t->cap = cap;
    }
    memcpy(t->kept[t->n++], signature, sizeof *t->kept);
    return DM_OK;
}
