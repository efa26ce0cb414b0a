#include "task/process.h"

#include "base/buf.h"
#include "base/loop.h"
#include "task/log.h"
#include "task/options.h"
#include "task/proc.h"
#include "task/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The pipes that a process may have, by what it calls their other ends. */
enum { OUT, ERR, ANSWERS, REQUESTS, PIPES };

enum {
    BLOCK_BYTES = 64 * 1024,
    TAIL_BYTES = 1024, /* what is kept of both outputs when nothing else is asked for */
    LINGER_MS = 2000,  /* how long a pipe is read that somebody outside of the group holds */
    GATHER_MS = 10,    /* how soon a group without its leader is looked at again, at first */
    LONGEST_GATHER_MS = 200
};

/* What the timer of a process waits for. */
enum phase {
    RUNNING,     /* its time-out */
    TERMINATING, /* the first half of the grace after SIGTERM */
    INSISTING,   /* the second half, after another */
    GATHERING,   /* the same, but the leader of the group has ended */
    LINGERING    /* the end of its pipes */
};

struct process {
    struct dm_process_end end; /* first: what Lua holds is ours */
    struct process *next;
    pid_t pid;
    uv_timer_t timer;
    uv_pipe_t pipe[PIPES];
    bool has[PIPES];
    int open_pipes, open_handles; /* the former: those that are read */
    struct dm_buf answers;
    enum phase phase;
    double grace_ms, killed_at; /* the latter: when SIGKILL is due */
    double gather_ms;           /* the next pause between two looks at the group */
    uint64_t began, keep_bytes;
    struct dm_log log;
    bool logs, reaped;
};

static struct {
    uv_loop_t *loop;
    uv_signal_t child;
    struct process *running; /* in no order */
    struct dm_process_end *ended, **ended_end;
    uint32_t last_id;
    char block[BLOCK_BYTES];
} processes;

/* ---- the end of a process ---- */

static void hand_out(struct process *p)
{
    struct process **at = &processes.running;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    if (p->logs)
        dm_log_close(&p->log);
    memcpy(p->end.trouble, p->log.trouble, sizeof p->end.trouble);
    if (!p->keep_bytes && p->end.out.n > TAIL_BYTES) {
        memmove(p->end.out.p, p->end.out.p + p->end.out.n - TAIL_BYTES, TAIL_BYTES);
        p->end.out.n = TAIL_BYTES;
    }
    p->end.next = NULL;
    *processes.ended_end = &p->end;
    processes.ended_end = &p->end.next;
    if (!processes.running && !uv_is_closing((uv_handle_t *)&processes.child))
        uv_signal_stop(&processes.child);
    dm_loop_stir();
}

static void on_closed(uv_handle_t *handle)
{
    struct process *p = handle->data;
    if (--p->open_handles == 0)
        hand_out(p);
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

static void close_all(struct process *p)
{
    close_handle((uv_handle_t *)&p->timer);
    for (int i = 0; i < PIPES; i++)
        if (p->has[i])
            close_handle((uv_handle_t *)&p->pipe[i]);
}

static void on_time(uv_timer_t *timer);

static void enter_phase(struct process *p, enum phase phase, double ms)
{
    p->phase = phase;
    uv_update_time(processes.loop);
    uv_timer_start(&p->timer, on_time, ms > 0 ? (uint64_t)ms : 0, 0);
}

/* The group has gone; the outputs are read to their ends. */
static void settle(struct process *p)
{
    kill(-p->pid, SIGKILL);
    if (p->open_pipes == 0)
        close_all(p);
    else
        enter_phase(p, LINGERING, LINGER_MS);
}

static void ask_to_end(const struct process *p)
{
    kill(-p->pid, SIGTERM);
    kill(-p->pid, SIGCONT); /* a stopped one hears nothing */
}

static void terminate(struct process *p, int reason)
{
    p->end.reason = reason;
    ask_to_end(p);
    p->killed_at = dm_loop_now() + p->grace_ms;
    enter_phase(p, TERMINATING, p->grace_ms / 2);
}

/* Programs that end their work first, ours too, leave it at the second signal. */
static void insist(struct process *p)
{
    ask_to_end(p);
    enter_phase(p, INSISTING, p->killed_at - dm_loop_now());
}

/* Waits for the others of a group whose leader has ended. */
static void gather(struct process *p)
{
    p->gather_ms = p->phase == GATHERING ? 2 * p->gather_ms : GATHER_MS;
    enter_phase(p, GATHERING, p->gather_ms < LONGEST_GATHER_MS ? p->gather_ms : LONGEST_GATHER_MS);
}

static void on_time(uv_timer_t *timer)
{
    struct process *p = timer->data;
    if (p->phase == RUNNING)
        terminate(p, DM_PROCESS_TIMED_OUT);
    else if (p->phase == TERMINATING)
        insist(p);
    else if (p->phase == INSISTING)
        kill(-p->pid, SIGKILL);
    else if (p->phase == LINGERING)
        close_all(p);
    else if (dm_proc_has_group(p->pid) && dm_loop_now() < p->killed_at)
        gather(p);
    else
        settle(p);
}

static void on_exit_of(struct process *p, int status)
{
    p->reaped = true;
    p->end.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    p->end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    p->end.seconds = (double)(uv_hrtime() - p->began) / 1e9;
    bool stopping = p->phase == TERMINATING || p->phase == INSISTING;
    if (stopping && dm_proc_has_group(p->pid) && dm_loop_now() < p->killed_at)
        gather(p);
    else
        settle(p);
}

static void on_child(uv_signal_t *handle, int number)
{
    (void)handle, (void)number;
    for (struct process *p = processes.running, *next; p; p = next) {
        int status;
        next = p->next;
        if (!p->reaped && waitpid(p->pid, &status, WNOHANG) == p->pid)
            on_exit_of(p, status);
    }
}

/* ---- its outputs ---- */

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf)
{
    (void)handle, (void)n;
    *buf = uv_buf_init(processes.block, sizeof processes.block);
}

