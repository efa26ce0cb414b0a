/* Where worker hosts knock: the coordinator's listening socket, and the handshake with who comes.
 * Whoever can not show the token of a name that is expected learns nothing, and costs little. */
#ifndef DM_CLUSTER_DOOR_H
#define DM_CLUSTER_DOOR_H

#include "cluster/link.h"
#include "cluster/proof.h"

struct dm_door_events {
    /* Somebody knows the token of this name: NULL lets it in, else why not. */
    const char *(*admit)(void *arg, const char *name);
    /* It has been let in: the link, made by malloc, is the receiver's, who sets its events. */
    void (*on_guest)(void *arg, const char *name, struct dm_link *link);
    /* Somebody was sent away. */
    void (*on_refused)(void *arg, const char *from, const char *why);
    void *arg;
};

struct dm_door {
    uv_tcp_t tcp;
    uv_timer_t timer;
    struct dm_key secret;
    struct dm_door_events events;
    struct dm_guest *first, *last; /* who has not shown anything yet, the oldest first */
    uint32_t guests;
    bool held; /* one more waits to be accepted */
    bool opened, closed;
    char addresses[512]; /* where it is reached: "10.0.0.1:4711,[fd00::1]:4711" */
};

/* Refuses what dm_door_open could not listen on, before anything is begun: DM_EUSAGE with a
 * message. listen is not NULL. */
int dm_door_check(const char *listen, struct dm_error *err);

/* Opens the door. listen: "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT"; NULL: any port of the
 * loopback with `nearby`, else of every address that this machine has. */
int dm_door_open(struct dm_door *d, uv_loop_t *loop, const char *listen, bool nearby,
                 struct dm_door_events events, struct dm_error *err);

/* Closes it; who was let in stays. The struct must live until the loop has ended. */
void dm_door_close(struct dm_door *d);

#endif
