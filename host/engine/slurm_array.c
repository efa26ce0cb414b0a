/* Worker hosts as tasks of job arrays: many at once cost this machine no process each, and Slurm
 * one request. What becomes of them is asked for. */
#include "engine/slurm_says.h"
#include "engine/slurm_state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* TASKS_MAX: Slurm's own limit, when nobody has changed MaxArraySize; their tokens also fit into
 * one variable. */
enum { TASKS_MAX = 1000, LIST_MS = 2000, CLOSING_LIST_MS = 300, VARIABLES_MAX = 16 };

struct task {
    uint64_t handle;
    char told[256]; /* why it waits, as people were told */
    bool killed, cancelled, running, ended, seen;
};

struct dm_slurm_array {
    struct dm_command command; /* first: sbatch */
    struct dm_slurm *engine;
    struct dm_slurm_array *next;
    struct dm_slurm_size size; /* of each */
    char id[32];               /* Slurm's; "" until sbatch has said it */
    char name[64], said[256];
    bool submitted, listed; /* listed: it must stand in the list that was asked for */
    uint32_t n, left;
    struct task tasks[];
};

/* Each task takes its line, and what others have not to do with. printf is the shell's: no argument
 * list shows tokens. */
static const char script[] =
    "line=$(printf '%s\\n' \"$DM_HOSTS\" | sed -n \"${SLURM_ARRAY_TASK_ID}p\"); unset DM_HOSTS; "
    "export DM_NAME $line; log=$DM_LOGS/$DM_NAME.log; "
    "true 2>/dev/null >\"$log\" && exec >\"$log\" 2>&1; exec \"$DM_BINARY\" worker-host";

static void wake(struct dm_slurm *s);

/* ---- what becomes of tasks ---- */

static void tell(struct dm_slurm *s, const struct dm_engine_event *event)
{
    if (!s->closing)
        s->config.on_event(s->config.arg, event);
}

/* code: as wait(2) gives it; -1: not known */
static void end(struct dm_slurm *s, uint64_t handle, enum dm_engine_reason reason, int code,
                const char *text)
{
    struct dm_engine_event event = {.handle = handle,
                                    .state = DM_HOST_ENDED,
                                    .reason = reason,
                                    .exit_status = code < 0 || code & 127 ? -1 : code >> 8,
                                    .signal = code < 0 ? -1 : code & 127,
                                    .text = text};
    tell(s, &event);
}

static void end_task(struct dm_slurm_array *a, struct task *t, enum dm_engine_reason reason,
                     int code, const char *text)
{
    if (t->ended)
        return;
    t->ended = true;
    a->left--;
    end(a->engine, t->handle, reason, code, text);
}

static void remove_ended(struct dm_slurm *s, bool all)
{
    for (struct dm_slurm_array **at = &s->arrays, *a; (a = *at);) {
        if (a->submitted && (all || !a->left)) {
            *at = a->next;
            free(a);
        } else {
            at = &a->next;
        }
    }
    dm_slurm_free_when_empty(s);
}

