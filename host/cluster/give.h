/* Files that a worker host does not have, as the coordinator sends them: see cluster/files.h. */
#ifndef DM_CLUSTER_GIVE_H
#define DM_CLUSTER_GIVE_H

#include "cluster/hosts_state.h"

/* The worker host asks for a file (DM_WISH). False when that is no message. */
bool dm_give_begin(struct dm_far *h, struct dm_wire *w);

/* The connection has room again. */
void dm_give_go_on(struct dm_far *h);

/* The worker host has gone. */
void dm_give_cancel(struct dm_far *h);

#endif
