#include "cluster/link.h"

#include "base/error.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 256 * 1024, KEPT_BYTES = 64 * 1024, FLUSH_MS = 3000 };

int dm_link_init(struct dm_link *link, uv_loop_t *loop, const struct dm_link_events *events,
                 void *owner, struct dm_error *err)
{
    *link = (struct dm_link){.events = events, .owner = owner, .most = DM_FRAME_MAX};
    link->heard_ms = link->said_ms = uv_now(loop);
    int rc = uv_tcp_init(loop, &link->tcp);
    link->tcp.data = link;
    return rc ? dm_fail(err, DM_EIO, "cannot make a socket: %s", uv_strerror(rc)) : DM_OK;
}

static void end(struct dm_link *link, const char *why)
{
    if (link->ended || link->closing)
        return;
    link->ended = true;
    uv_read_stop((uv_stream_t *)&link->tcp);
    link->events->on_end(link, why);
}

/* What is read is handled before anything else is read, so one block does for all links. */
static void on_alloc(uv_handle_t *handle, size_t n, uv_buf_t *buf)
{
    static char block[BLOCK_BYTES];
    (void)handle, (void)n;
    *buf = uv_buf_init(block, sizeof block);
}

/* Handles the whole frames in n bytes; returns how many bytes they were. */
static size_t deliver(struct dm_link *link, const char *p, size_t n)
{
    size_t at = 0;
    while (!link->ended && !link->closing) {
        int64_t size = dm_frame_size(p + at, n - at);
        struct dm_wire length = {.p = (const unsigned char *)p + at,
                                 .end = (const unsigned char *)p + n};
        if (size < 0 || (n - at >= 4 && dm_get_u32(&length) > link->most)) {
            end(link, "it sent what is no message");
            break;
        }
        if (size == 0)
            break;
        const unsigned char *frame = (const unsigned char *)p + at;
        struct dm_wire w = {.p = frame + DM_FRAME_HEAD, .end = frame + size};
        at += (size_t)size;
        link->events->on_frame(link, (enum dm_message)frame[4], &w);
    }
    return at;
}

static void take(struct dm_link *link, const char *p, size_t n)
{
    if (link->in.n) {
        if (!dm_buf_add(&link->in, p, n)) {
            end(link, "memory ran short");
            return;
        }
        size_t done = deliver(link, link->in.p, link->in.n);
        memmove(link->in.p, link->in.p + done, link->in.n - done);
        link->in.n -= done;
    } else {
        size_t done = deliver(link, p, n);
        if (!link->ended && !link->closing && !dm_buf_add(&link->in, p + done, n - done))
            end(link, "memory ran short");
    }
    if (!link->in.n && link->in.cap > KEPT_BYTES)
        dm_buf_finish(&link->in);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
    struct dm_link *link = stream->data;
    if (n == 0)
        return;
    link->heard_ms = uv_now(stream->loop);
    if (n < 0)
        end(link, n == UV_EOF ? "it closed the connection" : uv_strerror((int)n));
    else
        take(link, buf->base, (size_t)n);
}

int dm_link_start(struct dm_link *link, struct dm_error *err)
{
    uv_tcp_nodelay(&link->tcp, 1);
    link->heard_ms = link->said_ms = uv_now(link->tcp.loop);
    int rc = uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read);
    return rc ? dm_fail(err, DM_EIO, "cannot read from a connection: %s", uv_strerror(rc)) : DM_OK;
}

struct write {
    uv_write_t req;
    struct dm_buf frame;
};

static void on_written(uv_write_t *req, int status)
{
    struct write *w = (struct write *)(void *)req;
    struct dm_link *link = req->data;
    dm_buf_finish(&w->frame);
    free(w);
    if (status)
        end(link, uv_strerror(status));
    else if (!link->ended && !link->closing && link->events->on_sent)
        link->events->on_sent(link);
}

void dm_link_send(struct dm_link *link, struct dm_buf *frame)
{
    struct write *w = link->ended || link->closing || !frame->n ? NULL : calloc(1, sizeof *w);
    link->said_ms = uv_now(link->tcp.loop);
    if (w) {
        w->frame = *frame;
        *frame = (struct dm_buf){0};
        w->req.data = link;
        uv_buf_t buf = uv_buf_init(w->frame.p, (unsigned)w->frame.n);
        if (uv_write(&w->req, (uv_stream_t *)&link->tcp, &buf, 1, on_written)) {
            dm_buf_finish(&w->frame);
            free(w);
            w = NULL;
        }
    }
    link->broken = link->broken || !w;
    dm_buf_clear(frame);
}

