/* The Lua files, and dm_ffi.h, that the binary carries: build/embed.S is made of them by the
 * Makefile. */
#ifndef DM_LUA_EMBED_H
#define DM_LUA_EMBED_H

#include <stddef.h>

struct dm_embed {
    const char *path; /* as in the repository: "lua/dm/init.lua" */
    const char *text; /* not terminated by NUL */
    size_t size;
};

/* Returns the file of that path, or NULL. Static memory. */
const struct dm_embed *dm_embed_find(const char *path);

/* Returns file number i in the order of their paths, or NULL past the last. Static memory. */
const struct dm_embed *dm_embed_at(size_t i);

#endif
