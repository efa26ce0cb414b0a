/* libcurl's multi interface on a libuv loop. libcurl says which sockets it waits on and for how
 * long; we tell it what happened and collect what has ended. It is never called from inside its own
 * callbacks. */
#include "net/http.h"

#include "base/loop.h"
#include "net/sockets.h"
#include "net/transfer.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <uv.h>

enum {
    SWEEP_MS = 100, /* how often limits on the first byte are looked at */
    IDLE_HANDLES = 16384,
    SHARDS = 512,
    /* below the 100 that HTTP/2's servers take on a connection (RFC 9113, 6.5.2) */
    SHARD_TRANSFERS = 96,
    SHARD_FILES = 2,  /* descriptors of a handle of libcurl */
    OTHER_FILES = 128 /* and those that are not for connections either */
};

/* Some of the transfers. Whenever one begins or ends libcurl looks through all connections, so that
 * thousands in one handle take their time; in handles of fewer each they do not. */
struct shard {
    CURLM *multi;
    uv_timer_t timer;
    uint32_t active;
};

static struct client {
    uv_loop_t *loop;
    uv_timer_t sweep;
    struct shard shards[SHARDS];
    uint32_t nshards; /* that have been made */
    uint32_t room;    /* the first one that may have room */
    CURLSH *share;    /* of all transfers: addresses of hosts, sessions of TLS */
    struct dm_transfer *active;
    struct dm_http_reply *ended, **ended_end;
    struct dm_transfer **idle; /* for the next requests: they are dear to make */
    size_t nidle;
    struct dm_target *target; /* of the last request whose options had to be set */
    struct dm_buf scratch;
    uint32_t made;       /* transfers */
    uint32_t last_shard; /* that got one when all were full */
    uint32_t closed;     /* timers, at the end */
    bool closing;
} * client;

/* ---- ends ---- */

static void unlink_transfer(struct dm_transfer *t)
{
    *(t->prev ? &t->prev->next : &client->active) = t->next;
    if (t->next)
        t->next->prev = t->prev;
    dm_curl.multi_remove_handle(client->shards[t->shard].multi, t->easy);
    client->shards[t->shard].active--;
    if (t->shard < client->room)
        client->room = t->shard;
}

static void hand_out(struct dm_transfer *t)
{
    t->reply.next = NULL;
    *client->ended_end = &t->reply;
    client->ended_end = &t->reply.next;
    dm_loop_stir();
}

/* Collects what libcurl has ended; to be called after everything that lets it work. */
static void collect(const struct shard *s)
{
    CURLMsg *message;
    int left;
    while ((message = dm_curl.multi_info_read(s->multi, &left))) {
        struct dm_transfer *t;
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result; /* the message goes with the handle */
        dm_curl.easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (void *)&t);
        dm_transfer_end(t, code);
        unlink_transfer(t);
        hand_out(t);
    }
}

static void stop(struct dm_transfer *t, int outcome, const char *why)
{
    dm_transfer_stop(t, outcome, why);
    unlink_transfer(t);
    hand_out(t);
}

/* ---- the loop's events ---- */

static void act(const struct shard *s, curl_socket_t fd, int flags)
{
    int running;
    dm_curl.multi_socket_action(s->multi, fd, flags, &running);
    collect(s);
}

static void on_ready(void *whose, curl_socket_t fd, int flags)
{
    act(whose, fd, flags);
}

static void on_curl_timer(uv_timer_t *timer)
{
    act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

/* Ends the transfers whose reply has not begun in time. */
static void on_sweep(uv_timer_t *timer)
{
    double now = dm_loop_now();
    (void)timer;
    for (struct dm_transfer *t = client->active, *next; t; t = next) {
        next = t->next;
        if (t->first_byte_ms > 0 && !t->answered && now - t->started_ms > t->first_byte_ms)
            stop(t, DM_HTTP_TIMEOUT, "the reply did not begin in time");
    }
}

/* ---- what libcurl asks for ---- */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
    (void)easy, (void)of_socket;
    if (client->closing) /* curl_multi_cleanup asks about connections that it keeps */
        return 0;
    return dm_sockets_wait(fd, what, arg);
}

static int on_timeout(CURLM *multi, long ms, void *arg)
{
    struct shard *s = arg;
    (void)multi;
    if (ms < 0 || client->closing)
        return uv_timer_stop(&s->timer);
    return uv_timer_start(&s->timer, on_curl_timer, (uint64_t)ms, 0);
}

/* ---- begin and end ---- */

static void begin_sweeps(struct client *c)
{
    uv_timer_init(c->loop, &c->sweep);
    uv_timer_start(&c->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    uv_unref((uv_handle_t *)&c->sweep);
}

static struct shard *new_shard(void)
{
    struct shard *s = &client->shards[client->nshards];
    s->multi = dm_curl.multi_init();
    if (!s->multi)
        return NULL;
    client->nshards++;
    uv_timer_init(client->loop, &s->timer);
    s->timer.data = s;
    dm_curl.multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    dm_curl.multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
    dm_curl.multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_timeout);
    dm_curl.multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
    dm_curl.multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, (long)SHARD_TRANSFERS);
    return s;
}

/* Where the next transfer goes: the first shard with room, so that connections are used again, a
 * new one, or any. NULL when memory is short. */
static struct shard *pick_shard(void)
{
    for (; client->room < client->nshards; client->room++)
        if (client->shards[client->room].active < SHARD_TRANSFERS)
            return &client->shards[client->room];
    if (client->nshards < SHARDS)
        return new_shard();
    return &client->shards[client->last_shard++ % SHARDS];
}

static bool share(struct client *c)
{
    c->share = dm_curl.share_init();
    return c->share && !dm_curl.share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_DNS) &&
           !dm_curl.share_setopt(c->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
}

