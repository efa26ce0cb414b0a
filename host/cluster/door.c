#include "cluster/door.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

/* A handshake takes two round trips; who takes longer than this, or, when so many are at it, than
 * HASTE_MS, is not one of ours. No message of a handshake is longer than this. */
enum {
    PATIENCE_MS = 5000,
    HASTE_MS = 1000,
    CHECK_MS = 500,
    GUESTS = 1024,
    BACKLOG = 1024,
    LONGEST = 256
};

struct dm_guest {
    struct dm_link link; /* first: the link's memory is the guest's */
    struct dm_guest *next, *prev;
    struct dm_door *door;
    uint64_t came_ms;
    bool dialed;
    char name[DM_NAME_BYTES];
    struct dm_key theirs, ours; /* random numbers */
};

static void accept_held(struct dm_door *d);

static void unlink_guest(struct dm_guest *g)
{
    struct dm_door *d = g->door;
    if (g->prev)
        g->prev->next = g->next;
    else
        d->first = g->next;
    if (g->next)
        g->next->prev = g->prev;
    else
        d->last = g->prev;
    if (--d->guests == 0)
        uv_timer_stop(&d->timer);
    accept_held(d);
}

static void refuse(struct dm_guest *g, const char *why)
{
    char from[80];
    dm_link_address(&g->link, from, sizeof from);
    unlink_guest(g);
    dm_link_close(&g->link, false, dm_link_free);
    g->door->events.on_refused(g->door->events.arg, from, why);
}

static void on_end(struct dm_link *link, const char *why)
{
    refuse((struct dm_guest *)(void *)link, why);
}

/* "Here is NAME, and a number that you do not know before." */
static const char *take_dial(struct dm_guest *g, struct dm_wire *w)
{
    size_t n;
    struct dm_error err;
    uint32_t protocol = dm_get_u32(w);
    const char *name = dm_get_bytes(w, &n);
    if (w->bad || n >= sizeof g->name || memchr(name, 0, n))
        return "it sent what is no message of a worker host";
    if (protocol != DM_PROTOCOL)
        return "it speaks another version of the protocol";
    memcpy(g->name, name, n);
    if (!dm_link_get_key(w, &g->theirs))
        return "it sent what is no message of a worker host";
    if (dm_key_random(&g->ours, &err))
        return "there is no randomness";
    g->dialed = true;
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, DM_CHALLENGE);
    if (dm_put_bytes(&frame, (const char *)g->ours.bytes, sizeof g->ours.bytes))
        dm_frame_end(&frame, at);
    dm_link_send(&g->link, &frame);
    dm_buf_finish(&frame);
    return NULL;
}

static void welcome(struct dm_guest *g, const struct dm_key *token)
{
    struct dm_door *d = g->door;
    struct dm_key proof = dm_proof(token, DM_SIDE_COORDINATOR, g->name, &g->theirs, &g->ours);
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, DM_WELCOME);
    if (dm_put_bytes(&frame, (const char *)proof.bytes, sizeof proof.bytes))
        dm_frame_end(&frame, at);
    dm_link_send(&g->link, &frame);
    dm_buf_finish(&frame);
    unlink_guest(g);
    g->link.most = DM_FRAME_MAX;
    d->events.on_guest(d->events.arg, g->name, &g->link);
}

static const char *take_proof(struct dm_guest *g, struct dm_wire *w)
{
    struct dm_key given, token = dm_token(&g->door->secret, g->name);
    struct dm_key right = dm_proof(&token, DM_SIDE_HOST, g->name, &g->theirs, &g->ours);
    if (!g->dialed || !dm_link_get_key(w, &given))
        return "it sent what is no message of a worker host";
    if (!dm_key_equal(&given, &right))
        return "it does not know the run's secret";
    const char *why = g->door->events.admit(g->door->events.arg, g->name);
    if (!why)
        welcome(g, &token);
    return why;
}

