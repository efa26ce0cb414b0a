#include "cluster/calls.h"

#include "cluster/hosts.h"
#include "json/write.h"
#include "lua/ffi.h"
#include "run/blame.h"
#include "run/private.h"
#include "run/state.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { REQUESTS_FD = 3, ANSWERS_FD = 4, TICK_MS = 50, NUMBER_BYTES = 24 };

struct call {
    struct call *next;
    char number[NUMBER_BYTES];
    struct dm_peer *peer; /* who has it; NULL: it waits */
    struct dm_buf request;
};

struct calls {
    struct dm_coordinator c; /* of which the worker hosts know; no splits, no run directory */
    struct dm_outcome outcome;
    uv_pipe_t in, out;
    uv_signal_t term;
    struct dm_buf line; /* the beginning of one */
    struct call *first;
    struct dm_buf code; /* frames: each worker gets all of them before its next call */
    struct dm_private folder;
    char block[64 * 1024];
};

/* ---- answers ---- */

struct answer {
    uv_write_t write; /* first */
    struct dm_buf text;
};

static void on_answered(uv_write_t *write, int status)
{
    struct answer *a = (struct answer *)(void *)write;
    (void)status; /* a script that does not read has gone, which the requests' end tells */
    dm_buf_finish(&a->text);
    free(a);
}

static void fail_memory(struct calls *s)
{
    struct dm_error err;
    dm_fail_memory(&err);
    dm_run_fail(&s->c, &err);
}

static void drop(struct calls *s, struct call *call)
{
    struct call **at = &s->first;
    while (*at != call)
        at = &(*at)->next;
    *at = call->next;
    if (call->peer)
        call->peer->job = NULL;
    dm_buf_finish(&call->request);
    free(call);
}

static void answer(struct calls *s, struct call *call, const char *p, size_t n)
{
    struct answer *a = calloc(1, sizeof *a);
    if (a && dm_buf_printf(&a->text, "%s ", call->number) && dm_buf_add(&a->text, p, n) &&
        dm_buf_putc(&a->text, '\n')) {
        uv_buf_t buf = uv_buf_init(a->text.p, (unsigned)a->text.n);
        if (uv_write(&a->write, (uv_stream_t *)&s->out, &buf, 1, on_answered))
            on_answered(&a->write, -1);
    } else {
        if (a)
            on_answered(&a->write, -1);
        fail_memory(s);
    }
    drop(s, call);
}

/* The worker has gone before it answered. */
static void answer_lost(struct calls *s, struct call *call, const struct dm_peer *peer)
{
    struct dm_buf text = {0};
    char why[128];
    if (peer->killed == DM_KILL_HOST)
        snprintf(why, sizeof why, "was lost with its worker host");
    else if (!dm_blame(peer, 0, s->c.job->settings.memory_bytes, why, sizeof why))
        dm_tell_end(peer, why, sizeof why);
    if (dm_buf_puts(&text, "{\"lost\":") && dm_json_quote(&text, why, strlen(why)) &&
        dm_buf_putc(&text, '}')) {
        answer(s, call, text.p, text.n);
    } else {
        fail_memory(s);
        drop(s, call);
    }
    dm_buf_finish(&text);
}

/* ---- workers ---- */

/* A frame of ours must fit into one that is for a slot of a worker host. */
_Static_assert(DM_CALL_MAX + 2 * DM_FRAME_HEAD + 2 * sizeof(uint32_t) <= DM_FRAME_MAX,
               "a call has to fit into a frame");

/* Sends the code that the worker has not got yet. */
static void send_code(struct calls *s, struct dm_peer *peer)
{
    while (peer->code < s->code.n) {
        struct dm_buf frame = {0};
        const char *p = s->code.p + peer->code;
        size_t n = (size_t)dm_frame_size(p, s->code.n - peer->code);
        peer->code += n;
        if (dm_buf_add(&frame, p, n))
            dm_pool_send(peer, &frame);
        else
            fail_memory(s);
        dm_buf_finish(&frame);
    }
}

