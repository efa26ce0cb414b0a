#include "trace/session.h"

#include "run/blame.h"
#include "trace/events.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TICK_MS = 20 };

struct watch {
    uv_fs_event_t handle;
    struct watch *next;
    dev_t device; /* of the folder that is watched */
    ino_t inode;
    char folder[];
};

struct session {
    uv_loop_t loop;
    struct dm_pool pool;
    struct dm_peer *tracer; /* that we talk to; others are on their way out */
    struct dm_events events;
    uint64_t memory_bytes;
    /* of the request that is not answered */
    bool asked;
    struct dm_turn turn;
    uint64_t row_ms, load_ms;
    /* handles, each closed when it was opened */
    uv_timer_t tick, timer;
    uv_signal_t on_int, on_term, on_hup, on_size, on_cont;
    uv_tty_t keys;
    uv_poll_t reader;
    bool has_keys, has_reader, has_pool;
    struct watch *watches;
    char typed[64];
};

static struct session *session; /* of this process, while it runs */

static void tell(int kind, const char *text)
{
    dm_events_add(&session->events, (struct dm_event){.kind = kind, .op = -1}, text, strlen(text));
}

/* ---- the tracer ---- */

static void on_frame(void *arg, struct dm_peer *peer, enum dm_message type, struct dm_wire *frame)
{
    struct session *s = arg;
    size_t n;
    if (peer != s->tracer)
        return;
    if (type == DM_FAILED)
        dm_get_u32(frame);
    if (type != DM_FAILED && type != DM_TRACED)
        return;
    s->asked = false;
    const char *text = dm_get_bytes(frame, &n);
    struct dm_event event = {.kind = type == DM_TRACED ? DM_EVENT_REPLY : DM_EVENT_LOST, .op = -1};
    dm_events_add(&s->events, event, text, n);
    if (type == DM_FAILED)
        s->tracer = NULL; /* it exits */
}

/* Tells why the tracer has ended, and which operator was at a row. */
static void on_lost(void *arg, struct dm_peer *peer)
{
    struct session *s = arg;
    char why[256];
    if (peer != s->tracer)
        return;
    s->tracer = NULL;
    s->asked = false;
    uint64_t row = atomic_load(&peer->board->row);
    bool on_row = row != DM_NO_ROW;
    uint64_t limit = on_row ? s->row_ms : s->load_ms;
    if (peer->killed == DM_KILL_ROW_TIME)
        snprintf(why, sizeof why, "took longer than %g s", (double)limit / 1e3);
    else if (!dm_blame(peer, limit, s->memory_bytes, why, sizeof why))
        dm_tell_end(peer, why, sizeof why);
    struct dm_event event = {
        .kind = DM_EVENT_LOST, .op = on_row ? peer->board->op : -1, .row = (double)row};
    dm_events_add(&s->events, event, why, strlen(why));
}

static void on_error(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "dmhost: %s\n", text);
}

/* Kills a tracer that takes too long over a row, or over loading. */
static void on_tick(uv_timer_t *tick)
{
    struct session *s = tick->data;
    struct dm_peer *peer = s->tracer;
    if (!s->asked || !peer)
        return;
    uint64_t turn = atomic_load(&peer->board->turn);
    bool on_row = atomic_load(&peer->board->row) != DM_NO_ROW;
    if (dm_turn_is_over(&s->turn, peer->process.pid, turn, uv_now(&s->loop),
                        on_row ? s->row_ms : s->load_ms))
        dm_pool_kill(peer, DM_KILL_ROW_TIME);
}

static int set_pool(struct session *s, const struct dm_settings *settings, struct dm_error *err)
{
    struct dm_pool_events events = {
        .on_frame = on_frame, .on_lost = on_lost, .on_error = on_error, .arg = s};
    if (s->has_pool)
        return dm_pool_set(&s->pool, settings, err);
    int rc = dm_pool_init(&s->pool, &s->loop, settings, events, err);
    s->has_pool = rc == DM_OK;
    return rc;
}

