/* What models are asked: requests that workers may make, and the account of those that they made,
 * which is kept in the run directory for whoever resumes the run. */
#include "run/state.h"

#include "base/loop.h"
#include "base/write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SAVE_MS = 1000, VERSION = 1, STEPS = 100 };

/* ---- the account on disk ---- */

static bool path_of(const struct dm_coordinator *c, const char *name, char path[4096])
{
    int n = snprintf(path, 4096, "%s/%s", c->job->settings.folder, name);
    return n > 0 && n < 4096;
}

static int read_file(const char *path, struct dm_buf *b, struct dm_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = 1;
    if (fd < 0)
        return errno == ENOENT ? DM_OK : dm_fail_errno(err, DM_EIO, "cannot open %s", path);
    while (n > 0 && dm_buf_reserve(b, 4096)) {
        n = read(fd, b->p + b->n, 4096);
        b->n += n > 0 ? (size_t)n : 0;
    }
    int rc = n < 0   ? dm_fail_errno(err, DM_EIO, "cannot read %s", path)
             : n > 0 ? dm_fail_memory(err)
                     : DM_OK;
    close(fd);
    return rc;
}

static int load(struct dm_coordinator *c, struct dm_error *err)
{
    struct dm_buf b = {0};
    char path[4096];
    if (!path_of(c, "asked", path))
        return dm_fail(err, DM_EUSAGE, "the path of the run directory is too long");
    int rc = read_file(path, &b, err);
    if (rc == DM_OK && b.n) {
        struct dm_wire w = {.p = (unsigned char *)b.p, .end = (unsigned char *)b.p + b.n};
        w.bad = dm_get_u32(&w) != VERSION;
        uint64_t requests = dm_get_u64(&w), cost;
        cost = dm_get_u64(&w);
        dm_asked_get(&w, c->asked, c->job->settings.nops);
        c->budget.requests = c->noted_requests = w.bad ? 0 : requests;
        c->budget.cost = c->noted_cost = w.bad ? 0 : cost;
        if (w.bad) /* nothing was committed: it may be another pipeline's */
            rc = c->outcome->resumed
                     ? dm_fail(err, DM_EINPUT, "%s is damaged\nstart again with --force", path)
                     : DM_OK;
    }
    dm_buf_finish(&b);
    return rc;
}

static int write_file(const char *path, const struct dm_buf *b)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return -1;
    bool ok = dm_write(fd, b->p, b->n);
    return close(fd) == 0 && ok ? 0 : -1;
}

/* What is noted as used: with a limit, a step ahead of what is, so that whoever resumes the run
 * after this process was killed does not go beyond the limit, and not each request is noted. */
static uint64_t ahead(uint64_t used, uint64_t most)
{
    uint64_t step = most / STEPS ? most / STEPS : 1;
    return !most || used >= most ? used : used + step < most ? used + step : most;
}

/* Whether more is used than is noted. */
static bool is_beyond(const struct dm_coordinator *c)
{
    const struct dm_budget *b = &c->budget;
    return (b->most_requests && b->requests > c->noted_requests) ||
           (b->most_cost && b->cost > c->noted_cost);
}

/* Whether what is noted is not what is used. */
static bool is_ahead(const struct dm_coordinator *c)
{
    return c->noted_requests != c->budget.requests || c->noted_cost != c->budget.cost;
}

/* Whole, then renamed: whoever dies meanwhile leaves the one before. */
static int save(struct dm_coordinator *c, bool last, struct dm_error *err)
{
    const struct dm_budget *budget = &c->budget;
    struct dm_buf b = {0};
    char path[4096], fresh[4096];
    bool needed = c->asked_changed || (last && is_ahead(c));
    if (!needed || !path_of(c, "asked", path) || !path_of(c, "asked.new", fresh))
        return DM_OK;
    uint64_t requests = last ? budget->requests : ahead(budget->requests, budget->most_requests);
    uint64_t cost = last ? budget->cost : ahead(budget->cost, budget->most_cost);
    bool ok = dm_put_u32(&b, VERSION) && dm_put_u64(&b, requests) && dm_put_u64(&b, cost) &&
              dm_asked_put(&b, c->asked, c->job->settings.nops);
    int rc = ok ? DM_OK : dm_fail_memory(err);
    if (rc == DM_OK && (write_file(fresh, &b) || rename(fresh, path)))
        rc = dm_fail_errno(err, DM_EIO, "cannot write %s", path);
    dm_buf_finish(&b);
    c->asked_changed = false;
    c->noted_requests = requests;
    c->noted_cost = cost;
    c->asked_saved_ms = uv_hrtime() / 1000000;
    return rc;
}

