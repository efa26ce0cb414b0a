/* The journal of a scheduler: see lua/dm_ffi_task.h, which declares what Lua calls. */
#include "io/sqlite.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

/* What the file says of itself, and how long a host that is just ending is waited for. */
enum { APPLICATION = 0x646d746b, VERSION = 1, BUSY_MS = 2000, TOKEN_BYTES = 16 };

struct dm_tasks {
    sqlite3 *db;
    sqlite3_stmt *read, *put, *remove;
    bool writing; /* a transaction has begun */
    char token[2 * TOKEN_BYTES + 1], last[2 * TOKEN_BYTES + 1];
};

static const char schema[] =
    "PRAGMA application_id = 1684894827;"
    "PRAGMA user_version = 1;"
    "CREATE TABLE IF NOT EXISTS tasks(seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
    " status TEXT NOT NULL, body TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS host(token TEXT NOT NULL);";

static int fail_sqlite(const struct dm_tasks *t, struct dm_error *err)
{
    return dm_fail(err, DM_EIO, "the journal of tasks: %s",
                   t->db ? dm_sqlite.errmsg(t->db) : "out of memory");
}

static int exec(struct dm_tasks *t, const char *sql, struct dm_error *err)
{
    return dm_sqlite.exec(t->db, sql, NULL, NULL, NULL) ? fail_sqlite(t, err) : DM_OK;
}

static int fail_kind(const char *path, struct dm_error *err)
{
    return dm_fail(err, DM_EUSAGE,
                   "%s is not a journal of tasks that this dmhost knows\nname another file", path);
}

/* Takes the file for this process alone, if it is one of ours or empty. */
static int take_file(struct dm_tasks *t, const char *path, struct dm_error *err)
{
    int64_t application, version, tables;
    if (dm_sqlite.open_v2(path, &t->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL))
        return fail_sqlite(t, err);
    int rc = dm_sqlite_exec_when_free(t->db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE",
                                      BUSY_MS);
    if (rc == SQLITE_BUSY)
        return dm_fail(err, DM_EUSAGE,
                       "another dmhost has the journal of tasks %s\nend it, or name another file",
                       path);
    if (rc == SQLITE_NOTADB || rc == SQLITE_CORRUPT)
        return fail_kind(path, err);
    if (rc || dm_sqlite_number(t->db, "PRAGMA application_id", &application) ||
        dm_sqlite_number(t->db, "PRAGMA user_version", &version) ||
        dm_sqlite_number(t->db, "SELECT count(*) FROM sqlite_master", &tables))
        return fail_sqlite(t, err);
    if (tables != 0 && (application != APPLICATION || version != VERSION))
        return fail_kind(path, err);
    return exec(t, "COMMIT", err);
}

static int read_last_token(struct dm_tasks *t, struct dm_error *err)
{
    sqlite3_stmt *s;
    if (dm_sqlite.prepare_v2(t->db, "SELECT token FROM host", -1, &s, NULL))
        return fail_sqlite(t, err);
    int step = dm_sqlite.step(s);
    if (step == SQLITE_ROW)
        snprintf(t->last, sizeof t->last, "%s", (const char *)dm_sqlite.column_text(s, 0));
    dm_sqlite.finalize(s);
    return step == SQLITE_ROW || step == SQLITE_DONE ? DM_OK : fail_sqlite(t, err);
}

static int make_token(struct dm_tasks *t, struct dm_error *err)
{
    unsigned char random[TOKEN_BYTES];
    char sql[128];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return dm_fail_errno(err, DM_EIO, "no random numbers");
    for (int i = 0; i < TOKEN_BYTES; i++)
        snprintf(t->token + 2 * i, 3, "%02x", random[i]);
    snprintf(sql, sizeof sql, "BEGIN; DELETE FROM host; INSERT INTO host VALUES('%s'); COMMIT",
             t->token);
    return exec(t, sql, err);
}

static int prepare(struct dm_tasks *t, struct dm_error *err)
{
    static const char read[] = "SELECT seq, id, status, body FROM tasks ORDER BY seq";
    static const char put[] = "INSERT OR REPLACE INTO tasks VALUES(?1, ?2, ?3, ?4)";
    static const char remove[] = "DELETE FROM tasks WHERE seq = ?1";
    if (dm_sqlite.prepare_v2(t->db, read, -1, &t->read, NULL) ||
        dm_sqlite.prepare_v2(t->db, put, -1, &t->put, NULL) ||
        dm_sqlite.prepare_v2(t->db, remove, -1, &t->remove, NULL))
        return fail_sqlite(t, err);
    return DM_OK;
}

