#include "lua/embed.h"

#include <stdlib.h>
#include <string.h>

/* In the order of their paths. */
extern const struct dm_embed dm_embed_table[];
extern const size_t dm_embed_count;

const struct dm_embed *dm_embed_at(size_t i)
{
    return i < dm_embed_count ? &dm_embed_table[i] : NULL;
}

static int compare(const void *path, const void *e)
{
    return strcmp(path, ((const struct dm_embed *)e)->path);
}

const struct dm_embed *dm_embed_find(const char *path)
{
    return bsearch(path, dm_embed_table, dm_embed_count, sizeof *dm_embed_table, compare);
}
