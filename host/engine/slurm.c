#include "engine/slurm.h"

#include "engine/options.h"
#include "engine/self.h"
#include "engine/slurm_says.h"
#include "engine/slurm_state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A srun takes this machine two processes and 3.6 MB. */
enum { ARRAY_LEAST = 100 };

enum { ASK_MS = 5000, COMMAND_MS = 30000 };

struct dm_slurm_host {
    struct dm_command command; /* first: srun */
    struct dm_slurm *engine;
    struct dm_slurm_host *next;
    uint64_t handle;
    uint64_t killed_ms;
    struct dm_slurm_size size; /* asked for */
    char name[64];
    char said[256];   /* the last that srun said */
    char queued[256]; /* why it waits, as people were told */
    bool waits, killed;
    enum dm_engine_reason reason;
};

/* ---- what srun says ---- */

static void tell(struct dm_slurm_host *h, enum dm_engine_state state, const char *text)
{
    struct dm_slurm *s = h->engine;
    struct dm_engine_event event = {.handle = h->handle,
                                    .state = state,
                                    .reason = h->reason,
                                    .exit_status = h->command.why[0] ? -1 : h->command.status,
                                    .signal = h->command.signal,
                                    .text = text};
    if (!s->closing)
        s->config.on_event(s->config.arg, &event);
}

static void tell_queued(struct dm_slurm_host *h, const char *text)
{
    if (strcmp(text, h->queued) == 0)
        return;
    snprintf(h->queued, sizeof h->queued, "%s", text);
    tell(h, DM_HOST_QUEUED, h->queued);
}

static void on_line(struct dm_command *command, const char *line)
{
    struct dm_slurm_host *h = (struct dm_slurm_host *)command;
    if (h->killed) /* it says that it was ended, which we know */
        return;
    line += strncmp(line, "srun: ", 6) == 0 ? 6 : 0;
    line += strncmp(line, "error: ", 7) == 0 ? 7 : 0;
    snprintf(h->said, sizeof h->said, "%s", line);
    if (strstr(line, "queued and waiting") || strstr(line, "disabled, retrying")) {
        h->waits = true;
        tell_queued(h, line);
        return;
    }
    if (strstr(line, "allocated resources")) {
        h->waits = false;
        tell(h, DM_HOST_RUNNING, "");
        return;
    }
    if (h->reason == DM_END_UNKNOWN)
        h->reason = dm_slurm_reason(line);
}

static void on_end(struct dm_command *command)
{
    struct dm_slurm_host *h = (struct dm_slurm_host *)command;
    struct dm_slurm *s = h->engine;
    char text[512] = "";
    if (command->why[0])
        h->reason = DM_END_REFUSED;
    else if (h->killed && h->reason == DM_END_UNKNOWN)
        h->reason = DM_END_CANCELLED;
    else if (h->reason == DM_END_UNKNOWN)
        h->reason = command->signal || command->status > 128 ? DM_END_SIGNAL : DM_END_EXIT;
    const char *said = command->why[0] ? command->why : h->said;
    if (h->reason == DM_END_SIGNAL || h->reason == DM_END_EXIT)
        snprintf(text, sizeof text, "its srun ended with status %d%s%s", command->status,
                 *said ? ": " : "", said);
    else
        snprintf(text, sizeof text, "%s", said);
    tell(h, DM_HOST_ENDED, text);
    struct dm_slurm_host **at = &s->hosts;
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    free(h);
    dm_slurm_free_when_empty(s);
}

/* ---- starting ---- */

static void on_timer(uv_timer_t *timer);

/* A log's path, in which srun would replace a % and what follows. */
static void add_log(struct dm_slurm_words *w, const char *path)
{
    char text[4400];
    size_t n = 0;
    for (; *path && n < sizeof text - 3; path++) {
        if (*path == '%')
            text[n++] = '%';
        text[n++] = *path;
    }
    text[n] = 0;
    dm_slurm_add(w, "--output=%s", text);
}