static void hand_out(struct calls *s, struct dm_peer *peer, struct call *call)
{
    struct dm_buf frame = {0};
    call->peer = peer;
    peer->job = call;
    send_code(s, peer);
    size_t at = dm_frame_begin(&frame, DM_CALL);
    if (dm_put_bytes(&frame, call->request.p, call->request.n)) {
        dm_frame_end(&frame, at);
        dm_pool_send(peer, &frame);
    } else {
        fail_memory(s);
    }
    dm_buf_finish(&frame);
    dm_buf_finish(&call->request);
}

/* Gives calls that wait to workers that do. */
static void schedule(struct calls *s)
{
    struct dm_peer *peer = s->c.pool.peers;
    for (struct call *call = s->first; call && !s->c.quitting; call = call->next) {
        if (call->peer)
            continue;
        while (peer && (!peer->ready || peer->job || peer->killed))
            peer = peer->next;
        if (!peer)
            return;
        hand_out(s, peer, call);
    }
}

static void on_failed(struct calls *s, struct dm_wire *frame)
{
    struct dm_error err;
    size_t n;
    int status = (int)dm_get_u32(frame);
    const char *text = dm_get_bytes(frame, &n);
    dm_fail(&err, status, "%.*s", (int)n, text);
    dm_run_fail(&s->c, &err);
}

static void on_frame(void *arg, struct dm_peer *peer, enum dm_message type, struct dm_wire *frame)
{
    struct calls *s = arg;
    struct call *call = peer->job;
    size_t n;
    if (type == DM_HELLO) {
        peer->ready = true;
    } else if (type == DM_FAILED) {
        on_failed(s, frame);
    } else if (type == DM_ANSWER && call) {
        const char *p = dm_get_bytes(frame, &n);
        answer(s, call, p, n);
    }
    schedule(s);
}

static void on_lost(void *arg, struct dm_peer *peer)
{
    struct calls *s = arg;
    if (peer->job)
        answer_lost(s, peer->job, peer);
    if (!s->c.quitting && peer->killed != DM_KILL_HOST)
        dm_hosts_replace(peer);
}

static void on_error(void *arg, const char *text)
{
    struct calls *s = arg;
    dm_progress_say(&s->c, "%s", text);
}

/* ---- requests ---- */

static struct call *find(struct calls *s, const char *number)
{
    struct call *call = s->first;
    while (call && strcmp(call->number, number) != 0)
        call = call->next;
    return call;
}

/* Nobody waits for it: what works on it is ended. */
static void cancel(struct calls *s, struct call *call)
{
    struct dm_peer *peer = call->peer;
    drop(s, call);
    if (peer)
        dm_pool_kill(peer, DM_KILL_QUIT);
}

/* A file that operators are made of, which all calls behind it may need. */
static void take_code(struct calls *s, const char *p, size_t n)
{
    size_t at = dm_frame_begin(&s->code, DM_CODE);
    if (dm_put_bytes(&s->code, p, n))
        dm_frame_end(&s->code, at);
    else
        fail_memory(s);
}

static void take_line(struct calls *s, const char *line, size_t n)
{
    const char *blank = memchr(line, ' ', n);
    char number[NUMBER_BYTES];
    snprintf(number, sizeof number, "%.*s", (int)(blank ? (size_t)(blank - line) : n), line);
    if (blank && strcmp(number, "code") == 0) {
        take_code(s, blank + 1, n - (size_t)(blank + 1 - line));
        return;
    }
    struct call *call = find(s, number), **end = &s->first;
    if (!blank && call)
        cancel(s, call);
    if (!blank)
        return;
    call = calloc(1, sizeof *call);
    if (!call || !dm_buf_add(&call->request, blank + 1, n - (size_t)(blank + 1 - line))) {
        free(call);
        fail_memory(s);
        return;
    }
    memcpy(call->number, number, sizeof number);
    while (*end)
        end = &(*end)->next;
    *end = call;
}

static void take_lines(struct calls *s)
{
    size_t at = 0;
    const char *newline;
    while (s->line.n && (newline = memchr(s->line.p + at, '\n', s->line.n - at))) {
        take_line(s, s->line.p + at, (size_t)(newline - s->line.p) - at);
        at = (size_t)(newline - s->line.p) + 1;
    }
    s->line.n -= at;
    memmove(s->line.p, s->line.p + at, s->line.n);
    schedule(s);
}

