#include "run/replies.h"

#include "io/sqlite.h"
#include "run/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>
#include <xxhash.h>

/* How long another run's transaction is waited for, and what the file says of itself. */
enum { BUSY_MS = 60000, APPLICATION = 0x646d7270, VERSION = 2, OF_TEXTS = 1 };

/* Pages in the log when it is taken into the file, and how long readers are waited for then. */
enum { LOG_PAGES = 10000, READERS_MS = 500 };

struct dm_replies {
    sqlite3 *db;
    sqlite3_stmt *find, *add;
    enum dm_replies_mode mode;
    bool texts;            /* the file is of version 1, in which keys stand as they are */
    bool reading;          /* a transaction of SELECTs is open */
    int log_pages;         /* that the log holds since the last commit */
    int tried_at;          /* how many it held when it could not be begun anew */
    uv_mutex_t writing;    /* the file */
    uv_mutex_t putting;    /* what follows */
    struct dm_buf waiting; /* a key and a reply, again and again, as in frames */
    uint64_t since_ms;     /* when the first of those came */
};

static const char schema[] = "PRAGMA application_id = 1684894320;"
                             "PRAGMA user_version = 2;"
                             "CREATE TABLE IF NOT EXISTS replies(key BLOB PRIMARY KEY,"
                             " reply TEXT NOT NULL, kept INTEGER NOT NULL);";

/* Keys have no order, so that each reply changes another page: pages are kept in memory, and the
 * log is long (take_in_log). */
static const char writing[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                              "PRAGMA cache_size = -8000";

static int fail_sqlite(const char *path, sqlite3 *db, struct dm_error *err)
{
    return dm_fail(err, DM_EIO, "the cache of replies%s%s: %s\ngo on with --no-cache",
                   path ? " " : "", path ? path : "", db ? dm_sqlite.errmsg(db) : "out of memory");
}

/* Whether the file is one of ours, and of which version; an empty one may become that. Tables are
   counted first: another run may be making the file, and it says whose it is before it makes a
   table. */
static int check_kind(const char *path, sqlite3 *db, bool may_be_empty, int64_t *version,
                      struct dm_error *err)
{
    int64_t application, tables;
    if (dm_sqlite_number(db, "SELECT count(*) FROM sqlite_master", &tables) ||
        dm_sqlite_number(db, "PRAGMA application_id", &application) ||
        dm_sqlite_number(db, "PRAGMA user_version", version))
        return fail_sqlite(path, db, err);
    bool empty = tables == 0 && may_be_empty;
    if (empty)
        *version = VERSION;
    if (empty || (application == APPLICATION && (*version == VERSION || *version == OF_TEXTS)))
        return DM_OK;
    return dm_fail(err, DM_EUSAGE,
                   "%s is not a cache of replies that this dmhost knows\nname another file", path);
}

static int open_file(sqlite3 **db, const char *path, enum dm_replies_mode mode, int64_t *version,
                     struct dm_error *err)
{
    int rc = mode == DM_REPLIES_WRITE ? dm_sqlite_make_file(path, "cache of replies", err) : DM_OK;
    if (rc)
        return rc;
    if (access(path, F_OK))
        return dm_fail_errno(err, DM_EUSAGE, "cannot read the replies in %s", path);
    if (dm_sqlite.open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL))
        return fail_sqlite(path, *db, err);
    dm_sqlite.busy_timeout(*db, BUSY_MS);
    rc = check_kind(path, *db, mode == DM_REPLIES_WRITE, version, err);
    const char *sql = mode == DM_REPLIES_WRITE ? writing : "PRAGMA query_only = ON";
    if (rc == DM_OK && dm_sqlite_exec_when_free(*db, sql, BUSY_MS))
        rc = fail_sqlite(path, *db, err);
    bool make = rc == DM_OK && mode == DM_REPLIES_WRITE && *version == VERSION;
    if (make && dm_sqlite_exec_when_free(*db, schema, BUSY_MS))
        rc = fail_sqlite(path, *db, err);
    return rc;
}

static int on_commit(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct dm_replies *r = arg;
    (void)db, (void)name;
    r->log_pages = pages;
    return SQLITE_OK;
}

