#include "run/pool.h"

#include "engine/local.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void on_turn(uv_idle_t *idle);
static int turn(struct dm_peer *peer, struct dm_error *err);

int dm_pool_init(struct dm_pool *p, uv_loop_t *loop, const struct dm_settings *settings,
                 struct dm_pool_events events, struct dm_error *err)
{
    *p = (struct dm_pool){.loop = loop, .events = events, .slots = 1};
    p->idle.data = p;
    uv_idle_init(loop, &p->idle);
    return dm_pool_set(p, settings, err);
}

int dm_pool_set(struct dm_pool *p, const struct dm_settings *settings, struct dm_error *err)
{
    dm_buf_clear(&p->setup);
    size_t at = dm_frame_begin(&p->setup, DM_SETUP);
    if (!dm_settings_put(&p->setup, settings))
        return dm_fail_memory(err);
    dm_frame_end(&p->setup, at);
    return DM_OK;
}

void dm_pool_finish(struct dm_pool *p)
{
    dm_buf_finish(&p->setup);
}

void dm_pool_add(struct dm_pool *p, struct dm_peer *peer)
{
    peer->pool = p;
    peer->next = p->peers;
    if (peer->next)
        peer->next->prev = peer;
    p->peers = peer;
    p->npeers++;
}

void dm_pool_lose(struct dm_peer *peer)
{
    struct dm_pool *p = peer->pool;
    peer->lost = true;
    if (peer->prev)
        peer->prev->next = peer->next;
    else
        p->peers = peer->next;
    if (peer->next)
        peer->next->prev = peer->prev;
    p->npeers--;
    p->events.on_lost(p->events.arg, peer);
    peer->channel->release(peer);
}

void dm_peer_free(struct dm_peer *peer)
{
    if (peer->board && peer->board != &peer->far_board)
        munmap(peer->board, sizeof *peer->board);
    dm_worker_destroy(peer->inside);
    dm_buf_finish(&peer->in);
    dm_buf_finish(&peer->queue);
    free(peer);
}

static void on_closed(uv_handle_t *handle)
{
    struct dm_peer *peer = handle->data;
    if (--peer->open_handles == 0)
        dm_peer_free(peer);
}

/* The worker has gone once its process has ended and its pipe has been read to the end. */
static void check_lost(struct dm_peer *peer)
{
    if (peer->exited && peer->ended && !peer->lost)
        dm_pool_lose(peer);
}

static void on_process_exit(uv_process_t *process, int64_t status, int sig)
{
    struct dm_peer *peer = process->data;
    peer->exit_status = status;
    peer->signal = sig;
    peer->exited = true;
    dm_local_end(process);
    check_lost(peer);
}

/* Handles the whole frames in a buffer. */
static int deliver(struct dm_peer *peer, struct dm_buf *in)
{
    struct dm_pool *p = peer->pool;
    size_t at = 0;
    int64_t size;
    while ((size = dm_frame_size(in->p + at, in->n - at)) > 0) {
        const unsigned char *frame = (const unsigned char *)in->p + at;
        struct dm_wire w = {.p = frame + DM_FRAME_HEAD, .end = frame + size};
        p->events.on_frame(p->events.arg, peer, (enum dm_message)frame[4], &w);
        at += (size_t)size;
    }
    memmove(in->p, in->p + at, in->n - at);
    in->n -= at;
    return size < 0 ? -1 : 0;
}

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf)
{
    struct dm_peer *peer = handle->data;
    (void)n;
    *buf = uv_buf_init(peer->pool->block, sizeof peer->pool->block);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct dm_peer *peer = stream->data;
    if (n == 0)
        return;
    if (n < 0) {
        peer->ended = true;
        uv_read_stop(stream);
        check_lost(peer);
        return;
    }
    if (!dm_buf_add(&peer->in, buf->base, (size_t)n) || deliver(peer, &peer->in)) {
        peer->pool->events.on_error(peer->pool->events.arg, "malformed message from a worker");
        dm_pool_kill(peer, DM_KILL_NONE);
    }
}

