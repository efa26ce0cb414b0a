#include "run/board.h"

bool dm_board_put(struct dm_buf *b, const struct dm_board *board)
{
    return dm_put_u64(b, atomic_load(&board->split)) && dm_put_u64(b, atomic_load(&board->range)) &&
           dm_put_u64(b, atomic_load(&board->row)) && dm_put_u32(b, (uint32_t)board->op) &&
           dm_put_u64(b, atomic_load(&board->turn));
}

void dm_board_get(struct dm_wire *w, struct dm_board *board)
{
    atomic_store(&board->split, dm_get_u64(w));
    atomic_store(&board->range, dm_get_u64(w));
    atomic_store(&board->row, dm_get_u64(w));
    board->op = (int32_t)dm_get_u32(w);
    atomic_store(&board->turn, dm_get_u64(w));
}
