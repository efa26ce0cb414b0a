/* Operators while they are made: which one is, should that end the process, and not for too long.
 * What Lua calls of this stands in lua/dm_ffi.h. */
#ifndef DM_RUN_MAKING_H
#define DM_RUN_MAKING_H

#include "run/board.h"

#define DM_SLOW_WHAT "its init took longer than limits.init_time"
#define DM_SLOW_NEXT "is it an endless loop? An init that does need longer: raise limits.init_time"
#define DM_CLOSED_WHAT "it closes descriptors that are not its own"
#define DM_CLOSED_NEXT "close only what the operator has opened"

/* This process is a worker: the number of the operator that is made stands on its board, row or
 * none, and -1 when none is. One that takes too long, or closes the descriptor through which the
 * worker is reached, ends the process with DM_EXIT_SLOW or DM_EXIT_CLOSED. */
void dm_making_in_worker(struct dm_board *board, int fd);

#endif
