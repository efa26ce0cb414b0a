/* What a worker asks models: what Lua calls to be granted requests, to find replies that were kept
 * and to keep others. The coordinator has the budget and the file. */
#include "base/loop.h"
#include "run/asked.h"
#include "run/budget.h"
#include "run/worker_state.h"

#include <uv.h>

int dm_worker_send_replies(struct dm_worker *w, bool working, struct dm_error *err)
{
    enum { REST_MS = 20 };
    uint64_t now = uv_hrtime() / 1000000;
    int rc = DM_OK;
    if (w->replies && (!working || now - w->rested_ms >= REST_MS)) {
        w->rested_ms = now;
        rc = dm_replies_rest(w->replies, err);
    }
    return rc || !w->frame.n ? rc : w->send(w->arg, &w->frame, err);
}

int dm_worker_send_asked(struct dm_worker *w, struct dm_error *err)
{
    struct dm_asked *asked = dm_work_rows(w->work)->asked;
    bool any = false;
    for (uint64_t i = 0; i < w->settings.nops; i++)
        any = any || !dm_asked_is_empty(&asked[i]);
    w->told_ms = uv_hrtime() / 1000000;
    if (!any)
        return DM_OK;
    size_t at = dm_frame_begin(&w->frame, DM_ASKED);
    int rc = dm_worker_send_frame(w, at, dm_asked_put(&w->frame, asked, w->settings.nops), err);
    memset(asked, 0, w->settings.nops * sizeof *asked);
    return rc;
}

int dm_worker_take_grant(struct dm_worker *w, struct dm_wire *frame, struct dm_error *err)
{
    struct dm_grant g;
    dm_grant_get(frame, &g);
    if (frame->bad)
        return dm_fail(err, DM_EINPUT, "malformed message from the coordinator");
    w->wanted = g.over || g.n > w->wanted ? 0 : w->wanted - g.n;
    dm_loop_watch(w->wanted ? w->fd : -1);
    return dm_buf_add(&w->grants, &g, sizeof g) ? DM_OK : dm_fail_memory(err);
}

int dm_reply_find(const char *key, struct dm_buf *reply, struct dm_error *err)
{
    const struct dm_worker *w = dm_worker_here;
    return w && w->replies ? dm_replies_find(w->replies, key, reply, err) : 0;
}

int dm_reply_kept(void)
{
    const struct dm_worker *w = dm_worker_here;
    return w && w->replies && !w->settings.replay;
}

int dm_reply_only(void)
{
    const struct dm_worker *w = dm_worker_here;
    return w && w->replies && w->settings.replay;
}

/* They go together, at the latest when the worker is idle. */
int dm_reply_keep(const char *key, const char *reply, size_t n, struct dm_error *err)
{
    enum { REPLIES_BYTES = 16 * 1024 };
    struct dm_worker *w = dm_worker_here;
    if (!dm_reply_kept())
        return DM_OK;
    size_t at = dm_frame_begin(&w->frame, DM_REPLY);
    bool ok = dm_put_text(&w->frame, key) && dm_put_bytes(&w->frame, reply, n);
    if (!ok || w->frame.n >= REPLIES_BYTES)
        return dm_worker_send_frame(w, at, ok, err);
    dm_frame_end(&w->frame, at);
    return DM_OK;
}

int dm_metered(void)
{
    const struct dm_worker *w = dm_worker_here;
    if (!w || !dm_worker_is_run(w))
        return 0;
    return w->settings.metered ? 2 : 1;
}

int dm_want(const struct dm_want *want, struct dm_error *err)
{
    struct dm_worker *w = dm_worker_here;
    size_t at = dm_frame_begin(&w->frame, DM_WANT);
    w->wanted += want->n;
    dm_loop_watch(w->wanted ? w->fd : -1);
    return dm_worker_send_frame(w, at, dm_want_put(&w->frame, want), err);
}

int dm_grant_next(struct dm_grant *grant, struct dm_error *err)
{
    struct dm_worker *w = dm_worker_here;
    int rc = w->granted == w->grants.n && w->idle ? dm_worker_handle_others(w, err) : DM_OK;
    if (rc || w->granted == w->grants.n)
        return rc;
    memcpy(grant, w->grants.p + w->granted, sizeof *grant);
    w->granted += sizeof *grant;
    if (w->granted == w->grants.n)
        w->granted = w->grants.n = 0;
    return 1;
}
