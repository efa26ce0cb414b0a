#include "engine/ray.h"

#include "engine/options.h"
#include "engine/ray_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* GRACE_MS: what worker hosts get to end by themselves when the run is over; GIVE_UP_MS: when we
 * stop waiting to see that they have. */
enum {
    POLL_MS = 1000,
    CLOSING_POLL_MS = 200,
    GRACE_MS = 3000,
    GIVE_UP_MS = 12000,
    NODES_MS = 5000
};

/* Ray watches a job once a second until it has seen that its supervisor is gone, for two seconds
 * after it ended, and puts one that it does not find back into its list, as failed. */
enum { WATCHED_MS = 2500 };

/* What Ray gets to fetch a job's log from the job's node, which may be gone. */
enum { LOG_MS = 6000 };

/* A run deletes so many jobs of earlier runs, that ended so long ago. */
enum { SWEEPS = 100, LEFT_OVER_MS = 600 * 1000 };

static void free_host(struct dm_ray_host *h)
{
    dm_buf_finish(&h->env);
    free(h->log);
    free(h);
}

static void remove_host(struct dm_ray *r, struct dm_ray_host *h)
{
    struct dm_ray_host **at = &r->hosts;
    while (*at != h)
        at = &(*at)->next;
    *at = h->next;
    free_host(h);
}

static struct dm_ray_host *find_host(struct dm_ray *r, uint64_t handle)
{
    struct dm_ray_host *h = r->hosts;
    while (h && h->handle != handle)
        h = h->next;
    return h;
}

static void tell(struct dm_ray *r, const struct dm_engine_event *event)
{
    if (!r->closing)
        r->config.on_event(r->config.arg, event);
}

static void tell_queued(struct dm_ray *r, struct dm_ray_host *h, const char *text)
{
    struct dm_engine_event event = {.handle = h->handle, .state = DM_HOST_QUEUED, .text = h->told};
    if (strcmp(text, h->told) == 0)
        return;
    snprintf(h->told, sizeof h->told, "%s", text);
    tell(r, &event);
}

/* A job that Ray has never taken. */
static void refuse(struct dm_ray *r, struct dm_ray_host *h, enum dm_engine_reason reason,
                   const char *text)
{
    struct dm_engine_event event = {.handle = h->handle,
                                    .state = DM_HOST_ENDED,
                                    .reason = reason,
                                    .exit_status = -1,
                                    .signal = -1,
                                    .text = text};
    remove_host(r, h);
    tell(r, &event);
}

void dm_ray_fail(struct dm_ray *r, enum dm_engine_reason reason, const char *text)
{
    for (struct dm_ray_host *h = r->hosts, *next; h; h = next) {
        next = h->next;
        if (h->stage == DM_RAY_NEW)
            refuse(r, h, reason, text);
    }
}

void dm_ray_wait(struct dm_ray *r, const char *why)
{
    for (struct dm_ray_host *h = r->hosts; h; h = h->next)
        if (h->stage == DM_RAY_NEW)
            tell_queued(r, h, why);
}

/* ---- its end ---- */

static void on_deleted(void *owner, uint64_t handle, const struct dm_http_reply *reply)
{
    struct dm_ray_host *h = find_host(owner, handle);
    (void)reply; /* one that is left over in Ray's list harms nobody */
    if (h)
        remove_host(owner, h);
}

static void on_log(void *owner, uint64_t handle, const struct dm_http_reply *reply)
{
    struct dm_ray_host *h = find_host(owner, handle);
    if (!h)
        return;
    dm_ray_keep_log(reply, h->log);
    h->read = true;
}

static void delete_over(struct dm_ray *r)
{
    struct dm_error err;
    char path[128];
    for (struct dm_ray_host *h = r->hosts, *next; h; h = next) {
        next = h->next;
        uint64_t wait_ms = h->read ? WATCHED_MS : LOG_MS;
        if (h->stage != DM_RAY_OVER || h->deleted || uv_now(r->config.loop) - h->over_ms < wait_ms)
            continue;
        h->deleted = true;
        snprintf(path, sizeof path, "/api/jobs/%s", h->name);
        if (dm_ray_ask(&r->api, "DELETE", path, NULL, on_deleted, h->handle, &err))
            remove_host(r, h);
    }
}