static void on_frame(struct dm_link *link, enum dm_message type, struct dm_wire *w)
{
    struct dm_guest *g = (struct dm_guest *)(void *)link;
    const char *why = "it sent what is no message of a worker host";
    if (type == DM_DIAL && !g->dialed)
        why = take_dial(g, w);
    else if (type == DM_PROOF)
        why = take_proof(g, w);
    if (why && !link->ended)
        refuse(g, why);
}

static const struct dm_link_events guest_events = {on_frame, on_end, NULL};

static void on_time(uv_timer_t *timer)
{
    struct dm_door *d = timer->data;
    while (d->first && uv_now(timer->loop) - d->first->came_ms > (d->held ? HASTE_MS : PATIENCE_MS))
        refuse(d->first, "it did not say in time who it is");
}

static void accept_one(struct dm_door *d)
{
    uv_stream_t *server = (uv_stream_t *)&d->tcp;
    struct dm_error err;
    struct dm_guest *g = calloc(1, sizeof *g);
    if (!g || dm_link_init(&g->link, server->loop, &guest_events, d, &err)) {
        free(g);
        return;
    }
    if (uv_accept(server, (uv_stream_t *)&g->link.tcp) || dm_link_start(&g->link, &err)) {
        dm_link_close(&g->link, false, dm_link_free);
        return;
    }
    g->door = d;
    g->link.most = LONGEST;
    g->came_ms = uv_now(server->loop);
    g->prev = d->last;
    *(d->last ? &d->last->next : &d->first) = g;
    d->last = g;
    if (d->guests++ == 0)
        uv_timer_start(&d->timer, on_time, CHECK_MS, CHECK_MS);
}

/* While it is held, the system keeps those behind it. */
static void on_connection(uv_stream_t *server, int status)
{
    struct dm_door *d = server->data;
    if (status)
        return;
    if (d->guests < GUESTS)
        accept_one(d);
    else
        d->held = true;
}

static void accept_held(struct dm_door *d)
{
    if (!d->held || d->closed)
        return;
    d->held = false;
    accept_one(d);
}

/* "1.2.3.4", "1.2.3.4:5", "::1", "[::1]:5" as an address. */
static int parse_address(const char *text, struct sockaddr_storage *address, struct dm_error *err)
{
    char host[64];
    const char *open = text[0] == '[' ? strchr(text, ']') : NULL, *colon = strrchr(text, ':');
    if (open)
        colon = open[1] == ':' ? open + 1 : NULL;
    else if (colon && strchr(text, ':') != colon)
        colon = NULL; /* an IPv6 address without a port */
    const char *from = text + (open != NULL);
    const char *to = open ? open : colon ? colon : text + strlen(text);
    char *rest = NULL;
    unsigned long port = colon ? strtoul(colon + 1, &rest, 10) : 0;
    snprintf(host, sizeof host, "%.*s", (int)(to - from), from);
    bool good = !colon || (rest > colon + 1 && !*rest && port < 65536);
    good = good && (uv_ip4_addr(host, (int)port, (struct sockaddr_in *)address) == 0 ||
                    uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)address) == 0);
    return good ? DM_OK
                : dm_fail(err, DM_EUSAGE,
                          "--listen takes an address of this machine, not \"%s\"\n"
                          "for example --listen 10.0.0.1 or --listen 10.0.0.1:4711 or "
                          "--listen [fd00::1]:4711",
                          text);
}

static bool is_any(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    return address->ss_family == AF_INET6 ? IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr)
                                          : in->sin_addr.s_addr == htonl(INADDR_ANY);
}

static void add_address(struct dm_door *d, const struct sockaddr *address)
{
    char name[80];
    dm_address_name(address, name, sizeof name);
    size_t n = strlen(d->addresses);
    if (n + strlen(name) + 2 < sizeof d->addresses)
        snprintf(d->addresses + n, sizeof d->addresses - n, "%s%s", n ? "," : "", name);
}

