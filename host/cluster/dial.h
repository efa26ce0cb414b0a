/* A worker host's way in: finding the coordinator at one of its addresses, and the handshake. */
#ifndef DM_CLUSTER_DIAL_H
#define DM_CLUSTER_DIAL_H

#include "cluster/link.h"
#include "cluster/proof.h"

struct dm_dial {
    uv_loop_t *loop;
    uv_timer_t timer;
    const char *addresses; /* "10.0.0.1:4711,[fd00::1]:4711" */
    const char *name;
    struct dm_key token, ours, theirs; /* ours and theirs: random numbers */
    /* The coordinator has let us in and shown who it is: the link, made by malloc, is the
     * receiver's, who sets its events. */
    void (*on_in)(void *arg, struct dm_link *link);
    void (*on_failed)(void *arg, const char *why);
    void *arg;
    /* of the attempt at hand */
    const char *at;
    struct dm_link *link;
    uint64_t began_ms;
    bool proved;
    char why[256];
};

/* Begins; the caller has set the fields down to `arg`. One of the events follows. */
void dm_dial_start(struct dm_dial *d);

#endif