static void bury(struct dm_ray *r, struct dm_ray_host *h)
{
    struct dm_error err;
    char path[128];
    h->stage = DM_RAY_OVER;
    h->over_ms = uv_now(r->config.loop);
    snprintf(path, sizeof path, "/api/jobs/%s/logs", h->name);
    if (dm_ray_ask(&r->api, "GET", path, NULL, on_log, h->handle, &err))
        remove_host(r, h);
}

static enum dm_engine_reason reason_of(const struct dm_ray_job *job)
{
    if (job->exited)
        return job->exit_code < 0 ? DM_END_SIGNAL : DM_END_EXIT;
    if (strcmp(job->status, "STOPPED") == 0)
        return DM_END_CANCELLED;
    return strstr(job->message, "node has died") ? DM_END_NODE : DM_END_UNKNOWN;
}

static void tell_end(struct dm_ray *r, struct dm_ray_host *h, const struct dm_ray_job *job)
{
    char line[256], text[640];
    struct dm_engine_event event = {.handle = h->handle,
                                    .state = DM_HOST_ENDED,
                                    .reason = reason_of(job),
                                    .exit_status = job->exited ? abs(job->exit_code) : -1,
                                    .signal = 0,
                                    .text = text};
    if (event.reason == DM_END_SIGNAL) {
        event.signal = event.exit_status;
        event.exit_status = -1;
    }
    dm_ray_last_line(job->message, line, sizeof line);
    snprintf(text, sizeof text, "its job %s%s%s: %s", job->status, *job->error ? ", " : "",
             job->error, line);
    if (strstr(line, "GLIBC_") && !r->binary[0]) /* the loader's message of an older one */
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "; this dmhost needs glibc %s or newer on every node: build it on an older "
                 "system, or name one that runs there: engine = { \"ray\", binary = PATH }",
                 r->package.glibc);
    h->stage = DM_RAY_OVER; /* before people hear of it */
    tell(r, &event);
}

/* ---- what becomes of jobs ---- */

static void on_swept(void *owner, uint64_t handle, const struct dm_http_reply *reply)
{
    (void)owner, (void)handle, (void)reply; /* another run may have been quicker */
}

/* A job of an earlier run that began only when that had ended: nobody has deleted it. */
static void sweep(struct dm_ray *r, const struct dm_ray_job *job)
{
    struct dm_error err;
    char path[128];
    unsigned run, index, attempt;
    int n = 0;
    bool ours =
        sscanf(job->name, "dm%8x-%u-%u%n", &run, &index, &attempt, &n) == 3 && !job->name[n];
    if (!ours || !job->end_ms || r->swept >= SWEEPS ||
        dm_wall_clock() * 1e3 - job->end_ms < LEFT_OVER_MS)
        return;
    r->swept++;
    snprintf(path, sizeof path, "/api/jobs/%s", job->name);
    dm_ray_ask(&r->api, "DELETE", path, NULL, on_swept, 0, &err);
}

static void take_job(void *arg, const struct dm_ray_job *job)
{
    struct dm_ray *r = arg;
    struct dm_ray_host *h = r->hosts;
    while (h && strcmp(h->name, job->name) != 0)
        h = h->next;
    if (!h)
        sweep(r, job);
    if (!h || h->stage == DM_RAY_OVER || h->stage == DM_RAY_NEW)
        return;
    h->taken_poll = UINT64_MAX; /* seen in this list: see on_jobs */
    if (strcmp(job->status, "PENDING") == 0) {
        h->pending_poll = r->polls;
        tell_queued(r, h, "waits for resources in Ray's queue");
    } else if (strcmp(job->status, "RUNNING") == 0) {
        struct dm_engine_event event = {.handle = h->handle, .state = DM_HOST_RUNNING, .text = ""};
        if (!h->running)
            tell(r, &event);
        h->running = true;
    } else {
        tell_end(r, h, job);
        bury(r, h);
    }
}

/* Jobs that Ray does not know any more: its head was started again and has no packages either, or
 * somebody deleted them. */
static void miss_jobs(struct dm_ray *r, uint64_t poll)
{
    for (struct dm_ray_host *h = r->hosts, *next; h; h = next) {
        next = h->next;
        bool seen = h->taken_poll == UINT64_MAX;
        if (h->stage != DM_RAY_TAKEN)
            continue;
        if (seen)
            h->taken_poll = poll;
        else if (h->taken_poll <= poll) {
            r->package_ms = 0;
            refuse(r, h, DM_END_UNKNOWN, "Ray does not know its job any more");
        }
    }
}