static int make_words(const struct dm_slurm *s, const struct dm_engine_spec *spec,
                      struct dm_slurm_words *w, struct dm_error *err)
{
    dm_slurm_add(w, "srun");
    dm_slurm_add(w, "--job-name=%s", spec->name);
    dm_slurm_add(w, "--input=none");
    dm_slurm_add(w, "--mpi=none");
    dm_slurm_add(w, "--kill-on-bad-exit=0");
    if (s->allocated)
        dm_slurm_add(w, "--exact");
    add_log(w, spec->log);
    dm_slurm_add_request(s, spec, w);
    dm_slurm_add(w, "%s", s->binary);
    dm_slurm_add(w, "worker-host");
    return dm_slurm_end_words(w, err);
}

int dm_slurm_start(struct dm_slurm *s, const struct dm_engine_spec *spec, uint64_t handle,
                   struct dm_error *err)
{
    struct dm_slurm_words words = {0};
    struct dm_slurm_host *h = calloc(1, sizeof *h);
    char **env = dm_command_environment(spec->env);
    int rc = h && env ? make_words(s, spec, &words, err) : dm_fail_memory(err);
    if (rc) {
        free(h);
    } else {
        h->engine = s;
        h->handle = handle;
        h->size = dm_slurm_size(spec);
        snprintf(h->name, sizeof h->name, "%s", spec->name);
        h->command.on_line = on_line;
        h->command.on_end = on_end;
        h->next = s->hosts;
        s->hosts = h;
        dm_command_start(&h->command, s->config.loop, words.list, env, 0);
        if (!uv_is_active((uv_handle_t *)&s->timer))
            uv_timer_start(&s->timer, on_timer, ASK_MS / 5, ASK_MS);
    }
    dm_buf_finish(&words.text);
    free(env);
    return rc;
}

static int spawn(struct dm_engine *e, const struct dm_engine_spec *spec, uint64_t handle,
                 struct dm_error *err)
{
    struct dm_slurm *s = (struct dm_slurm *)e;
    return s->allocated ? dm_slurm_start(s, spec, handle, err)
                        : dm_slurm_want(s, spec, handle, err);
}

/* ---- asking Slurm, and telling it ---- */

static void on_errand_end(struct dm_command *command)
{
    struct dm_slurm_errand *errand = (struct dm_slurm_errand *)command;
    struct dm_slurm *s = errand->engine;
    s->errands--;
    s->asking = s->asking == errand ? NULL : s->asking;
    if (errand->on_end)
        errand->on_end(errand);
    free(errand);
    dm_slurm_free_when_empty(s);
}

static void on_nothing(struct dm_command *command, const char *line)
{
    (void)command, (void)line; /* that a job has gone already is what is wanted */
}

struct dm_slurm_errand *dm_slurm_run_errand(struct dm_slurm *s, char *const *argv,
                                            void (*on_line_of)(struct dm_command *, const char *),
                                            void (*on_end_of)(struct dm_slurm_errand *))
{
    struct dm_slurm_errand *errand = calloc(1, sizeof *errand);
    if (!errand)
        return NULL;
    errand->engine = s;
    errand->on_end = on_end_of;
    errand->command.on_line = on_line_of ? on_line_of : on_nothing;
    errand->command.on_end = on_errand_end;
    s->errands++;
    dm_command_start(&errand->command, s->config.loop, argv, NULL, COMMAND_MS);
    return errand;
}

/* A line of squeue: the job's name, and why it waits. */
static void on_queue_line(struct dm_command *command, const char *line)
{
    struct dm_slurm *s = ((struct dm_slurm_errand *)command)->engine;
    const char *reason = strchr(line, ' ');
    char text[256];
    for (struct dm_slurm_host *h = s->hosts; reason && h; h = h->next) {
        size_t n = strlen(h->name);
        if (n != (size_t)(reason - line) || memcmp(h->name, line, n) != 0 || !h->waits)
            continue;
        snprintf(text, sizeof text, "waits in Slurm's queue: %s", reason + 1);
        tell_queued(h, text);
    }
}

