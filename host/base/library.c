#include "base/library.h"

#include "base/error.h"

#include <dlfcn.h>
#include <string.h>

int dm_library_load(struct dm_library *library, struct dm_error *err)
{
    if (library->loaded)
        return DM_OK;
    void *handle = dlopen(library->file, RTLD_NOW | RTLD_LOCAL);
    if (!handle)
        return dm_fail(err, DM_EUSAGE, "%s is missing; apt-get install %s", library->file,
                       library->package);
    for (size_t i = 0; i < library->nsymbols; i++) {
        const struct dm_symbol *symbol = &library->symbols[i];
        void *function = dlsym(handle, symbol->name);
        if (!function) {
            dlclose(handle);
            return dm_fail(err, DM_EUSAGE, "%s has no %s: it is not that of Debian's package %s",
                           library->file, symbol->name, library->package);
        }
        memcpy((char *)library->table + symbol->at, &function, sizeof function);
    }
    library->loaded = true;
    return DM_OK;
}

void dm_library_try(const char *file)
{
    dlopen(file, RTLD_LAZY | RTLD_LOCAL);
}
