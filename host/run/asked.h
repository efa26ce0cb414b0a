/* The account of what models are asked: of a worker since it last told, and summed for a run. It
 * holds all requests, those of attempts at a split that came to nothing too: they were paid for. */
#ifndef DM_RUN_ASKED_H
#define DM_RUN_ASKED_H

#include "run/wire.h"

/* Whether nothing was asked. */
bool dm_asked_is_empty(const struct dm_asked *asked);

/* Puts the accounts of n operators into a frame, as far as they are not empty. False when memory is
 * short. Reading adds to the n accounts that there are, or marks the frame as bad: then nothing was
 * added. */
bool dm_asked_put(struct dm_buf *b, const struct dm_asked *asked, uint64_t n);
void dm_asked_get(struct dm_wire *w, struct dm_asked *asked, uint64_t n);

#endif
