#include "net/library.h"

#include "base/library.h"

struct dm_curl dm_curl;

static const struct dm_symbol symbols[] = {
#define X(name) {"curl_" #name, offsetof(struct dm_curl, name)},
    DM_CURL_FUNCTIONS(X)
#undef X
};

static struct dm_library library = {.file = "libcurl.so.4",
                                    .package = "libcurl4",
                                    .table = &dm_curl,
                                    .symbols = symbols,
                                    .nsymbols = sizeof symbols / sizeof *symbols};

int dm_curl_load(struct dm_error *err)
{
    return dm_library_load(&library, err);
}
