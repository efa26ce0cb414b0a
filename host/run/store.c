/* Replies of models on their way from the workers to the disk. */
#include "run/state.h"

#include <stdlib.h>

enum { BATCH_MS = 50 };

static void store_in_thread(uv_work_t *work)
{
    struct dm_coordinator *c = work->data;
    c->store_rc = dm_replies_flush(c->replies, &c->store_err);
}

static void on_stored(uv_work_t *work, int status)
{
    struct dm_coordinator *c = work->data;
    (void)status;
    c->storing = false;
    if (c->store_rc)
        dm_run_fail(c, &c->store_err);
}

void dm_store_tick(struct dm_coordinator *c)
{
    if (!c->replies || c->storing || !dm_replies_waiting(c->replies))
        return;
    c->storing = true;
    c->store_work.data = c;
    uv_queue_work(&c->loop, &c->store_work, store_in_thread, on_stored);
}

void dm_store_inside(struct dm_coordinator *c)
{
    struct dm_error err;
    if (c->replies && dm_replies_waiting(c->replies) >= BATCH_MS &&
        dm_replies_flush(c->replies, &err))
        dm_run_fail(c, &err);
}

void dm_store_reply(struct dm_coordinator *c, struct dm_wire *frame)
{
    struct dm_error err;
    size_t n;
    char *key = dm_get_text(frame);
    const char *reply = dm_get_bytes(frame, &n);
    int rc = DM_OK;
    if (key && !frame->bad && c->replies)
        rc = dm_replies_put(c->replies, key, reply, n, &err);
    free(key);
    if (rc)
        dm_run_fail(c, &err);
}

int dm_store_open(struct dm_coordinator *c, struct dm_error *err)
{
    const struct dm_settings *s = &c->job->settings;
    if (!s->replies || !s->replies[0])
        return DM_OK;
    int rc = dm_replies_open(&c->replies, s->replies,
                             s->replay ? DM_REPLIES_READ : DM_REPLIES_WRITE, err);
    if (s->replay) {
        dm_replies_close(c->replies);
        c->replies = NULL;
    }
    c->commit.replies = c->replies;
    return rc;
}

void dm_store_end(struct dm_coordinator *c)
{
    struct dm_error err;
    if (c->replies && dm_replies_flush(c->replies, &err) && c->outcome->status == DM_OK) {
        c->outcome->status = err.status;
        c->outcome->err = err;
    }
    dm_replies_close(c->replies);
}
