#include "engine/slurm.h"

#include "engine/command.h"
#include "engine/options.h"
#include "engine/self.h"
#include "engine/slurm_says.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* GRACE_MS: what worker hosts get to end by themselves when the run is over. KILL_MS: what Slurm
 * gets to end a job, before its srun is killed. */
enum { GRACE_MS = 3000, KILL_MS = 8000, ASK_MS = 5000, COMMAND_MS = 30000, ARGS_MAX = 96 };

struct slurm {
    struct dm_engine head; /* first */
    struct dm_engine_config config;
    char binary[4096];
    bool allocated; /* we run within an allocation: worker hosts are steps of it */
    bool closing;
    struct host *hosts;
    uv_timer_t timer;      /* when Slurm is asked what jobs wait for; after close, the next kill */
    struct errand *asking; /* squeue or sinfo */
    uint32_t errands;
    uint64_t most_cpus, most_gpus, most_megabytes; /* of any node; 0: not asked yet */
};

struct host {
    struct dm_command command; /* first: srun */
    struct slurm *engine;
    struct host *next;
    uint64_t handle;
    uint64_t killed_ms;
    uint64_t cpus, gpus, megabytes; /* asked for */
    char name[64];
    char said[256];   /* the last that srun said */
    char queued[256]; /* why it waits, as people were told */
    bool waits, killed;
    enum dm_engine_reason reason;
};

/* ---- what srun says
 * ---------------------------------------------------------------------------------- */

static void tell(struct host *h, enum dm_engine_state state, const char *text)
{
    struct slurm *s = h->engine;
    struct dm_engine_event event = {.handle = h->handle,
                                    .state = state,
                                    .reason = h->reason,
                                    .exit_status = h->command.why[0] ? -1 : h->command.status,
                                    .signal = h->command.signal,
                                    .text = text};
    if (!s->closing)
        s->config.on_event(s->config.arg, &event);
}

static void tell_queued(struct host *h, const char *text)
{
    if (strcmp(text, h->queued) == 0)
        return;
    snprintf(h->queued, sizeof h->queued, "%s", text);
    tell(h, DM_HOST_QUEUED, h->queued);
}

