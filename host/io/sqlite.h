/* SQLite, loaded when a database is first opened. */
#ifndef DM_IO_SQLITE_H
#define DM_IO_SQLITE_H

#include "base/error.h"

#include <sqlite3.h>
#include <stdint.h>

/* The functions that are used, without their prefix. */
#define DM_SQLITE_FUNCTIONS(X)                                                                     \
    X(bind_blob)                                                                                   \
    X(bind_int64)                                                                                  \
    X(bind_parameter_index)                                                                        \
    X(bind_text)                                                                                   \
    X(busy_timeout)                                                                                \
    X(close)                                                                                       \
    X(column_bytes)                                                                                \
    X(column_count)                                                                                \
    X(column_int64)                                                                                \
    X(column_text)                                                                                 \
    X(db_filename)                                                                                 \
    X(errcode)                                                                                     \
    X(errmsg)                                                                                      \
    X(exec)                                                                                        \
    X(finalize)                                                                                    \
    X(get_autocommit)                                                                              \
    X(libversion)                                                                                  \
    X(open_v2)                                                                                     \
    X(prepare_v2)                                                                                  \
    X(reset)                                                                                       \
    X(sql)                                                                                         \
    X(step)                                                                                        \
    X(wal_hook)

struct dm_sqlite {
#define X(name) __typeof__(&sqlite3_##name) name;
    DM_SQLITE_FUNCTIONS(X)
#undef X
};

/* What dm_sqlite_load found. */
extern struct dm_sqlite dm_sqlite;

/* Makes the file of a database, for its owner's eyes, and the folders above it; one that is there
 * stays. What it is goes into the message, as "journal of tasks". */
int dm_sqlite_make_file(const char *path, const char *what, struct dm_error *err);

/* The number that a query gives, such as "PRAGMA user_version". Returns 0, or less when it fails.
 */
int dm_sqlite_number(sqlite3 *db, const char *sql, int64_t *n);

/* Runs statements, again and again for so long while another process has the file: a change of the
 * journal's mode does not wait for that by itself. Returns SQLite's code. */
int dm_sqlite_exec_when_free(sqlite3 *db, const char *sql, int ms);

#endif
