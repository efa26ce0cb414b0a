/* The file of models' replies: what is put is found, by others and later; runs come and go on one
 * file at once; and what is no such file is left alone. */
#include "io/sqlite.h"
#include "run/replies.h"
#include "test.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

static char folder[] = "/tmp/dmhost-replies-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static struct dm_replies *open_at(const char *name, enum dm_replies_mode mode)
{
    struct dm_replies *r;
    struct dm_error err;
    int rc = dm_replies_open(&r, path_of(name), mode, &err);
    ok(rc == DM_OK && r, "%s", err.text);
    return r;
}

static bool has(struct dm_replies *r, const char *key, const char *want)
{
    struct dm_buf b = {0};
    struct dm_error err;
    int rc = dm_replies_find(r, key, &b, &err);
    bool same = rc == (want != NULL) && (!want || (b.n == strlen(want) && !memcmp(b.p, want, b.n)));
    dm_buf_finish(&b);
    return same;
}

static void test_put_and_find(void)
{
    struct dm_error err;
    struct dm_replies_stats stats;
    struct dm_replies *w = open_at("deep/er/file", DM_REPLIES_WRITE);
    struct dm_replies *r = open_at("deep/er/file", DM_REPLIES_READ);
    ok(dm_replies_waiting(w) == 0, "nothing waits");
    ok(dm_replies_put(w, "a", "{\"text\":\"\\u0000\"}", 17, &err) == DM_OK, "put");
    ok(dm_replies_waiting(w) > 0 && has(r, "a", NULL), "it waits");
    ok(dm_replies_flush(w, &err) == DM_OK && dm_replies_waiting(w) == 0, "written");
    ok(has(r, "a", NULL) && dm_replies_rest(r, &err) == DM_OK, "one look-up after another");
    ok(has(r, "a", "{\"text\":\"\\u0000\"}"), "found beside the writer");
    dm_replies_rest(r, &err);
    dm_replies_put(w, "a", "new", 3, &err);
    dm_replies_put(w, "", "", 0, &err);
    ok(dm_replies_flush(w, &err) == DM_OK && has(r, "a", "new") && has(r, "", ""),
       "the last counts");
    dm_replies_put(w, "lost", "x", 1, &err);
    dm_replies_close(w);
    dm_replies_close(r);
    r = open_at("deep/er/file", DM_REPLIES_READ);
    ok(has(r, "a", "new") && has(r, "lost", NULL), "what was not written is not there");
    dm_replies_close(r);
    ok(dm_replies_measure(path_of("deep/er/file"), &stats, &err) == DM_OK && stats.replies == 2 &&
           stats.bytes == 3 && stats.first <= stats.last && stats.first > 1600000000,
       "measured");
    ok(dm_replies_clear(path_of("deep/er/file"), &err) == DM_OK, "emptied");
    ok(dm_replies_measure(path_of("deep/er/file"), &stats, &err) == DM_OK && stats.replies == 0,
       "empty");
    dm_replies_close(NULL);
}

static void test_other_files(void)
{
    static const char text[] =
        "{\"id\":1,\"text\":\"no database, and longer than a page's head\"}\n";
    struct dm_error err;
    struct dm_replies *r;
    FILE *f = fopen(path_of("rows"), "w");
    for (int i = 0; f && i < 100; i++)
        fputs(text, f);
    ok(f && fclose(f) == 0, "written");
    ok(dm_replies_open(&r, path_of("rows"), DM_REPLIES_WRITE, &err) < 0 && !r, "refused");
    ok(dm_replies_open(&r, path_of("nowhere"), DM_REPLIES_READ, &err) == DM_EUSAGE && !r &&
           access(path_of("nowhere"), F_OK),
       "not made by who reads");
    char line[sizeof text];
    f = fopen(path_of("rows"), "r");
    ok(f && fgets(line, sizeof line, f) && strcmp(line, text) == 0, "left as it was");
    if (f)
        fclose(f);
}

