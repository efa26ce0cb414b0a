#include "run/pump.h"

#include "base/streams.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK_BYTES = 64 * 1024, POLL_MS = 100 };

static bool wait_for_room(struct dm_pump *p)
{
    struct pollfd fd = {.fd = dm_streams_output(), .events = POLLOUT};
    while (!p->cancelled)
        if (poll(&fd, 1, POLL_MS) != 0)
            return true;
    return false;
}

/* A pipe that has room takes this much at once: more could block until the reader reads, beyond the
 * reach of a cancel. A file takes everything. */
static size_t at_once(size_t n)
{
    struct stat st;
    bool waits = fstat(dm_streams_output(), &st) || !S_ISREG(st.st_mode);
    return waits && n > PIPE_BUF ? PIPE_BUF : n;
}

static int write_block(struct dm_pump *p, const char *block, size_t n)
{
    while (n && wait_for_room(p)) {
        ssize_t k = write(dm_streams_output(), block, at_once(n));
        if (k < 0 && errno == EPIPE) {
            p->reader_gone = true;
            return DM_OK;
        }
        if (k < 0 && errno != EINTR && errno != EAGAIN)
            return dm_fail_errno(&p->err, DM_EIO, "cannot write to standard output");
        block += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
    }
    return DM_OK;
}

static void in_thread(uv_work_t *work)
{
    struct dm_pump *p = work->data;
    char block[BLOCK_BYTES];
    while (p->written < p->until && !p->cancelled && !p->reader_gone && !p->rc) {
        uint64_t left = p->until - p->written;
        ssize_t n = pread(p->fd, block, left < BLOCK_BYTES ? left : BLOCK_BYTES, (off_t)p->written);
        if (n <= 0) {
            p->rc = dm_fail_errno(&p->err, DM_EIO, "cannot read %s", p->path);
            return;
        }
        p->rc = write_block(p, block, (size_t)n);
        p->written += (uint64_t)n;
    }
    /* a file system that can not do this keeps the space until the end of the run */
    fallocate(p->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)p->written);
}

static void after_thread(uv_work_t *work, int status)
{
    struct dm_pump *p = work->data;
    (void)status;
    p->busy = false;
    p->on_written(p->arg);
}

int dm_pump_start(struct dm_pump *p, uv_loop_t *loop, const char *path, void (*on_written)(void *),
                  void *arg, struct dm_error *err)
{
    *p = (struct dm_pump){
        .loop = loop, .path = strdup(path), .on_written = on_written, .arg = arg, .fd = -1};
    if (!p->path)
        return dm_fail_memory(err);
    p->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    return p->fd < 0 ? dm_fail_errno(err, DM_EIO, "cannot open %s", path) : DM_OK;
}

void dm_pump_to(struct dm_pump *p, uint64_t until)
{
    if (p->busy || p->cancelled || p->reader_gone || p->rc || until == p->written)
        return;
    p->until = until;
    p->busy = true;
    p->work.data = p;
    uv_queue_work(p->loop, &p->work, in_thread, after_thread);
}

void dm_pump_cancel(struct dm_pump *p)
{
    p->cancelled = true;
}

void dm_pump_finish(struct dm_pump *p)
{
    if (p->fd >= 0)
        close(p->fd);
    if (p->path)
        unlink(p->path);
    free(p->path);
    p->path = NULL;
}
