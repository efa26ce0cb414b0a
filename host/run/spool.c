#include "run/spool.h"

#include "base/home.h"
#include "base/streams.h"
#include "base/write.h"
#include "io/input.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST_BYTES = 256 * 1024, BLOCK_BYTES = 256 * 1024, POLL_MS = 100, PATH_BYTES = 4096 };

static void spool_path(const struct dm_spool *s, uint64_t number, char *path)
{
    snprintf(path, PATH_BYTES, "%s/stdin-%llu", s->folder, (unsigned long long)number);
}

static bool wait_for_input(struct dm_spool *s)
{
    struct pollfd fd = {.fd = dm_streams_input(), .events = POLLIN};
    while (!s->cancelled)
        if (poll(&fd, 1, POLL_MS) != 0)
            return true;
    return false;
}

/* Has bytes of standard input in the buffer, unless it is at its end or the run is. */
static int read_block(struct dm_spool *s)
{
    if (s->carry.n || s->ended)
        return DM_OK;
    if (!dm_buf_reserve(&s->carry, BLOCK_BYTES))
        return dm_fail_memory(&s->err);
    if (!wait_for_input(s))
        return DM_OK;
    if (!s->reader && !(s->reader = dm_reader_open(DM_STANDARD_INPUT, &s->err)))
        return s->err.status;
    int64_t n = dm_reader_read(s->reader, s->carry.p, BLOCK_BYTES, &s->err);
    if (n == DM_EINPUT)
        s->damage = s->err;
    else if (n < 0)
        return (int)n;
    s->carry.n = n > 0 ? (size_t)n : 0;
    s->ended = n <= 0;
    return DM_OK;
}

/* How many of the bytes in the buffer belong to the file: it ends with the first row at which it
 * has `room` bytes, however they came, so that the splits depend on the input alone. */
static size_t until_full(const struct dm_spool *s, uint64_t room)
{
    uint64_t from = room > s->size ? room - s->size - 1 : 0;
    if (s->carry.n <= from)
        return s->carry.n;
    const char *newline = memchr(s->carry.p + from, '\n', s->carry.n - from);
    return newline ? (size_t)(newline - s->carry.p) + 1 : s->carry.n;
}

static int fill_file(struct dm_spool *s, int fd)
{
    uint64_t room = s->bytes < FIRST_BYTES ? FIRST_BYTES : s->bytes;
    bool full = false;
    room = room < s->split_bytes ? room : s->split_bytes;
    s->size = 0;
    while (!full) {
        int rc = read_block(s);
        if (rc || !s->carry.n)
            return rc;
        size_t n = until_full(s, room);
        if (!dm_write(fd, s->carry.p, n))
            return dm_fail_errno(&s->err, DM_EIO, "cannot spool standard input");
        s->size += n;
        full = s->size >= room && s->carry.p[n - 1] == '\n';
        s->carry.n -= n;
        memmove(s->carry.p, s->carry.p + n, s->carry.n);
    }
    return DM_OK;
}

/* Whether the file of this turn is a split: the last one may only tell that the input is damaged.
 */
static bool has_rows(const struct dm_spool *s)
{
    return s->size > 0 || s->damage.status;
}

static void in_thread(uv_work_t *work)
{
    struct dm_spool *s = work->data;
    char path[PATH_BYTES];
    dm_home_in_thread();
    spool_path(s, s->begun, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0) {
        s->rc = dm_fail_errno(&s->err, DM_EIO, "cannot open %s", path);
        return;
    }
    s->rc = fill_file(s, fd);
    if (close(fd) && s->rc == DM_OK)
        s->rc = dm_fail_errno(&s->err, DM_EIO, "cannot close %s", path);
    if (!has_rows(s))
        unlink(path);
}

static void after_thread(uv_work_t *work, int status)
{
    struct dm_spool *s = work->data;
    (void)status;
    s->reading = false;
    s->ready = s->rc == DM_OK && has_rows(s) && !s->cancelled;
    s->on_ready(s->arg);
}

static int read_on(struct dm_spool *s, struct dm_error *err)
{
    if (s->ended || s->reading || s->cancelled)
        return DM_OK;
    s->reading = true;
    s->work.data = s;
    int rc = uv_queue_work(s->loop, &s->work, in_thread, after_thread);
    return rc ? dm_fail(err, DM_EIO, "cannot start a thread: %s", uv_strerror(rc)) : DM_OK;
}

int dm_spool_start(struct dm_spool *s, uv_loop_t *loop, const char *folder, uint64_t split_bytes,
                   void (*on_ready)(void *), void *arg, struct dm_error *err)
{
    *s = (struct dm_spool){.loop = loop,
                           .folder = folder,
                           .split_bytes = split_bytes,
                           .on_ready = on_ready,
                           .arg = arg};
    dm_streams_take_input();
    return read_on(s, err);
}

static int make_split(struct dm_spool *s, struct dm_split *split, struct dm_error *err)
{
    char path[PATH_BYTES];
    struct stat st;
    spool_path(s, s->begun, path);
    if (stat(path, &st))
        return dm_fail_errno(err, DM_EIO, "cannot read %s", path);
    struct dm_range *r = calloc(1, sizeof *r);
    if (!r)
        return dm_fail_memory(err);
    *r = (struct dm_range){.path = strdup(path),
                           .name = strdup("-"),
                           .damage = s->ended && !s->carry.n ? strdup(s->damage.text) : NULL,
                           .base = s->bytes,
                           .end = UINT64_MAX,
                           .size = (uint64_t)st.st_size,
                           .mtime = dm_mtime_ns(&st)};
    *split = (struct dm_split){.ranges = r, .nranges = 1};
    return r->path && r->name ? 1 : dm_fail_memory(err);
}

int dm_spool_take(struct dm_spool *s, struct dm_split *split, struct dm_error *err)
{
    if (s->rc) {
        *err = s->err;
        return s->rc;
    }
    if (!s->ready)
        return 0;
    int rc = make_split(s, split, err);
    if (rc < 0)
        return rc;
    s->ready = false;
    s->begun++;
    s->bytes += s->size;
    int started = read_on(s, err);
    return started ? started : rc;
}

void dm_spool_cancel(struct dm_spool *s)
{
    s->cancelled = true;
}

void dm_spool_finish(struct dm_spool *s)
{
    char path[PATH_BYTES];
    if (s->folder) { /* what no split was made of */
        spool_path(s, s->begun, path);
        unlink(path);
    }
    dm_reader_close(s->reader);
    dm_buf_finish(&s->carry);
    s->reader = NULL;
}
