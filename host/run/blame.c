#include "run/blame.h"

#include "run/worker.h"

#include <signal.h>
#include <stdio.h>

bool dm_is_closed(const struct dm_peer *peer)
{
    return peer->killed == DM_KILL_CLOSED ||
           (peer->signal == 0 && peer->exit_status == DM_EXIT_CLOSED);
}

bool dm_blame(const struct dm_peer *peer, uint64_t row_ms, uint64_t memory_bytes, char *why,
              size_t n)
{
    if (peer->killed == DM_KILL_ROW_TIME) {
        snprintf(why, n, "took longer than limits.row_time, %g s", (double)row_ms / 1e3);
        return true;
    }
    if (peer->signal == 0 && peer->exit_status == DM_EXIT_MEMORY) {
        snprintf(why, n, "needed more than limits.memory, %g MiB", (double)memory_bytes / 1048576);
        return true;
    }
    if (dm_is_closed(peer)) {
        snprintf(why, n, "closed descriptors that the worker works with");
        return true;
    }
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE};
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++)
        if (peer->signal == crashes[i]) {
            snprintf(why, n, "crashed the worker: %s (signal %d)", strsignal(peer->signal),
                     peer->signal);
            return true;
        }
    return false;
}

void dm_tell_end(const struct dm_peer *peer, char *why, size_t n)
{
    if (peer->signal)
        snprintf(why, n, "ended the worker with signal %d (%s)", peer->signal,
                 strsignal(peer->signal));
    else
        snprintf(why, n, "ended the worker with exit status %d", (int)peer->exit_status);
}
