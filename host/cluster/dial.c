#include "cluster/dial.h"

#include <stdio.h>
#include <stdlib.h>

/* How long one address gets, how long it takes until all are tried again, and until it is given up:
 * a network may come up later than a process. */
enum { PATIENCE_MS = 5000, AGAIN_MS = 500, GIVE_UP_MS = 30000, LONGEST = 256 };

static void try_next(struct dm_dial *d);

static void on_again(uv_timer_t *timer)
{
    struct dm_dial *d = timer->data;
    d->at = d->addresses;
    try_next(d);
}

static void give_up(struct dm_dial *d)
{
    uv_close((uv_handle_t *)&d->timer, NULL);
    d->on_failed(d->arg, d->why);
}

/* The attempt at this address came to nothing. */
static void fail(struct dm_dial *d, const char *why)
{
    char address[80];
    snprintf(address, sizeof address, "%.*s", (int)strcspn(d->at, ","), d->at);
    snprintf(d->why, sizeof d->why, "%s: %s", address, why);
    if (d->link)
        dm_link_close(d->link, false, dm_link_free);
    d->link = NULL;
    uv_timer_stop(&d->timer);
    d->at += strcspn(d->at, ",");
    d->at += *d->at == ',';
    uint64_t now = uv_now(d->loop);
    if (d->proved) /* our name is used up */
        give_up(d);
    else if (*d->at)
        try_next(d);
    else if (now - d->began_ms > GIVE_UP_MS)
        give_up(d);
    else
        uv_timer_start(&d->timer, on_again, AGAIN_MS, 0);
}

static void on_time(uv_timer_t *timer)
{
    fail(timer->data, "no answer");
}

static void send_key(struct dm_dial *d, enum dm_message type, const struct dm_key *key)
{
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, type);
    bool ok = type != DM_DIAL || (dm_put_u32(&frame, DM_PROTOCOL) && dm_put_text(&frame, d->name));
    if (ok && dm_put_bytes(&frame, (const char *)key->bytes, sizeof key->bytes))
        dm_frame_end(&frame, at);
    dm_link_send(d->link, &frame);
    dm_buf_finish(&frame);
}

static void on_welcome(struct dm_dial *d, const struct dm_key *proof)
{
    struct dm_link *link = d->link;
    struct dm_key right = dm_proof(&d->token, DM_SIDE_COORDINATOR, d->name, &d->ours, &d->theirs);
    if (!dm_key_equal(proof, &right)) {
        fail(d, "it does not know the run's secret");
        return;
    }
    d->link = NULL;
    uv_close((uv_handle_t *)&d->timer, NULL);
    link->most = DM_FRAME_MAX;
    d->on_in(d->arg, link);
}

static void on_frame(struct dm_link *link, enum dm_message type, struct dm_wire *w)
{
    struct dm_dial *d = link->owner;
    struct dm_key key;
    if (d->link != link)
        return;
    if (type == DM_CHALLENGE && !d->proved && dm_link_get_key(w, &d->theirs)) {
        key = dm_proof(&d->token, DM_SIDE_HOST, d->name, &d->ours, &d->theirs);
        d->proved = true;
        send_key(d, DM_PROOF, &key);
    } else if (type == DM_WELCOME && d->proved && dm_link_get_key(w, &key)) {
        on_welcome(d, &key);
    } else {
        fail(d, "it is no coordinator of ours");
    }
}

static void on_end(struct dm_link *link, const char *why)
{
    struct dm_dial *d = link->owner;
    if (d->link == link)
        fail(d,
             d->proved ? "it does not let us in: another has our place, or the run is over" : why);
}

static const struct dm_link_events dial_events = {on_frame, on_end, NULL};

static void on_connected(uv_connect_t *request, int status)
{
    struct dm_dial *d = request->data;
    struct dm_error err;
    free(request);
    if (status == UV_ECANCELED || !d->link)
        return;
    if (status)
        fail(d, uv_strerror(status));
    else if (dm_link_start(d->link, &err))
        fail(d, err.text);
    else
        send_key(d, DM_DIAL, &d->ours);
}

/* "10.0.0.1:4711" or "[::1]:4711", up to a comma. */
static bool parse(const char *text, struct sockaddr_storage *address)
{
    char host[64];
    size_t n = strcspn(text, ",");
    const char *colon = memrchr(text, ':', n);
    if (!colon || (size_t)(colon - text) >= sizeof host)
        return false;
    bool bracket = text[0] == '[' && colon[-1] == ']';
    snprintf(host, sizeof host, "%.*s", (int)(colon - text) - 2 * bracket, text + bracket);
    int port = (int)strtoul(colon + 1, NULL, 10);
    return uv_ip4_addr(host, port, (struct sockaddr_in *)address) == 0 ||
           uv_ip6_addr(host, port, (struct sockaddr_in6 *)address) == 0;
}

static void try_next(struct dm_dial *d)
{
    struct sockaddr_storage address;
    struct dm_error err;
    if (!parse(d->at, &address)) {
        fail(d, "that is no address");
        return;
    }
    d->link = calloc(1, sizeof *d->link);
    uv_connect_t *request = calloc(1, sizeof *request);
    if (!d->link || !request || dm_link_init(d->link, d->loop, &dial_events, d, &err)) {
        free(d->link);
        free(request);
        d->link = NULL;
        fail(d, "memory ran short");
        return;
    }
    d->link->most = LONGEST;
    request->data = d;
    uv_timer_start(&d->timer, on_time, PATIENCE_MS, 0);
    int rc = uv_tcp_connect(request, &d->link->tcp, (struct sockaddr *)&address, on_connected);
    if (rc) {
        free(request);
        fail(d, uv_strerror(rc));
    }
}

void dm_dial_start(struct dm_dial *d)
{
    struct dm_error err;
    uv_timer_init(d->loop, &d->timer);
    d->timer.data = d;
    d->at = d->addresses;
    d->began_ms = uv_now(d->loop);
    if (dm_key_random(&d->ours, &err)) {
        snprintf(d->why, sizeof d->why, "%.250s", err.text);
        give_up(d);
        return;
    }
    try_next(d);
}
