#include "task/coprocess.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/loop.h"

#include <signal.h>
#include <stdlib.h>

enum { IN, OUT, ERR, PIPES, ARGS_MAX = 64, TAIL_BYTES = 8 * 1024, BLOCK_BYTES = 64 * 1024 };

struct coprocess {
    uv_process_t process;
    uv_pipe_t pipe[PIPES];
    struct coprocess *next;
    struct dm_buf out;  /* what it wrote and nobody has taken */
    size_t taken;       /* of `out`: lines that were handed out */
    size_t looked;      /* of `out`: bytes in which no further newline is */
    struct dm_buf tail; /* the last of its stderr */
    uint32_t id;
    int handles, open_pipes;
    int status, signal;
    bool exited, told; /* told: its end was handed out */
};

/* A line on its way. */
struct line {
    uv_write_t request;
    size_t n;
    char text[];
};

static struct {
    struct coprocess *all; /* in no order */
    uint32_t ids;
    char block[BLOCK_BYTES];
} coprocesses;

static struct coprocess *find(uint32_t id)
{
    struct coprocess *c = coprocesses.all;
    while (c && c->id != id)
        c = c->next;
    return c;
}

static void kill_group(const struct coprocess *c)
{
    if (!c->exited && c->process.pid > 0)
        kill(-c->process.pid, SIGKILL);
}

static void free_coprocess(struct coprocess *c)
{
    struct coprocess **at = &coprocesses.all;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    dm_buf_finish(&c->out);
    dm_buf_finish(&c->tail);
    free(c);
}

static void on_closed(uv_handle_t *handle)
{
    struct coprocess *c = handle->data;
    if (--c->handles == 0)
        dm_loop_stir();
}

static void close_handle(uv_handle_t *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

static void close_all(struct coprocess *c)
{
    close_handle((uv_handle_t *)&c->process);
    for (int i = 0; i < PIPES; i++)
        close_handle((uv_handle_t *)&c->pipe[i]);
}

/* It has ended when its process has and what it wrote is read. What it started may hold the pipes,
 * and goes with it. */
static void check_ended(struct coprocess *c)
{
    if (c->exited && c->open_pipes == 0)
        close_all(c);
}

static void on_process_exit(uv_process_t *process, int64_t status, int number)
{
    struct coprocess *c = process->data;
    kill(-process->pid, SIGKILL);
    c->exited = true;
    c->status = number ? -1 : (int)status;
    c->signal = number;
    check_ended(c);
}

static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf)
{
    (void)handle, (void)n;
    *buf = uv_buf_init(coprocesses.block, sizeof coprocesses.block);
}

/* Keeps the last bytes. */
static void add_to_tail(struct dm_buf *tail, const char *p, size_t n)
{
    if (n > TAIL_BYTES) {
        p += n - TAIL_BYTES;
        n = TAIL_BYTES;
    }
    size_t surplus = tail->n + n > TAIL_BYTES ? tail->n + n - TAIL_BYTES : 0;
    if (surplus) {
        memmove(tail->p, tail->p + surplus, tail->n - surplus);
        tail->n -= surplus;
    }
    dm_buf_add(tail, p, n); /* where memory is short there is less to show */
}

/* A program whose answer finds no memory is of no more use. */
static void add_output(struct coprocess *c, const char *p, size_t n)
{
    if (dm_buf_add(&c->out, p, n)) {
        if (memchr(p, '\n', n))
            dm_loop_stir();
        return;
    }
    kill_group(c);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct coprocess *c = stream->data;
    if (n < 0) {
        uv_read_stop(stream);
        c->open_pipes--;
        check_ended(c);
    } else if (stream == (uv_stream_t *)&c->pipe[OUT]) {
        add_output(c, buf->base, (size_t)n);
    } else {
        add_to_tail(&c->tail, buf->base, (size_t)n);
    }
}

static int spawn(struct coprocess *c, uv_loop_t *loop, char **argv)
{
    uv_stdio_container_t stdio[PIPES];
    for (int i = 0; i < PIPES; i++)
        stdio[i] = (uv_stdio_container_t){.flags = UV_CREATE_PIPE |
                                                   (i == IN ? UV_READABLE_PIPE : UV_WRITABLE_PIPE),
                                          .data.stream = (uv_stream_t *)&c->pipe[i]};
    uv_process_options_t options = {.file = argv[0],
                                    .args = argv,
                                    .stdio = stdio,
                                    .stdio_count = PIPES,
                                    .flags = UV_PROCESS_DETACHED,
                                    .exit_cb = on_process_exit};
    return uv_spawn(loop, &c->process, &options);
}

