#include "database/library.h"

#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libpq.so.5"

struct dm_pq dm_pq;

static const struct {
    const char *name;
    size_t at;
} functions[] = {
#define X(name) {"PQ" #name, offsetof(struct dm_pq, name)},
    DM_PQ_FUNCTIONS(X)
#undef X
};

int dm_pq_load(struct dm_error *err)
{
    if (dm_pq.status)
        return DM_OK;
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return dm_fail(err, DM_EUSAGE, "tables of a server need %s\napt-get install libpq5",
                       LIBRARY);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *f = dlsym(library, functions[i].name);
        memcpy((char *)&dm_pq + functions[i].at, &f, sizeof f);
        if (!f) {
            dm_pq.status = NULL;
            dlclose(library);
            return dm_fail(err, DM_EUSAGE, "%s has no %s\nlibpq 14 or later is needed", LIBRARY,
                           functions[i].name);
        }
    }
    return DM_OK;
}
