#include "run/turn.h"

#include <stdio.h>

enum { STANDSTILL_MS = 1000 };

/* Of the process's first thread, which runs the operators; all 0 where the kernel does not tell. */
struct usage {
    uint64_t ran_ns;
    /* for how long it has waited for processors; a wait is added when it ends */
    uint64_t queued_ms;
};

static FILE *open_proc(int pid, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    return fopen(path, "re");
}

static struct usage read_usage(int pid)
{
    unsigned long long ran = 0, queued = 0;
    FILE *f = open_proc(pid, "schedstat");
    if (!f)
        return (struct usage){0};
    if (fscanf(f, "%llu %llu", &ran, &queued) != 2)
        ran = queued = 0;
    fclose(f);
    return (struct usage){.ran_ns = ran, .queued_ms = queued / 1000000};
}

/* Whether it has a processor or waits for one; else it waits for something of its own. */
static bool is_runnable(int pid)
{
    char state = 0;
    FILE *f = open_proc(pid, "stat");
    if (!f)
        return false;
    if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
        state = 0;
    fclose(f);
    return state == 'R';
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
    uint64_t since_look = now_ms - t->seen_ms;
    t->seen_ms = now_ms;
    if (since_look > STANDSTILL_MS)
        t->since_ms += since_look;
    if (!t->has_queued) { /* time counts from here on: a late look is not the row's fault */
        t->queued_ms = read_usage(pid).queued_ms;
        t->since_ms = now_ms;
        t->has_queued = true;
    }
    if (now_ms - t->since_ms <= limit_ms)
        return false;
    struct usage usage = read_usage(pid);
    bool tells = usage.ran_ns > 0, has_run = t->ran_ns > 0 && usage.ran_ns > t->ran_ns;
    t->ran_ns = usage.ran_ns;
    uint64_t waited = usage.queued_ms > t->queued_ms ? usage.queued_ms - t->queued_ms : 0;
    if (tells && is_runnable(pid)) { /* perhaps it waits now, at most since it was seen to run */
        if (!has_run)
            return false;
        waited += since_look;
    }
    return now_ms - t->since_ms > limit_ms + waited;
}
