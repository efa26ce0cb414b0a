#include "cluster/worker_host.h"

#include "cluster/about.h"
#include "cluster/dial.h"
#include "cluster/files.h"
#include "cluster/orders.h"
#include "cluster/stage.h"
#include "io/input.h"
#include "run/pool.h"
#include "run/replies.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TICK_MS = 50, BEAT_MS = 1000, FIRST_LEASE_MS = 10000, END_MS = 3000, SLOTS_MAX = 4096 };

struct worker_host {
    uv_loop_t loop;
    uv_timer_t tick;
    uv_signal_t on_term;
    struct dm_dial dial;
    struct dm_link *link; /* once the coordinator has let us in */
    struct dm_orders orders;
    struct dm_pool pool;
    bool has_orders, shared; /* shared: we see the run's files */
    struct dm_stages stages; /* else */
    struct dm_files files;   /* that workers need */
    char replies[4096];      /* the path of the file of replies, when it is not the coordinator's */
    struct dm_settings settings; /* of workers: the orders' with our places; borrows them */
    struct dm_peer **workers;    /* by slot */
    uint32_t slots;
    bool ending;        /* no frames are carried any more; it goes when its workers have gone */
    uint64_t killed_ms; /* when workers that have not gone are killed */
    bool closed;
    int status;
};

