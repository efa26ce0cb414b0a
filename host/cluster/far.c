/* One worker host, as the coordinator sees it: what is said to it and what it says. */
#include "cluster/about.h"
#include "cluster/give.h"
#include "cluster/serve.h"

#include <stdio.h>
#include <stdlib.h>

/* How often a worker host is started again, and how soon. */
enum { LOSSES = 4, LOSSES_PER_HOST = 2, FIRST_BACKOFF_MS = 250, LAST_BACKOFF_MS = 30000 };

uint64_t dm_far_handle(const struct dm_far *h)
{
    return (uint64_t)h->attempt << 32 | h->index;
}

/* ---- workers ---- */

static void send_worker(struct dm_peer *peer, struct dm_buf *frame)
{
    struct dm_far *h = peer->far;
    if (h->link)
        dm_link_say_slot(h->link, peer->slot, frame->p, frame->n);
    dm_buf_clear(frame);
}

static void kill_worker(struct dm_peer *peer)
{
    struct dm_far *h = peer->far;
    if (h->link)
        dm_link_say_number(h->link, DM_AXE, peer->slot);
}

static const struct dm_channel far_channel = {send_worker, kill_worker, dm_peer_free};

static void launch(struct dm_far *h, uint32_t slot)
{
    struct dm_peer *peer = calloc(1, sizeof *peer);
    if (!peer) {
        h->link->broken = true;
        return;
    }
    peer->channel = &far_channel;
    peer->far = h;
    peer->slot = slot;
    peer->board = &peer->far_board;
    atomic_store(&peer->board->row, DM_NO_ROW);
    peer->board->op = -1;
    h->workers[slot] = peer;
    dm_pool_add(&h->hosts->c->pool, peer);
    dm_link_say_number(h->link, DM_LAUNCH, slot);
}

void dm_hosts_replace(struct dm_peer *peer)
{
    struct dm_far *h = peer->far;
    if (h->link)
        launch(h, peer->slot);
}

/* ---- a worker host is asked for, and lost
 * ------------------------------------------------------------------------------------------------
 */

void dm_far_ask(struct dm_far *h)
{
    struct dm_hosts *all = h->hosts;
    struct dm_error err;
    h->attempt++;
    snprintf(h->name, sizeof h->name, "dm%08x-%u-%u", all->run, h->index, h->attempt);
    struct dm_host_environment env;
    struct dm_engine_spec spec = {.name = h->name,
                                  .log = env.log,
                                  .env = env.list,
                                  .cpus = (uint32_t)(all->job->cpus * all->job->slots),
                                  .gpus = (uint32_t)(all->job->gpus * all->job->slots),
                                  .memory = all->job->memory * all->job->slots};
    dm_host_environment(all, h->name, &env);
    h->stage = DM_FAR_ASKED;
    h->news[0] = 0;
    if (all->engine->kind->spawn(all->engine, &spec, dm_far_handle(h), &err))
        dm_run_fail(all->c, &err);
}

/* The slot is free first: the run may end with the worker, and let go of those in slots. */
static void lose_worker(struct dm_far *h, uint32_t slot)
{
    struct dm_peer *peer = h->workers[slot];
    dm_serve_cancel(h, slot);
    h->workers[slot] = NULL;
    dm_pool_lose(peer);
}

static void lose_workers(struct dm_far *h)
{
    uint32_t n = (uint32_t)h->hosts->job->slots;
    for (uint32_t i = 0; i < n; i++) /* none gets what another leaves */
        if (h->workers[i])
            h->workers[i]->killed = DM_KILL_HOST;
    for (uint32_t i = 0; i < n; i++)
        if (h->workers[i])
            lose_worker(h, i);
}

void dm_far_let_go(struct dm_far *h, bool flush)
{
    struct dm_link *link = h->link;
    h->link = NULL;
    dm_give_cancel(h);
    if (link)
        dm_link_close(link, flush, dm_link_free);
    lose_workers(h);
}

static bool is_too_often(struct dm_hosts *all)
{
    uint64_t done = all->c->frontier.splits;
    if (done != all->done)
        all->losses = 0;
    all->done = done;
    return ++all->losses > LOSSES + LOSSES_PER_HOST * all->n;
}

void dm_far_lose(struct dm_far *h, const char *why)
{
    struct dm_hosts *all = h->hosts;
    struct dm_coordinator *c = all->c;
    struct dm_error err;
    if (all->closed || h->stage == DM_FAR_WAITING)
        return;
    h->failures = h->stage == DM_FAR_READY ? 0 : h->failures;
    h->stage = DM_FAR_WAITING;
    dm_far_let_go(h, false);
    if (all->closed) /* that was all that the run waited for */
        return;
    all->engine->kind->kill(all->engine, dm_far_handle(h));
    if (c->quitting || c->closed)
        return;
    uint64_t backoff = (uint64_t)FIRST_BACKOFF_MS << (h->failures < 7 ? h->failures : 7);
    h->failures++;
    h->again_ms = uv_now(&c->loop) + (backoff < LAST_BACKOFF_MS ? backoff : LAST_BACKOFF_MS);
    if (is_too_often(all)) {
        dm_fail(&err, DM_EIO,
                "%u worker hosts were lost without a split getting done; the last, %s: %s\n"
                "what they said stands in %s",
                all->losses, h->name, why, all->logs);
        dm_run_fail(c, &err);
        return;
    }
    dm_progress_say(c, "worker host %s: %s; it is replaced", h->name, why);
}

