#include "run/turn.h"

#include <stdio.h>

enum { STANDSTILL_MS = 1000 };

/* How long the process's first thread, which runs the operators, has waited for processors; 0 where
 * the kernel does not tell. */
static uint64_t queued_ms(int pid)
{
    char path[64];
    unsigned long long ran = 0, queued = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    if (fscanf(f, "%llu %llu", &ran, &queued) != 2)
        queued = 0;
    fclose(f);
    return queued / 1000000;
}

void dm_turn_begin(struct dm_turn *t, uint64_t turn, uint64_t now_ms)
{
    *t = (struct dm_turn){.turn = turn, .since_ms = now_ms, .seen_ms = now_ms};
}

bool dm_turn_is_over(struct dm_turn *t, int pid, uint64_t turn, uint64_t now_ms, uint64_t limit_ms)
{
    if (turn != t->turn) {
        dm_turn_begin(t, turn, now_ms);
        return false;
    }
    if (now_ms - t->seen_ms > STANDSTILL_MS)
        t->since_ms += now_ms - t->seen_ms;
    t->seen_ms = now_ms;
    if (!t->has_queued) {
        t->queued_ms = queued_ms(pid);
        t->has_queued = true;
    }
    uint64_t passed = now_ms - t->since_ms;
    return passed > limit_ms && passed - limit_ms > queued_ms(pid) - t->queued_ms;
}
