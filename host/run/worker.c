#include "run/worker_state.h"

#include "base/home.h"
#include "base/loop.h"
#include "engine/self.h"
#include "net/http.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <uv.h>

struct dm_worker *dm_worker_here;

int dm_worker_send_frame(struct dm_worker *w, size_t at, bool ok, struct dm_error *err)
{
    if (!ok || w->frame.n < DM_FRAME_HEAD)
        return dm_fail_memory(err);
    dm_frame_end(&w->frame, at);
    return w->send(w->arg, &w->frame, err);
}

static int send_hello(struct dm_worker *w, struct dm_error *err)
{
    size_t at = dm_frame_begin(&w->frame, DM_HELLO);
    return dm_worker_send_frame(w, at, dm_put_u32(&w->frame, (uint32_t)dm_abi()), err);
}

/* How far the output has got: of a part, its sizes. */
static bool put_places(struct dm_buf *frame, const struct dm_result *r)
{
    struct dm_place places[DM_STREAMS];
    for (int i = 0; i < DM_STREAMS; i++)
        places[i] = r->out[i].at;
    return dm_place_put(frame, places);
}

static int send_done(struct dm_worker *w, const struct dm_result *r, struct dm_error *err)
{
    size_t at = dm_frame_begin(&w->frame, DM_DONE);
    bool ok = dm_put_u64(&w->frame, r->split) && dm_put_u32(&w->frame, r->attempt) &&
              dm_put_u8(&w->frame, r->input_ended) && put_places(&w->frame, r) &&
              dm_counts_put(&w->frame, &r->counts);
    return dm_worker_send_frame(w, at, ok, err);
}

static int send_written(struct dm_worker *w, const struct dm_result *r, struct dm_error *err)
{
    size_t at = dm_frame_begin(&w->frame, DM_WRITTEN);
    bool ok = dm_put_u64(&w->frame, r->split) && dm_put_u32(&w->frame, r->attempt) &&
              put_places(&w->frame, r);
    return dm_worker_send_frame(w, at, ok, err);
}

/* Handles what has come. What a worker inside waits for may be the log of replies, which is taken
 * into their file when nobody reads: nobody else does. */
int dm_worker_handle_others(struct dm_worker *w, struct dm_error *err)
{
    int rc = w->fd < 0 && w->replies ? dm_replies_rest(w->replies, err) : DM_OK;
    return rc ? rc : w->idle(w->idle_arg, err);
}

static void unlink_result(struct dm_worker *w, struct dm_result *r)
{
    struct dm_result **at = &w->results;
    while (*at && *at != r)
        at = &(*at)->next;
    if (*at)
        *at = r->next;
    dm_result_destroy(r);
}

/* Only the oldest waiting result is kept in memory. */
static int spill_waiting(struct dm_worker *w, struct dm_error *err)
{
    int rc = DM_OK;
    for (struct dm_result *r = w->results ? w->results->next : NULL; r && rc == DM_OK; r = r->next)
        for (int i = 0; i < DM_STREAMS && rc == DM_OK; i++)
            rc = dm_output_spill(&r->out[i], err);
    return rc;
}

static struct dm_result *add_result(struct dm_worker *w, const struct dm_split *s)
{
    struct dm_result *r = dm_result_create(s, (uint32_t)w->settings.nops);
    struct dm_result **at = &w->results;
    while (*at)
        at = &(*at)->next;
    *at = r;
    return r;
}

/* What was raised elsewhere than in an operator's call, where it would have cost a row. */
static int fail_outside(const struct dm_worker *w, struct dm_error *err)
{
    char op[256], text[sizeof err->text];
    memcpy(text, err->text, sizeof text);
    dm_settings_op_name(&w->settings, w->board->op, op, sizeof op);
    return dm_fail(err, DM_EIO,
                   "%.*s: raised between the operators' calls, the last of which was one of %s\n"
                   "operators must leave what is global as it is",
                   (int)strcspn(text, "\n"), text, op);
}

/* Whether it is open, and of that kind: an operator may have opened a file in its place. */
static bool is_open(int fd, mode_t kind)
{
    struct stat st;
    return fd < 0 || (fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == kind);
}

/* Whether what is printed goes where it shall. */
static bool has_streams(void)
{
    struct pollfd fds[] = {{.fd = STDOUT_FILENO}, {.fd = STDERR_FILENO}};
    return poll(fds, 2, 0) < 0 || !((fds[0].revents | fds[1].revents) & POLLNVAL);
}

bool dm_worker_intact(const struct dm_worker *w)
{
    enum { OF_NO_FILE = 0 }; /* what epoll_create gives */
    if (!is_open(w->fd, S_IFSOCK) || !is_open(w->poll_fd, OF_NO_FILE) || !has_streams() ||
        !dm_home_return())
        return false;
    for (const struct dm_result *r = w->results; r; r = r->next)
        for (int i = 0; i < DM_STREAMS; i++)
            if (r->out[i].fd >= 0 && fcntl(r->out[i].fd, F_GETFD) < 0)
                return false;
    return true;
}