static int begin(struct dm_error *err)
{
    if (client)
        return DM_OK;
    uv_loop_t *loop = dm_loop(err);
    if (!loop || dm_curl_load(err))
        return err->status;
    struct client *c = calloc(1, sizeof *c);
    if (c)
        c->idle = malloc(IDLE_HANDLES * sizeof *c->idle);
    bool ok = c && c->idle && !dm_curl.global_init(CURL_GLOBAL_DEFAULT) && share(c);
    if (!ok || dm_sockets_start(loop, on_ready, err)) {
        if (c) {
            free(c->idle);
            dm_curl.share_cleanup(c->share);
        }
        free(c);
        return ok ? err->status : dm_fail_memory(err);
    }
    c->loop = loop;
    c->ended_end = &c->ended;
    begin_sweeps(c);
    client = c;
    dm_http_room();
    return DM_OK;
}

/* One whose options fit, if there is such a one among the last; else any, or a new one. */
static struct dm_transfer *take_transfer(struct dm_request_key key, struct dm_error *err)
{
    enum { LOOKED_AT = 4 };
    size_t n = client->nidle;
    if (!n)
        return dm_transfer_create(++client->made, client->share, err);
    struct dm_transfer **last = &client->idle[n - 1], *t = *last;
    for (size_t i = 0; i < n && i < LOOKED_AT; i++) {
        struct dm_transfer **at = last - i;
        if (!dm_transfer_is_for(*at, key))
            continue;
        t = *at;
        *at = *last;
        break;
    }
    client->nidle--;
    return t;
}

/* A transfer that failed early may hold on to buffers, and refuse options for it. */
void dm_http_release(struct dm_http_reply *reply)
{
    struct dm_transfer *t = (struct dm_transfer *)(void *)reply;
    if (client->nidle == IDLE_HANDLES ||
        (reply->outcome != DM_HTTP_DONE && !dm_transfer_renew(t, client->share))) {
        dm_transfer_destroy(t);
        return;
    }
    dm_transfer_clear(t);
    client->idle[client->nidle++] = t;
}

void dm_http_give_up(void)
{
    struct dm_http_reply *reply;
    while (client && client->active)
        stop(client->active, DM_HTTP_CANCELLED, "cancelled");
    while ((reply = dm_http_next()))
        dm_http_release(reply);
}

static void on_closed(uv_handle_t *timer)
{
    (void)timer;
    client->closed++;
}

void dm_http_finish(void)
{
    if (!client)
        return;
    dm_http_give_up();
    while (client->nidle)
        dm_transfer_destroy(client->idle[--client->nidle]);
    dm_target_release(client->target);
    client->closing = true;
    for (struct shard *s = client->shards; s < client->shards + client->nshards; s++) {
        dm_curl.multi_cleanup(s->multi);
        uv_close((uv_handle_t *)&s->timer, on_closed);
    }
    dm_curl.share_cleanup(client->share);
    uv_close((uv_handle_t *)&client->sweep, on_closed);
    dm_sockets_stop();
    while (client->closed <= client->nshards) /* and the sweep; others still use the loop */
        uv_run(client->loop, UV_RUN_ONCE);
    free(client->idle);
    dm_buf_finish(&client->scratch);
    free(client);
    client = NULL;
    dm_curl.global_cleanup();
}

/* ---- what Lua calls ---- */

static struct dm_transfer *find(uint32_t id)
{
    struct dm_transfer *t = client ? client->active : NULL;
    while (t && t->reply.id != id)
        t = t->next;
    return t;
}

static int add(struct dm_transfer *t, struct shard *s, struct dm_error *err)
{
    t->shard = (uint32_t)(s - client->shards);
    s->active++;
    t->next = client->active;
    if (t->next)
        t->next->prev = t;
    client->active = t;
    CURLMcode rc = dm_curl.multi_add_handle(s->multi, t->easy);
    if (rc == CURLM_OK)
        return DM_OK;
    unlink_transfer(t);
    dm_transfer_destroy(t);
    return rc == CURLM_OUT_OF_MEMORY ? dm_fail_memory(err)
                                     : dm_fail(err, DM_EIO, "%s", dm_curl.multi_strerror(rc));
}

int dm_http_start(const struct dm_http_request *request, struct dm_error *err)
{
    int rc = begin(err);
    if (rc)
        return rc;
    struct shard *s = pick_shard();
    struct dm_request_key key;
    if (!s || !dm_request_key(&key, request, &client->scratch))
        return dm_fail_memory(err);
    struct dm_transfer *t = take_transfer(key, err);
    if (!t)
        return err->status;
    rc = dm_transfer_prepare(t, request, key, &client->target, err);
    if (rc) {
        dm_transfer_destroy(t);
        return rc;
    }
    uv_update_time(client->loop);
    rc = add(t, s, err);
    return rc ? rc : (int)t->reply.id;
}

void dm_http_cancel(uint32_t id)
{
    struct dm_transfer *t = find(id);
    if (t)
        stop(t, DM_HTTP_CANCELLED, "cancelled");
}

struct dm_http_reply *dm_http_next(void)
{
    struct dm_http_reply *reply = client ? client->ended : NULL;
    if (!reply)
        return NULL;
    client->ended = reply->next;
    if (!client->ended)
        client->ended_end = &client->ended;
    return reply;
}

int dm_http_room(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files))
        return 0;
    if (files.rlim_cur < files.rlim_max) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
    if (files.rlim_cur <= OTHER_FILES)
        return 0;
    uint64_t room =
        (files.rlim_cur - OTHER_FILES) * SHARD_TRANSFERS / (SHARD_TRANSFERS + SHARD_FILES);
    return room > INT32_MAX ? INT32_MAX : (int)room;
}
