#include "engine/child.h"

#include "base/buf.h"
#include "engine/self.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

enum { PIPES = 3, ARGS_MAX = 64, KEPT_BYTES = 16 << 20, BLOCK_BYTES = 64 * 1024, LINGER_MS = 2000 };

struct child {
    uv_process_t process;
    uv_timer_t timer;
    uv_pipe_t pipe[PIPES];
    struct dm_child_end end;
    struct child *next;
    uint64_t began;
    int open_pipes, open_handles;
    bool exited;
};

static struct {
    uv_loop_t loop;
    uv_signal_t interrupt, terminate;
    struct child *running; /* in no order */
    struct child *ended;   /* the one that Lua looks at */
    int32_t ids;
    bool ready;
    char block[BLOCK_BYTES];
} children;

static void kill_group(const struct child *c)
{
    if (c->process.pid > 0)
        kill(-c->process.pid, SIGKILL);
}

/* The children are in groups of their own, which a key on the terminal does not reach. */
static void on_signal(uv_signal_t *handle, int number)
{
    for (struct child *c = children.running; c; c = c->next)
        kill_group(c);
    uv_signal_stop(handle);
    signal(number, SIG_DFL);
    raise(number);
}

/* Signals are caught while children run only. */
static void catch_signals(bool running)
{
    if (running) {
        uv_signal_start(&children.interrupt, on_signal, SIGINT);
        uv_signal_start(&children.terminate, on_signal, SIGTERM);
    } else {
        uv_signal_stop(&children.interrupt);
        uv_signal_stop(&children.terminate);
    }
}

static int prepare(struct dm_error *err)
{
    if (children.ready)
        return DM_OK;
    int rc = uv_loop_init(&children.loop);
    rc = rc ? rc : uv_signal_init(&children.loop, &children.interrupt);
    rc = rc ? rc : uv_signal_init(&children.loop, &children.terminate);
    if (rc)
        return dm_fail(err, DM_EIO, "cannot start processes: %s", uv_strerror(rc));
    children.ready = true;
    return DM_OK;
}

static void free_child(struct child *c)
{
    for (int i = 0; c && i < PIPES; i++)
        dm_buf_finish(&c->end.out[i]);
    free(c);
}

static void unlink_child(struct child *c)
{
    struct child **at = &children.running;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
}

static void on_closed(uv_handle_t *handle)
{
    struct child *c = handle->data;
    if (--c->open_handles > 0)
        return;
    unlink_child(c);
    c->next = children.ended;
    children.ended = c;
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

static void close_all(struct child *c)
{
    close_handle((uv_handle_t *)&c->process);
    close_handle((uv_handle_t *)&c->timer);
    for (int i = 0; i < PIPES; i++)
        close_handle((uv_handle_t *)&c->pipe[i]);
}

/* A child has ended when its process has and its pipes are read to the end. */
static void check_ended(struct child *c)
{
    if (c->exited && c->open_pipes == 0)
        close_all(c);
}

/* Time is up: for the process, or, when it has ended, for one that left its group and holds a pipe.
 */
static void on_time(uv_timer_t *timer)
{
    struct child *c = timer->data;
    if (c->exited) {
        close_all(c);
        return;
    }
    c->end.timed_out = 1;
    kill_group(c);
}

static void on_process_exit(uv_process_t *process, int64_t status, int number)
{
    struct child *c = process->data;
    c->end.status = (int32_t)status;
    c->end.signal = number;
    c->end.seconds = (double)(uv_hrtime() - c->began) / 1e9;
    c->exited = true;
    kill_group(c);
    uv_timer_start(&c->timer, on_time, LINGER_MS, 0);
    check_ended(c);
}

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf)
{
    (void)handle, (void)n;
    *buf = uv_buf_init(children.block, sizeof children.block);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct child *c = stream->data;
    struct dm_buf *out = &c->end.out[(uv_pipe_t *)stream - c->pipe];
    if (n < 0) {
        uv_read_stop(stream);
        c->open_pipes--;
        check_ended(c);
    } else if (out->n < KEPT_BYTES) {
        dm_buf_add(out, buf->base, (size_t)n);
    }
}

