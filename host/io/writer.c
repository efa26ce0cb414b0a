#include "io/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

struct dm_writer {
    uv_thread_t thread;
    uv_sem_t work, done; /* a stretch is there; it has been written */
    bool busy;           /* the thread has a stretch, which the caller has not waited for */
    /* the stretch; p NULL: the thread is to end */
    int fd;
    const char *p;
    size_t n;
    uint64_t offset;
    int rc;
    struct dm_error err;
};

int dm_write_all(int fd, const char *p, size_t n, uint64_t offset, struct dm_error *err)
{
    while (n) {
        ssize_t k = pwrite(fd, p, n, (off_t)offset);
        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return dm_fail_errno(err, DM_EIO, "cannot write output");
        p += k;
        n -= (size_t)k;
        offset += (uint64_t)k;
    }
    return DM_OK;
}

static void run(void *arg)
{
    struct dm_writer *w = arg;
    for (;;) {
        uv_sem_wait(&w->work);
        if (!w->p)
            return;
        w->rc = dm_write_all(w->fd, w->p, w->n, w->offset, &w->err);
        uv_sem_post(&w->done);
    }
}

struct dm_writer *dm_writer_create(void)
{
    struct dm_writer *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    if (uv_sem_init(&w->work, 0))
        goto fail;
    if (uv_sem_init(&w->done, 0))
        goto fail_work;
    if (uv_thread_create(&w->thread, run, w))
        goto fail_done;
    return w;
fail_done:
    uv_sem_destroy(&w->done);
fail_work:
    uv_sem_destroy(&w->work);
fail:
    free(w);
    return NULL;
}

void dm_writer_destroy(struct dm_writer *w)
{
    if (!w)
        return;
    dm_writer_wait(w, NULL);
    w->p = NULL;
    uv_sem_post(&w->work);
    uv_thread_join(&w->thread);
    uv_sem_destroy(&w->work);
    uv_sem_destroy(&w->done);
    free(w);
}

int dm_writer_wait(struct dm_writer *w, struct dm_error *err)
{
    if (!w->busy)
        return DM_OK;
    uv_sem_wait(&w->done);
    w->busy = false;
    if (w->rc && err)
        *err = w->err;
    return w->rc;
}

int dm_writer_start(struct dm_writer *w, int fd, const char *p, size_t n, uint64_t offset,
                    struct dm_error *err)
{
    int rc = dm_writer_wait(w, err);
    if (rc)
        return rc;
    w->fd = fd;
    w->p = p;
    w->n = n;
    w->offset = offset;
    w->busy = true;
    uv_sem_post(&w->work);
    return DM_OK;
}

bool dm_writer_uses(const struct dm_writer *w, const char *p, size_t n)
{
    return w->busy && w->p >= p && w->p < p + n;
}