/* ---- what it says
 * ------------------------------------------------------------------------------------------------
 */

static void send_begin(struct dm_far *h)
{
    struct dm_buf out = {0};
    size_t at = dm_frame_begin(&out, DM_BEGIN);
    if (dm_host_orders(h->hosts, &out))
        dm_frame_end(&out, at);
    dm_link_send(h->link, &out);
    dm_buf_finish(&out);
}

static void on_about(struct dm_far *h, struct dm_wire *w)
{
    char why[400];
    char *theirs = dm_get_text(w);
    if (!theirs || h->stage != DM_FAR_HERE) {
        dm_far_lose(h, "it sent what is no message");
    } else if (dm_about_equal(theirs, h->hosts->about.p, why, sizeof why)) {
        h->stage = DM_FAR_BEGUN;
        send_begin(h);
    } else {
        dm_link_say(h->link, DM_REFUSE, why);
        struct dm_link *link = h->link;
        h->link = NULL;
        dm_link_close(link, true, dm_link_free);
        dm_far_lose(h, why);
    }
    free(theirs);
}

static void on_ready(struct dm_far *h)
{
    if (h->stage != DM_FAR_BEGUN) {
        dm_far_lose(h, "it sent what is no message");
        return;
    }
    h->stage = DM_FAR_READY;
    for (uint32_t i = 0; i < h->hosts->job->slots; i++)
        launch(h, i);
}

static void on_slot(struct dm_far *h, struct dm_wire *w)
{
    struct dm_pool *pool = &h->hosts->c->pool;
    uint32_t slot = dm_get_u32(w);
    int64_t size = dm_frame_size((const char *)w->p, (size_t)(w->end - w->p));
    if (w->bad || slot >= h->hosts->job->slots || size <= 0 || size != w->end - w->p) {
        dm_far_lose(h, "it sent what is no message");
        return;
    }
    enum dm_message type = (enum dm_message)w->p[4];
    w->p += DM_FRAME_HEAD;
    if (h->workers[slot])
        pool->events.on_frame(pool->events.arg, h->workers[slot], type, w);
}

static void on_gone(struct dm_far *h, struct dm_wire *w)
{
    uint32_t slot = dm_get_u32(w);
    struct dm_peer *peer = slot < h->hosts->job->slots ? h->workers[slot] : NULL;
    struct dm_board board;
    int64_t status = (int64_t)dm_get_u64(w);
    int sig = (int)dm_get_u32(w);
    enum dm_kill killed = (enum dm_kill)dm_get_u8(w);
    dm_board_get(w, &board);
    if (w->bad || !peer) {
        dm_far_lose(h, "it sent what is no message");
        return;
    }
    peer->exit_status = status;
    peer->signal = sig;
    if (!peer->killed)
        peer->killed = killed;
    peer->far_board = board;
    lose_worker(h, slot);
}

static void on_frame(struct dm_link *link, enum dm_message type, struct dm_wire *w)
{
    struct dm_far *h = link->owner;
    const char *text;
    uint32_t slot;
    size_t n;
    char why[400];
    if (h->link != link)
        return;
    switch (type) {
    case DM_ABOUT:
        on_about(h, w);
        break;
    case DM_READY:
        on_ready(h);
        break;
    case DM_SLOT:
        on_slot(h, w);
        break;
    case DM_GONE:
        on_gone(h, w);
        break;
    case DM_REFUSE:
        text = dm_get_bytes(w, &n);
        snprintf(why, sizeof why, "%.*s", (int)n, text);
        dm_far_lose(h, why);
        break;
    case DM_FETCH:
        slot = dm_get_u32(w);
        if (slot < h->hosts->job->slots)
            dm_serve_begin(h, slot);
        break;
    case DM_WISH:
        if (!dm_give_begin(h, w))
            dm_far_lose(h, "it sent what is no message");
        break;
    case DM_OUTPUT:
        dm_serve_output(h, w);
        break;
    case DM_BEAT:
        break;
    default:
        dm_far_lose(h, "it sent what is no message");
    }
}

static void on_end(struct dm_link *link, const char *why)
{
    struct dm_far *h = link->owner;
    if (h->link == link)
        dm_far_lose(h, h->news[0] ? h->news : why);
}

static void on_sent(struct dm_link *link)
{
    struct dm_far *h = link->owner;
    if (h->link == link)
        dm_serve_go_on(h);
    if (h->link == link)
        dm_give_go_on(h);
}

static const struct dm_link_events far_events = {on_frame, on_end, on_sent};

void dm_far_take(struct dm_far *h, struct dm_link *link)
{
    h->stage = DM_FAR_HERE;
    h->link = link;
    link->events = &far_events;
    link->owner = h;
}

void dm_far_news(struct dm_far *h, const struct dm_engine_event *event)
{
    if (*event->text)
        snprintf(h->news, sizeof h->news, "%s", event->text);
    else if (event->state == DM_HOST_ENDED && event->signal > 0)
        snprintf(h->news, sizeof h->news, "it was ended by signal %d (%s)", event->signal,
                 strsignal(event->signal));
    else if (event->state == DM_HOST_ENDED && event->exit_status >= 0)
        snprintf(h->news, sizeof h->news, "it exited with status %d", event->exit_status);
    else if (event->state == DM_HOST_ENDED)
        snprintf(h->news, sizeof h->news, "it ended");
    else
        h->news[0] = 0;
}
