#include "net/attach.h"

#include "base/loop.h"

#include <stdbool.h>
#include <stdlib.h>

/* The loop on which Lua waits, within another: libuv gives its descriptor and the time until its
 * next timer.
 */
struct attached {
    uv_poll_t poll;
    uv_timer_t timer;
    uv_loop_t *inner;
    int open_handles;
    bool detached;
    void (*on_reply)(void *arg, const struct dm_http_reply *reply);
    void *arg;
};

static struct attached *attached;

static void on_timer(uv_timer_t *timer);

/* Lets requests go on, and hands over the replies that there are. */
static void work(struct attached *a)
{
    struct dm_http_reply *reply;
    uv_run(a->inner, UV_RUN_NOWAIT);
    while ((reply = dm_http_next())) {
        if (!a->detached)
            a->on_reply(a->arg, reply);
        dm_http_release(reply);
    }
    int ms = a->detached ? -1 : uv_backend_timeout(a->inner);
    if (ms >= 0) /* a timer that is set to 0 by itself would let nothing else run */
        uv_timer_start(&a->timer, on_timer, ms ? (uint64_t)ms : 1, 0);
}

static void on_timer(uv_timer_t *timer)
{
    work(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status, (void)events;
    work(poll->data);
}

void dm_http_attend(void)
{
    if (attached)
        uv_timer_start(&attached->timer, on_timer, 0, 0);
}

int dm_http_attach(uv_loop_t *loop, void (*on_reply)(void *arg, const struct dm_http_reply *reply),
                   void *arg, struct dm_error *err)
{
    uv_loop_t *inner = dm_loop(err);
    struct attached *a = inner ? calloc(1, sizeof *a) : NULL;
    if (!a)
        return inner ? dm_fail_memory(err) : err->status;
    int rc = uv_poll_init(loop, &a->poll, uv_backend_fd(inner));
    if (rc) {
        free(a);
        return dm_fail(err, DM_EIO, "cannot wait for replies: %s", uv_strerror(rc));
    }
    a->inner = inner;
    a->on_reply = on_reply;
    a->arg = arg;
    a->poll.data = a->timer.data = a;
    a->open_handles = 2;
    uv_timer_init(loop, &a->timer);
    uv_poll_start(&a->poll, UV_READABLE, on_poll);
    attached = a;
    return DM_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct attached *a = handle->data;
    if (--a->open_handles == 0)
        free(a);
}

void dm_http_detach(void)
{
    struct attached *a = attached;
    if (!a)
        return;
    a->detached = true;
    attached = NULL;
    uv_close((uv_handle_t *)&a->poll, on_closed);
    uv_close((uv_handle_t *)&a->timer, on_closed);
}