static void on_line(struct dm_command *command, const char *line)
{
    struct host *h = (struct host *)command;
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

static void free_when_empty(struct slurm *s);

static void on_end(struct dm_command *command)
{
    struct host *h = (struct host *)command;
    struct slurm *s = h->engine;
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
    struct host **at = &s->hosts;
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    free(h);
    free_when_empty(s);
}

/* ---- starting
 * ---------------------------------------------------------------------------------------- */

struct words {
    char *list[ARGS_MAX];
    struct dm_buf text;
    size_t n;
    bool full;
};

/* Adds a word; the list points into the text once it is complete. */
static void add(struct words *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct words *w, const char *format, ...)
{
    char word[4400];
    va_list args;
    va_start(args, format);
    vsnprintf(word, sizeof word, format, args);
    va_end(args);
    w->full = w->full || ++w->n >= ARGS_MAX || !dm_buf_add(&w->text, word, strlen(word) + 1);
}

static void point(struct words *w)
{
    char *p = w->text.p;
    for (size_t i = 0; i < w->n; i++, p += strlen(p) + 1)
        w->list[i] = p;
    w->list[w->n] = NULL;
}

/* The log's path, in which srun would replace a % and what follows. */
static void add_log(struct words *w, const char *path)
{
    char text[4400];
    size_t n = 0;
    for (; *path && n < sizeof text - 3; path++) {
        if (*path == '%')
            text[n++] = '%';
        text[n++] = *path;
    }
    text[n] = 0;
    add(w, "--output=%s", text);
}

static uint64_t megabytes(const struct dm_engine_spec *spec)
{
    return (spec->memory + (1 << 20) - 1) >> 20;
}

/* A step that does not name GPUs takes all of the job's on its node; a number of tasks, input and
 * environment are set against what a surrounding job has set. */
static int make_words(const struct slurm *s, const struct dm_engine_spec *spec, struct words *w,
                      struct dm_error *err)
{
    char word[4096];
    *w = (struct words){0};
    add(w, "srun");
    add(w, "--job-name=%s", spec->name);
    add(w, "--ntasks=1");
    add(w, "--nodes=1");
    add(w, "--cpus-per-task=%u", spec->cpus ? spec->cpus : 1);
    if (spec->memory)
        add(w, "--mem=%lluM", (unsigned long long)megabytes(spec));
    if (spec->gpus)
        add(w, "--gres=gpu:%u", spec->gpus);
    else
        add(w, "--gres=none");
    add(w, "--input=none");
    add(w, "--export=ALL");
    add(w, "--mpi=none");
    add(w, "--kill-on-bad-exit=0");
    if (s->allocated)
        add(w, "--exact");
    add_log(w, spec->log);
    for (int i = 0; dm_engine_option(s->config.options, "args", i, word, sizeof word); i++)
        add(w, "%s", word);
    add(w, "%s", s->binary);
    add(w, "worker-host");
    if (w->full)
        return dm_fail(err, DM_EUSAGE, "the engine's args are too many");
    point(w);
    return DM_OK;
}

static void on_timer(uv_timer_t *timer);

static int spawn(struct dm_engine *e, const struct dm_engine_spec *spec, uint64_t handle,
                 struct dm_error *err)
{
    struct slurm *s = (struct slurm *)e;
    struct words words;
    struct host *h = calloc(1, sizeof *h);
    char **env = dm_command_environment(spec->env);
    int rc = h && env ? make_words(s, spec, &words, err) : dm_fail_memory(err);
    if (rc) {
        free(h);
    } else {
        h->engine = s;
        h->handle = handle;
        h->cpus = spec->cpus;
        h->gpus = spec->gpus;
        h->megabytes = megabytes(spec);
        snprintf(h->name, sizeof h->name, "%s", spec->name);
        h->command.on_line = on_line;
        h->command.on_end = on_end;
        h->next = s->hosts;
        s->hosts = h;
        dm_command_start(&h->command, s->config.loop, words.list, env, 0);
        if (!uv_is_active((uv_handle_t *)&s->timer))
            uv_timer_start(&s->timer, on_timer, ASK_MS / 5, ASK_MS);
    }
    if (h && env)
        dm_buf_finish(&words.text);
    free(env);
    return rc;
}

/* ---- asking Slurm, and telling it
 * ------------------------------------------------------------------ */

/* A short command beside the sruns. */
struct errand {
    struct dm_command command; /* first */
    struct slurm *engine;
};

static void on_errand_end(struct dm_command *command)
{
    struct errand *errand = (struct errand *)command;
    struct slurm *s = errand->engine;
    s->errands--;
    s->asking = s->asking == errand ? NULL : s->asking;
    free(errand);
    free_when_empty(s);
}

/* NULL when memory is short: then it is not done this time. */
static struct errand *run_errand(struct slurm *s, char *const *argv,
                                 void (*on_line_of)(struct dm_command *, const char *))
{
    struct errand *errand = calloc(1, sizeof *errand);
    if (!errand)
        return NULL;
    errand->engine = s;
    errand->command.on_line = on_line_of;
    errand->command.on_end = on_errand_end;
    s->errands++;
    dm_command_start(&errand->command, s->config.loop, argv, NULL, COMMAND_MS);
    return errand;
}

/* A line of squeue: the job's name, and why it waits. */
static void on_queue_line(struct dm_command *command, const char *line)
{
    struct slurm *s = ((struct errand *)command)->engine;
    const char *reason = strchr(line, ' ');
    char text[256];
    for (struct host *h = s->hosts; reason && h; h = h->next) {
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
    struct slurm *s = ((struct errand *)command)->engine;
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
    s->most_cpus = cpus > s->most_cpus ? cpus : s->most_cpus;
    s->most_megabytes = memory > s->most_megabytes ? memory : s->most_megabytes;
    s->most_gpus = gpus > s->most_gpus ? gpus : s->most_gpus;
}

static void ask_nodes(struct slurm *s)
{
    char *argv[] = {"sinfo", "--noheader", "--Node", "--format=%c %m %G", NULL};
    s->asking = run_errand(s, argv, on_node_line);
}

static void on_nothing(struct dm_command *command, const char *line)
{
    (void)command; /* that a job has gone already is what is wanted */
    (void)line;
}

/* Ends the jobs of hosts that are marked as killed since `since_ms`. A step is ended by its srun
 * alone; so is a job, but not while slurmstepd hangs. */
static void cancel_marked(struct slurm *s, uint64_t since_ms)
{
    struct dm_buf names = {0};
    bool ok = dm_buf_puts(&names, "--name=");
    for (struct host *h = s->hosts; h; h = h->next) {
        if (!h->killed || h->killed_ms < since_ms)
            continue;
        ok = ok && dm_buf_printf(&names, "%s%s", names.n > 7 ? "," : "", h->name);
        dm_command_kill(&h->command, SIGTERM);
    }
    if (ok && names.n > 7 && !s->allocated) {
        names.p[names.n] = 0;
        char *argv[] = {"scancel", names.p, NULL};
        run_errand(s, argv, on_nothing);
    }
    dm_buf_finish(&names);
}

static void mark(struct host *h)
{
    if (h->killed)
        return;
    h->killed = true;
    h->killed_ms = uv_now(h->engine->config.loop);
}

static void kill_host(struct dm_engine *e, uint64_t handle)
{
    struct slurm *s = (struct slurm *)e;
    for (struct host *h = s->hosts; h; h = h->next) {
        if (h->handle != handle || h->killed)
            continue;
        mark(h);
        cancel_marked(s, h->killed_ms);
    }
}

static void refuse(struct host *h, uint64_t wanted, uint64_t most, const char *of_what)
{
    if (wanted <= most || h->reason == DM_END_REFUSED)
        return;
    snprintf(h->said, sizeof h->said, "it asks for %llu %s, and no node has more than %llu",
             (unsigned long long)wanted, of_what, (unsigned long long)most);
    h->reason = DM_END_REFUSED;
    mark(h);
}

/* Slurm lets some jobs wait that no node could ever take. */
static void refuse_too_large(struct slurm *s)
{
    uint64_t now = uv_now(s->config.loop);
    for (struct host *h = s->hosts; h; h = h->next) {
        if (!h->waits || h->killed)
            continue;
        refuse(h, h->cpus, s->most_cpus, "processors");
        refuse(h, h->megabytes, s->most_megabytes, "MB of memory");
        refuse(h, h->gpus, s->most_gpus, "GPUs");
    }
    cancel_marked(s, now);
}

static void ask_why(struct slurm *s)
{
    char uid[32],
        *argv[] = {"squeue", "--noheader", "--states=PENDING", uid, "--format=%j %r", NULL};
    bool waits = false;
    for (const struct host *h = s->hosts; h; h = h->next)
        waits = waits || (h->waits && !h->killed);
    snprintf(uid, sizeof uid, "--user=%u", (unsigned)getuid());
    if (!waits || s->asking || s->allocated)
        return;
    if (!s->most_cpus) {
        ask_nodes(s);
        return;
    }
    refuse_too_large(s);
    s->asking = run_errand(s, argv, on_queue_line);
}

/* What Slurm did not end. */
static void kill_hard(struct slurm *s)
{
    uint64_t now = uv_now(s->config.loop);
    for (struct host *h = s->hosts; h; h = h->next)
        if (h->killed && now - h->killed_ms >= KILL_MS)
            dm_command_kill(&h->command, SIGKILL);
}

static void on_timer(uv_timer_t *timer)
{
    struct slurm *s = timer->data;
    uint64_t now = uv_now(s->config.loop);
    kill_hard(s);
    if (!s->closing) {
        ask_why(s);
        return;
    }
    for (struct host *h = s->hosts; h; h = h->next)
        mark(h);
    cancel_marked(s, now);
}

/* ---- beginning and end
 * ----------------------------------------------------------------------------- */

static int open_engine(const struct dm_engine_config *config, struct dm_engine **e,
                       struct dm_error *err)
{
    int rc = DM_OK;
    struct slurm *s = calloc(1, sizeof *s);
    if (!s)
        return dm_fail_memory(err);
    s->head.kind = &dm_engine_slurm;
    s->config = *config;
    s->allocated = getenv("SLURM_JOB_ID") != NULL;
    if (!dm_engine_option(config->options, "binary", 0, s->binary, sizeof s->binary))
        rc = dm_self_path(s->binary, sizeof s->binary, err);
    if (rc) {
        free(s);
        return rc;
    }
    uv_timer_init(config->loop, &s->timer);
    s->timer.data = s;
    *e = &s->head;
    return DM_OK;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void free_when_empty(struct slurm *s)
{
    if (s->closing && !s->hosts && !s->errands && !uv_is_closing((uv_handle_t *)&s->timer))
        uv_close((uv_handle_t *)&s->timer, on_closed);
}

/* Jobs that have not begun get no time to end by themselves. */
static void close_engine(struct dm_engine *e)
{
    struct slurm *s = (struct slurm *)e;
    uint64_t now = uv_now(s->config.loop);
    s->closing = true;
    for (struct host *h = s->hosts; h; h = h->next)
        if (h->waits)
            mark(h);
    cancel_marked(s, now);
    if (s->hosts)
        uv_timer_start(&s->timer, on_timer, GRACE_MS, GRACE_MS);
    free_when_empty(s);
}

const struct dm_engine_kind dm_engine_slurm = {.name = "slurm",
                                               .options = "args binary",
                                               .open = open_engine,
                                               .spawn = spawn,
                                               .kill = kill_host,
                                               .close = close_engine};
