#include "run/status.h"

#include "base/home.h"
#include "json/write.h"
#include "run/state.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { STATUS_MS = 1000, PATH_BYTES = 4096 };

static void path_of(const struct dm_coordinator *c, const char *name, char path[PATH_BYTES])
{
    snprintf(path, PATH_BYTES, "%s/%s", c->job->settings.folder, name);
}

/* ---- in another thread: a file system may take its time ---- */

static void write_status(const struct dm_coordinator *c)
{
    char path[PATH_BYTES], fresh[PATH_BYTES];
    path_of(c, "status.json", path);
    path_of(c, "status.json.new", fresh);
    FILE *file = fopen(fresh, "we");
    if (!file)
        return; /* whoever looks sees that the count stands still */
    bool ok = fwrite(c->status.text.p, 1, c->status.text.n, file) == c->status.text.n;
    if (fclose(file) == 0 && ok)
        rename(fresh, path);
}

static int read_request(const struct dm_coordinator *c)
{
    char path[PATH_BYTES], text[8] = "";
    path_of(c, "cancel", path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return DM_ASKED_NOTHING;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    return n >= 3 && memcmp(text, "now", 3) == 0 ? DM_ASKED_NOW : DM_ASKED_STOP;
}

static void in_thread(uv_work_t *work)
{
    struct dm_coordinator *c = work->data;
    dm_home_in_thread();
    write_status(c);
    c->status.asked = read_request(c);
}

/* ---- on the loop
 * ----------------------------------------------------------------------------------------------------
 */

static void on_done(uv_work_t *work, int status)
{
    struct dm_coordinator *c = work->data;
    (void)status;
    c->status.writing = false;
    if (c->status.asked == DM_ASKED_NOW && !c->quitting)
        dm_run_stop(c, true, "cancelled: running splits are given up");
    else if (c->status.asked == DM_ASKED_STOP && !c->stopping)
        dm_run_stop(c, false, "cancelled: running splits are being finished");
}

static bool describe(const struct dm_coordinator *c, struct dm_buf *b)
{
    struct dm_view v = dm_progress_look(c);
    const struct dm_status *s = &c->status;
    dm_buf_clear(b);
    bool ok = dm_buf_puts(b, "{\"host\":") && dm_json_quote(b, s->host, strlen(s->host));
    ok =
        ok && dm_buf_printf(b, ",\"pid\":%d,\"count\":%llu,\"began\":%lld,\"seconds\":%.1f",
                            getpid(), (unsigned long long)s->count, (long long)s->began, v.seconds);
    ok = ok && dm_buf_printf(b, ",\"stopping\":%s,\"workers\":%u,\"workers_lost\":%llu",
                             c->stopping ? "true" : "false", c->pool.npeers,
                             (unsigned long long)c->outcome->lost);
    ok = ok && dm_buf_printf(b, ",\"splits\":%llu,\"rows\":%llu,\"rejected\":%llu",
                             (unsigned long long)c->frontier.splits, (unsigned long long)v.rows,
                             (unsigned long long)v.rejected);
    ok = ok && dm_buf_printf(b, ",\"rows_per_s\":%.1f,\"mb_per_s\":%.1f", v.rows_per_s, v.mb_per_s);
    if (ok && v.share >= 0)
        ok = dm_buf_printf(b, ",\"share\":%.4f", v.share);
    if (ok && v.eta >= 0)
        ok = dm_buf_printf(b, ",\"eta\":%.0f", v.eta);
    return ok && dm_buf_puts(b, "}\n");
}

void dm_status_tick(struct dm_coordinator *c)
{
    struct dm_status *s = &c->status;
    uint64_t now = uv_now(&c->loop);
    if (s->writing || (s->count && now - s->written_ms < STATUS_MS))
        return;
    s->written_ms = now;
    s->count++;
    if (!describe(c, &s->text))
        return;
    s->writing = true;
    s->work.data = c;
    uv_queue_work(&c->loop, &s->work, in_thread, on_done);
}

void dm_status_log(struct dm_coordinator *c, const char *text)
{
    char when[32];
    time_t now = time(NULL);
    struct tm t;
    if (c->status.log < 0)
        return;
    strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &t));
    dprintf(c->status.log, "%s %s\n", when, text);
}

int dm_status_open(struct dm_coordinator *c, struct dm_error *err)
{
    char path[PATH_BYTES];
    path_of(c, "cancel", path);
    unlink(path);
    path_of(c, "log", path);
    c->status.began = (int64_t)time(NULL);
    if (gethostname(c->status.host, sizeof c->status.host - 1))
        c->status.host[0] = 0;
    c->status.log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    return c->status.log < 0 ? dm_fail_errno(err, DM_EIO, "cannot open %s", path) : DM_OK;
}

void dm_status_close(struct dm_coordinator *c)
{
    char path[PATH_BYTES];
    if (c->status.log >= 0) {
        close(c->status.log);
        path_of(c, "status.json", path);
        unlink(path);
    }
    dm_buf_finish(&c->status.text);
}
