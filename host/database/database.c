#include "database/database.h"

#include "base/utf8.h"
#include "json/write.h"

#include <stdlib.h>
#include <time.h>

/* A server that restarts is waited for, as DataMate does: first so long, then twice as long each
 * time, and up to a quarter more or less. */
enum { PAUSE_MS = 1000 };

static void wait_ms(long ms)
{
    struct timespec left = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&left, &left))
        ;
}

struct dm_database *dm_database_open(const char *server, const char *file, int tries,
                                     struct dm_error *err)
{
    if (!server)
        return dm_sqlite_tables_open(file, err);
    struct dm_database *db = dm_postgres_tables_open(server, err);
    for (int i = 1; i < tries && !db && err->status == DM_EIO; i++) {
        long pause = PAUSE_MS << (i - 1);
        wait_ms(pause * 3 / 4 + random() % (pause / 2));
        db = dm_postgres_tables_open(server, err);
    }
    return db;
}

void dm_database_close(struct dm_database *db)
{
    if (db)
        db->kind->close(db);
}

int dm_database_run(struct dm_database *db, const char *sql, const char *const *values, int n,
                    struct dm_buf *rows, struct dm_error *err)
{
    return db->kind->run(db, sql, values, n, rows, err);
}

int dm_database_begin(struct dm_database *db, struct dm_error *err)
{
    return db->kind->begin(db, err);
}

int dm_database_add(struct dm_database *db, const char *sql, const char *const *values, int n,
                    struct dm_error *err)
{
    return db->kind->add(db, sql, values, n, err);
}

int dm_database_commit(struct dm_database *db, struct dm_error *err)
{
    return db->kind->commit(db, err);
}

bool dm_database_put(struct dm_buf *rows, bool first, const char *p, size_t n)
{
    if (!dm_buf_putc(rows, first ? '[' : ','))
        return false;
    if (!p)
        return dm_buf_puts(rows, "null");
    return dm_json_quote(rows, p, dm_utf8_check(p, n));
}