static int make_board(struct dm_peer *peer, int *fd, struct dm_error *err)
{
    *fd = memfd_create("dmhost-board", MFD_CLOEXEC);
    if (*fd < 0 || ftruncate(*fd, sizeof *peer->board))
        return dm_fail_errno(err, DM_EIO, "cannot make shared memory");
    void *p = mmap(NULL, sizeof *peer->board, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
    if (p == MAP_FAILED)
        return dm_fail_errno(err, DM_EIO, "cannot map shared memory");
    peer->board = p;
    atomic_store(&peer->board->row, DM_NO_ROW);
    peer->board->op = -1;
    peer->board->workers = peer->pool->slots;
    return DM_OK;
}

struct write {
    uv_write_t req;
    struct dm_buf frame;
};

static void on_written(uv_write_t *req, int status)
{
    struct write *w = (struct write *)(void *)req;
    (void)status; /* a worker that does not read is seen by its end */
    dm_buf_finish(&w->frame);
    free(w);
}

static void kill_process(struct dm_peer *peer)
{
    if (!peer->exited)
        uv_process_kill(&peer->process, SIGKILL);
}

static void send_process(struct dm_peer *peer, struct dm_buf *frame)
{
    struct write *w = calloc(1, sizeof *w);
    if (!w) {
        dm_pool_kill(peer, DM_KILL_NONE); /* its splits go to others */
        return;
    }
    w->frame = *frame;
    *frame = (struct dm_buf){0};
    uv_buf_t buf = uv_buf_init(w->frame.p, (unsigned)w->frame.n);
    if (uv_write(&w->req, (uv_stream_t *)&peer->pipe, &buf, 1, on_written))
        on_written(&w->req, -1);
}

static void close_process(struct dm_peer *peer)
{
    if (peer->process.type == UV_UNKNOWN_HANDLE) /* it was not even tried */
        peer->open_handles--;
    else
        uv_close((uv_handle_t *)&peer->process, on_closed);
    uv_close((uv_handle_t *)&peer->pipe, on_closed);
}

static const struct dm_channel process_channel = {send_process, kill_process, close_process};

static int start_process(struct dm_peer *peer, int board, struct dm_error *err)
{
    uv_loop_t *loop = peer->pool->loop;
    peer->process.data = peer->pipe.data = peer;
    int rc = uv_pipe_init(loop, &peer->pipe, 0);
    if (rc)
        return dm_fail(err, DM_EIO, "cannot make a pipe: %s", uv_strerror(rc));
    peer->open_handles = 2;
    rc = dm_local_spawn(loop, &peer->process, &peer->pipe, board, peer->slot, peer->pool->slots,
                        on_process_exit, err);
    if (rc) {
        close_process(peer);
        return rc;
    }
    uv_read_start((uv_stream_t *)&peer->pipe, on_alloc, on_read);
    return DM_OK;
}

/* A frame from the worker inside. */
static int send_up(void *arg, struct dm_buf *frame, struct dm_error *err)
{
    struct dm_peer *peer = arg;
    (void)err;
    deliver(peer, frame);
    return DM_OK;
}

static void fail_inside(struct dm_peer *peer, const struct dm_error *err)
{
    struct dm_pool *p = peer->pool;
    struct dm_buf text = {0};
    if (dm_put_u32(&text, (uint32_t)err->status) && dm_put_text(&text, err->text)) {
        struct dm_wire w = {.p = (unsigned char *)text.p, .end = (unsigned char *)text.p + text.n};
        p->events.on_frame(p->events.arg, peer, DM_FAILED, &w);
    }
    dm_buf_finish(&text);
}

static void end_inside(struct dm_peer *peer)
{
    uv_idle_stop(&peer->pool->idle);
    dm_pool_lose(peer);
}

/* What the loop would do, which stands still while the worker inside runs a split. */
static int idle_inside(void *arg, struct dm_error *err)
{
    struct dm_peer *peer = arg;
    int rc = DM_OK;
    peer->pool->events.on_inside(peer->pool->events.arg);
    if (peer->killed != DM_KILL_NONE)
        return dm_fail(err, DM_EIO, "the split was given up");
    while (rc == DM_OK && peer->queue.n && peer->queue.p[4] != DM_ASSIGN)
        rc = turn(peer, err);
    return rc;
}

static void closed_inside(void *arg)
{
    struct dm_peer *peer = arg;
    peer->killed = DM_KILL_CLOSED;
    peer->pool->events.on_closed(peer->pool->events.arg, peer);
}

static int turn_inside(struct dm_peer *peer, enum dm_message type, struct dm_wire *w,
                       struct dm_error *err)
{
    if (type != DM_SETUP)
        return dm_worker_handle(peer->inside, type, w, err);
    peer->inside = dm_worker_create(w, peer->board, send_up, peer, err);
    if (!peer->inside)
        return err->status;
    dm_worker_is_inside(peer->inside, idle_inside, closed_inside, peer,
                        uv_backend_fd(peer->pool->loop));
    return DM_OK;
}

/* The next frame for the worker inside. */
static int turn(struct dm_peer *peer, struct dm_error *err)
{
    struct dm_buf frame = {0};
    int64_t size = dm_frame_size(peer->queue.p, peer->queue.n);
    if (size <= 0 || !dm_buf_add(&frame, peer->queue.p, (size_t)size))
        return dm_fail_memory(err);
    peer->queue.n -= (size_t)size;
    memmove(peer->queue.p, peer->queue.p + size, peer->queue.n);
    struct dm_wire w = {.p = (unsigned char *)frame.p + DM_FRAME_HEAD,
                        .end = (unsigned char *)frame.p + frame.n};
    int rc = turn_inside(peer, (enum dm_message)frame.p[4], &w, err);
    dm_buf_finish(&frame);
    if (peer->inside && !dm_worker_intact(peer->inside)) /* by no row: as operators were made */
        closed_inside(peer);
    return rc;
}

static void on_turn(uv_idle_t *idle)
{
    struct dm_pool *p = idle->data;
    struct dm_peer *peer = p->peers;
    struct dm_error err;
    if (!peer || !peer->queue.n)
        uv_idle_stop(idle);
    else if (peer->queue.p[4] == DM_STOP)
        end_inside(peer);
    else if (turn(peer, &err))
        fail_inside(peer, &err);
}

static void send_inside(struct dm_peer *peer, struct dm_buf *frame)
{
    if (!dm_buf_add(&peer->queue, frame->p, frame->n))
        peer->pool->events.on_error(peer->pool->events.arg, "out of memory");
    dm_buf_clear(frame);
    uv_idle_start(&peer->pool->idle, on_turn);
}

/* It goes when it is its turn. */
static void kill_inside(struct dm_peer *peer)
{
    dm_buf_clear(&peer->queue);
    dm_pool_stop(peer);
}

static const struct dm_channel inside_channel = {send_inside, kill_inside, dm_peer_free};

int dm_pool_start(struct dm_pool *p, uint32_t slot, bool inside, struct dm_error *err)
{
    int board = -1;
    struct dm_buf setup = {0};
    struct dm_peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        return dm_fail_memory(err);
    peer->pool = p;
    peer->slot = slot;
    peer->channel = inside ? &inside_channel : &process_channel;
    int rc = make_board(peer, &board, err);
    if (rc == DM_OK && !inside) {
        rc = start_process(peer, board, err);
        peer = rc ? NULL : peer; /* freed when its handles have closed */
    }
    if (board >= 0)
        close(board);
    if (rc == DM_OK && !dm_buf_add(&setup, p->setup.p, p->setup.n))
        rc = dm_fail_memory(err);
    if (rc) {
        if (peer && !peer->open_handles)
            dm_peer_free(peer);
        return rc;
    }
    dm_pool_add(p, peer);
    dm_pool_send(peer, &setup);
    dm_buf_finish(&setup);
    return DM_OK;
}

void dm_pool_send(struct dm_peer *peer, struct dm_buf *frame)
{
    peer->channel->send(peer, frame);
}

void dm_pool_stop(struct dm_peer *peer)
{
    struct dm_buf frame = {0};
    dm_frame_end(&frame, dm_frame_begin(&frame, DM_STOP));
    dm_pool_send(peer, &frame);
    dm_buf_finish(&frame);
}

void dm_pool_kill(struct dm_peer *peer, enum dm_kill why)
{
    if (peer->killed == DM_KILL_NONE)
        peer->killed = why;
    peer->channel->kill(peer);
}

/* How often a worker is seen with its end of the pipe closed before it is killed: it may be about
 * to end. Not how long, since what tells of its end waits, too, when we are held up. */
enum { CLOSED_LOOKS = 40 };

void dm_pool_watch(struct dm_pool *p, uint64_t row_ms)
{
    uint64_t now = uv_now(p->loop);
    for (struct dm_peer *peer = p->peers; peer; peer = peer->next) {
        uint64_t turn = atomic_load(&peer->board->turn);
        bool resting = atomic_load(&peer->board->row) == DM_NO_ROW;
        if (peer->ended && !peer->exited && !peer->killed && ++peer->closed_looks > CLOSED_LOOKS)
            dm_pool_kill(peer, DM_KILL_CLOSED);
        if (resting)
            dm_turn_begin(&peer->turn, turn, now);
        else if (dm_turn_is_over(&peer->turn, peer->process.pid, turn, now, row_ms) &&
                 !peer->killed)
            dm_pool_kill(peer, DM_KILL_ROW_TIME);
    }
}