/* A line of sinfo: what a node has, of GPUs as in "gpu:a100:2(S:0),gpu:1". */
static void on_node_line(struct dm_command *command, const char *line)
{
    struct dm_slurm *s = ((struct dm_slurm_errand *)command)->engine;
    unsigned long cpus = 0, memory = 0, gpus = 0;
    int at = 0;
    if (sscanf(line, "%lu %lu %n", &cpus, &memory, &at) < 2)
        return;
    for (const char *p = line + at; (p = strstr(p, "gpu")); p += strcspn(p, ",")) {
        const char *colon = p, *end = p + strcspn(p, "(,");
        for (const char *q = p; q < end; q++)
            colon = *q == ':' ? q : colon;
        gpus += strtoul(colon + 1, NULL, 10);
    }
    s->most.cpus = cpus > s->most.cpus ? cpus : s->most.cpus;
    s->most.megabytes = memory > s->most.megabytes ? memory : s->most.megabytes;
    s->most.gpus = gpus > s->most.gpus ? gpus : s->most.gpus;
}

static void ask_nodes(struct dm_slurm *s)
{
    char *argv[] = {"sinfo", "--noheader", "--Node", "--format=%c %m %G", NULL};
    if (!s->asking)
        s->asking = dm_slurm_run_errand(s, argv, on_node_line, NULL);
}

/* Ends the jobs of hosts that are marked as killed since `since_ms`. A step is ended by its srun
 * alone; so is a job, but not while slurmstepd hangs. */
static void cancel_marked(struct dm_slurm *s, uint64_t since_ms)
{
    struct dm_buf names = {0};
    bool ok = dm_buf_puts(&names, "--name=");
    for (struct dm_slurm_host *h = s->hosts; h; h = h->next) {
        if (!h->killed || h->killed_ms < since_ms)
            continue;
        ok = ok && dm_buf_printf(&names, "%s%s", names.n > 7 ? "," : "", h->name);
        dm_command_kill(&h->command, SIGTERM);
    }
    if (ok && names.n > 7 && !s->allocated) {
        names.p[names.n] = 0;
        char *argv[] = {"scancel", names.p, NULL};
        dm_slurm_run_errand(s, argv, NULL, NULL);
    }
    dm_buf_finish(&names);
}

static void mark(struct dm_slurm_host *h)
{
    if (h->killed)
        return;
    h->killed = true;
    h->killed_ms = uv_now(h->engine->config.loop);
}

static void kill_host(struct dm_engine *e, uint64_t handle)
{
    struct dm_slurm *s = (struct dm_slurm *)e;
    dm_slurm_kill_task(s, handle);
    for (struct dm_slurm_host *h = s->hosts; h; h = h->next) {
        if (h->handle != handle || h->killed)
            continue;
        mark(h);
        cancel_marked(s, h->killed_ms);
    }
}

bool dm_slurm_too_large(struct dm_slurm *s, const struct dm_slurm_size *size, char *text, size_t n)
{
    static const char *const what[] = {"processors", "MB of memory", "GPUs"};
    const uint64_t asked[] = {size->cpus, size->megabytes, size->gpus},
                   most[] = {s->most.cpus, s->most.megabytes, s->most.gpus};
    if (!s->most.cpus) {
        ask_nodes(s);
        return false;
    }
    for (int i = 0; i < 3; i++)
        if (asked[i] > most[i]) {
            snprintf(text, n, "it asks for %llu %s, and no node has more than %llu",
                     (unsigned long long)asked[i], what[i], (unsigned long long)most[i]);
            return true;
        }
    return false;
}

/* Slurm lets some jobs wait that no node could ever take. */
static void refuse_too_large(struct dm_slurm *s)
{
    uint64_t now = uv_now(s->config.loop);
    for (struct dm_slurm_host *h = s->hosts; h; h = h->next) {
        if (!h->waits || h->killed || !dm_slurm_too_large(s, &h->size, h->said, sizeof h->said))
            continue;
        h->reason = DM_END_REFUSED;
        mark(h);
    }
    cancel_marked(s, now);
}

