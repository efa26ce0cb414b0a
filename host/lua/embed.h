/* The Lua files, dm_ffi.h and other texts that the binary carries: host/compile.c makes the table
 * of them. */
#ifndef DM_LUA_EMBED_H
#define DM_LUA_EMBED_H

#include <stddef.h>

struct dm_embed {
    const char *path; /* as in the repository: "lua/dm/init.lua" */
    const char *text; /* not terminated by NUL */
    size_t size;
    const char *code; /* a Lua file's bytecode */
    size_t code_size; /* 0: the file is no Lua */
};

/* Returns the file of that path, or NULL. Static memory. */
const struct dm_embed *dm_embed_find(const char *path);

/* Returns file number i in the order of their paths, or NULL past the last. Static memory. */
const struct dm_embed *dm_embed_at(size_t i);

#endif
