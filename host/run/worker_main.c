/* The worker as a process of its own: frames over a pipe to whoever started it, on a libuv loop. */
#include "run/making.h"
#include "run/worker.h"
#include "task/coprocess.h"

#include "base/home.h"
#include "base/loop.h"
#include "engine/self.h"
#include "net/http.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

enum { CONTROL_FD = 3, BOARD_FD = 4, READ_BYTES = 64 * 1024 };

struct process {
    uv_loop_t loop;
    uv_pipe_t pipe;
    struct dm_buf in; /* bytes that are not handled yet */
    bool closed, stopped;
    struct dm_board *board;
    struct dm_worker *worker;
    char block[READ_BYTES];
};

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf)
{
    struct process *p = handle->data;
    (void)n;
    *buf = uv_buf_init(p->block, sizeof p->block);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct process *p = stream->data;
    if (n < 0 || (n > 0 && !dm_buf_add(&p->in, buf->base, (size_t)n))) {
        p->closed = true;
        uv_read_stop(stream);
    }
}

/* Blocks until the frame is out: the coordinator always reads. */
static int send_frame(void *arg, struct dm_buf *frame, struct dm_error *err)
{
    const char *p = frame->p;
    size_t n = frame->n;
    (void)arg;
    while (n) {
        ssize_t k = write(CONTROL_FD, p, n);
        if (k < 0 && errno == EAGAIN)
            usleep(100);
        else if (k < 0 && errno != EINTR)
            return dm_fail_errno(err, DM_EIO, "cannot reach the coordinator");
        p += k > 0 ? k : 0;
        n -= k > 0 ? (size_t)k : 0;
    }
    dm_buf_clear(frame);
    return DM_OK;
}

static int on_idle(void *arg, struct dm_error *err);

static int handle(struct process *p, enum dm_message type, struct dm_wire *frame,
                  struct dm_error *err)
{
    if (type == DM_STOP) {
        p->stopped = true;
        return DM_OK;
    }
    if (p->worker)
        return dm_worker_handle(p->worker, type, frame, err);
    if (type != DM_SETUP)
        return dm_fail(err, DM_EINPUT, "the coordinator did not begin with the settings");
    p->worker = dm_worker_create(frame, p->board, send_frame, p, err);
    dm_making_watch(0);
    if (!p->worker)
        return err->status;
    dm_worker_limit_memory(p->worker);
    dm_worker_on_idle(p->worker, on_idle, p, CONTROL_FD);
    return DM_OK;
}

/* Handles the whole frames that have come; inside a split, only what does not begin another. */
static int handle_frames(struct process *p, bool inside, struct dm_error *err)
{
    int rc = DM_OK;
    int64_t size = 0;
    while (rc == DM_OK && (size = dm_frame_size(p->in.p, p->in.n)) > 0) {
        enum dm_message type = (enum dm_message)p->in.p[4];
        if (inside && type == DM_ASSIGN)
            return DM_OK;
        struct dm_buf frame = {0};
        if (!dm_buf_add(&frame, p->in.p + DM_FRAME_HEAD, (size_t)size - DM_FRAME_HEAD))
            return dm_fail_memory(err);
        memmove(p->in.p, p->in.p + size, p->in.n - (size_t)size);
        p->in.n -= (size_t)size;
        struct dm_wire w = {.p = (unsigned char *)frame.p,
                            .end = (unsigned char *)frame.p + frame.n};
        rc = handle(p, type, &w, err);
        dm_buf_finish(&frame);
    }
    return size < 0 ? dm_fail(err, DM_EINPUT, "malformed frame from the coordinator") : rc;
}

static int on_idle(void *arg, struct dm_error *err)
{
    struct process *p = arg;
    uv_run(&p->loop, UV_RUN_NOWAIT);
    if (p->closed) /* nobody waits for the outcome any more */
        _exit(dm_worker_intact(p->worker) ? 1 : DM_EXIT_CLOSED);
    return handle_frames(p, true, err);
}

