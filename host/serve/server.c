/* The HTTP server: see lua/dm_ffi_serve.h, which declares what Lua calls. libmicrohttpd reads and
 * writes on an epoll descriptor of its own, which is watched on the loop of base/loop.h. A request
 * that has come whole waits for Lua's answer as a suspended connection. */
#include "base/buf.h"
#include "base/loop.h"
#include "serve/library.h"
#include "serve/listen.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SWEEP_MS = 250, /* how often connections that take too long are looked for */
    SPARE = 8,      /* places that are kept free by closing the oldest connection */
    STRICT = 1      /* requests that are not quite HTTP are refused */
};

/* A connection, and the request that is on it. */
struct peer {
    struct peer *next, *prev; /* those that are open, the one that has waited longest first */
    int fd;
    double since; /* when it began to be waited for */
    struct MHD_Connection *connection;
    uint32_t id; /* of the request; 0: none has come whole */
    bool told;   /* Lua has it */
    bool in_request;
    struct dm_buf method, target, body;
    struct MHD_Response *response;
    unsigned status;
};

static struct {
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer, sweep;
    struct peer *first, *last;
    struct dm_serve_counts counts;
    uint32_t max_connections, last_id;
    uint64_t max_body;
    double max_ms;
    bool running;
} server;

/* ---- the loop ---- */

static void on_timer(uv_timer_t *timer);

static void run(void)
{
    MHD_UNSIGNED_LONG_LONG ms;
    if (server.running || !server.daemon)
        return;
    server.running = true;
    dm_mhd.run(server.daemon);
    server.running = false;
    if (dm_mhd.get_timeout(server.daemon, &ms) == MHD_YES)
        uv_timer_start(&server.timer, on_timer, ms, 0);
    else
        uv_timer_stop(&server.timer);
}

static void on_timer(uv_timer_t *timer)
{
    (void)timer;
    run();
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)poll, (void)status, (void)events;
    run();
}

/* ---- connections ---- */

static void unlink_peer(struct peer *p)
{
    *(p->prev ? &p->prev->next : &server.first) = p->next;
    *(p->next ? &p->next->prev : &server.last) = p->prev;
}

static void append_peer(struct peer *p)
{
    p->since = dm_loop_now();
    p->next = NULL;
    p->prev = server.last;
    *(server.last ? &server.last->next : &server.first) = p;
    server.last = p;
}

/* Ends a connection; libmicrohttpd finds that out and closes it. */
static void cut(struct peer *p)
{
    server.counts.too_slow++;
    shutdown(p->fd, SHUT_RDWR);
    unlink_peer(p);
    append_peer(p); /* not again at once */
}

static void on_sweep(uv_timer_t *timer)
{
    double now = dm_loop_now();
    (void)timer;
    while (server.first && now - server.first->since > server.max_ms)
        cut(server.first);
}

static void free_request(struct peer *p)
{
    dm_buf_finish(&p->method);
    dm_buf_finish(&p->target);
    dm_buf_finish(&p->body);
    if (p->response)
        dm_mhd.destroy_response(p->response);
    p->response = NULL;
    p->id = 0;
    p->told = p->in_request = false;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct peer *p = *context;
    (void)arg;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (!p)
            return;
        server.counts.connections--;
        unlink_peer(p);
        free_request(p);
        free(p);
        return;
    }
    const union MHD_ConnectionInfo *info =
        dm_mhd.get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    p = info ? calloc(1, sizeof *p) : NULL;
    *context = p;
    if (!p)
        return; /* its requests are refused */
    p->fd = info->connect_fd;
    p->connection = connection;
    append_peer(p);
    server.counts.accepted++;
    if (++server.counts.connections + SPARE > server.max_connections)
        cut(server.first);
}

static struct peer *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        dm_mhd.get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode code)
{
    struct peer *p = peer_of(connection);
    (void)arg, (void)context, (void)code;
    if (!p)
        return;
    free_request(p);
    unlink_peer(p);
    append_peer(p);
}

/* ---- requests ---- */

static enum MHD_Result refuse(struct MHD_Connection *connection, unsigned status)
{
    struct MHD_Response *r = dm_mhd.create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (!r)
        return MHD_NO;
    dm_mhd.add_response_header(r, "Connection", "close");
    enum MHD_Result result = dm_mhd.queue_response(connection, status, r);
    dm_mhd.destroy_response(r);
    return result;
}