static int start(struct coprocess *c, uv_loop_t *loop, char **argv, struct dm_error *err)
{
    c->process.data = c;
    for (int i = 0; i < PIPES; i++) {
        uv_pipe_init(loop, &c->pipe[i], 0);
        c->pipe[i].data = c;
    }
    c->handles = PIPES + 1;
    c->id = ++coprocesses.ids;
    c->next = coprocesses.all;
    coprocesses.all = c;
    int rc = spawn(c, loop, argv);
    if (rc) {
        c->exited = c->told = true;
        close_all(c);
        return dm_fail(err, DM_EUSAGE, "cannot start %s: %s", argv[0], uv_strerror(rc));
    }
    c->open_pipes = 2;
    uv_read_start((uv_stream_t *)&c->pipe[OUT], on_alloc, on_read);
    uv_read_start((uv_stream_t *)&c->pipe[ERR], on_alloc, on_read);
    return (int)c->id;
}

int dm_coprocess_start(const char *text, size_t n, struct dm_error *err)
{
    char *argv[ARGS_MAX] = {NULL}, *copy = malloc(n + 1);
    struct coprocess *c = calloc(1, sizeof *c);
    uv_loop_t *loop = dm_loop(err);
    int argc = 0, rc = loop ? DM_OK : DM_EIO;
    if (rc == DM_OK && (!c || !copy))
        rc = dm_fail_memory(err);
    if (rc == DM_OK) {
        memcpy(copy, text, n);
        copy[n] = 0;
        for (char *p = copy; p < copy + n && argc < ARGS_MAX - 1; p += strlen(p) + 1)
            argv[argc++] = p;
        rc = start(c, loop, argv, err);
        c = NULL; /* the loop has it */
    }
    free(c);
    free(copy);
    return rc;
}

/* One that could not be written was for a program that ends; its end tells. */
static void on_written(uv_write_t *request, int status)
{
    (void)status;
    free(request->data);
}

int dm_coprocess_send(uint32_t id, const char *text, size_t n, struct dm_error *err)
{
    struct coprocess *c = find(id);
    if (!c || c->exited)
        return DM_OK;
    struct line *line = malloc(sizeof *line + n + 1);
    if (!line)
        return dm_fail_memory(err);
    memcpy(line->text, text, n);
    line->text[n] = '\n';
    line->n = n + 1;
    line->request.data = line;
    uv_buf_t buf = {.base = line->text, .len = line->n};
    int rc = uv_write(&line->request, (uv_stream_t *)&c->pipe[IN], &buf, 1, on_written);
    if (rc) { /* as in on_written */
        free(line);
        kill_group(c);
    }
    return DM_OK;
}

void dm_coprocess_kill(uint32_t id)
{
    struct coprocess *c = find(id);
    if (c)
        kill_group(c);
}

/* Takes the lines away that were handed out. */
static void compact(struct coprocess *c)
{
    if (c->taken) {
        memmove(c->out.p, c->out.p + c->taken, c->out.n - c->taken);
        c->out.n -= c->taken;
        c->looked -= c->taken;
        c->taken = 0;
    }
}

/* The next line of one, if it is complete. */
static bool next_line(struct coprocess *c, struct dm_coprocess_event *event)
{
    char *from = c->out.p ? c->out.p + c->looked : NULL;
    char *end = from ? memchr(from, '\n', c->out.n - c->looked) : NULL;
    if (!end) {
        c->looked = c->out.n;
        compact(c);
        return false;
    }
    *event = (struct dm_coprocess_event){.id = c->id, .text = c->out.p + c->taken};
    event->text_bytes = (size_t)(end - event->text);
    c->taken = c->looked = (size_t)(end + 1 - c->out.p);
    return true;
}

static bool tell_end(struct coprocess *c, struct dm_coprocess_event *event)
{
    *event = (struct dm_coprocess_event){.id = c->id,
                                         .ended = 1,
                                         .text = c->tail.p ? c->tail.p : "",
                                         .text_bytes = c->tail.n,
                                         .status = c->status,
                                         .signal = c->signal};
    c->told = true;
    return true;
}

int dm_coprocess_next(struct dm_coprocess_event *event)
{
    struct coprocess *next;
    for (struct coprocess *c = coprocesses.all; c; c = next) {
        next = c->next;
        if (next_line(c, event))
            return 1;
        if (c->handles > 0)
            continue;
        if (!c->told)
            return tell_end(c, event);
        free_coprocess(c);
    }
    return 0;
}

void dm_coprocess_finish(void)
{
    struct dm_error err;
    if (!coprocesses.all)
        return;
    for (struct coprocess *c = coprocesses.all; c; c = c->next) {
        kill_group(c);
        close_all(c);
    }
    while (coprocesses.all)
        if (coprocesses.all->handles > 0) /* others still use the loop */
            uv_run(dm_loop(&err), UV_RUN_ONCE);
        else
            free_coprocess(coprocesses.all);
}
