/* Tables of a PostgreSQL server. The statements of a transaction go out one behind another, each
 * prepared once for the connection; their answers are read when many are due, so that neither side
 * waits for each, nor for the other's full buffers. */
#include "database/database.h"
#include "database/library.h"

#include <stdio.h>
#include <stdlib.h>

enum { STATEMENTS = 16, UNREAD = 200, NAME_BYTES = 16 };

struct postgres {
    struct dm_database head;
    PGconn *c;
    char *prepared[STATEMENTS]; /* the texts of statements; "s0", "s1" ... are their names */
    int nprepared;
    int unread; /* answers that are due in the transaction */
    bool in_pipeline;
    struct dm_error failed; /* the transaction's first error; status 0: none */
};

static struct postgres *of(struct dm_database *db)
{
    return (struct postgres *)(void *)db;
}

/* Messages of libpq end with a newline and may have several lines: the first says what happened. */
static int fail(const struct postgres *p, const char *text, struct dm_error *err)
{
    int lost = dm_pq.status(p->c) != CONNECTION_OK;
    size_t n = strcspn(text, "\n");
    return dm_fail(err, lost ? DM_EIO : DM_EUSAGE, "the database: %.*s", (int)n, text);
}

static void close_connection(struct dm_database *db)
{
    struct postgres *p = of(db);
    dm_pq.finish(p->c);
    for (int i = 0; i < p->nprepared; i++)
        free(p->prepared[i]);
    free(p);
}

static void ignore_notice(void *arg, const char *text)
{
    (void)arg, (void)text;
}

struct dm_database *dm_postgres_tables_open(const char *server, struct dm_error *err)
{
    if (dm_pq_load(err))
        return NULL;
    struct postgres *p = calloc(1, sizeof *p);
    if (!p) {
        dm_fail_memory(err);
        return NULL;
    }
    p->head.kind = &dm_postgres_tables;
    p->c = dm_pq.connectdb(server);
    if (p->c && dm_pq.status(p->c) == CONNECTION_OK) {
        dm_pq.setNoticeProcessor(p->c, ignore_notice, NULL);
        return &p->head;
    }
    if (p->c)
        fail(p, dm_pq.errorMessage(p->c), err);
    else
        dm_fail_memory(err);
    close_connection(&p->head);
    return NULL;
}

/* The rows of an answer as JSON, one a line. */
static int put_rows(const PGresult *r, struct dm_buf *rows, struct dm_error *err)
{
    int fields = dm_pq.nfields(r);
    bool ok = true;
    for (int i = 0; ok && i < dm_pq.ntuples(r); i++) {
        for (int k = 0; ok && k < fields; k++) {
            const char *value = dm_pq.getisnull(r, i, k) ? NULL : dm_pq.getvalue(r, i, k);
            ok = dm_database_put(rows, k == 0, value, (size_t)dm_pq.getlength(r, i, k));
        }
        ok = ok && dm_buf_puts(rows, "]\n");
    }
    return ok ? DM_OK : dm_fail_memory(err);
}

static bool is_good(const PGresult *r)
{
    ExecStatusType s = dm_pq.resultStatus(r);
    return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK || s == PGRES_PIPELINE_SYNC;
}

static int run(struct dm_database *db, const char *sql, const char *const *values, int n,
               struct dm_buf *rows, struct dm_error *err)
{
    struct postgres *p = of(db);
    PGresult *r = dm_pq.execParams(p->c, sql, n, NULL, values, NULL, NULL, 0);
    int rc = is_good(r) ? put_rows(r, rows, err) : fail(p, dm_pq.errorMessage(p->c), err);
    dm_pq.clear(r);
    return rc;
}

/* Reads answers until no more than `left` are due. Of each statement come its answer and NULL. */
static void read_answers(struct postgres *p, int left)
{
    while (p->unread > left && dm_pq.status(p->c) == CONNECTION_OK) {
        PGresult *r = dm_pq.getResult(p->c);
        if (!r) {
            p->unread--;
            continue;
        }
        ExecStatusType s = dm_pq.resultStatus(r);
        if (s == PGRES_PIPELINE_SYNC) /* no NULL follows */
            p->unread--;
        if (!is_good(r) && s != PGRES_PIPELINE_ABORTED && !p->failed.status)
            fail(p, dm_pq.resultErrorMessage(r), &p->failed);
        dm_pq.clear(r);
    }
    if (dm_pq.status(p->c) != CONNECTION_OK && !p->failed.status)
        fail(p, dm_pq.errorMessage(p->c), &p->failed);
}

/* What is sent without an answer that is read soon fills the buffers of both sides. */
static void bound_unread(struct postgres *p)
{
    if (p->unread < UNREAD)
        return;
    if (!dm_pq.sendFlushRequest(p->c) && !p->failed.status)
        fail(p, dm_pq.errorMessage(p->c), &p->failed);
    read_answers(p, 0);
}

/* The number of a statement that the connection has prepared; below zero when that fails. */
static int prepare(struct postgres *p, const char *sql, int n)
{
    char name[NAME_BYTES];
    for (int i = 0; i < p->nprepared; i++)
        if (strcmp(p->prepared[i], sql) == 0)
            return i;
    if (p->nprepared == STATEMENTS) {
        dm_fail(&p->failed, DM_EUSAGE, "more than %d statements on one connection", STATEMENTS);
        return -1;
    }
    char *kept = strdup(sql);
    if (!kept) {
        dm_fail_memory(&p->failed);
        return -1;
    }
    snprintf(name, sizeof name, "s%d", p->nprepared);
    if (!dm_pq.sendPrepare(p->c, name, sql, n, NULL)) {
        free(kept);
        fail(p, dm_pq.errorMessage(p->c), &p->failed);
        return -1;
    }
    p->unread++;
    p->prepared[p->nprepared] = kept;
    return p->nprepared++;
}

static int add(struct dm_database *db, const char *sql, const char *const *values, int n,
               struct dm_error *err)
{
    char name[NAME_BYTES];
    struct postgres *p = of(db);
    int number = p->failed.status ? -1 : prepare(p, sql, n);
    if (number >= 0) {
        snprintf(name, sizeof name, "s%d", number);
        if (dm_pq.sendQueryPrepared(p->c, name, n, values, NULL, NULL, 0))
            p->unread++;
        else
            fail(p, dm_pq.errorMessage(p->c), &p->failed);
        bound_unread(p);
    }
    if (p->failed.status)
        *err = p->failed;
    return p->failed.status;
}

static int begin(struct dm_database *db, struct dm_error *err)
{
    struct postgres *p = of(db);
    p->failed.status = DM_OK;
    p->unread = 0;
    if (!dm_pq.enterPipelineMode(p->c))
        return fail(p, dm_pq.errorMessage(p->c), err);
    return add(db, "BEGIN", NULL, 0, err);
}

/* Ends the transaction, also one that failed, so that the connection can go on if it is there. */
static int commit(struct dm_database *db, struct dm_error *err)
{
    struct postgres *p = of(db);
    add(db, "COMMIT", NULL, 0, err);
    if (dm_pq.pipelineSync(p->c))
        p->unread++;
    read_answers(p, 0);
    if (p->failed.status) { /* what was prepared in it is gone or not, who knows */
        *err = p->failed;
        return p->failed.status;
    }
    return dm_pq.exitPipelineMode(p->c) ? DM_OK : fail(p, dm_pq.errorMessage(p->c), err);
}

const struct dm_database_kind dm_postgres_tables = {
    .close = close_connection, .run = run, .begin = begin, .add = add, .commit = commit};
