/* What a worker is doing, in memory that it shares with whoever started it: read after its death to
 * find the row that did it, and during its life to see a row that takes too long. */
#ifndef DM_RUN_BOARD_H
#define DM_RUN_BOARD_H

#include "run/wire.h"

#include <stdatomic.h>
#include <stdint.h>

/* Not a row: the worker is between rows, reads or writes. */
#define DM_NO_ROW UINT64_MAX

struct dm_board {
    _Atomic uint64_t split; /* id of the split at work */
    _Atomic uint64_t range; /* which of its ranges */
    _Atomic uint64_t row;   /* offset of the row in the decompressed stream, or DM_NO_ROW */
    int32_t op;             /* that has the row, from 0; -1: it is being read; or DM_AT_WHERE */
    _Atomic uint64_t turn;  /* counts rows; one that does not move is a row that takes long */
    uint32_t workers; /* on its machine at once, this one among them; whoever started it says */
};

/* What stands on a board as part of a frame, and back. */
bool dm_board_put(struct dm_buf *b, const struct dm_board *board);
void dm_board_get(struct dm_wire *w, struct dm_board *board);

#endif