/* The addresses of one family that others reach this machine by. */
static void add_interfaces(struct dm_door *d, const uv_interface_address_t *list, int n, int family,
                           in_port_t port)
{
    for (int i = 0; i < n; i++) {
        struct sockaddr_storage address = {0};
        memcpy(&address, &list[i].address, sizeof list[i].address);
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;
        bool local = family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr);
        if (list[i].is_internal || address.ss_family != family || local)
            continue;
        if (family == AF_INET6)
            in6->sin6_port = port;
        else
            ((struct sockaddr_in *)&address)->sin_port = port;
        add_address(d, (struct sockaddr *)&address);
    }
}

static int name_addresses(struct dm_door *d, struct dm_error *err)
{
    struct sockaddr_storage bound = {0};
    int length = sizeof bound, n;
    uv_interface_address_t *list;
    int rc = uv_tcp_getsockname(&d->tcp, (struct sockaddr *)&bound, &length);
    if (rc)
        return dm_fail(err, DM_EIO, "cannot tell the own address: %s", uv_strerror(rc));
    in_port_t port = ((struct sockaddr_in *)&bound)->sin_port; /* at the same place in both */
    if (!is_any(&bound)) {
        add_address(d, (struct sockaddr *)&bound);
        return DM_OK;
    }
    if (uv_interface_addresses(&list, &n) == 0) {
        add_interfaces(d, list, n, AF_INET, port);
        if (bound.ss_family == AF_INET6)
            add_interfaces(d, list, n, AF_INET6, port);
        uv_free_interface_addresses(list, n);
    }
    if (!d->addresses[0])
        snprintf(d->addresses, sizeof d->addresses, "127.0.0.1:%u", ntohs(port));
    return DM_OK;
}

static int bind_to(struct dm_door *d, const struct sockaddr_storage *address)
{
    int rc = uv_tcp_bind(&d->tcp, (const struct sockaddr *)address, 0);
    return rc ? rc : uv_listen((uv_stream_t *)&d->tcp, BACKLOG, on_connection);
}

static int fail_to_listen(const char *text, int rc, struct dm_error *err)
{
    return dm_fail(err, DM_EUSAGE,
                   "cannot listen on %s: %s\nname another address of this machine with --listen",
                   text, uv_strerror(rc));
}

int dm_door_check(const char *listen, struct dm_error *err)
{
    struct sockaddr_storage address = {0};
    int rc = parse_address(listen, &address, err);
    if (rc)
        return rc;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    if (fd < 0)
        return fail_to_listen(listen, uv_translate_sys_error(errno), err);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on); /* as libuv does */
    if (bind(fd, (struct sockaddr *)&address, sizeof address))
        rc = fail_to_listen(listen, uv_translate_sys_error(errno), err);
    close(fd);
    return rc;
}

static int start(struct dm_door *d, const char *listen, bool nearby, struct dm_error *err)
{
    struct sockaddr_storage address;
    const char *text = listen ? listen : nearby ? "127.0.0.1" : "::";
    int rc = parse_address(text, &address, err);
    if (rc)
        return rc;
    rc = bind_to(d, &address);
    if (rc && !listen && !nearby) { /* a machine without IPv6 */
        uv_ip4_addr("0.0.0.0", 0, (struct sockaddr_in *)&address);
        rc = bind_to(d, &address);
    }
    if (rc)
        return fail_to_listen(text, rc, err);
    return name_addresses(d, err);
}

int dm_door_open(struct dm_door *d, uv_loop_t *loop, const char *listen, bool nearby,
                 struct dm_door_events events, struct dm_error *err)
{
    *d = (struct dm_door){.events = events};
    int rc = dm_key_random(&d->secret, err);
    if (rc)
        return rc;
    uv_tcp_init(loop, &d->tcp);
    uv_timer_init(loop, &d->timer);
    d->tcp.data = d->timer.data = d;
    d->opened = true;
    return start(d, listen, nearby, err);
}

void dm_door_close(struct dm_door *d)
{
    if (!d->opened || d->closed)
        return;
    d->closed = true;
    while (d->first) {
        struct dm_guest *g = d->first;
        unlink_guest(g);
        dm_link_close(&g->link, false, dm_link_free);
    }
    uv_close((uv_handle_t *)&d->tcp, NULL);
    uv_close((uv_handle_t *)&d->timer, NULL);
}