/* A file of version 1, in which keys are texts, serves as it did. */
static void test_first_version(void)
{
    static const char made[] = "PRAGMA application_id = 1684894320; PRAGMA user_version = 1;"
                               "CREATE TABLE replies(key TEXT PRIMARY KEY, reply TEXT NOT NULL,"
                               " kept INTEGER NOT NULL); INSERT INTO replies VALUES('a', 'A', 1)";
    struct dm_error err;
    sqlite3 *db;
    int64_t texts = 0;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    ok(dm_sqlite.open_v2(path_of("first"), &db, flags, NULL) == 0 &&
           dm_sqlite.exec(db, made, NULL, NULL, NULL) == 0,
       "made");
    struct dm_replies *w = open_at("first", DM_REPLIES_WRITE);
    dm_replies_put(w, "b", "B", 1, &err);
    ok(dm_replies_flush(w, &err) == DM_OK, "written");
    struct dm_replies *r = open_at("first", DM_REPLIES_READ);
    ok(has(r, "a", "A") && has(r, "b", "B") && has(r, "c", NULL), "found");
    ok(dm_sqlite_number(db, "SELECT count(*) FROM replies WHERE key = 'b'", &texts) == 0 &&
           texts == 1,
       "by others of its version too");
    dm_replies_close(r);
    dm_replies_close(w);
    dm_sqlite.close(db);
}

static atomic_bool reading;

static void read_on(void *arg)
{
    struct dm_replies *r = arg;
    struct dm_buf b = {0};
    struct dm_error err;
    for (int i = 1; atomic_load(&reading); i++) {
        dm_replies_find(r, "none", &b, &err);
        if (i % 100 == 0)
            dm_replies_rest(r, &err);
    }
    dm_replies_rest(r, &err);
    dm_buf_finish(&b);
}

/* The log does not grow for ever where somebody nearly always reads. */
static void test_log_ends(void)
{
    enum { BATCHES = 160, REPLIES = 500, MOST = 100 * 1000 * 1000 };
    struct dm_error err;
    struct stat log;
    uv_thread_t reader;
    char key[32];
    int rc = DM_OK;
    struct dm_replies *w = open_at("log", DM_REPLIES_WRITE);
    struct dm_replies *r = open_at("log", DM_REPLIES_READ);
    atomic_store(&reading, true);
    ok(uv_thread_create(&reader, read_on, r) == 0, "a reader");
    for (int i = 0; i < BATCHES && rc == DM_OK; i++) {
        for (int k = 0; k < REPLIES; k++) {
            snprintf(key, sizeof key, "%d %d", i, k);
            dm_replies_put(w, key, key, strlen(key), &err);
        }
        rc = dm_replies_flush(w, &err);
    }
    ok(rc == DM_OK && stat(path_of("log-wal"), &log) == 0, "written");
    ok(log.st_size < MOST, "the log is %lld bytes long", (long long)log.st_size);
    atomic_store(&reading, false);
    uv_thread_join(&reader);
    dm_replies_close(r);
    dm_replies_close(w);
}

/* One of several runs on the file, in a process of its own. */
static int run(int number)
{
    enum { TIMES = 25 };
    struct dm_error err;
    struct dm_replies *w, *r;
    char key[32];
    for (int i = 0; i < TIMES; i++) {
        snprintf(key, sizeof key, "%d %d", number, i);
        if (dm_replies_open(&w, path_of("shared"), DM_REPLIES_WRITE, &err) ||
            dm_replies_open(&r, path_of("shared"), DM_REPLIES_READ, &err) ||
            dm_replies_put(w, key, key, strlen(key), &err) || dm_replies_flush(w, &err) ||
            !has(r, key, key)) {
            fprintf(stderr, "run %d: %s\n", number, err.text);
            return 1;
        }
        dm_replies_close(i % 2 ? w : r);
        dm_replies_close(i % 2 ? r : w);
    }
    return 0;
}

static void test_runs_at_once(void)
{
    enum { RUNS = 4 };
    struct dm_replies_stats stats;
    struct dm_error err;
    pid_t pids[RUNS];
    for (int i = 0; i < RUNS; i++)
        if ((pids[i] = fork()) == 0)
            _exit(run(i));
    for (int i = 0; i < RUNS; i++) {
        int status = -1;
        waitpid(pids[i], &status, 0);
        ok(status == 0, "run %d ended with %d", i, status);
    }
    ok(dm_replies_measure(path_of("shared"), &stats, &err) == DM_OK && stats.replies == RUNS * 25,
       "all are kept: %d", (int)stats.replies);
}

int main(void)
{
    ok(mkdtemp(folder) != NULL, "a folder");
    test_runs_at_once(); /* first: no process may inherit an open database */
    test_put_and_find();
    test_other_files();
    test_first_version();
    test_log_ends();
    char command[64];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ok(system(command) == 0, "removed");
    return test_end("replies");
}