int dm_tasks_open(struct dm_tasks **out, const char *path, struct dm_error *err)
{
    static const char modes[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL";
    *out = NULL;
    int rc = dm_sqlite_load(err);
    if (rc)
        return rc;
    struct dm_tasks *t = calloc(1, sizeof *t);
    rc = t ? dm_sqlite_make_file(path, "journal of tasks", err) : dm_fail_memory(err);
    if (rc == DM_OK)
        rc = take_file(t, path, err);
    if (rc == DM_OK)
        rc = exec(t, modes, err);
    if (rc == DM_OK)
        rc = exec(t, schema, err);
    if (rc == DM_OK)
        rc = read_last_token(t, err);
    if (rc == DM_OK)
        rc = make_token(t, err);
    if (rc == DM_OK)
        rc = prepare(t, err);
    if (rc)
        dm_tasks_close(t);
    else
        *out = t;
    return rc;
}

void dm_tasks_close(struct dm_tasks *t)
{
    if (!t)
        return;
    dm_sqlite.finalize(t->read);
    dm_sqlite.finalize(t->put);
    dm_sqlite.finalize(t->remove);
    dm_sqlite.close(t->db);
    free(t);
}

const char *dm_tasks_token(const struct dm_tasks *t)
{
    return t->token;
}

const char *dm_tasks_last_token(const struct dm_tasks *t)
{
    return t->last;
}

static const char *column(sqlite3_stmt *s, int i, size_t *n)
{
    const char *p = (const char *)dm_sqlite.column_text(s, i);
    *n = (size_t)dm_sqlite.column_bytes(s, i);
    return p ? p : "";
}

int dm_tasks_next(struct dm_tasks *t, struct dm_tasks_row *row, struct dm_error *err)
{
    int step = dm_sqlite.step(t->read);
    if (step == SQLITE_ROW) {
        row->seq = dm_sqlite.column_int64(t->read, 0);
        row->id = column(t->read, 1, &row->id_bytes);
        row->status = column(t->read, 2, &row->status_bytes);
        row->body = column(t->read, 3, &row->body_bytes);
        return 1;
    }
    int rc = step == SQLITE_DONE ? DM_OK : fail_sqlite(t, err);
    dm_sqlite.reset(t->read);
    return rc;
}

/* After a failure nothing of the transaction is left, whether SQLite has undone it already or not:
 * who writes does so again. */
static int undo(struct dm_tasks *t, int rc)
{
    if (rc)
        dm_sqlite.exec(t->db, "ROLLBACK", NULL, NULL, NULL);
    if (rc)
        t->writing = false;
    return rc;
}

static int begin(struct dm_tasks *t, struct dm_error *err)
{
    int rc = t->writing ? DM_OK : exec(t, "BEGIN", err);
    t->writing = rc == DM_OK;
    return rc;
}

static int run_once(struct dm_tasks *t, sqlite3_stmt *s, struct dm_error *err)
{
    int rc = dm_sqlite.step(s) == SQLITE_DONE ? DM_OK : fail_sqlite(t, err);
    dm_sqlite.reset(s);
    return undo(t, rc);
}

int dm_tasks_put(struct dm_tasks *t, const struct dm_tasks_row *row, struct dm_error *err)
{
    int rc = begin(t, err);
    if (rc)
        return rc;
    dm_sqlite.bind_int64(t->put, 1, row->seq);
    dm_sqlite.bind_text(t->put, 2, row->id, (int)row->id_bytes, SQLITE_STATIC);
    dm_sqlite.bind_text(t->put, 3, row->status, (int)row->status_bytes, SQLITE_STATIC);
    dm_sqlite.bind_text(t->put, 4, row->body, (int)row->body_bytes, SQLITE_STATIC);
    return run_once(t, t->put, err);
}

int dm_tasks_remove(struct dm_tasks *t, int64_t seq, struct dm_error *err)
{
    int rc = begin(t, err);
    if (rc)
        return rc;
    dm_sqlite.bind_int64(t->remove, 1, seq);
    return run_once(t, t->remove, err);
}

int dm_tasks_commit(struct dm_tasks *t, struct dm_error *err)
{
    int rc = t->writing ? exec(t, "COMMIT", err) : DM_OK;
    t->writing = false;
    return undo(t, rc);
}
