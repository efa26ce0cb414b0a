#include "database/database.h"

#include "base/utf8.h"
#include "json/write.h"

struct dm_database *dm_database_open(const char *server, const char *file, struct dm_error *err)
{
    return server ? dm_postgres_open(server, err) : dm_sqlite_open(file, err);
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

int dm_database_is_server(const struct dm_database *db)
{
    return db->kind == &dm_postgres;
}

bool dm_database_put(struct dm_buf *rows, bool first, const char *p, size_t n)
{
    if (!dm_buf_putc(rows, first ? '[' : ','))
        return false;
    if (!p)
        return dm_buf_puts(rows, "null");
    return dm_json_quote(rows, p, dm_utf8_check(p, n));
}