/* Sends the frame that begins at `at`, unless memory ran short while it was made. */
static void send_whole(struct dm_link *link, struct dm_buf *frame, size_t at, bool whole)
{
    dm_frame_end(frame, at);
    if (whole)
        dm_link_send(link, frame);
    else
        link->broken = true;
    dm_buf_finish(frame);
}

void dm_link_say(struct dm_link *link, enum dm_message type, const char *text)
{
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, type);
    bool whole = !text || dm_put_text(&frame, text);
    send_whole(link, &frame, at, whole);
}

void dm_link_say_number(struct dm_link *link, enum dm_message type, uint32_t number)
{
    struct dm_buf frame = {0};
    size_t at = dm_frame_begin(&frame, type);
    bool whole = dm_put_u32(&frame, number);
    send_whole(link, &frame, at, whole);
}

void dm_link_say_slot(struct dm_link *link, uint32_t slot, const void *frame, size_t n)
{
    struct dm_buf out = {0};
    size_t at = dm_frame_begin(&out, DM_SLOT);
    bool whole = dm_put_u32(&out, slot) && dm_buf_add(&out, frame, n);
    send_whole(link, &out, at, whole);
}

bool dm_link_get_key(struct dm_wire *w, struct dm_key *key)
{
    size_t n;
    const char *p = dm_get_bytes(w, &n);
    if (w->bad || n != sizeof key->bytes || w->p != w->end)
        return false;
    memcpy(key->bytes, p, n);
    return true;
}

size_t dm_link_waiting(const struct dm_link *link)
{
    return uv_stream_get_write_queue_size((const uv_stream_t *)&link->tcp);
}

static void on_closed(uv_handle_t *handle)
{
    struct dm_link *link = handle->data;
    dm_buf_finish(&link->in);
    link->on_closed(link);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct dm_link *link = handle->data;
    uv_close((uv_handle_t *)&link->patience, on_closed);
}

static void close_socket(struct dm_link *link)
{
    if (!uv_is_closing((uv_handle_t *)&link->tcp))
        uv_close((uv_handle_t *)&link->tcp, on_socket_closed);
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
    (void)status;
    close_socket(req->data);
    free(req);
}

/* The other end does not take it, and may be gone without a word. */
static void on_impatient(uv_timer_t *timer)
{
    close_socket(timer->data);
}

void dm_link_close(struct dm_link *link, bool flush, void (*closed)(struct dm_link *link))
{
    if (link->closing)
        return;
    link->closing = true;
    link->on_closed = closed;
    uv_timer_init(link->tcp.loop, &link->patience);
    link->patience.data = link;
    uv_shutdown_t *req = flush && !link->ended ? malloc(sizeof *req) : NULL;
    if (req)
        req->data = link;
    if (req && uv_shutdown(req, (uv_stream_t *)&link->tcp, on_shutdown) == 0) {
        uv_timer_start(&link->patience, on_impatient, FLUSH_MS, 0);
        return;
    }
    free(req);
    close_socket(link);
}

void dm_link_free(struct dm_link *link)
{
    free(link);
}

void dm_address_name(const struct sockaddr *address, char *buf, size_t n)
{
    char name[64] = "?";
    uv_ip_name(address, name, sizeof name);
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)address;
        bool mapped = strncmp(name, "::ffff:", 7) == 0 && strchr(name, '.');
        snprintf(buf, n, mapped ? "%s:%u" : "[%s]:%u", mapped ? name + 7 : name,
                 ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)address;
        snprintf(buf, n, "%s:%u", name, ntohs(in->sin_port));
    }
}

void dm_link_address(const struct dm_link *link, char *buf, size_t n)
{
    struct sockaddr_storage address;
    int length = sizeof address;
    if (uv_tcp_getpeername(&link->tcp, (struct sockaddr *)&address, &length))
        snprintf(buf, n, "?");
    else
        dm_address_name((struct sockaddr *)&address, buf, n);
}
