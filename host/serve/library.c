#include "serve/library.h"

#include "base/library.h"

struct dm_mhd dm_mhd;

static const struct dm_symbol symbols[] = {
#define X(name) {"MHD_" #name, offsetof(struct dm_mhd, name)},
    DM_MHD_FUNCTIONS(X)
#undef X
};

static struct dm_library library = {.file = "libmicrohttpd.so.12",
                                    .package = "libmicrohttpd12",
                                    .table = &dm_mhd,
                                    .symbols = symbols,
                                    .nsymbols = sizeof symbols / sizeof *symbols};

int dm_mhd_load(struct dm_error *err)
{
    return dm_library_load(&library, err);
}
