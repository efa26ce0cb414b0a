#include "io/sqlite.h"

#include "base/library.h"

struct dm_sqlite dm_sqlite;

static const struct dm_symbol symbols[] = {
#define X(name) {"sqlite3_" #name, offsetof(struct dm_sqlite, name)},
    DM_SQLITE_FUNCTIONS(X)
#undef X
};

static struct dm_library library = {.file = "libsqlite3.so.0",
                                    .package = "libsqlite3-0",
                                    .table = &dm_sqlite,
                                    .symbols = symbols,
                                    .nsymbols = sizeof symbols / sizeof *symbols};

int dm_sqlite_load(struct dm_error *err)
{
    return dm_library_load(&library, err);
}