int dm_session_tracer(const struct dm_settings *settings, struct dm_error *err)
{
    struct session *s = session;
    int rc = set_pool(s, settings, err);
    if (rc)
        return rc;
    if (s->tracer)
        dm_pool_kill(s->tracer, DM_KILL_QUIT);
    s->tracer = NULL;
    s->asked = false;
    dm_events_drop(&s->events, DM_EVENT_REPLY); /* of one that nobody waits for any longer */
    dm_events_drop(&s->events, DM_EVENT_LOST);
    s->memory_bytes = settings->memory_bytes;
    rc = dm_pool_start(&s->pool, 0, false, err);
    if (rc == DM_OK)
        s->tracer = s->pool.peers; /* the newest stands first */
    return rc;
}

int dm_session_ask(const char *p, size_t n, double row_ms, double load_ms, struct dm_error *err)
{
    struct session *s = session;
    struct dm_buf frame = {0};
    if (!s->tracer)
        return dm_fail(err, DM_EUSAGE, "no tracer runs");
    size_t at = dm_frame_begin(&frame, DM_TRACE);
    if (!dm_put_bytes(&frame, p, n)) {
        dm_buf_finish(&frame);
        return dm_fail_memory(err);
    }
    dm_frame_end(&frame, at);
    uv_update_time(&s->loop);
    s->asked = true;
    s->row_ms = (uint64_t)row_ms;
    s->load_ms = (uint64_t)load_ms;
    dm_turn_begin(&s->turn, atomic_load(&s->tracer->board->turn), uv_now(&s->loop));
    dm_pool_send(s->tracer, &frame);
    dm_buf_finish(&frame);
    return DM_OK;
}

/* ---- files, keys, time ---- */

static void on_file(uv_fs_event_t *handle, const char *name, int events, int status)
{
    struct watch *w = handle->data;
    char path[4096];
    (void)events;
    if (status < 0 || !name)
        return;
    snprintf(path, sizeof path, "%s/%s", w->folder, name);
    tell(DM_EVENT_FILE, path);
}

static void on_unwatched(uv_handle_t *handle)
{
    free(handle->data);
}

/* The watch of a folder, unless another folder has its name by now: then it is given up. */
static struct watch *find_watch(struct session *s, const char *folder, const struct stat *st)
{
    struct watch **at = &s->watches;
    while (*at && strcmp((*at)->folder, folder) != 0)
        at = &(*at)->next;
    struct watch *w = *at;
    if (!w || (w->device == st->st_dev && w->inode == st->st_ino))
        return w;
    *at = w->next;
    uv_close((uv_handle_t *)&w->handle, on_unwatched);
    return NULL;
}

static struct watch *create_watch(const char *folder, const struct stat *st)
{
    size_t n = strlen(folder);
    struct watch *w = calloc(1, sizeof *w + n + 1);
    if (!w)
        return NULL;
    memcpy(w->folder, folder, n);
    w->handle.data = w;
    w->device = st->st_dev;
    w->inode = st->st_ino;
    return w;
}

int dm_session_watch(const char *folder, struct dm_error *err)
{
    struct session *s = session;
    struct stat st = {0};
    bool there = stat(folder, &st) == 0;
    struct watch *w = find_watch(s, folder, &st);
    if (w)
        return 0;
    if (!there)
        return dm_fail_errno(err, DM_EIO, "cannot watch %s", folder);
    w = create_watch(folder, &st);
    if (!w)
        return dm_fail_memory(err);
    uv_fs_event_init(&s->loop, &w->handle);
    int rc = uv_fs_event_start(&w->handle, on_file, folder, 0);
    if (rc) {
        uv_close((uv_handle_t *)&w->handle, on_unwatched);
        return dm_fail(err, DM_EIO, "cannot watch %s: %s", folder, uv_strerror(rc));
    }
    w->next = s->watches;
    s->watches = w;
    return 1;
}

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf)
{
    struct session *s = handle->data;
    (void)n;
    *buf = uv_buf_init(s->typed, sizeof s->typed);
}

static void on_typed(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct session *s = stream->data;
    if (n > 0)
        dm_events_add(&s->events, (struct dm_event){.kind = DM_EVENT_KEY}, buf->base, (size_t)n);
    else if (n < 0)
        tell(DM_EVENT_SIGNAL, "");
}

int dm_session_keys(struct dm_error *err)
{
    struct session *s = session;
    int rc = uv_tty_init(&s->loop, &s->keys, STDIN_FILENO, 1);
    if (rc)
        return dm_fail(err, DM_EIO, "cannot read the terminal: %s", uv_strerror(rc));
    s->has_keys = true;
    s->keys.data = s;
    uv_tty_set_mode(&s->keys, UV_TTY_MODE_RAW);
    uv_read_start((uv_stream_t *)&s->keys, on_alloc, on_typed);
    return DM_OK;
}