static bool is_over(const char *state, int code, enum dm_engine_reason *reason)
{
    static const struct {
        const char *state;
        enum dm_engine_reason reason;
    } ends[] = {{"COMPLETED", DM_END_EXIT},       {"FAILED", DM_END_EXIT},
                {"OUT_OF_MEMORY", DM_END_MEMORY}, {"TIMEOUT", DM_END_TIME},
                {"DEADLINE", DM_END_TIME},        {"NODE_FAIL", DM_END_NODE},
                {"BOOT_FAIL", DM_END_NODE},       {"CANCELLED", DM_END_CANCELLED},
                {"PREEMPTED", DM_END_CANCELLED},  {"REVOKED", DM_END_CANCELLED}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (strcmp(ends[i].state, state) == 0) {
            *reason = ends[i].reason == DM_END_EXIT && code & 127 ? DM_END_SIGNAL : ends[i].reason;
            return true;
        }
    return false;
}

static void take_pending(struct dm_slurm_array *a, struct task *t, const char *why)
{
    char text[256];
    struct dm_engine_event event = {.handle = t->handle, .state = DM_HOST_QUEUED, .text = t->told};
    if (t->killed)
        return;
    if (dm_slurm_too_large(a->engine, &a->size, text, sizeof text)) {
        t->killed = true;
        end_task(a, t, DM_END_REFUSED, -1, text);
        return;
    }
    snprintf(text, sizeof text, "waits in Slurm's queue: %.90s", why);
    if (strcmp(text, t->told) == 0)
        return;
    snprintf(t->told, sizeof t->told, "%s", text);
    tell(a->engine, &event);
}

static void take(struct dm_slurm_array *a, struct task *t, const char *state, int code,
                 const char *why)
{
    enum dm_engine_reason reason;
    char text[256];
    struct dm_engine_event event = {.handle = t->handle, .state = DM_HOST_RUNNING, .text = ""};
    t->seen = true;
    if (t->ended)
        return;
    if (is_over(state, code, &reason)) {
        snprintf(text, sizeof text, "its job is %s: %s", state, why);
        end_task(a, t, reason, code, text);
    } else if (strcmp(state, "PENDING") == 0) {
        take_pending(a, t, why);
    } else if (!t->running) {
        t->running = true;
        tell(a->engine, &event);
    }
}

/* ---- asking Slurm ---- */

static void on_list_line(struct dm_command *command, const char *line)
{
    struct dm_slurm *s = ((struct dm_slurm_errand *)command)->engine;
    char id[32], state[32];
    unsigned index;
    int code, at = 0;
    if (sscanf(line, "%31s %u %31s %d %n", id, &index, state, &code, &at) != 4 || !at)
        return;
    for (struct dm_slurm_array *a = s->arrays; a; a = a->next)
        if (strcmp(a->id, id) == 0 && index > 0 && index <= a->n)
            take(a, &a->tasks[index - 1], state, code, line + at);
}

static void cancel_killed(struct dm_slurm *s)
{
    for (struct dm_slurm_array *a = s->arrays; a; a = a->next) {
        struct dm_buf tasks = {0};
        bool ok = true, any = false;
        for (uint32_t i = 0; i < a->n && a->id[0]; i++) {
            struct task *t = &a->tasks[i];
            if (!t->killed || t->cancelled)
                continue;
            ok = ok && (any ? dm_buf_printf(&tasks, ",%u", i + 1)
                            : dm_buf_printf(&tasks, "%s_[%u", a->id, i + 1));
            t->cancelled = any = true;
        }
        if (any && ok && dm_buf_add(&tasks, "]", 2)) {
            char *argv[] = {"scancel", tasks.p, NULL};
            dm_slurm_run_errand(s, argv, NULL, NULL);
        }
        dm_buf_finish(&tasks);
    }
}

static void on_list_end(struct dm_slurm_errand *errand)
{
    struct dm_slurm *s = errand->engine;
    bool good = !errand->command.why[0] && !errand->command.status && !errand->command.signal;
    s->listing = false;
    for (struct dm_slurm_array *a = s->arrays; a && good; a = a->next)
        for (uint32_t i = 0; i < a->n && a->listed; i++)
            if (!a->tasks[i].seen)
                end_task(a, &a->tasks[i], DM_END_UNKNOWN, -1,
                         "Slurm does not know its job any more");
    cancel_killed(s); /* those that were refused: they still wait in the queue */
    remove_ended(s, false);
}

static void list(struct dm_slurm *s)
{
    char uid[32], name[80];
    char *argv[] = {"squeue",
                    "--noheader",
                    "--array",
                    "--states=all",
                    uid,
                    name,
                    "--Format=ArrayJobID:24,ArrayTaskID:12,State:20,exit_code:12,Reason:90",
                    NULL};
    const char *which = NULL;
    if (s->listing)
        return;
    for (struct dm_slurm_array *a = s->arrays; a; a = a->next) {
        a->listed = a->id[0];
        which = a->listed ? a->name : which;
        for (uint32_t i = 0; i < a->n; i++)
            a->tasks[i].seen = false;
    }
    if (!which)
        return;
    snprintf(uid, sizeof uid, "--user=%u", (unsigned)getuid());
    snprintf(name, sizeof name, "--name=%s", which);
    s->listing = dm_slurm_run_errand(s, argv, on_list_line, on_list_end) != NULL;
}

/* ---- asking for them ---- */

static void free_wanted(struct dm_slurm_wanted *w)
{
    dm_buf_finish(&w->text);
    free(w->env);
    free(w);
}

static void on_sbatch_line(struct dm_command *command, const char *line)
{
    struct dm_slurm_array *a = (struct dm_slurm_array *)command;
    if (*line >= '0' && *line <= '9') { /* "ID" or "ID;CLUSTER" */
        snprintf(a->id, sizeof a->id, "%.*s", (int)strcspn(line, "; "), line);
        return;
    }
    line += strncmp(line, "sbatch: ", 8) == 0 ? 8 : 0;
    line += strncmp(line, "error: ", 7) == 0 ? 7 : 0;
    snprintf(a->said, sizeof a->said, "%s", line);
}

static void on_sbatch_end(struct dm_command *command)
{
    struct dm_slurm_array *a = (struct dm_slurm_array *)command;
    struct dm_slurm *s = a->engine;
    a->submitted = true;
    for (uint32_t i = 0; i < a->n; i++) {
        if (!a->id[0])
            end_task(a, &a->tasks[i], command->why[0] ? DM_END_REFUSED : dm_slurm_reason(a->said),
                     -1, command->why[0] ? command->why : a->said);
        a->tasks[i].killed = a->tasks[i].killed || s->closing;
    }
    wake(s);
}

/* Variables that are the same for all go into the environment as they are, the others into a line
 * for each task: names and tokens, which have no blanks. */
static bool put_environment(const struct dm_slurm_wanted *first, uint32_t n, const char **list,
                            struct dm_buf *hosts)
{
    bool ok = dm_buf_puts(hosts, "DM_HOSTS="), varies[VARIABLES_MAX] = {false};
    for (size_t v = 0; v < VARIABLES_MAX && first->env[v]; v++) {
        const struct dm_slurm_wanted *w = first;
        for (uint32_t i = 0; i < n; i++, w = w->next)
            varies[v] = varies[v] || strcmp(w->env[v], first->env[v]) != 0;
        if (!varies[v])
            *list++ = first->env[v];
    }
    for (uint32_t i = 0; i < n; i++, first = first->next) {
        for (size_t v = 0; v < VARIABLES_MAX && first->env[v]; v++)
            ok = ok && (!varies[v] || dm_buf_printf(hosts, "%s ", first->env[v]));
        ok = ok && dm_buf_puts(hosts, "\n");
    }
    ok = ok && dm_buf_add(hosts, "", 1);
    *list = hosts->p;
    return ok;
}

static int start_sbatch(struct dm_slurm_array *a, const struct dm_slurm_wanted *first,
                        struct dm_error *err)
{
    struct dm_slurm *s = a->engine;
    struct dm_slurm_words words = {0};
    struct dm_buf hosts = {0};
    char logs[4300], binary[4200], **env = NULL;
    const char *list[VARIABLES_MAX + 4] = {logs, binary};
    const char *slash = strrchr(first->spec.log, '/');
    snprintf(logs, sizeof logs, "DM_LOGS=%.*s", (int)(slash - first->spec.log), first->spec.log);
    snprintf(binary, sizeof binary, "DM_BINARY=%s", s->binary);
    bool ok = put_environment(first, a->n, list + 2, &hosts);
    dm_slurm_add(&words, "sbatch");
    dm_slurm_add(&words, "--parsable");
    dm_slurm_add(&words, "--job-name=%s", a->name);
    dm_slurm_add(&words, "--array=1-%u", a->n);
    dm_slurm_add(&words, "--no-requeue"); /* it would come back under a name that has been used */
    dm_slurm_add(&words, "--output=/dev/null");
    dm_slurm_add_request(s, &first->spec, &words);
    dm_slurm_add(&words, "--wrap=%s", script);
    int rc = ok ? dm_slurm_end_words(&words, err) : dm_fail_memory(err);
    if (rc == DM_OK && !(env = dm_command_environment(list)))
        rc = dm_fail_memory(err);
    if (rc == DM_OK)
        dm_command_start(&a->command, s->config.loop, words.list, env, 0);
    free(env);
    dm_buf_finish(&words.text);
    dm_buf_finish(&hosts);
    return rc;
}

static int submit(struct dm_slurm *s, const struct dm_slurm_wanted *first, uint32_t n,
                  struct dm_error *err)
{
    struct dm_slurm_array *a = calloc(1, sizeof *a + n * sizeof *a->tasks);
    if (!a)
        return dm_fail_memory(err);
    const struct dm_slurm_wanted *w = first;
    for (uint32_t i = 0; i < n; i++, w = w->next)
        a->tasks[i] = (struct task){.handle = w->handle, .killed = w->killed};
    a->engine = s;
    a->n = a->left = n;
    a->size = dm_slurm_size(&first->spec);
    a->command.on_line = on_sbatch_line;
    a->command.on_end = on_sbatch_end;
    snprintf(a->name, sizeof a->name, "%.*s", (int)strcspn(first->spec.name, "-"),
             first->spec.name);
    int rc = start_sbatch(a, first, err);
    if (rc) {
        free(a);
        return rc;
    }
    a->next = s->arrays;
    s->arrays = a;
    return DM_OK;
}

/* Those that were wanted in one turn of the loop, `n` of them. */
static void ask_for(struct dm_slurm *s, struct dm_slurm_wanted *w, uint32_t n)
{
    struct dm_error err;
    bool array = n >= s->array_least;
    while (w) {
        uint32_t take = !array ? 1 : n < TASKS_MAX ? n : TASKS_MAX;
        int rc = array ? submit(s, w, take, &err) : dm_slurm_start(s, &w->spec, w->handle, &err);
        for (n -= take; take; take--) {
            struct dm_slurm_wanted *next = w->next;
            if (rc)
                end(s, w->handle, rc == DM_EUSAGE ? DM_END_REFUSED : DM_END_UNKNOWN, -1, err.text);
            else if (w->killed && !array)
                s->head.kind->kill(&s->head, w->handle);
            free_wanted(w);
            w = next;
        }
    }
}

static void look_after_closing(struct dm_slurm *s)
{
    uint64_t since = uv_now(s->config.loop) - s->closing_ms;
    for (struct dm_slurm_array *a = s->arrays; a && since >= DM_SLURM_GRACE_MS; a = a->next)
        for (uint32_t i = 0; i < a->n; i++)
            a->tasks[i].killed = true;
    if (since < DM_SLURM_GRACE_MS + DM_SLURM_KILL_MS)
        return;
    for (struct dm_slurm_array *a = s->arrays; a; a = a->next)
        dm_command_kill(&a->command, SIGKILL); /* a sbatch that hangs */
    remove_ended(s, true);
}

static void on_array_timer(uv_timer_t *timer)
{
    struct dm_slurm *s = timer->data;
    struct dm_slurm_wanted *wanted = s->wanted;
    uint32_t n = 0;
    for (const struct dm_slurm_wanted *w = wanted; w; w = w->next)
        n++;
    s->wanted = NULL;
    ask_for(s, wanted, n);
    if (s->closing)
        look_after_closing(s);
    cancel_killed(s);
    list(s);
    if (s->arrays)
        uv_timer_start(timer, on_array_timer, s->closing ? CLOSING_LIST_MS : LIST_MS, 0);
    else
        dm_slurm_free_when_empty(s);
}

static void wake(struct dm_slurm *s)
{
    uv_timer_start(&s->array_timer, on_array_timer, 0, 0);
}

/* ---- for slurm.c ---- */

int dm_slurm_want(struct dm_slurm *s, const struct dm_engine_spec *spec, uint64_t handle,
                  struct dm_error *err)
{
    size_t n = 0;
    while (spec->env[n])
        n++;
    struct dm_slurm_wanted *w = calloc(1, sizeof *w);
    const char **env = calloc(n + 1, sizeof *env);
    bool ok = w && env && dm_buf_add(&w->text, spec->name, strlen(spec->name) + 1) &&
              dm_buf_add(&w->text, spec->log, strlen(spec->log) + 1);
    for (size_t i = 0; ok && i < n; i++)
        ok = dm_buf_add(&w->text, spec->env[i], strlen(spec->env[i]) + 1);
    if (!ok) {
        free(env);
        if (w)
            free_wanted(w);
        return dm_fail_memory(err);
    }
    char *p = w->text.p;
    w->handle = handle;
    w->env = env;
    w->spec = *spec;
    w->spec.env = env;
    w->spec.name = p;
    w->spec.log = p += strlen(p) + 1;
    for (size_t i = 0; i < n; i++)
        env[i] = p += strlen(p) + 1;
    w->next = s->wanted;
    s->wanted = w;
    wake(s);
    return DM_OK;
}

void dm_slurm_kill_task(struct dm_slurm *s, uint64_t handle)
{
    for (struct dm_slurm_wanted *w = s->wanted; w; w = w->next)
        w->killed = w->killed || w->handle == handle;
    for (struct dm_slurm_array *a = s->arrays; a; a = a->next)
        for (uint32_t i = 0; i < a->n; i++) {
            struct task *t = &a->tasks[i];
            if (t->handle != handle || t->killed || t->ended)
                continue;
            t->killed = true;
            wake(s);
        }
}

void dm_slurm_close_arrays(struct dm_slurm *s)
{
    s->closing_ms = uv_now(s->config.loop);
    while (s->wanted) {
        struct dm_slurm_wanted *w = s->wanted;
        s->wanted = w->next;
        free_wanted(w);
    }
    for (struct dm_slurm_array *a = s->arrays; a; a = a->next) {
        char *argv[] = {"scancel", "--state=PENDING", a->id, NULL};
        if (a->id[0])
            dm_slurm_run_errand(s, argv, NULL, NULL);
    }
    if (s->arrays)
        uv_timer_start(&s->array_timer, on_array_timer, CLOSING_LIST_MS, 0);
}