/* Without keep_bytes the last TAIL_BYTES are kept, and for a while up to a block more. */
static void keep(struct process *p, struct dm_buf *out, const char *bytes, size_t n)
{
    if (!p->keep_bytes && out->n + n > BLOCK_BYTES) {
        size_t rest = n >= TAIL_BYTES ? 0 : TAIL_BYTES - n;
        rest = rest < out->n ? rest : out->n;
        if (rest)
            memmove(out->p, out->p + out->n - rest, rest);
        out->n = rest;
        p->end.cut = 1;
    }
    size_t room = p->keep_bytes ? p->keep_bytes - out->n : n;
    size_t kept = n < room ? n : room;
    if (!dm_buf_add(out, bytes, kept) || kept < n)
        p->end.cut = 1;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct process *p = stream->data;
    if (n < 0) {
        uv_read_stop(stream);
        p->open_pipes--;
        if (p->phase == LINGERING && p->open_pipes == 0)
            close_all(p);
        return;
    }
    int which = (int)((uv_pipe_t *)stream - p->pipe);
    if (which == ANSWERS) {
        if (!dm_buf_add(&p->answers, buf->base, (size_t)n))
            terminate(p, DM_PROCESS_STOPPED);
        dm_loop_stir();
        return;
    }
    if (p->logs)
        dm_log_write(&p->log, buf->base, (size_t)n);
    keep(p, which == OUT ? &p->end.out : &p->end.err, buf->base, (size_t)n);
}

/* Makes the pipes; `ends` are those of the process. */
static int make_pipes(struct process *p, int *ends)
{
    for (int i = 0; i < PIPES; i++) {
        int pair[2];
        if (!p->has[i])
            continue;
        if (pipe2(pair, O_CLOEXEC))
            return -1;
        int ours = i == REQUESTS ? pair[1] : pair[0];
        ends[i] = i == REQUESTS ? pair[0] : pair[1];
        fcntl(ours, F_SETFL, O_NONBLOCK);
        if (uv_pipe_open(&p->pipe[i], ours)) {
            close(ours);
            return -1;
        }
        p->open_pipes += i != REQUESTS;
    }
    return 0;
}

/* ---- its beginning ---- */

static int prepare(struct dm_error *err)
{
    if (processes.loop)
        return DM_OK;
    uv_loop_t *loop = dm_loop(err);
    if (!loop)
        return err->status;
    int rc = uv_signal_init(loop, &processes.child);
    if (rc)
        return dm_fail(err, DM_EIO, "cannot watch processes: %s", uv_strerror(rc));
    uv_unref((uv_handle_t *)&processes.child);
    processes.loop = loop;
    processes.ended_end = &processes.ended;
    return DM_OK;
}

static void free_process(struct process *p)
{
    dm_buf_finish(&p->end.out);
    dm_buf_finish(&p->end.err);
    dm_buf_finish(&p->answers);
    free(p);
}

