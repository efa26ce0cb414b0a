#include "cluster/orders.h"

#include <stdlib.h>

bool dm_orders_put(struct dm_buf *b, const struct dm_orders *o)
{
    return dm_put_text(b, o->folder) && dm_put_text(b, o->probe) && dm_put_u64(b, o->probe_size) &&
           dm_put_u64(b, (uint64_t)o->probe_mtime) && dm_put_u64(b, o->row_ms) &&
           dm_put_u64(b, o->lease_ms) && dm_settings_put(b, &o->settings);
}

int dm_orders_get(struct dm_wire *w, struct dm_orders *o, struct dm_error *err)
{
    *o = (struct dm_orders){.folder = dm_get_text(w), .probe = dm_get_text(w)};
    o->probe_size = dm_get_u64(w);
    o->probe_mtime = (int64_t)dm_get_u64(w);
    o->row_ms = dm_get_u64(w);
    o->lease_ms = dm_get_u64(w);
    int rc = dm_settings_get(w, &o->settings, err);
    if (rc)
        dm_orders_finish(o);
    return rc;
}

void dm_orders_finish(struct dm_orders *o)
{
    free((void *)(uintptr_t)o->folder);
    free((void *)(uintptr_t)o->probe);
    dm_settings_finish(&o->settings);
    *o = (struct dm_orders){0};
}