static void quit(struct calls *s)
{
    s->c.stopping = s->c.quitting = true;
}

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf)
{
    struct calls *s = handle->data;
    (void)n;
    *buf = uv_buf_init(s->block, sizeof s->block);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct calls *s = stream->data;
    if (n < 0) {
        uv_read_stop(stream);
        quit(s);
    } else if (!dm_buf_add(&s->line, buf->base, (size_t)n)) {
        fail_memory(s);
    } else if (memchr(buf->base, '\n', (size_t)n)) {
        take_lines(s);
    }
}

static void on_term(uv_signal_t *handle, int signal)
{
    (void)signal;
    quit(handle->data);
}

/* ---- life ---- */

static void on_tick(uv_timer_t *tick)
{
    struct calls *s = tick->data;
    if (s->c.hosts)
        dm_hosts_tick(&s->c);
    if (!s->c.quitting || s->c.pool.npeers || s->c.closed)
        return;
    s->c.closed = true;
    uv_close((uv_handle_t *)&s->c.tick, NULL);
    uv_close((uv_handle_t *)&s->in, NULL);
    uv_close((uv_handle_t *)&s->out, NULL);
    uv_close((uv_handle_t *)&s->term, NULL);
    uv_close((uv_handle_t *)&s->c.pool.idle, NULL);
}

static int open_streams(struct calls *s, struct dm_error *err)
{
    uv_loop_t *loop = &s->c.loop;
    s->in.data = s->out.data = s->term.data = s->c.tick.data = s;
    uv_timer_init(loop, &s->c.tick);
    uv_timer_start(&s->c.tick, on_tick, TICK_MS, TICK_MS);
    uv_signal_init(loop, &s->term);
    uv_signal_start(&s->term, on_term, SIGTERM);
    uv_pipe_init(loop, &s->in, 0);
    uv_pipe_init(loop, &s->out, 0);
    fcntl(REQUESTS_FD, F_SETFD, FD_CLOEXEC);
    fcntl(ANSWERS_FD, F_SETFD, FD_CLOEXEC);
    int rc = uv_pipe_open(&s->in, REQUESTS_FD);
    rc = rc ? rc : uv_pipe_open(&s->out, ANSWERS_FD);
    rc = rc ? rc : uv_read_start((uv_stream_t *)&s->in, on_alloc, on_read);
    return rc ? dm_fail(err, DM_EUSAGE, "`dmhost remote-pool` is started by dm.remote: %s",
                        uv_strerror(rc))
              : DM_OK;
}

static int start(struct calls *s, struct dm_error *err)
{
    struct dm_pool_events events = {
        .on_frame = on_frame, .on_lost = on_lost, .on_error = on_error, .arg = s};
    int rc = dm_private_open(&s->folder, err);
    if (rc)
        return rc;
    s->c.job->settings.folder = s->folder.path;
    rc = dm_pool_init(&s->c.pool, &s->c.loop, &s->c.job->settings, events, err);
    if (rc == DM_OK)
        rc = open_streams(s, err);
    return rc ? rc : dm_hosts_start(&s->c, err);
}

static void finish(struct calls *s)
{
    while (s->first)
        drop(s, s->first);
    dm_hosts_free(&s->c);
    dm_pool_finish(&s->c.pool);
    dm_buf_finish(&s->line);
    dm_buf_finish(&s->code);
    dm_private_close(&s->folder);
}

int dm_calls_run(struct dm_job *job)
{
    struct dm_error err;
    struct calls *s = calloc(1, sizeof *s);
    if (!s || uv_loop_init(&s->c.loop)) {
        fputs("dmhost: cannot make an event loop\n", stderr);
        free(s);
        return 1;
    }
    s->c.job = job;
    s->c.outcome = &s->outcome;
    s->c.lock = s->c.status.log = -1;
    if (start(s, &err))
        dm_run_fail(&s->c, &err);
    uv_run(&s->c.loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->c.loop);
    int status = s->outcome.status ? 1 : 0;
    for (char *p = s->outcome.err.text; (p = strchr(p, '\n'));)
        *p = ' '; /* the script takes the last line */
    if (status)
        fprintf(stderr, "dmhost: %s\n", s->outcome.err.text);
    finish(s);
    free(s);
    return status;
}
