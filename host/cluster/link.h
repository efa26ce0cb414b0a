/* A TCP connection that carries frames, seen from either end. */
#ifndef DM_CLUSTER_LINK_H
#define DM_CLUSTER_LINK_H

#include "cluster/proof.h"
#include "run/wire.h"

#include <uv.h>

struct dm_link;

struct dm_link_events {
    /* a whole frame; w stands behind its head */
    void (*on_frame)(struct dm_link *link, enum dm_message type, struct dm_wire *w);
    /* the connection has ended, by the other end or an error, or spoke nonsense; said once, and the
     * link sends and tells nothing more. The owner closes it. */
    void (*on_end)(struct dm_link *link, const char *why);
    /* something has gone out: perhaps there is room again; may be NULL */
    void (*on_sent)(struct dm_link *link);
};

/* Who has much to send stops when more than this waits, so that a slow connection takes no memory.
 */
enum { DM_LINK_ROOM = 512 * 1024 };

struct dm_link {
    uv_tcp_t tcp;
    uv_timer_t patience; /* closing: until when what was sent may go out */
    const struct dm_link_events *events;
    void *owner;
    struct dm_buf in; /* the beginning of a frame whose rest has not come */
    uint32_t most;    /* the longest frame that is taken */
    bool ended, closing;
    bool broken; /* something could not be sent: the owner is to look, and close it */
    uint64_t heard_ms, said_ms; /* when something last came, and was last sent */
    void (*on_closed)(struct dm_link *link);
};

/* Readies the link for connecting or accepting; the events are borrowed. */
int dm_link_init(struct dm_link *link, uv_loop_t *loop, const struct dm_link_events *events,
                 void *owner, struct dm_error *err);

/* The connection is there: begins to read. */
int dm_link_start(struct dm_link *link, struct dm_error *err);

/* Sends a frame (with head); the buffer is emptied. What can not be sent breaks the link. */
void dm_link_send(struct dm_link *link, struct dm_buf *frame);

/* Sends a frame without fields, or with one text. */
void dm_link_say(struct dm_link *link, enum dm_message type, const char *text);

/* Sends a frame with one number. */
void dm_link_say_number(struct dm_link *link, enum dm_message type, uint32_t number);

/* Sends a frame of the worker in that slot, n bytes with head, inside a DM_SLOT. */
void dm_link_say_slot(struct dm_link *link, uint32_t slot, const void *frame, size_t n);

/* Takes a key that ends a frame; false when that is not what is left of it. */
bool dm_link_get_key(struct dm_wire *w, struct dm_key *key);

/* Bytes that were sent and are still in our memory. */
size_t dm_link_waiting(const struct dm_link *link);

/* Closes; with `flush`, once what was sent has gone out, or has not for some seconds. on_closed may
 * free the link. */
void dm_link_close(struct dm_link *link, bool flush, void (*on_closed)(struct dm_link *link));

/* An on_closed for a link, or what begins with one, that malloc gave. */
void dm_link_free(struct dm_link *link);

/* The address of the other end, as "10.0.0.1:4711" or "[::1]:4711". */
void dm_link_address(const struct dm_link *link, char *buf, size_t n);

/* An address as text. */
void dm_address_name(const struct sockaddr *address, char *buf, size_t n);

#endif
