/* What a worker host is told when it has been let in. */
#ifndef DM_CLUSTER_ORDERS_H
#define DM_CLUSTER_ORDERS_H

#include "run/settings.h"

struct dm_orders {
    const char *folder; /* the coordinator's current one, which relative paths count from */
    const char *probe;  /* an input, to see whether its file is there; "" when there is none */
    uint64_t probe_size;
    int64_t probe_mtime; /* in ns */
    uint64_t row_ms;     /* the longest that a row may take */
    uint64_t lease_ms;   /* hearing nothing for so long, it ends */
    struct dm_settings settings;
};

/* The orders as part of a frame, and back; texts are then copies that dm_orders_finish frees.
 * DM_EINPUT when they are malformed. */
bool dm_orders_put(struct dm_buf *b, const struct dm_orders *o);
int dm_orders_get(struct dm_wire *w, struct dm_orders *o, struct dm_error *err);
void dm_orders_finish(struct dm_orders *o);

#endif
