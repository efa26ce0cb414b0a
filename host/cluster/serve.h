/* Input for worker hosts that do not see it: the ranges of a split, read in a thread and sent as
 * far as the connection takes them. */
#ifndef DM_CLUSTER_SERVE_H
#define DM_CLUSTER_SERVE_H

#include "cluster/hosts_state.h"

/* The worker in this slot asks for the input of its split. */
void dm_serve_begin(struct dm_far *h, uint32_t slot);

/* The connection has room again. */
void dm_serve_go_on(struct dm_far *h);

/* The worker in this slot has gone. */
void dm_serve_cancel(struct dm_far *h, uint32_t slot);

/* A piece of output has come (DM_OUTPUT). */
void dm_serve_output(struct dm_far *h, struct dm_wire *w);

#endif
