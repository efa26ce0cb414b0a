/* One door to tables, wherever they are: postgres.c and sqlite.c are behind it. dm_ffi_database.h
 * declares and documents what Lua calls. */
#ifndef DM_DATABASE_DATABASE_H
#define DM_DATABASE_DATABASE_H

#include "base/buf.h"
#include "base/error.h"

/* What a kind of database does; each function as the one of dm_ffi_database.h that is named like
 * it. */
struct dm_database_kind {
    void (*close)(struct dm_database *db);
    int (*run)(struct dm_database *db, const char *sql, const char *const *values, int n,
               struct dm_buf *rows, struct dm_error *err);
    int (*begin)(struct dm_database *db, struct dm_error *err);
    int (*add)(struct dm_database *db, const char *sql, const char *const *values, int n,
               struct dm_error *err);
    int (*commit)(struct dm_database *db, struct dm_error *err);
};

/* The first member of each kind's own struct. */
struct dm_database {
    const struct dm_database_kind *kind;
};

extern const struct dm_database_kind dm_postgres_tables, dm_sqlite_tables;

/* Opens a connection; the caller ends it with the kind's close. NULL with a message: the server or
 * file can not be had. */
struct dm_database *dm_postgres_tables_open(const char *server, struct dm_error *err);
struct dm_database *dm_sqlite_tables_open(const char *file, struct dm_error *err);

/* Appends a value of a row that is written as JSON; NULL: null. */
bool dm_database_put(struct dm_buf *rows, bool first, const char *p, size_t n);

#endif