int dm_models_begin(struct dm_coordinator *c, struct dm_error *err)
{
    uint64_t requests = 0, cost = 0;
    c->asked = calloc(c->job->settings.nops + 1, sizeof *c->asked);
    c->budget.most_requests = c->job->most_requests;
    c->budget.most_cost = c->job->most_cost;
    if (!c->asked)
        return dm_fail_memory(err);
    int rc = c->job->resume ? load(c, err) : DM_OK;
    for (uint64_t i = 0; i < c->job->settings.nops; i++) {
        requests += c->asked[i].requests;
        cost += c->asked[i].cost;
    }
    /* what was granted to runs with limits, or made by those without */
    if (requests > c->budget.requests)
        c->budget.requests = requests;
    if (cost > c->budget.cost)
        c->budget.cost = cost;
    return rc;
}

/* ---- the budget ---- */

static void send_grant(struct dm_peer *peer, const struct dm_grant *g)
{
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, DM_BUDGET);
    if (dm_grant_put(&frame, g)) {
        dm_frame_end(&frame, at);
        dm_pool_send(peer, &frame);
    }
    dm_buf_finish(&frame);
}

/* What is under way ends, and no more is asked. */
static void end_of_budget(struct dm_coordinator *c)
{
    const struct dm_budget *b = &c->budget;
    if (c->outcome->status != DM_OK)
        return;
    bool requests = b->most_requests && b->requests >= b->most_requests;
    char text[200];
    if (requests)
        snprintf(text, sizeof text, "--max-requests: %llu requests have been made to models",
                 (unsigned long long)b->requests);
    else
        snprintf(text, sizeof text, "--max-cost: requests to models have cost %.6g",
                 (double)b->cost / 1e9);
    c->stopping = true;
    dm_spool_cancel(&c->spool);
    c->outcome->status =
        dm_fail(&c->outcome->err, DM_ESPENT, "%s, and more are needed\n--%s allows more", text,
                requests ? "max-requests" : "max-cost");
}

/* What is used is noted before anything is done with it. */
static void note(struct dm_coordinator *c)
{
    struct dm_error err;
    c->asked_changed = true;
    if (is_beyond(c) && save(c, false, &err))
        dm_run_fail(c, &err);
}

static void hand_out(struct dm_coordinator *c)
{
    struct dm_asker *who;
    struct dm_grant grant;
    while (dm_budget_next(&c->budget, dm_loop_now(), &who, &grant)) {
        note(c);
        if (grant.over)
            end_of_budget(c);
        send_grant((void *)((char *)who - offsetof(struct dm_peer, asker)), &grant);
    }
}

void dm_models_want(struct dm_coordinator *c, struct dm_peer *peer, struct dm_wire *frame)
{
    struct dm_error err;
    struct dm_want want;
    dm_want_get(frame, &want);
    int rc = frame->bad ? dm_fail(&err, DM_EINPUT, "malformed message from a worker")
                        : dm_budget_want(&c->budget, &peer->asker, &want, dm_loop_now(), &err);
    if (rc) {
        dm_run_fail(c, &err);
        return;
    }
    note(c);
    hand_out(c);
}

void dm_models_told(struct dm_coordinator *c, struct dm_wire *frame)
{
    dm_asked_get(frame, c->asked, c->job->settings.nops);
    c->asked_changed = true;
}

void dm_models_tick(struct dm_coordinator *c)
{
    struct dm_error err;
    hand_out(c);
    if (uv_hrtime() / 1000000 - c->asked_saved_ms >= SAVE_MS && save(c, false, &err))
        dm_run_fail(c, &err);
}

void dm_models_end(struct dm_coordinator *c)
{
    struct dm_error err;
    if (c->outcome->begun && save(c, true, &err) && c->outcome->status == DM_OK) {
        c->outcome->status = err.status;
        c->outcome->err = err;
    }
    dm_budget_finish(&c->budget);
    c->outcome->asked = c->asked;
}