/* Ends the worker on the row that has closed its descriptors. */
static void end_if_closed(void *arg)
{
    struct dm_worker *w = arg;
    bool intact = dm_worker_intact(w);
    if (!intact && w->closed)
        w->closed(w->idle_arg);
    if (!intact)
        _exit(DM_EXIT_CLOSED);
}

static int run_split(struct dm_worker *w, const struct dm_split *s, struct dm_result *r,
                     struct dm_error *err)
{
    int rc = dm_work_begin(w->work, s, r, err);
    if (rc == DM_OK) {
        err->status = DM_OK;
        rc = dm_lua_call(w->lua, "dm.run.worker", "run", dm_work_rows(w->work), err);
        if (rc == DM_EUSAGE && err->status) /* it was raised, not returned */
            rc = fail_outside(w, err);
        rc = dm_work_end(w->work, rc, err);
        int told = dm_worker_send_replies(w, false, rc ? NULL : err);
        told = told ? told : dm_worker_send_asked(w, rc ? NULL : err);
        rc = rc ? rc : told;
    }
    if (rc)
        return rc;
    end_if_closed(w);
    return send_done(w, r, err);
}

/* Models may not be asked any more: the split is left as it was. */
static int give_up(struct dm_worker *w, struct dm_result *r, struct dm_error *err)
{
    unlink_result(w, r);
    size_t at = dm_frame_begin(&w->frame, DM_FAILED);
    bool ok = dm_put_u32(&w->frame, (uint32_t)DM_ESPENT) && dm_put_text(&w->frame, "");
    return dm_worker_send_frame(w, at, ok, err);
}

static int assign(struct dm_worker *w, struct dm_wire *frame, struct dm_error *err)
{
    struct dm_split s;
    int rc = dm_split_get(frame, &s, err);
    if (rc)
        return rc;
    struct dm_result *r = add_result(w, &s);
    rc = r ? run_split(w, &s, r, err) : dm_fail_memory(err);
    dm_split_finish(&s);
    if (rc)
        return rc == DM_ESPENT ? give_up(w, r, err) : rc;
    if (r->probe || r->part) {
        unlink_result(w, r);
        return DM_OK;
    }
    if (r->out[DM_ROWS].granted) {
        rc = send_written(w, r, err);
        unlink_result(w, r);
        return rc;
    }
    return spill_waiting(w, err);
}

static int grant(struct dm_worker *w, struct dm_wire *frame, struct dm_error *err)
{
    struct dm_place at[DM_STREAMS];
    uint64_t split = dm_get_u64(frame);
    uint32_t attempt = dm_get_u32(frame);
    dm_place_get(frame, at);
    if (frame->bad)
        return dm_fail(err, DM_EINPUT, "malformed message from the coordinator");
    struct dm_result *r = w->results;
    while (r && (r->split != split || r->attempt != attempt))
        r = r->next;
    if (!r)
        return DM_OK; /* it was taken from us meanwhile */
    int rc = DM_OK;
    for (int i = 0; i < DM_STREAMS && rc == DM_OK; i++) {
        rc = dm_output_grant(&r->out[i], at[i], err);
        if (rc == DM_OK && r->done)
            rc = dm_output_end(&r->out[i], err);
    }
    if (rc || !r->done)
        return rc;
    rc = send_written(w, r, err);
    unlink_result(w, r);
    return rc;
}

/* Answers a request of a session. */
static int trace(struct dm_worker *w, struct dm_wire *frame, struct dm_error *err)
{
    struct dm_trace *t;
    size_t n;
    if (!w->tracer)
        w->tracer = dm_tracer_create(&w->settings, w->board);
    if (!w->tracer)
        return dm_fail_memory(err);
    const char *request = dm_get_bytes(frame, &n);
    t = dm_tracer_request(w->tracer, request, n);
    int rc = dm_lua_call(w->lua, "dm.trace.tracer", "handle", t, err);
    if (rc)
        return rc;
    size_t at = dm_frame_begin(&w->frame, DM_TRACED);
    return dm_worker_send_frame(w, at, dm_put_bytes(&w->frame, t->reply.p, t->reply.n), err);
}

/* Tells the coordinator of the row on the board, and waits until it has heard that: should the row
 * end this machine, it is known. */
static void tell_row(void *arg)
{
    enum { LOOK_MS = 100 };
    struct dm_worker *w = arg;
    struct dm_error err;
    size_t at = dm_frame_begin(&w->frame, DM_AT);
    w->heard = false;
    int rc = dm_worker_send_frame(w, at, dm_board_put(&w->frame, w->board), &err);
    while (rc == DM_OK && !w->heard) {
        struct pollfd fd = {.fd = w->fd, .events = POLLIN};
        poll(&fd, 1, LOOK_MS);
        rc = dm_worker_handle_others(w, &err);
    }
    if (rc)
        _exit(1); /* nobody waits for the outcome any more */
}