static void say(const struct worker_host *h, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void say(const struct worker_host *h, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "dmhost worker-host %s: ", h->dial.name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

/* ---- the end ---- */

static void check_ended(struct worker_host *h)
{
    if (!h->ending || h->closed || h->pool.npeers)
        return;
    h->closed = true;
    uv_close((uv_handle_t *)&h->tick, NULL);
    uv_close((uv_handle_t *)&h->on_term, NULL);
    if (h->has_orders)
        uv_close((uv_handle_t *)&h->pool.idle, NULL);
    if (h->link)
        dm_link_close(h->link, true, dm_link_free);
    h->link = h->files.link = NULL;
}

/* Nothing more is written and nothing more is told. */
static void stop_at_once(struct worker_host *h, int status)
{
    if (!h->ending)
        h->status = status;
    h->ending = true;
    for (struct dm_peer *peer = h->pool.peers; peer; peer = peer->next)
        dm_pool_kill(peer, DM_KILL_QUIT);
    check_ended(h);
}

/* The run is over: workers are told, and get a moment. */
static void stop(struct worker_host *h)
{
    h->ending = true;
    h->killed_ms = uv_now(&h->loop) + END_MS;
    for (struct dm_peer *peer = h->pool.peers; peer; peer = peer->next)
        dm_pool_stop(peer);
    check_ended(h);
}

static void refuse(struct worker_host *h, const char *why)
{
    say(h, "%s", why);
    dm_link_say(h->link, DM_REFUSE, why);
    stop_at_once(h, 1);
}

/* ---- workers
 * ------------------------------------------------------------------------------------------------
 */

static void on_worker_frame(void *arg, struct dm_peer *peer, enum dm_message type,
                            struct dm_wire *w)
{
    struct worker_host *h = arg;
    struct dm_error err;
    const unsigned char *frame = w->p - DM_FRAME_HEAD;
    if (h->ending)
        return;
    if (!h->shared && type == DM_DONE) {
        if (dm_stage_done(&h->stages, peer->slot, (const char *)frame, (size_t)(w->end - frame),
                          &err))
            refuse(h, err.text);
        return;
    }
    dm_link_say_slot(h->link, peer->slot, frame, (size_t)(w->end - frame));
}

static void on_worker_lost(void *arg, struct dm_peer *peer)
{
    struct worker_host *h = arg;
    struct dm_buf out = {0};
    h->workers[peer->slot] = NULL;
    if (!h->shared)
        dm_stage_drop(&h->stages, peer->slot);
    if (!h->ending) {
        size_t at = dm_frame_begin(&out, DM_GONE);
        if (dm_put_u32(&out, peer->slot) && dm_put_u64(&out, (uint64_t)peer->exit_status) &&
            dm_put_u32(&out, (uint32_t)peer->signal) && dm_put_u8(&out, (uint8_t)peer->killed) &&
            dm_board_put(&out, peer->board))
            dm_frame_end(&out, at);
        dm_link_send(h->link, &out);
    }
    dm_buf_finish(&out);
    check_ended(h);
}

static void on_worker_error(void *arg, const char *text)
{
    say(arg, "%s", text);
}

static void launch(struct worker_host *h, uint32_t slot)
{
    struct dm_error err;
    if (!h->has_orders || slot >= h->slots || h->workers[slot]) {
        refuse(h, "the coordinator starts a worker where there is none to start");
    } else if (dm_pool_start(&h->pool, slot, false, &err)) {
        refuse(h, err.text);
    } else {
        h->workers[slot] = h->pool.peers;
    }
}

static void to_worker(void *arg, uint32_t slot, struct dm_buf *frame)
{
    struct worker_host *h = arg;
    if (h->workers[slot])
        dm_pool_send(h->workers[slot], frame);
}

static void stage(struct worker_host *h, uint32_t slot, struct dm_wire *w)
{
    struct dm_error err;
    w->p += DM_FRAME_HEAD;
    if (dm_stage_split(&h->stages, slot, w, &err))
        refuse(h, err.text);
}

/* A frame for a worker, which may have gone meanwhile: the coordinator will hear of that. */
static void pass_on(struct worker_host *h, struct dm_wire *w)
{
    struct dm_buf frame = {0};
    uint32_t slot = dm_get_u32(w);
    int64_t size = dm_frame_size((const char *)w->p, (size_t)(w->end - w->p));
    if (w->bad || size <= 0 || size != w->end - w->p)
        refuse(h, "the coordinator sent what is no message");
    else if (slot < h->slots && h->workers[slot] && !h->shared && w->p[4] == DM_ASSIGN)
        stage(h, slot, w);
    else if (slot < h->slots && h->workers[slot] && dm_buf_add(&frame, w->p, (size_t)size))
        dm_pool_send(h->workers[slot], &frame);
    dm_buf_finish(&frame);
}

/* ---- the coordinator
 * ------------------------------------------------------------------------------------------------
 */

/* Whether the run's folder and its input are what they are to the coordinator. */
static bool sees_files(const struct dm_orders *o)
{
    struct stat st;
    if (chdir(o->folder) || access(o->settings.parts, W_OK))
        return false;
    if (!*o->probe)
        return true;
    return stat(o->probe, &st) == 0 && (uint64_t)st.st_size == o->probe_size &&
           dm_mtime_ns(&st) == o->probe_mtime;
}

/* An empty file of replies, so that workers look for none and tell those that they get: the
 * coordinator's is not here. */
static int make_replies(struct worker_host *h, struct dm_error *err)
{
    struct dm_replies *replies = NULL;
    if (!h->settings.replies[0] || h->settings.replay)
        return DM_OK;
    snprintf(h->replies, sizeof h->replies, "%s/replies", h->stages.folder.path);
    h->settings.replies = h->replies;
    int rc = dm_replies_open(&replies, h->replies, DM_REPLIES_WRITE, err);
    dm_replies_close(replies);
    return rc;
}

/* Workers then have their folders in ours. */
static int open_stages(struct worker_host *h, struct dm_error *err)
{
    h->stages.link = h->link;
    h->stages.to_worker = to_worker;
    h->stages.arg = h;
    int rc = dm_stages_open(&h->stages, h->slots, err);
    h->settings.folder = h->settings.shard_folder = h->settings.parts = h->stages.folder.path;
    return rc ? rc : make_replies(h, err);
}

/* All files that workers need are here. */
static void on_files(void *arg, const char *why)
{
    struct worker_host *h = arg;
    struct dm_error err;
    if (h->ending)
        return;
    h->settings.given = h->files.folder.path;
    if (h->settings.replay) {
        dm_files_place(&h->files, h->settings.replies, h->replies, sizeof h->replies);
        h->settings.replies = h->replies;
    }
    if (why)
        refuse(h, why);
    else if (dm_pool_set(&h->pool, &h->settings, &err))
        refuse(h, err.text);
    else
        dm_link_say(h->link, DM_READY, NULL);
}

static void begin(struct worker_host *h, struct dm_wire *w)
{
    struct dm_error err;
    struct dm_pool_events events = {.on_frame = on_worker_frame,
                                    .on_lost = on_worker_lost,
                                    .on_error = on_worker_error,
                                    .arg = h};
    if (h->has_orders) {
        refuse(h, "the coordinator began twice");
        return;
    }
    int rc = dm_orders_get(w, &h->orders, &err);
    if (rc == DM_OK)
        rc = dm_pool_init(&h->pool, &h->loop, &h->orders.settings, events, &err);
    h->has_orders = rc == DM_OK;
    h->pool.slots = h->slots;
    h->shared = rc == DM_OK && sees_files(&h->orders);
    h->settings = h->orders.settings;
    if (rc == DM_OK && !h->shared)
        rc = open_stages(h, &err);
    if (rc) {
        refuse(h, err.text);
        return;
    }
    h->files = (struct dm_files){.loop = &h->loop,
                                 .link = h->link,
                                 .list = h->settings.files,
                                 .on_ready = on_files,
                                 .arg = h};
    dm_files_start(&h->files);
}

static void on_frame(struct dm_link *link, enum dm_message type, struct dm_wire *w)
{
    struct worker_host *h = link->owner;
    struct dm_error err;
    uint32_t slot;
    size_t n;
    const char *why;
    if (h->ending)
        return;
    switch (type) {
    case DM_BEGIN:
        begin(h, w);
        break;
    case DM_LAUNCH:
        launch(h, dm_get_u32(w));
        break;
    case DM_AXE:
        slot = dm_get_u32(w);
        if (slot < h->slots && h->workers[slot])
            dm_pool_kill(h->workers[slot], DM_KILL_QUIT);
        break;
    case DM_SLOT:
        pass_on(h, w);
        break;
    case DM_PIECE:
    case DM_FETCHED:
        if (!h->shared && dm_stage_input(&h->stages, type, w, &err))
            refuse(h, err.text);
        break;
    case DM_GIFT:
    case DM_GIVEN:
        if (dm_files_take(&h->files, type, w, &err))
            refuse(h, err.text);
        break;
    case DM_BEAT:
        break;
    case DM_END:
        stop(h);
        break;
    case DM_REFUSE:
        why = dm_get_bytes(w, &n);
        say(h, "the coordinator refuses us: %.*s", (int)n, why);
        stop_at_once(h, 1);
        break;
    default:
        refuse(h, "the coordinator sent what is no message");
    }
}

static void on_end(struct dm_link *link, const char *why)
{
    struct worker_host *h = link->owner;
    if (!h->ending)
        say(h, "the coordinator has gone: %s", why);
    stop_at_once(h, 1);
}

static void on_sent(struct dm_link *link)
{
    struct worker_host *h = link->owner;
    struct dm_error err;
    if (!h->ending && !h->shared && dm_stages_go_on(&h->stages, &err))
        refuse(h, err.text);
}

static const struct dm_link_events link_events = {on_frame, on_end, on_sent};

static void on_in(void *arg, struct dm_link *link)
{
    struct worker_host *h = arg;
    struct dm_buf about = {0};
    h->link = link;
    link->owner = h;
    link->events = &link_events;
    if (dm_about(&about))
        dm_link_say(link, DM_ABOUT, about.p);
    else
        stop_at_once(h, 1);
    dm_buf_finish(&about);
}

static void on_failed(void *arg, const char *why)
{
    struct worker_host *h = arg;
    say(h, "cannot reach the coordinator: %s", why);
    stop_at_once(h, 1);
}

/* ---- life
 * ------------------------------------------------------------------------------------------------
 */

static void beat(struct worker_host *h, uint64_t now)
{
    uint64_t lease = h->has_orders ? h->orders.lease_ms : FIRST_LEASE_MS;
    if (h->link->broken || now - h->link->heard_ms > lease) {
        say(h, "nothing was heard of the coordinator for %g s", (double)lease / 1e3);
        stop_at_once(h, 1);
    } else if (now - h->link->said_ms >= BEAT_MS) {
        dm_link_say(h->link, DM_BEAT, NULL);
    }
}

static void on_tick(uv_timer_t *tick)
{
    struct worker_host *h = tick->data;
    uint64_t now = uv_now(&h->loop);
    if (h->has_orders)
        dm_pool_watch(&h->pool, h->orders.row_ms);
    if (h->ending && now >= h->killed_ms)
        stop_at_once(h, h->status);
    else if (h->link && !h->ending)
        beat(h, now);
}

static void on_signal(uv_signal_t *handle, int sig)
{
    struct worker_host *h = handle->data;
    if (!h->link && !h->ending) /* still at the door */
        _exit(128 + sig);
    stop_at_once(h, 128 + sig);
}

/* Takes a variable out of the environment, so that what is started here does not see it; the caller
 * frees the copy. */
static char *take_variable(const char *name)
{
    char *value = getenv(name), *copy = value && *value ? strdup(value) : NULL;
    if (value)
        explicit_bzero(value, strlen(value));
    unsetenv(name);
    return copy;
}

static int prepare(struct worker_host *h)
{
    char *token = take_variable("DM_TOKEN"), *slots = take_variable("DM_SLOTS");
    unsigned long n = slots ? strtoul(slots, NULL, 10) : 1;
    h->dial.addresses = take_variable("DM_CONNECT");
    h->dial.name = take_variable("DM_NAME");
    bool good = h->dial.addresses && h->dial.name && token && n > 0 && n <= SLOTS_MAX &&
                dm_key_parse(token, &h->dial.token);
    if (token)
        explicit_bzero(token, strlen(token));
    free(token);
    free(slots);
    h->slots = (uint32_t)n;
    h->workers = good ? calloc(n, sizeof(struct dm_peer *)) : NULL;
    if (!good)
        fprintf(stderr, "dmhost worker-host: `dmhost run --engine ...` starts it, and sets "
                        "DM_CONNECT, DM_NAME, DM_TOKEN and DM_SLOTS; see `dmhost help clusters`\n");
    return good && h->workers ? DM_OK : DM_EUSAGE;
}

static int run(struct worker_host *h)
{
    int rc = uv_loop_init(&h->loop);
    if (rc) {
        say(h, "cannot make an event loop: %s", uv_strerror(rc));
        return DM_EIO;
    }
    h->tick.data = h->on_term.data = h;
    uv_timer_init(&h->loop, &h->tick);
    uv_timer_start(&h->tick, on_tick, TICK_MS, TICK_MS);
    uv_signal_init(&h->loop, &h->on_term);
    uv_signal_start(&h->on_term, on_signal, SIGTERM);
    h->dial.loop = &h->loop;
    h->dial.on_in = on_in;
    h->dial.on_failed = on_failed;
    h->dial.arg = h;
    dm_dial_start(&h->dial);
    uv_run(&h->loop, UV_RUN_DEFAULT);
    uv_loop_close(&h->loop);
    return DM_OK;
}

int dm_worker_host_main(void)
{
    struct worker_host *h = calloc(1, sizeof *h);
    if (!h || prepare(h)) {
        free(h);
        return 2;
    }
    int status = run(h) ? 2 : h->status;
    if (h->has_orders)
        dm_pool_finish(&h->pool);
    dm_stages_close(&h->stages);
    dm_files_close(&h->files);
    dm_orders_finish(&h->orders);
    free((void *)(uintptr_t)h->dial.addresses);
    free((void *)(uintptr_t)h->dial.name);
    free(h->workers);
    free(h);
    return status;
}
