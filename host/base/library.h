/* Libraries that are loaded when they are first used: what does not use one does not wait for it,
 * and does without it on a machine that has none. The module that knows a library keeps a table of
 * its functions, which loading fills. */
#ifndef DM_BASE_LIBRARY_H
#define DM_BASE_LIBRARY_H

#include "lua/ffi.h"

#include <stdbool.h>

/* A function (or a constant) of a library, and where in the table its address goes. */
struct dm_symbol {
    const char *name;
    size_t at;
};

struct dm_library {
    const char *file;    /* its soname */
    const char *package; /* Debian's, which has it */
    void *table;         /* of pointers to functions */
    const struct dm_symbol *symbols;
    size_t nsymbols;
    bool loaded;
};

/* Fills the library's table, the first time. DM_EUSAGE, with the package's name, when it is not
 * there or has not all of the functions. Not for two threads at once. */
int dm_library_load(struct dm_library *library, struct dm_error *err);

/* Has the library in this process, with what it needs itself, when this machine has it. */
void dm_library_try(const char *file);

#endif