/* Answers a call of dm.remote. */
static int call(struct dm_worker *w, struct dm_wire *frame, struct dm_error *err)
{
    struct dm_call c = {0};
    c.request = dm_get_bytes(frame, &c.request_bytes);
    int rc = dm_lua_call(w->lua, "dm.remote.worker", "call", &c, err);
    if (rc == DM_OK) {
        size_t at = dm_frame_begin(&w->frame, DM_ANSWER);
        rc = dm_worker_send_frame(w, at, dm_put_bytes(&w->frame, c.answer.p, c.answer.n), err);
    }
    dm_buf_finish(&c.answer);
    return rc;
}

/* Takes in code that calls are about. */
static int learn(struct dm_worker *w, struct dm_wire *frame, struct dm_error *err)
{
    struct dm_call c = {0};
    c.request = dm_get_bytes(frame, &c.request_bytes);
    return dm_lua_call(w->lua, "dm.remote.worker", "learn", &c, err);
}

int dm_worker_handle(struct dm_worker *w, enum dm_message type, struct dm_wire *frame,
                     struct dm_error *err)
{
    switch (type) {
    case DM_ASSIGN:
        return assign(w, frame, err);
    case DM_GRANT:
        return grant(w, frame, err);
    case DM_TRACE:
        return trace(w, frame, err);
    case DM_ACK:
        w->heard = true;
        return DM_OK;
    case DM_CALL:
        return call(w, frame, err);
    case DM_CODE:
        return learn(w, frame, err);
    case DM_BUDGET:
        return dm_worker_take_grant(w, frame, err);
    default:
        return dm_fail(err, DM_EINPUT, "message of unknown type %d from the coordinator",
                       (int)type);
    }
}

struct dm_worker *dm_worker_create(struct dm_wire *setup, struct dm_board *board,
                                   dm_worker_send *send, void *arg, struct dm_error *err)
{
    struct dm_worker *w = calloc(1, sizeof *w);
    if (!w) {
        dm_fail_memory(err);
        return NULL;
    }
    w->send = send;
    w->arg = arg;
    w->board = board;
    w->fd = w->poll_fd = -1;
    int rc = dm_settings_get(setup, &w->settings, err);
    dm_rows_watch_forks();
    if (rc == DM_OK) {
        w->lua = dm_lua_open(w->settings.memory_bytes, err);
        rc = w->lua ? dm_lua_call(w->lua, "dm.run.worker", "setup", &w->settings, err) : DM_EUSAGE;
    }
    dm_rows_leave_fork();
    if (rc == DM_OK && w->settings.replies[0])
        rc = dm_replies_open(&w->replies, w->settings.replies, DM_REPLIES_READ, err);
    if (rc == DM_OK) {
        w->work = dm_work_create(&w->settings, board);
        rc = w->work ? send_hello(w, err) : dm_fail_memory(err);
    }
    dm_worker_here = w;
    if (rc == DM_OK)
        return w;
    dm_worker_destroy(w);
    return NULL;
}

void dm_worker_destroy(struct dm_worker *w)
{
    if (!w)
        return;
    while (w->results)
        unlink_result(w, w->results);
    if (dm_worker_here == w)
        dm_worker_here = NULL;
    if (w->wanted)
        dm_loop_watch(-1);
    dm_replies_close(w->replies);
    dm_tracer_destroy(w->tracer);
    dm_work_destroy(w->work);
    dm_http_give_up(); /* first: bodies of requests are Lua's */
    dm_lua_close(w->lua);
    dm_settings_finish(&w->settings);
    dm_buf_finish(&w->frame);
    dm_buf_finish(&w->grants);
    free(w);
}

void dm_worker_limit_memory(const struct dm_worker *w)
{
    dm_self_limit_memory(w->settings.memory_bytes);
}

static int on_idle(void *arg, struct dm_error *err)
{
    enum { TELL_MS = 100 };
    struct dm_worker *w = arg;
    int rc = dm_worker_send_replies(w, true, err);
    if (rc == DM_OK && uv_hrtime() / 1000000 - w->told_ms >= TELL_MS)
        rc = dm_worker_send_asked(w, err);
    return rc ? rc : dm_worker_handle_others(w, err);
}

void dm_worker_on_idle(struct dm_worker *w, dm_work_idle *idle, void *arg, int fd)
{
    w->idle = idle;
    w->idle_arg = arg;
    w->fd = fd;
    dm_work_on_idle(w->work, on_idle, w);
    dm_work_on_row(w->work, tell_row, end_if_closed, false, w);
}

void dm_worker_is_inside(struct dm_worker *w, dm_work_idle *idle, dm_work_tell *closed, void *arg,
                         int fd)
{
    dm_home_keep();
    dm_worker_on_idle(w, idle, arg, -1);
    w->poll_fd = fd;
    w->closed = closed;
    dm_work_on_row(w->work, tell_row, end_if_closed, true, w);
}

double dm_row_offset(void)
{
    const struct dm_worker *w = dm_worker_here;
    uint64_t row = w && dm_worker_is_run(w) ? atomic_load(&w->board->row) : DM_NO_ROW;
    return row == DM_NO_ROW ? -1 : (double)row;
}