static void on_jobs(void *owner, uint64_t poll, const struct dm_http_reply *reply)
{
    struct dm_ray *r = owner;
    struct dm_error err;
    char text[512];
    r->listing = false;
    if (reply->outcome == DM_HTTP_DONE && reply->status == 200) {
        if (dm_ray_read_jobs(reply, take_job, r, &err) == DM_OK)
            miss_jobs(r, poll);
        return;
    }
    dm_ray_explain(&r->api, reply, text, sizeof text);
    for (struct dm_ray_host *h = r->hosts; h; h = h->next)
        if (!h->running)
            tell_queued(r, h, text);
}

static void ask_jobs(struct dm_ray *r)
{
    struct dm_error err;
    bool any = false;
    for (const struct dm_ray_host *h = r->hosts; h; h = h->next)
        any = any || h->stage == DM_RAY_TAKEN;
    if (!any || r->listing)
        return;
    r->polls++;
    r->listing = dm_ray_ask(&r->api, "GET", "/api/jobs/", NULL, on_jobs, r->polls, &err) == DM_OK;
}

/* ---- asking for one ---- */

static void on_stopped(void *owner, uint64_t handle, const struct dm_http_reply *reply)
{
    (void)owner, (void)handle, (void)reply; /* its end stands in the list */
}

static void stop_job(struct dm_ray *r, struct dm_ray_host *h)
{
    struct dm_error err;
    char path[128];
    h->killed = true;
    snprintf(path, sizeof path, "/api/jobs/%s/stop", h->name);
    dm_ray_ask(&r->api, "POST", path, NULL, on_stopped, h->handle, &err);
}

static void on_posted(void *owner, uint64_t handle, const struct dm_http_reply *reply)
{
    struct dm_ray *r = owner;
    char text[512];
    struct dm_ray_host *h = find_host(r, handle);
    if (!h)
        return;
    if (reply->outcome == DM_HTTP_DONE &&
        (reply->status == 200 || dm_ray_says(reply, "already exists"))) {
        h->stage = DM_RAY_TAKEN;
        h->taken_poll = r->polls + 1;
        if (h->killed)
            stop_job(r, h);
        return;
    }
    bool wrong = reply->status == 400 || reply->status == 401 || reply->status == 403;
    dm_ray_explain(&r->api, reply, text, sizeof text);
    if (reply->outcome != DM_HTTP_DONE && !h->killed) {
        h->stage = DM_RAY_NEW;
        r->package_ms = 0; /* a head that is started again has none */
        tell_queued(r, h, text);
        return;
    }
    refuse(r, h, wrong ? DM_END_REFUSED : DM_END_UNKNOWN, text);
}

static void post(struct dm_ray *r, struct dm_ray_host *h)
{
    struct dm_error err;
    struct dm_buf body = {0};
    char text[512];
    if (dm_ray_too_large(r, h, text, sizeof text)) {
        refuse(r, h, DM_END_REFUSED, text);
        return;
    }
    h->stage = DM_RAY_POSTED;
    int rc = dm_ray_put_job(r, h, &body) ? DM_OK : dm_fail_memory(&err);
    if (rc == DM_OK)
        rc = dm_ray_ask(&r->api, "POST", "/api/jobs/", &body, on_posted, h->handle, &err);
    dm_buf_finish(&body);
    if (rc)
        refuse(r, h, DM_END_UNKNOWN, err.text);
}

void dm_ray_go(struct dm_ray *r)
{
    bool any = false;
    for (const struct dm_ray_host *h = r->hosts; h; h = h->next)
        any = any || h->stage == DM_RAY_NEW;
    if (r->closing || !any || !dm_ray_ready(r))
        return;
    for (struct dm_ray_host *h = r->hosts, *next; h; h = next) {
        next = h->next;
        if (h->stage == DM_RAY_NEW)
            post(r, h);
    }
}

static void on_wake(uv_timer_t *timer)
{
    dm_ray_go(timer->data);
}

static struct dm_ray_host *make_host(const struct dm_engine_spec *spec, uint64_t handle)
{
    struct dm_ray_host *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->handle = handle;
    h->cpus = spec->cpus;
    h->gpus = spec->gpus;
    h->memory = spec->memory;
    h->log = strdup(spec->log);
    snprintf(h->name, sizeof h->name, "%s", spec->name);
    bool ok = h->log;
    for (size_t i = 0; ok && spec->env[i]; i++)
        ok = dm_ray_put_variable(&h->env, spec->env[i]);
    if (ok)
        return h;
    free_host(h);
    return NULL;
}

