/* How long a worker has been at what it does. Time does not count in which it could do nothing: it
 * waited for a processor that others had, or everything stood still (Ctrl-Z, a machine that slept).
 */
#ifndef DM_RUN_TURN_H
#define DM_RUN_TURN_H

#include <stdbool.h>
#include <stdint.h>

struct dm_turn {
    uint64_t turn;      /* of the board, when it was last looked at */
    uint64_t since_ms;  /* when that began, as far as was seen */
    uint64_t seen_ms;   /* when it was last looked at */
    uint64_t queued_ms; /* how long its process had waited for processors, soon after */
    uint64_t ran_ns;    /* how long it had run when it was last looked at, beyond the limit */
    bool has_queued;
};

/* Something begins now; turn: what the board shows. */
void dm_turn_begin(struct dm_turn *t, uint64_t turn, uint64_t now_ms);

/* Whether what the process does takes longer than limit_ms. To be asked several times a second:
 * pauses between are taken for a standstill. Where the board shows another turn, something else has
 * begun. */
bool dm_turn_is_over(struct dm_turn *t, int pid, uint64_t turn, uint64_t now_ms, uint64_t limit_ms);

#endif