static int prepare(struct dm_replies *r, struct dm_error *err)
{
    static const char find[] = "SELECT reply FROM replies WHERE key = ?1";
    static const char add[] =
        "INSERT OR REPLACE INTO replies VALUES(?1, ?2, CAST(strftime('%s', 'now') AS INTEGER))";
    int rc = r->mode == DM_REPLIES_WRITE ? dm_sqlite.prepare_v2(r->db, add, -1, &r->add, NULL)
                                         : dm_sqlite.prepare_v2(r->db, find, -1, &r->find, NULL);
    return rc ? fail_sqlite(NULL, r->db, err) : DM_OK;
}

int dm_replies_open(struct dm_replies **out, const char *path, enum dm_replies_mode mode,
                    struct dm_error *err)
{
    *out = NULL;
    int rc = dm_sqlite_load(err);
    if (rc)
        return rc;
    struct dm_replies *r = calloc(1, sizeof *r);
    if (!r)
        return dm_fail_memory(err);
    r->mode = mode;
    uv_mutex_init(&r->writing);
    uv_mutex_init(&r->putting);
    int64_t version = 0;
    rc = open_file(&r->db, path, mode, &version, err);
    r->texts = version == OF_TEXTS;
    if (rc == DM_OK)
        rc = prepare(r, err);
    if (rc == DM_OK)
        dm_sqlite.wal_hook(r->db, on_commit, r);
    if (rc)
        dm_replies_close(r);
    else
        *out = r;
    return rc;
}