static void report(struct process *p, const struct dm_error *failure)
{
    struct dm_buf frame = {0};
    struct dm_error err;
    size_t at = dm_frame_begin(&frame, DM_FAILED);
    if (dm_put_u32(&frame, (uint32_t)failure->status) && dm_put_text(&frame, failure->text)) {
        dm_frame_end(&frame, at);
        send_frame(p, &frame, &err);
    }
    dm_buf_finish(&frame);
}

/* Outputs that wait for their place are files; a shell's usual bound is meant for select(). */
static void allow_files(void)
{
    enum { ENOUGH = 8192 };
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= ENOUGH)
        return;
    files.rlim_cur = files.rlim_max < ENOUGH ? files.rlim_max : ENOUGH;
    setrlimit(RLIMIT_NOFILE, &files);
}

/* What operators start is in the worker's group, and ends with it. Keys on the terminal, and what
 * is sent to a whole job, are for the coordinator, which decides. */
static int lead_group(struct dm_error *err)
{
    fcntl(CONTROL_FD, F_SETFD, FD_CLOEXEC); /* else what an operator starts would hold it open */
    return dm_self_lead_group(err);
}

/* Lua waits for what operators started with io.popen when it closes: that is asked to end, and not
 * waited for long. */
static void end_others(void)
{
    enum { LONGEST_S = 3 };
    signal(SIGHUP, SIG_IGN);
    kill(0, SIGHUP);
    alarm(LONGEST_S);
}

static int start(struct process *p, struct dm_error *err)
{
    if (lead_group(err))
        return err->status;
    p->board = mmap(NULL, sizeof *p->board, PROT_READ | PROT_WRITE, MAP_SHARED, BOARD_FD, 0);
    if (p->board == MAP_FAILED)
        return dm_fail(err, DM_EUSAGE, "a worker is started by `dmhost run`, not by hand");
    close(BOARD_FD);
    dm_home_keep();
    dm_making_in_worker(p->board, CONTROL_FD);
    p->pipe.data = p;
    int rc = uv_loop_init(&p->loop);
    rc = rc ? rc : uv_pipe_init(&p->loop, &p->pipe, 0);
    rc = rc ? rc : uv_pipe_open(&p->pipe, CONTROL_FD);
    rc = rc ? rc : uv_read_start((uv_stream_t *)&p->pipe, on_alloc, on_read);
    dm_making_watch(1);
    return rc ? dm_fail(err, DM_EIO, "cannot reach the coordinator: %s", uv_strerror(rc)) : DM_OK;
}

/* Large texts come and go with every row: their memory is kept, not given back to the system and
 * cleared again. Without fast bins, as the C library calls them, it is not gone through for what
 * can be joined whenever something of a kilobyte is wanted. */
static void keep_memory(void)
{
    enum { KEPT = 16 * 1024 * 1024 };
    mallopt(M_MMAP_THRESHOLD, KEPT);
    mallopt(M_TRIM_THRESHOLD, KEPT);
    mallopt(M_MXFAST, 0);
}

int dm_worker_main(void)
{
    keep_memory();
    allow_files();
    struct dm_error err = {0};
    struct process *p = calloc(1, sizeof *p);
    int rc = p ? start(p, &err) : dm_fail_memory(&err);
    if (rc) {
        fprintf(stderr, "dmhost worker: %s\n", err.text);
        free(p);
        return 1;
    }
    while (rc == DM_OK && !p->closed && !p->stopped) {
        uv_run(&p->loop, UV_RUN_ONCE);
        rc = handle_frames(p, false, &err);
    }
    if (rc == DM_EMEMORY)
        _exit(DM_EXIT_MEMORY);
    if ((rc || p->closed) && p->worker && !dm_worker_intact(p->worker))
        _exit(DM_EXIT_CLOSED);
    if (rc)
        report(p, &err);
    end_others();
    dm_worker_destroy(p->worker);
    dm_http_finish();
    dm_coprocess_finish();
    dm_loop_finish();
    dm_buf_finish(&p->in);
    munmap(p->board, sizeof *p->board);
    free(p);
    return rc ? 1 : 0;
}
