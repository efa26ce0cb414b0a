#include "lua/embed.h"

#include <string.h>

/* The last entry is zero. */
extern const struct dm_embed dm_embed_table[];

const struct dm_embed *dm_embed_at(size_t i)
{
    return dm_embed_table[i].path ? &dm_embed_table[i] : NULL;
}

const struct dm_embed *dm_embed_find(const char *path)
{
    for (const struct dm_embed *e = dm_embed_table; e->path; e++)
        if (strcmp(e->path, path) == 0)
            return e;
    return NULL;
}
