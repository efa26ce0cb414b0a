/* The clock of `dmhost profile`. */
#include "lua/ffi.h"

#include "base/error.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#ifndef sigev_notify_thread_id /* glibc has the kernel's name for it only */
#define sigev_notify_thread_id _sigev_un._tid
#endif

enum { PERIOD_NS = 1000000 };

static timer_t timer;

int dm_profile_start(struct dm_error *err)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGPROF};
    const struct itimerspec period = {{0, PERIOD_NS}, {0, PERIOD_NS}};
    event.sigev_notify_thread_id = gettid();
    if (timer_create(CLOCK_MONOTONIC, &event, &timer))
        return dm_fail_errno(err, DM_EIO, "cannot make a timer");
    timer_settime(timer, 0, &period, NULL);
    return DM_OK;
}

void dm_profile_stop(void)
{
    timer_delete(timer);
}