void dm_replies_close(struct dm_replies *r)
{
    if (!r)
        return;
    dm_sqlite.finalize(r->find);
    dm_sqlite.finalize(r->add);
    if (r->add) /* without readers, one file is left, which can be read where nothing can be made */
        dm_sqlite.busy_timeout(r->db, 0);
    if (r->add)
        dm_sqlite.exec(r->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    dm_sqlite.close(r->db);
    uv_mutex_destroy(&r->writing);
    uv_mutex_destroy(&r->putting);
    dm_buf_finish(&r->waiting);
    free(r);
}

/* A hash of the key, whose hundreds of thousands are to lie on few pages; `hash` has to be there as
 * long as the statement is used. */
static void bind_key(const struct dm_replies *r, sqlite3_stmt *stmt, const char *key, size_t n,
                     XXH128_canonical_t *hash)
{
    if (r->texts) {
        dm_sqlite.bind_text(stmt, 1, key, (int)n, SQLITE_STATIC);
        return;
    }
    XXH128_canonicalFromHash(hash, XXH3_128bits(key, n));
    dm_sqlite.bind_blob(stmt, 1, hash, sizeof *hash, SQLITE_STATIC);
}

/* One SELECT after another locks the file once. */
int dm_replies_find(struct dm_replies *r, const char *key, struct dm_buf *reply,
                    struct dm_error *err)
{
    if (!r->reading && dm_sqlite.exec(r->db, "BEGIN", NULL, NULL, NULL))
        return fail_sqlite(NULL, r->db, err);
    XXH128_canonical_t hash;
    r->reading = true;
    bind_key(r, r->find, key, strlen(key), &hash);
    int step = dm_sqlite.step(r->find), rc = step == SQLITE_ROW;
    if (rc && !dm_buf_add(reply, dm_sqlite.column_text(r->find, 0),
                          (size_t)dm_sqlite.column_bytes(r->find, 0)))
        rc = dm_fail_memory(err);
    if (step != SQLITE_ROW && step != SQLITE_DONE)
        rc = fail_sqlite(NULL, r->db, err);
    dm_sqlite.reset(r->find);
    return rc;
}

int dm_replies_rest(struct dm_replies *r, struct dm_error *err)
{
    if (!r->reading)
        return DM_OK;
    r->reading = false;
    return dm_sqlite.exec(r->db, "COMMIT", NULL, NULL, NULL) ? fail_sqlite(NULL, r->db, err)
                                                             : DM_OK;
}

int dm_replies_put(struct dm_replies *r, const char *key, const char *reply, size_t n,
                   struct dm_error *err)
{
    uv_mutex_lock(&r->putting);
    size_t before = r->waiting.n;
    bool ok = dm_put_text(&r->waiting, key) && dm_put_bytes(&r->waiting, reply, n);
    if (!ok)
        r->waiting.n = before;
    else if (!before)
        r->since_ms = uv_hrtime() / 1000000;
    uv_mutex_unlock(&r->putting);
    return ok ? DM_OK : dm_fail_memory(err);
}

uint64_t dm_replies_waiting(struct dm_replies *r)
{
    uv_mutex_lock(&r->putting);
    uint64_t ms = r->waiting.n ? uv_hrtime() / 1000000 - r->since_ms + 1 : 0;
    uv_mutex_unlock(&r->putting);
    return ms;
}

/* Takes a long log into the file and begins it anew, which SQLite by itself does only when it meets
 * no reader; busy workers nearly always read. One that does not let go is no error. */
static void take_in_log(struct dm_replies *r)
{
    if (r->log_pages < r->tried_at)
        r->tried_at = 0;
    int until = r->tried_at ? r->tried_at + LOG_PAGES / 4 : LOG_PAGES;
    if (r->log_pages < until)
        return;
    r->tried_at = r->log_pages;
    dm_sqlite.busy_timeout(r->db, READERS_MS);
    dm_sqlite.exec(r->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    dm_sqlite.busy_timeout(r->db, BUSY_MS);
}

static int add_one(struct dm_replies *r, struct dm_wire *w)
{
    size_t key_bytes, reply_bytes;
    const char *key = dm_get_bytes(w, &key_bytes);
    const char *reply = dm_get_bytes(w, &reply_bytes);
    XXH128_canonical_t hash;
    bind_key(r, r->add, key, key_bytes, &hash);
    dm_sqlite.bind_text(r->add, 2, reply, (int)reply_bytes, SQLITE_STATIC);
    int rc = dm_sqlite.step(r->add) == SQLITE_DONE ? 0 : -1;
    dm_sqlite.reset(r->add);
    return rc;
}

static int write_all(struct dm_replies *r, const struct dm_buf *b, struct dm_error *err)
{
    struct dm_wire w = {.p = (const unsigned char *)b->p,
                        .end = (const unsigned char *)b->p + b->n};
    if (b->n == 0)
        return DM_OK;
    int rc = dm_sqlite.exec(r->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    while (rc == 0 && w.p < w.end)
        rc = add_one(r, &w);
    if (rc == 0)
        rc = dm_sqlite.exec(r->db, "COMMIT", NULL, NULL, NULL);
    if (rc)
        return fail_sqlite(NULL, r->db, err);
    take_in_log(r);
    return DM_OK;
}

int dm_replies_flush(struct dm_replies *r, struct dm_error *err)
{
    uv_mutex_lock(&r->writing);
    uv_mutex_lock(&r->putting);
    struct dm_buf taken = r->waiting;
    r->waiting = (struct dm_buf){0};
    uv_mutex_unlock(&r->putting);
    int rc = write_all(r, &taken, err);
    dm_buf_finish(&taken);
    uv_mutex_unlock(&r->writing);
    return rc;
}

int dm_replies_measure(const char *path, struct dm_replies_stats *stats, struct dm_error *err)
{
    static const char *const sql[] = {
        "SELECT count(*) FROM replies", "SELECT coalesce(sum(length(reply)), 0) FROM replies",
        "SELECT coalesce(min(kept), 0) FROM replies", "SELECT coalesce(max(kept), 0) FROM replies"};
    sqlite3 *db = NULL;
    int64_t n[4] = {0};
    int rc = dm_sqlite_load(err);
    if (rc)
        return rc;
    int64_t version;
    rc = open_file(&db, path, DM_REPLIES_READ, &version, err);
    for (int i = 0; i < 4 && rc == DM_OK; i++)
        if (dm_sqlite_number(db, sql[i], &n[i]))
            rc = fail_sqlite(path, db, err);
    *stats = (struct dm_replies_stats){
        .replies = (uint64_t)n[0], .bytes = (uint64_t)n[1], .first = n[2], .last = n[3]};
    dm_sqlite.close(db);
    return rc;
}

int dm_replies_clear(const char *path, struct dm_error *err)
{
    sqlite3 *db = NULL;
    int rc = dm_sqlite_load(err);
    if (rc)
        return rc;
    int64_t version;
    rc = open_file(&db, path, DM_REPLIES_READ, &version, err);
    if (rc == DM_OK &&
        (dm_sqlite.exec(db, "PRAGMA query_only = OFF; DELETE FROM replies", NULL, NULL, NULL) ||
         dm_sqlite.exec(db, "VACUUM", NULL, NULL, NULL)))
        rc = fail_sqlite(path, db, err);
    dm_sqlite.close(db);
    return rc;
}