static void ask_why(struct dm_slurm *s)
{
    char uid[32],
        *argv[] = {"squeue", "--noheader", "--states=PENDING", uid, "--format=%j %r", NULL};
    bool waits = false;
    for (const struct dm_slurm_host *h = s->hosts; h; h = h->next)
        waits = waits || (h->waits && !h->killed);
    snprintf(uid, sizeof uid, "--user=%u", (unsigned)getuid());
    if (!waits || s->asking || s->allocated)
        return;
    refuse_too_large(s);
    if (!s->asking)
        s->asking = dm_slurm_run_errand(s, argv, on_queue_line, NULL);
}

/* What Slurm did not end. */
static void kill_hard(struct dm_slurm *s)
{
    uint64_t now = uv_now(s->config.loop);
    for (struct dm_slurm_host *h = s->hosts; h; h = h->next)
        if (h->killed && now - h->killed_ms >= DM_SLURM_KILL_MS)
            dm_command_kill(&h->command, SIGKILL);
}

static void on_timer(uv_timer_t *timer)
{
    struct dm_slurm *s = timer->data;
    uint64_t now = uv_now(s->config.loop);
    kill_hard(s);
    if (!s->closing) {
        ask_why(s);
        return;
    }
    for (struct dm_slurm_host *h = s->hosts; h; h = h->next)
        mark(h);
    cancel_marked(s, now);
}

/* ---- beginning and end ---- */

static int read_array_least(struct dm_slurm *s, struct dm_error *err)
{
    char text[32], *end;
    s->array_least = ARRAY_LEAST;
    if (!dm_engine_option(s->config.options, "array", 0, text, sizeof text))
        return DM_OK;
    unsigned long least = strtoul(text, &end, 10);
    if (*end || least < 1 || least > UINT32_MAX)
        return dm_fail(err, DM_EUSAGE,
                       "the engine's array is a number of worker hosts, at least 1, not \"%s\"",
                       text);
    s->array_least = (uint32_t)least;
    return DM_OK;
}

static int open_engine(const struct dm_engine_config *config, struct dm_engine **e,
                       struct dm_error *err)
{
    struct dm_slurm *s = calloc(1, sizeof *s);
    if (!s)
        return dm_fail_memory(err);
    s->head.kind = &dm_engine_slurm;
    s->config = *config;
    s->allocated = getenv("SLURM_JOB_ID") != NULL;
    int rc = read_array_least(s, err);
    if (rc == DM_OK && !dm_engine_option(config->options, "binary", 0, s->binary, sizeof s->binary))
        rc = dm_self_path(s->binary, sizeof s->binary, err);
    if (rc) {
        free(s);
        return rc;
    }
    uv_timer_init(config->loop, &s->timer);
    uv_timer_init(config->loop, &s->array_timer);
    s->timer.data = s->array_timer.data = s;
    s->open_handles = 2;
    *e = &s->head;
    return DM_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct dm_slurm *s = handle->data;
    if (--s->open_handles == 0)
        free(s);
}

void dm_slurm_free_when_empty(struct dm_slurm *s)
{
    if (!s->closing || s->hosts || s->errands || s->arrays ||
        uv_is_closing((uv_handle_t *)&s->timer))
        return;
    uv_close((uv_handle_t *)&s->timer, on_closed);
    uv_close((uv_handle_t *)&s->array_timer, on_closed);
}

/* Jobs that have not begun get no time to end by themselves. */
static void close_engine(struct dm_engine *e)
{
    struct dm_slurm *s = (struct dm_slurm *)e;
    uint64_t now = uv_now(s->config.loop);
    s->closing = true;
    for (struct dm_slurm_host *h = s->hosts; h; h = h->next)
        if (h->waits)
            mark(h);
    cancel_marked(s, now);
    if (s->hosts)
        uv_timer_start(&s->timer, on_timer, DM_SLURM_GRACE_MS, DM_SLURM_GRACE_MS);
    dm_slurm_close_arrays(s);
    dm_slurm_free_when_empty(s);
}

const struct dm_engine_kind dm_engine_slurm = {.name = "slurm",
                                               .options = "args array binary",
                                               .open = open_engine,
                                               .spawn = spawn,
                                               .kill = kill_host,
                                               .close = close_engine};