static const char *header(struct MHD_Connection *connection, const char *name)
{
    return dm_mhd.lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

/* The head of a request has come. */
static enum MHD_Result begin_request(struct peer *p, const char *target, const char *method)
{
    const char *length = header(p->connection, "Content-Length");
    p->in_request = true;
    if (length && strtoull(length, NULL, 10) > server.max_body) {
        server.counts.too_large++;
        return refuse(p->connection, MHD_HTTP_CONTENT_TOO_LARGE);
    }
    bool ok = dm_buf_add(&p->target, target, strlen(target) + 1) &&
              dm_buf_add(&p->method, method, strlen(method) + 1);
    return ok ? MHD_YES : MHD_NO;
}

static enum MHD_Result add_body(struct peer *p, const char *bytes, size_t *n)
{
    if (p->body.n + *n > server.max_body) {
        server.counts.too_large++;
        return MHD_NO; /* closes the connection: no answer may be given inside a body */
    }
    bool ok = dm_buf_add(&p->body, bytes, *n);
    *n = 0;
    return ok ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *target,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *n, void **context)
{
    struct peer *p = peer_of(connection);
    (void)arg, (void)version, (void)context;
    if (!p)
        return MHD_NO;
    if (!p->in_request)
        return begin_request(p, target, method);
    if (*n)
        return add_body(p, bytes, n);
    if (p->response)
        return dm_mhd.queue_response(connection, p->status, p->response);
    if (p->id == 0) {
        server.last_id = server.last_id == INT32_MAX ? 1 : server.last_id + 1;
        p->id = server.last_id;
        dm_mhd.suspend_connection(connection);
        dm_loop_stir();
    }
    return MHD_YES;
}

/* Paths stay as they were written: Lua decodes them. */
static size_t keep_escapes(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg, (void)connection;
    return strlen(text);
}

int dm_serve_next(struct dm_serve_request *request)
{
    struct peer *p = server.first;
    while (p && (p->id == 0 || p->told))
        p = p->next;
    if (!p)
        return 0;
    p->told = true;
    *request = (struct dm_serve_request){.id = p->id,
                                         .method = p->method.p,
                                         .target = p->target.p,
                                         .content_type = header(p->connection, "Content-Type"),
                                         .authorization = header(p->connection, "Authorization"),
                                         .host = header(p->connection, "Host"),
                                         .origin = header(p->connection, "Origin"),
                                         .body = p->body.p,
                                         .body_bytes = p->body.n};
    return 1;
}

static void add_header(struct MHD_Response *r, const char *name, const char *value)
{
    if (name && value)
        dm_mhd.add_response_header(r, name, value);
}

void dm_serve_answer(uint32_t id, const struct dm_serve_reply *reply)
{
    struct peer *p = server.first;
    while (p && p->id != id)
        p = p->next;
    if (!p || p->response)
        return;
    /* libmicrohttpd copies; it takes no const */
    void *body = (void *)(uintptr_t)reply->body;
    p->response =
        dm_mhd.create_response_from_buffer(reply->body_bytes, body, MHD_RESPMEM_MUST_COPY);
    p->status = reply->status;
    if (p->response) {
        add_header(p->response, "Content-Type", reply->content_type);
        add_header(p->response, reply->header, reply->value);
    } else {
        shutdown(p->fd, SHUT_RDWR);
    }
    dm_mhd.resume_connection(p->connection);
    uv_timer_start(&server.timer, on_timer, 0, 0);
}

/* ---- begin and end ---- */

static void ignore_log(void *arg, const char *format, va_list args)
{
    (void)arg, (void)format, (void)args; /* what clients do wrong is no news */
}

static struct MHD_Daemon *start_daemon(int fd, const struct dm_serve_options *o)
{
    unsigned seconds = (unsigned)(o->max_ms / 1000) + 1;
    return dm_mhd.start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request,
        NULL, MHD_OPTION_EXTERNAL_LOGGER, ignore_log, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)o->max_connections, MHD_OPTION_CONNECTION_TIMEOUT,
        seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)o->max_head,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, NULL, MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL,
        MHD_OPTION_STRICT_FOR_CLIENT, (int)STRICT, MHD_OPTION_END);
}

static int watch(uv_loop_t *loop, struct dm_error *err)
{
    const union MHD_DaemonInfo *info =
        dm_mhd.get_daemon_info(server.daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int rc = info ? uv_poll_init(loop, &server.poll, info->epoll_fd) : UV_EINVAL;
    if (rc) {
        dm_mhd.stop_daemon(server.daemon);
        server.daemon = NULL;
        return dm_fail(err, DM_EIO, "cannot watch the HTTP server: %s", uv_strerror(rc));
    }
    uv_poll_start(&server.poll, UV_READABLE, on_poll);
    uv_timer_init(loop, &server.timer);
    uv_timer_init(loop, &server.sweep);
    uv_timer_start(&server.sweep, on_sweep, SWEEP_MS, SWEEP_MS);
    run();
    return DM_OK;
}

int dm_serve_start(const struct dm_serve_options *o, struct dm_error *err)
{
    int port, fd;
    uv_loop_t *loop = dm_loop(err);
    if (!loop || dm_mhd_load(err))
        return err->status;
    fd = dm_listen(o->ip, o->port, &port, err);
    if (fd < 0)
        return fd;
    server.max_connections = o->max_connections;
    server.max_body = o->max_body;
    server.max_ms = o->max_ms;
    server.daemon = start_daemon(fd, o);
    if (!server.daemon) {
        close(fd);
        return dm_fail(err, DM_EIO, "cannot start the HTTP server");
    }
    int rc = watch(loop, err);
    return rc ? rc : port;
}

void dm_serve_count(struct dm_serve_counts *counts)
{
    *counts = server.counts;
}

void dm_serve_stop(void)
{
    if (!server.daemon)
        return;
    uv_close((uv_handle_t *)&server.poll, NULL);
    uv_close((uv_handle_t *)&server.timer, NULL);
    uv_close((uv_handle_t *)&server.sweep, NULL);
    for (struct peer *p = server.first; p; p = p->next)
        if (p->id && !p->response)
            dm_mhd.resume_connection(p->connection); /* none may be suspended at the end */
    dm_mhd.stop_daemon(server.daemon);
    server.daemon = NULL;
}
