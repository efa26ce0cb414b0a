/* Tables in a file of SQLite, for who has no server. */
#include "database/database.h"
#include "io/sqlite.h"

#include <stdio.h>
#include <stdlib.h>

enum { STATEMENTS = 16, VALUES = 16, WAIT_MS = 30000 };

/* SQLite numbers $2 by where it stands, not by its name. */
struct statement {
    sqlite3_stmt *st;
    int at[VALUES]; /* the numbers of $1, $2 ... */
};

struct sqlite {
    struct dm_database head;
    sqlite3 *c;
    struct statement prepared[STATEMENTS];
    int nprepared;
    struct dm_error failed; /* the transaction's first error; status 0: none */
};

static struct sqlite *of(struct dm_database *db)
{
    return (struct sqlite *)(void *)db;
}

static int fail(const struct sqlite *s, struct dm_error *err)
{
    int code = dm_sqlite.errcode(s->c) & 0xff;
    bool system = code == SQLITE_BUSY || code == SQLITE_FULL || code == SQLITE_IOERR ||
                  code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
    return dm_fail(err, system ? DM_EIO : DM_EUSAGE, "the database %s: %s",
                   dm_sqlite.db_filename(s->c, NULL), dm_sqlite.errmsg(s->c));
}

static void close_file(struct dm_database *db)
{
    struct sqlite *s = of(db);
    for (int i = 0; i < s->nprepared; i++)
        dm_sqlite.finalize(s->prepared[i].st);
    dm_sqlite.close(s->c);
    free(s);
}

struct dm_database *dm_sqlite_tables_open(const char *file, struct dm_error *err)
{
    if (dm_sqlite_load(err))
        return NULL;
    struct sqlite *s = calloc(1, sizeof *s);
    if (!s) {
        dm_fail_memory(err);
        return NULL;
    }
    s->head.kind = &dm_sqlite_tables;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (dm_sqlite.open_v2(file, &s->c, flags, NULL) == SQLITE_OK) {
        dm_sqlite.busy_timeout(s->c, WAIT_MS);
        return &s->head;
    }
    dm_fail(err, DM_EIO, "cannot open %s: %s", file, s->c ? dm_sqlite.errmsg(s->c) : "no memory");
    close_file(&s->head);
    return NULL;
}

static int compile(struct sqlite *s, const char *sql, struct statement *out, struct dm_error *err)
{
    char name[16];
    if (dm_sqlite.prepare_v2(s->c, sql, -1, &out->st, NULL) != SQLITE_OK)
        return fail(s, err);
    for (int i = 0; i < VALUES; i++) {
        snprintf(name, sizeof name, "$%d", i + 1);
        out->at[i] = dm_sqlite.bind_parameter_index(out->st, name);
    }
    return DM_OK;
}

static bool bind(const struct statement *st, const char *const *values, int n)
{
    bool ok = n <= VALUES;
    for (int i = 0; ok && i < n; i++)
        ok = dm_sqlite.bind_text(st->st, st->at[i], values[i], -1, SQLITE_STATIC) == SQLITE_OK;
    return ok;
}

static int put_row(sqlite3_stmt *st, struct dm_buf *rows, struct dm_error *err)
{
    bool ok = true;
    int fields = dm_sqlite.column_count(st);
    for (int k = 0; ok && k < fields; k++) {
        const char *value = (const char *)dm_sqlite.column_text(st, k);
        ok = dm_database_put(rows, k == 0, value, (size_t)dm_sqlite.column_bytes(st, k));
    }
    return ok && dm_buf_puts(rows, "]\n") ? DM_OK : dm_fail_memory(err);
}

/* Runs a statement to its end; rows NULL: they are not wanted. */
static int step(struct sqlite *s, const struct statement *st, const char *const *values, int n,
                struct dm_buf *rows, struct dm_error *err)
{
    int code, rc = bind(st, values, n) ? DM_OK : fail(s, err);
    while (rc == DM_OK && (code = dm_sqlite.step(st->st)) != SQLITE_DONE)
        if (code != SQLITE_ROW)
            rc = fail(s, err);
        else if (rows)
            rc = put_row(st->st, rows, err);
    dm_sqlite.reset(st->st);
    return rc;
}

static int run(struct dm_database *db, const char *sql, const char *const *values, int n,
               struct dm_buf *rows, struct dm_error *err)
{
    struct sqlite *s = of(db);
    struct statement st;
    int rc = compile(s, sql, &st, err);
    if (rc)
        return rc;
    rc = step(s, &st, values, n, rows, err);
    dm_sqlite.finalize(st.st);
    return rc;
}

static const struct statement *prepare(struct sqlite *s, const char *sql, struct dm_error *err)
{
    for (int i = 0; i < s->nprepared; i++)
        if (strcmp(dm_sqlite.sql(s->prepared[i].st), sql) == 0)
            return &s->prepared[i];
    if (s->nprepared == STATEMENTS)
        dm_sqlite.finalize(s->prepared[--s->nprepared].st);
    if (compile(s, sql, &s->prepared[s->nprepared], err))
        return NULL;
    return &s->prepared[s->nprepared++];
}

static int add(struct dm_database *db, const char *sql, const char *const *values, int n,
               struct dm_error *err)
{
    struct sqlite *s = of(db);
    const struct statement *st = s->failed.status ? NULL : prepare(s, sql, &s->failed);
    if (st)
        step(s, st, values, n, NULL, &s->failed);
    if (s->failed.status)
        *err = s->failed;
    return s->failed.status;
}

static int begin(struct dm_database *db, struct dm_error *err)
{
    of(db)->failed.status = DM_OK;
    return add(db, "BEGIN IMMEDIATE", NULL, 0, err);
}

static int commit(struct dm_database *db, struct dm_error *err)
{
    struct sqlite *s = of(db);
    add(db, "COMMIT", NULL, 0, err);
    if (s->failed.status && !dm_sqlite.get_autocommit(s->c))
        dm_sqlite.exec(s->c, "ROLLBACK", NULL, NULL, NULL);
    return s->failed.status;
}

const struct dm_database_kind dm_sqlite_tables = {
    .close = close_file, .run = run, .begin = begin, .add = add, .commit = commit};
