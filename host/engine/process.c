#include "engine/process.h"

#include "engine/command.h"
#include "engine/self.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What worker hosts get to end by themselves when the run is over. */
enum { GRACE_MS = 3000 };

struct process_engine {
    struct dm_engine head; /* first */
    struct dm_engine_config config;
    struct host *hosts;
    uv_timer_t grace;
    bool closing;
};

struct host {
    uv_process_t process;
    struct process_engine *engine;
    struct host *next;
    uint64_t handle;
};

static int open_engine(const struct dm_engine_config *config, struct dm_engine **e,
                       struct dm_error *err)
{
    struct process_engine *p = calloc(1, sizeof *p);
    if (!p)
        return dm_fail_memory(err);
    p->head.kind = &dm_engine_process;
    p->config = *config;
    uv_timer_init(config->loop, &p->grace);
    p->grace.data = p;
    *e = &p->head;
    return DM_OK;
}

static void on_grace_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void free_when_empty(struct process_engine *p)
{
    if (p->closing && !p->hosts && !uv_is_closing((uv_handle_t *)&p->grace))
        uv_close((uv_handle_t *)&p->grace, on_grace_closed);
}

static void on_host_closed(uv_handle_t *handle)
{
    struct host *h = handle->data;
    struct process_engine *p = h->engine;
    struct host **at = &p->hosts;
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    free(h);
    free_when_empty(p);
}

static void on_exit_of(uv_process_t *process, int64_t status, int sig)
{
    struct host *h = process->data;
    struct process_engine *p = h->engine;
    struct dm_engine_event event = {.handle = h->handle,
                                    .state = DM_HOST_ENDED,
                                    .reason = sig ? DM_END_SIGNAL : DM_END_EXIT,
                                    .exit_status = (int)status,
                                    .signal = sig,
                                    .text = ""};
    if (!p->closing)
        p->config.on_event(p->config.arg, &event);
    uv_close((uv_handle_t *)process, on_host_closed);
}

static int start(struct host *h, const struct dm_engine_spec *spec, int log, struct dm_error *err)
{
    static char name[] = "dmhost", command[] = "worker-host";
    char *args[] = {name, command, NULL};
    char **env = dm_command_environment(spec->env);
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = log},
        {.flags = UV_INHERIT_FD, .data.fd = log},
    };
    uv_process_options_t options = {.file = DM_SELF,
                                    .args = args,
                                    .env = env,
                                    .stdio = stdio,
                                    .stdio_count = 3,
                                    /* keys on the terminal are for the coordinator */
                                    .flags = UV_PROCESS_DETACHED,
                                    .exit_cb = on_exit_of};
    int rc = env ? uv_spawn(h->engine->config.loop, &h->process, &options) : UV_ENOMEM;
    free(env);
    return rc ? dm_fail(err, DM_EIO, "cannot start a worker host: %s", uv_strerror(rc)) : DM_OK;
}

static int spawn(struct dm_engine *e, const struct dm_engine_spec *spec, uint64_t handle,
                 struct dm_error *err)
{
    struct process_engine *p = (struct process_engine *)e;
    int log = open(spec->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0)
        return dm_fail_errno(err, DM_EIO, "cannot make %s", spec->log);
    struct host *h = calloc(1, sizeof *h);
    if (!h) {
        close(log);
        return dm_fail_memory(err);
    }
    h->engine = p;
    h->handle = handle;
    h->process.data = h;
    h->next = p->hosts;
    p->hosts = h;
    int rc = start(h, spec, log, err);
    close(log);
    if (rc) /* libuv has made the handle all the same */
        uv_close((uv_handle_t *)&h->process, on_host_closed);
    return rc;
}

static void kill_host(struct host *h)
{
    if (!uv_is_closing((uv_handle_t *)&h->process))
        uv_process_kill(&h->process, SIGKILL);
}

static void kill_one(struct dm_engine *e, uint64_t handle)
{
    struct process_engine *p = (struct process_engine *)e;
    for (struct host *h = p->hosts; h; h = h->next)
        if (h->handle == handle)
            kill_host(h);
}

static void on_grace(uv_timer_t *timer)
{
    struct process_engine *p = timer->data;
    for (struct host *h = p->hosts; h; h = h->next)
        kill_host(h);
}

static void close_engine(struct dm_engine *e)
{
    struct process_engine *p = (struct process_engine *)e;
    p->closing = true;
    if (p->hosts)
        uv_timer_start(&p->grace, on_grace, GRACE_MS, 0);
    free_when_empty(p);
}

const struct dm_engine_kind dm_engine_process = {.name = "process",
                                                 .options = "",
                                                 .nearby = true,
                                                 .open = open_engine,
                                                 .spawn = spawn,
                                                 .kill = kill_one,
                                                 .close = close_engine};