/* Pipes and not libuv's sockets, which could not be opened by the name /dev/fd/3. */
static int make_pipes(struct child *c, uv_file *ends)
{
    for (int i = 0; i < PIPES; i++) {
        uv_file pair[2];
        int rc = uv_pipe(pair, UV_NONBLOCK_PIPE, 0);
        if (rc)
            return rc;
        ends[i] = pair[1];
        rc = uv_pipe_open(&c->pipe[i], pair[0]);
        if (rc) {
            close(pair[0]);
            return rc;
        }
    }
    return 0;
}

static int spawn(struct child *c, char **argv)
{
    uv_file ends[PIPES] = {-1, -1, -1};
    int rc = make_pipes(c, ends);
    uv_stdio_container_t stdio[PIPES + 1] = {{.flags = UV_IGNORE}};
    for (int i = 0; i < PIPES; i++)
        stdio[i + 1] = (uv_stdio_container_t){.flags = UV_INHERIT_FD, .data.fd = ends[i]};
    uv_process_options_t options = {.file = DM_SELF,
                                    .args = argv,
                                    .stdio = stdio,
                                    .stdio_count = PIPES + 1,
                                    .flags = UV_PROCESS_DETACHED,
                                    .exit_cb = on_process_exit};
    rc = rc ? rc : uv_spawn(&children.loop, &c->process, &options);
    for (int i = 0; i < PIPES; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    return rc;
}

static void init_handles(struct child *c)
{
    uv_timer_init(&children.loop, &c->timer);
    c->timer.data = c->process.data = c;
    for (int i = 0; i < PIPES; i++) {
        uv_pipe_init(&children.loop, &c->pipe[i], 0);
        c->pipe[i].data = c;
    }
    c->open_handles = PIPES + 2;
    c->next = children.running;
    children.running = c;
}

static int start(struct child *c, char **argv, uint64_t time_ms, struct dm_error *err)
{
    init_handles(c);
    catch_signals(true);
    uv_update_time(&children.loop);
    c->end.id = children.ids++;
    c->began = uv_hrtime();
    int rc = spawn(c, argv);
    if (rc) {
        c->end.status = -1;
        close_all(c);
        return dm_fail(err, DM_EIO, "cannot start a process: %s", uv_strerror(rc));
    }
    c->open_pipes = PIPES;
    for (int i = 0; i < PIPES; i++)
        uv_read_start((uv_stream_t *)&c->pipe[i], on_alloc, on_read);
    uv_timer_start(&c->timer, on_time, time_ms, 0);
    return c->end.id;
}

int dm_child_start(const char *args, size_t n, uint64_t time_ms, struct dm_error *err)
{
    static char name[] = "dmhost";
    char *argv[ARGS_MAX] = {name}, *copy = malloc(n + 1);
    int argc = 1, rc = prepare(err);
    struct child *c = calloc(1, sizeof *c);
    if (rc == DM_OK && (!c || !copy))
        rc = dm_fail_memory(err);
    if (rc == DM_OK) {
        memcpy(copy, args, n);
        copy[n] = 0;
        for (char *p = copy; p < copy + n && argc < ARGS_MAX - 1; p += strlen(p) + 1)
            argv[argc++] = p;
        rc = start(c, argv, time_ms, err);
        c = NULL; /* the loop has it */
    }
    free(c);
    free(copy);
    return rc;
}

int dm_child_wait(struct dm_child_end *end, struct dm_error *err)
{
    static struct child *shown;
    free_child(shown);
    shown = NULL;
    if (prepare(err))
        return err->status;
    while (!children.ended && children.running)
        uv_run(&children.loop, UV_RUN_ONCE);
    catch_signals(children.running != NULL);
    if (!children.ended)
        return 0;
    shown = children.ended;
    children.ended = shown->next;
    *end = shown->end;
    return 1;
}

void dm_child_begin(void)
{
    struct dm_error err;
    if (dm_self_follow_parent(&err))
        _exit(1);
}

void dm_child_limit_memory(uint64_t bytes)
{
    dm_self_limit_memory(bytes);
}