static int spawn(struct dm_engine *e, const struct dm_engine_spec *spec, uint64_t handle,
                 struct dm_error *err)
{
    struct dm_ray *r = (struct dm_ray *)e;
    struct dm_ray_host *h = make_host(spec, handle);
    if (!h)
        return dm_fail_memory(err);
    h->next = r->hosts;
    r->hosts = h;
    uv_timer_start(&r->wake, on_wake, 0, 0);
    return DM_OK;
}

static void kill_host(struct dm_engine *e, uint64_t handle)
{
    struct dm_ray *r = (struct dm_ray *)e;
    struct dm_ray_host *h = find_host(r, handle);
    if (h && h->stage == DM_RAY_TAKEN && !h->killed)
        stop_job(r, h);
    else if (h)
        h->killed = true;
}

/* ---- beginning and end ---- */

static void on_closed(uv_handle_t *handle)
{
    struct dm_ray *r = handle->data;
    if (--r->open_handles > 0)
        return;
    dm_package_finish(&r->package);
    dm_buf_finish(&r->nodes);
    free(r);
}

static void finish(struct dm_ray *r)
{
    dm_ray_api_close(&r->api);
    while (r->hosts)
        remove_host(r, r->hosts);
    uv_close((uv_handle_t *)&r->tick, on_closed);
    uv_close((uv_handle_t *)&r->wake, on_closed);
}

/* Jobs that still wait can not be taken back: the stop is remembered, and ends them as they begin.
 */
static void go_on_closing(struct dm_ray *r)
{
    uint64_t now = uv_now(r->config.loop);
    bool late = now - r->closing_ms >= GRACE_MS;
    for (struct dm_ray_host *h = r->hosts, *next; h; h = next) {
        next = h->next;
        bool queued = h->stage == DM_RAY_TAKEN && h->pending_poll > r->closing_poll;
        if (h->stage == DM_RAY_NEW || (queued && h->killed))
            remove_host(r, h);
        else if (h->stage == DM_RAY_TAKEN && !h->killed && (late || queued))
            stop_job(r, h);
    }
    if (!r->hosts || now - r->closing_ms >= GIVE_UP_MS)
        finish(r);
}

static void on_tick(uv_timer_t *timer)
{
    struct dm_ray *r = timer->data;
    bool waits = false;
    for (const struct dm_ray_host *h = r->hosts; h; h = h->next)
        waits = waits || !h->running;
    ask_jobs(r);
    delete_over(r);
    if (r->closing)
        go_on_closing(r);
    else if (waits && r->nodes_ms && uv_now(r->config.loop) - r->nodes_ms >= NODES_MS)
        dm_ray_ask_nodes(r);
}

static int open_engine(const struct dm_engine_config *config, struct dm_engine **e,
                       struct dm_error *err)
{
    struct dm_ray *r = calloc(1, sizeof *r);
    if (!r)
        return dm_fail_memory(err);
    r->head.kind = &dm_engine_ray;
    r->config = *config;
    int rc = dm_ray_api_open(&r->api, config->loop, config->address, r, err);
    if (rc == DM_OK &&
        !dm_engine_option(config->options, "binary", 0, r->binary, sizeof r->binary)) {
        rc = dm_package_plan(&r->package, err);
        if (rc)
            dm_ray_api_close(&r->api);
    }
    if (rc) {
        free(r);
        return rc;
    }
    uv_timer_init(config->loop, &r->tick);
    uv_timer_init(config->loop, &r->wake);
    r->tick.data = r->wake.data = r;
    r->open_handles = 2;
    uv_timer_start(&r->tick, on_tick, POLL_MS, POLL_MS);
    *e = &r->head;
    return DM_OK;
}

static void close_engine(struct dm_engine *e)
{
    struct dm_ray *r = (struct dm_ray *)e;
    r->closing = true;
    r->closing_ms = uv_now(r->config.loop);
    r->closing_poll = r->polls;
    uv_timer_start(&r->tick, on_tick, CLOSING_POLL_MS, CLOSING_POLL_MS);
}

const struct dm_engine_kind dm_engine_ray = {.name = "ray",
                                             .options = "binary resources",
                                             .check = dm_ray_api_check,
                                             .open = open_engine,
                                             .spawn = spawn,
                                             .kill = kill_host,
                                             .close = close_engine};
