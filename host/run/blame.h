/* What the end of a worker says about the row that it was at. */
#ifndef DM_RUN_BLAME_H
#define DM_RUN_BLAME_H

#include "run/pool.h"

/* Whether the row on its board is to blame for the worker's end, by the limits that hold: writes
 * why into why[n]. False when the end says nothing about the row. */
bool dm_blame(const struct dm_peer *peer, uint64_t row_ms, uint64_t memory_bytes, char *why,
              size_t n);

/* Whether the worker ended because descriptors of its own had been closed. */
bool dm_is_closed(const struct dm_peer *peer);

/* How a worker ended that no limit explains: writes it into why[n]. */
void dm_tell_end(const struct dm_peer *peer, char *why, size_t n);

#endif
