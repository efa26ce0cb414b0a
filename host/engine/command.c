#include "engine/command.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* LINGER_MS: something that the program left behind may hold its pipe open. */
enum { LINE_BYTES = 4096, LINGER_MS = 1000 };

static void on_closed(uv_handle_t *handle)
{
    struct dm_command *c = handle->data;
    if (--c->handles > 0)
        return;
    dm_buf_finish(&c->line);
    c->on_end(c);
}

static void close_all(struct dm_command *c)
{
    uv_handle_t *all[] = {(uv_handle_t *)&c->process, (uv_handle_t *)&c->pipe,
                          (uv_handle_t *)&c->timer};
    for (int i = 0; i < 3; i++)
        if (all[i]->type != UV_UNKNOWN_HANDLE && !uv_is_closing(all[i]))
            uv_close(all[i], on_closed);
}

static void tell_line(struct dm_command *c)
{
    if (c->line.n)
        c->on_line(c, c->line.p);
    dm_buf_clear(&c->line);
}

static void take(struct dm_command *c, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '\n')
            tell_line(c);
        else if (c->line.n < LINE_BYTES && dm_buf_putc(&c->line, p[i]))
            c->line.p[c->line.n] = 0; /* dm_buf_grow leaves room for it */
    }
}

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf)
{
    struct dm_command *c = handle->data;
    (void)n;
    *buf = uv_buf_init(c->block, sizeof c->block);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct dm_command *c = stream->data;
    if (n >= 0) {
        take(c, buf->base, (size_t)n);
        return;
    }
    uv_read_stop(stream);
    tell_line(c);
    c->read = true;
    if (c->exited)
        close_all(c);
}

static void on_time(uv_timer_t *timer)
{
    struct dm_command *c = timer->data;
    if (c->exited)
        close_all(c);
    else
        dm_command_kill(c, SIGKILL);
}

static void on_exit_of(uv_process_t *process, int64_t status, int sig)
{
    struct dm_command *c = process->data;
    c->exited = true;
    c->status = (int)status;
    c->signal = sig;
    uv_timer_start(&c->timer, on_time, LINGER_MS, 0);
    if (c->read)
        close_all(c);
}

static int spawn(struct dm_command *c, uv_loop_t *loop, uv_file out, char *const *argv,
                 char *const *env)
{
    uv_stdio_container_t stdio[3] = {{.flags = UV_IGNORE},
                                     {.flags = UV_INHERIT_FD, .data.fd = out},
                                     {.flags = UV_INHERIT_FD, .data.fd = out}};
    uv_process_options_t options = {.file = argv[0],
                                    .args = (char **)(uintptr_t)argv,
                                    .env = (char **)(uintptr_t)env,
                                    .stdio = stdio,
                                    .stdio_count = 3,
                                    .flags = UV_PROCESS_DETACHED,
                                    .exit_cb = on_exit_of};
    c->handles++; /* libuv has made the handle even when it fails */
    int rc = uv_spawn(loop, &c->process, &options);
    return rc ? rc : uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read);
}

static int start(struct dm_command *c, uv_loop_t *loop, char *const *argv, char *const *env)
{
    uv_file ends[2];
    int rc = uv_pipe(ends, UV_NONBLOCK_PIPE, 0);
    if (rc)
        return rc;
    rc = uv_pipe_open(&c->pipe, ends[0]);
    if (rc)
        close(ends[0]);
    rc = rc ? rc : spawn(c, loop, ends[1], argv, env);
    close(ends[1]);
    return rc;
}

void dm_command_start(struct dm_command *c, uv_loop_t *loop, char *const *argv, char *const *env,
                      uint64_t limit_ms)
{
    c->process.data = c->pipe.data = c->timer.data = c;
    c->handles = 2;
    uv_pipe_init(loop, &c->pipe, 0);
    uv_timer_init(loop, &c->timer);
    int rc = start(c, loop, argv, env);
    if (rc) {
        snprintf(c->why, sizeof c->why, "cannot start %s: %s", argv[0], uv_strerror(rc));
        close_all(c);
    } else if (limit_ms) {
        uv_timer_start(&c->timer, on_time, limit_ms, 0);
    }
}

void dm_command_kill(struct dm_command *c, int signal)
{
    if (!c->exited && !c->why[0])
        uv_process_kill(&c->process, signal);
}

/* Whether one of the list has the name of that variable. */
static bool names_same(const char *const *more, const char *variable)
{
    size_t n = strcspn(variable, "=") + 1;
    for (; *more; more++)
        if (strncmp(*more, variable, n) == 0)
            return true;
    return false;
}

char **dm_command_environment(const char *const *more)
{
    size_t ours = 0, n = 0;
    while (environ[ours])
        ours++;
    while (more[n])
        n++;
    char **all = calloc(ours + n + 1, sizeof *all);
    for (size_t i = 0; all && i < n; i++)
        all[i] = (char *)(uintptr_t)more[i];
    for (size_t i = 0; all && i < ours; i++)
        if (!names_same(more, environ[i]))
            all[n++] = environ[i];
    return all;
}