static int spawn(struct process *p, const struct dm_process_options *o, struct dm_error *err)
{
    struct dm_texts argv = {0}, env = {0};
    int ends[PIPES] = {-1, -1, -1, -1};
    int rc = dm_options_texts(o, &argv, &env, err);
    if (rc == DM_OK && make_pipes(p, ends))
        rc = dm_fail_errno(err, DM_EIO, "cannot make a pipe");
    if (rc == DM_OK) {
        struct dm_spawn s = {.argv = argv.list,
                             .env = env.list,
                             .cwd = o->cwd,
                             .fd = {-1, ends[OUT], p->has[ERR] ? ends[ERR] : ends[OUT],
                                    ends[REQUESTS], ends[ANSWERS]}};
        rc = dm_spawn(&s, &p->pid, err);
    }
    for (int i = 0; i < PIPES; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    dm_texts_finish(&argv);
    dm_texts_finish(&env);
    return rc;
}

static void init_handles(struct process *p, const struct dm_process_options *o)
{
    p->has[OUT] = true;
    p->has[ERR] = o->keep_bytes > 0;
    p->has[ANSWERS] = p->has[REQUESTS] = o->channel == 1;
    uv_timer_init(processes.loop, &p->timer);
    p->timer.data = p;
    p->open_handles = 1;
    for (int i = 0; i < PIPES; i++) {
        if (!p->has[i])
            continue;
        uv_pipe_init(processes.loop, &p->pipe[i], 0);
        p->pipe[i].data = p;
        p->open_handles++;
    }
    p->next = processes.running;
    processes.running = p;
}

static void watch(struct process *p, const struct dm_process_options *o)
{
    p->began = uv_hrtime();
    p->grace_ms = o->grace_ms;
    for (int i = 0; i < PIPES; i++)
        if (p->has[i] && i != REQUESTS)
            uv_read_start((uv_stream_t *)&p->pipe[i], on_alloc, on_read);
    if (o->timeout_ms > 0)
        enter_phase(p, RUNNING, o->timeout_ms);
}

/* A process that could not be started: its handles close, and nobody hears of it. */
static void on_unused(uv_handle_t *handle)
{
    struct process *p = handle->data;
    if (--p->open_handles == 0)
        free_process(p);
}

static void give_up(struct process *p)
{
    processes.running = p->next; /* it is the first one */
    uv_close((uv_handle_t *)&p->timer, on_unused);
    for (int i = 0; i < PIPES; i++)
        if (p->has[i])
            uv_close((uv_handle_t *)&p->pipe[i], on_unused);
}

int dm_process_start(const struct dm_process_options *o, struct dm_error *err)
{
    struct process *p = calloc(1, sizeof *p);
    int rc = p ? prepare(err) : dm_fail_memory(err);
    if (rc == DM_OK && o->log) {
        p->logs = true;
        rc = dm_log_open(&p->log, o->log, o->log_bytes, o->log_backups, o->log_append, err);
    }
    if (rc == DM_OK) {
        p->keep_bytes = o->keep_bytes;
        init_handles(p, o);
        uv_signal_start(&processes.child, on_child, SIGCHLD); /* before there is one to end */
        rc = spawn(p, o, err);
        if (rc == DM_OK) {
            processes.last_id = processes.last_id == INT32_MAX ? 1 : processes.last_id + 1;
            p->end.id = processes.last_id;
            watch(p, o);
            return (int)p->end.id;
        }
        if (p->logs)
            dm_log_close(&p->log);
        give_up(p);
        return rc;
    }
    if (p && p->logs)
        dm_log_close(&p->log);
    free(p);
    return rc;
}

/* ---- what else Lua calls ---- */

static struct process *find(uint32_t id)
{
    struct process *p = processes.running;
    while (p && p->end.id != id)
        p = p->next;
    return p;
}

void dm_process_stop(uint32_t id)
{
    struct process *p = find(id);
    if (p && p->phase == RUNNING && !p->reaped)
        terminate(p, DM_PROCESS_STOPPED);
}

struct request {
    uv_write_t write;
    char bytes[];
};

static void on_told(uv_write_t *write, int status)
{
    (void)status; /* one that can not be told anything has ended */
    free(write->data);
}

int dm_process_tell(uint32_t id, const char *bytes, size_t n, struct dm_error *err)
{
    struct process *p = find(id);
    struct request *r = malloc(sizeof *r + n);
    if (!r)
        return dm_fail_memory(err);
    memcpy(r->bytes, bytes, n);
    r->write.data = r;
    uv_buf_t buf = uv_buf_init(r->bytes, (unsigned)n);
    if (p && p->has[REQUESTS] && !uv_is_closing((uv_handle_t *)&p->pipe[REQUESTS]) &&
        uv_write(&r->write, (uv_stream_t *)&p->pipe[REQUESTS], &buf, 1, on_told) == 0)
        return DM_OK;
    free(r);
    return DM_OK;
}

int dm_process_hear(uint32_t id, struct dm_buf *answer, struct dm_error *err)
{
    struct process *p = find(id);
    if (!p || p->answers.n == 0)
        return 0;
    if (!dm_buf_add(answer, p->answers.p, p->answers.n))
        return dm_fail_memory(err);
    dm_buf_clear(&p->answers);
    return 1;
}

struct dm_process_end *dm_process_next(void)
{
    struct dm_process_end *end = processes.ended;
    if (!end)
        return NULL;
    processes.ended = end->next;
    if (!processes.ended)
        processes.ended_end = &processes.ended;
    return end;
}

void dm_process_release(struct dm_process_end *end)
{
    free_process((struct process *)(void *)end);
}

void dm_process_finish(void)
{
    struct dm_process_end *end;
    if (!processes.loop)
        return;
    for (struct process *p = processes.running; p; p = p->next) {
        if (!p->reaped)
            kill(-p->pid, SIGKILL);
        while (!p->reaped && waitpid(p->pid, NULL, 0) < 0 && errno == EINTR)
            ;
        p->reaped = true;
        close_all(p);
    }
    uv_close((uv_handle_t *)&processes.child, NULL);
    while (processes.running) /* until they are closed; others still use the loop */
        uv_run(processes.loop, UV_RUN_ONCE);
    while ((end = dm_process_next()))
        dm_process_release(end);
    processes.loop = NULL;
}