/* Whoever had the terminal meanwhile has set it to what it likes. */
static void take_keys(struct session *s)
{
    uv_tty_set_mode(&s->keys, UV_TTY_MODE_NORMAL);
    uv_tty_set_mode(&s->keys, UV_TTY_MODE_RAW);
}

void dm_session_suspend(void)
{
    uv_tty_set_mode(&session->keys, UV_TTY_MODE_NORMAL);
    kill(0, SIGTSTP); /* the tracer, too */
    take_keys(session);
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
    tell(DM_EVENT_TIMER, "");
}

void dm_session_timer(double ms)
{
    uv_update_time(&session->loop);
    uv_timer_start(&session->timer, on_timer, (uint64_t)ms, 0);
}

static void on_reader(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    uv_poll_stop(poll);
    tell(DM_EVENT_CLOSED, "");
}

void dm_session_reader(void)
{
    struct session *s = session;
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    s->has_reader = uv_poll_init(&s->loop, &s->reader, STDOUT_FILENO) == 0;
    if (s->has_reader)
        uv_poll_start(&s->reader, UV_DISCONNECT, on_reader);
    if (flags >= 0)
        fcntl(STDOUT_FILENO, F_SETFL,
              flags); /* libuv made it non-blocking, which stdio is not for */
}

static void on_signal(uv_signal_t *handle, int sig)
{
    struct session *s = handle->data;
    if (sig == SIGCONT && s->has_keys)
        take_keys(s);
    tell(sig == SIGCONT    ? DM_EVENT_RESUMED
         : sig == SIGWINCH ? DM_EVENT_RESIZE
                           : DM_EVENT_SIGNAL,
         "");
}

/* ---- life ---- */

static int begin(struct session *s, struct dm_error *err)
{
    int rc = uv_loop_init(&s->loop);
    if (rc)
        return dm_fail(err, DM_EIO, "cannot make an event loop: %s", uv_strerror(rc));
    s->tick.data = s;
    uv_timer_init(&s->loop, &s->timer);
    uv_timer_init(&s->loop, &s->tick);
    uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS);
    uv_signal_t *signals[] = {&s->on_int, &s->on_term, &s->on_hup, &s->on_size, &s->on_cont};
    const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGCONT};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        uv_signal_init(&s->loop, signals[i]);
        signals[i]->data = s;
        uv_signal_start(signals[i], on_signal, numbers[i]);
    }
    return DM_OK;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    struct session *s = arg;
    struct dm_peer *peer = s->pool.peers;
    while (peer && handle != (uv_handle_t *)&peer->process && handle != (uv_handle_t *)&peer->pipe)
        peer = peer->next;
    if (!peer && !uv_is_closing(handle)) /* the pool closes those of its workers */
        uv_close(handle, NULL);
}

static void end(struct session *s)
{
    struct dm_pending *p;
    uv_tty_reset_mode();
    s->tracer = NULL;
    for (struct dm_peer *peer = s->pool.peers; peer; peer = peer->next)
        dm_pool_kill(peer, DM_KILL_QUIT);
    uv_walk(&s->loop, close_handle, s);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
    dm_pool_finish(&s->pool);
    while ((p = dm_events_take(&s->events)))
        free(p);
    while (s->watches) {
        struct watch *w = s->watches;
        s->watches = w->next;
        free(w);
    }
}

static int go_on(struct session *s, struct dm_lua *lua, struct dm_error *err)
{
    struct dm_pending *p = NULL;
    while (!(p = dm_events_take(&s->events)))
        uv_run(&s->loop, UV_RUN_ONCE);
    int status = dm_lua_call(lua, "dm.trace.session", "resume", &p->event, err);
    free(p);
    return status;
}

int dm_session_run(struct dm_lua *lua, struct dm_error *err)
{
    static struct session made;
    session = &made;
    int status = begin(session, err);
    if (status)
        return status;
    tell(DM_EVENT_START, "");
    do
        status = go_on(session, lua, err);
    while (status == DM_RUN_SESSION);
    end(session);
    return status;
}
