#include "database/library.h"

#include "base/library.h"

struct dm_pq dm_pq;

static const struct dm_symbol symbols[] = {
#define X(name) {"PQ" #name, offsetof(struct dm_pq, name)},
    DM_PQ_FUNCTIONS(X)
#undef X
};

static struct dm_library library = {.file = "libpq.so.5",
                                    .package = "libpq5",
                                    .table = &dm_pq,
                                    .symbols = symbols,
                                    .nsymbols = sizeof symbols / sizeof *symbols};

int dm_pq_load(struct dm_error *err)
{
    return dm_library_load(&library, err);
}
