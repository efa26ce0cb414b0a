#include "net/library.h"

#include <dlfcn.h>
#include <string.h>

#define LIBRARY "libcurl.so.4"

struct dm_curl dm_curl;

static const struct {
    const char *name;
    size_t at;
} functions[] = {
#define X(name) {"curl_" #name, offsetof(struct dm_curl, name)},
    DM_CURL_FUNCTIONS(X)
#undef X
};

int dm_curl_load(struct dm_error *err)
{
    if (dm_curl.version)
        return DM_OK;
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        return dm_fail(err, DM_EUSAGE, "requests need %s; apt-get install libcurl4", LIBRARY);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        void *f = dlsym(library, functions[i].name);
        memcpy((char *)&dm_curl + functions[i].at, &f, sizeof f);
        if (!f) {
            dm_curl.version = NULL;
            dlclose(library);
            return dm_fail(err, DM_EUSAGE, "%s has no %s; libcurl 7.85 or later is needed", LIBRARY,
                           functions[i].name);
        }
    }
    return DM_OK;
}
