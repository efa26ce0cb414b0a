#include "io/sqlite.h"

#include "base/library.h"
#include "io/folder.h"

#include <fcntl.h>
#include <unistd.h>

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

int dm_sqlite_make_file(const char *path, const char *what, struct dm_error *err)
{
    int rc = dm_folder_make_parents(path, err);
    if (rc)
        return rc;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return dm_fail_errno(err, DM_EIO, "cannot make the %s %s", what, path);
    close(fd);
    return DM_OK;
}

int dm_sqlite_number(sqlite3 *db, const char *sql, int64_t *n)
{
    sqlite3_stmt *s;
    if (dm_sqlite.prepare_v2(db, sql, -1, &s, NULL))
        return -1;
    int rc = dm_sqlite.step(s) == SQLITE_ROW ? 0 : -1;
    *n = rc ? 0 : dm_sqlite.column_int64(s, 0);
    dm_sqlite.finalize(s);
    return rc;
}

int dm_sqlite_exec_when_free(sqlite3 *db, const char *sql, int ms)
{
    enum { STEP_MS = 10 };
    int rc = dm_sqlite.exec(db, sql, NULL, NULL, NULL);
    for (int waited = 0; rc == SQLITE_BUSY && waited < ms; waited += STEP_MS) {
        usleep(STEP_MS * 1000);
        rc = dm_sqlite.exec(db, sql, NULL, NULL, NULL);
    }
    return rc;
}
