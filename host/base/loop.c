#include "base/loop.h"

#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct {
    uv_loop_t loop;
    uv_timer_t wake;
    uv_signal_t interrupt, terminate;
    bool ready, stirred;
    int reasons, caught; /* to catch signals */
    uv_poll_t *watch;    /* of the descriptor `watched`, or NULL */
    int watched;
} shared;

static volatile sig_atomic_t noted; /* a signal that came while Lua computed */

double dm_loop_now(void)
{
    return (double)uv_hrtime() / 1e6;
}

double dm_wall_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

uv_loop_t *dm_loop(struct dm_error *err)
{
    if (shared.ready)
        return &shared.loop;
    int rc = uv_loop_init(&shared.loop);
    if (rc) {
        dm_fail(err, DM_EIO, "cannot make an event loop: %s", uv_strerror(rc));
        return NULL;
    }
    uv_timer_init(&shared.loop, &shared.wake);
    uv_signal_init(&shared.loop, &shared.interrupt);
    uv_signal_init(&shared.loop, &shared.terminate);
    shared.ready = true;
    return &shared.loop;
}

void dm_loop_stir(void)
{
    shared.stirred = true;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)poll, (void)status, (void)events;
    dm_loop_stir();
}

static void free_watch(uv_handle_t *handle)
{
    free(handle);
}

void dm_loop_watch(int fd)
{
    struct dm_error err;
    uv_loop_t *loop = dm_loop(&err);
    if (!loop || (shared.watch ? shared.watched : -1) == fd)
        return;
    if (shared.watch)
        uv_close((uv_handle_t *)shared.watch, free_watch);
    shared.watch = fd >= 0 ? malloc(sizeof *shared.watch) : NULL;
    if (!shared.watch || uv_poll_init(loop, shared.watch, fd)) {
        free(shared.watch); /* who waits looks now and then */
        shared.watch = NULL;
        return;
    }
    shared.watched = fd;
    uv_poll_start(shared.watch, UV_READABLE, on_readable);
}

static void on_wake(uv_timer_t *timer)
{
    (void)timer; /* uv_run returns */
}

static void on_signal(uv_signal_t *handle, int number)
{
    (void)handle;
    shared.caught = number;
    shared.stirred = true;
}

static void note_signal(int number)
{
    noted = number;
}

/* While Lua computes, the first signal has to wait until Lua does; the second ends this process as
 * if it were the first. */
static void note_signals(bool on)
{
    struct sigaction a = {.sa_handler = on ? note_signal : SIG_DFL,
                          .sa_flags = (int)(SA_RESTART | SA_RESETHAND)};
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
}

void dm_loop_catch(int change)
{
    bool before = shared.reasons > 0;
    shared.reasons += change;
    if ((shared.reasons > 0) != before)
        note_signals(!before);
    if (shared.reasons == 0 && noted)
        dm_loop_die(noted);
}

int dm_loop_signal(void)
{
    int number = shared.caught;
    shared.caught = 0;
    return number;
}

void dm_loop_die(int number)
{
    fflush(NULL);
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_signals(void)
{
    if (shared.reasons == 0)
        return;
    uv_signal_start(&shared.interrupt, on_signal, SIGINT);
    uv_signal_start(&shared.terminate, on_signal, SIGTERM);
    if (noted)
        on_signal(NULL, noted);
    noted = 0;
}

static void leave_signals(void)
{
    sigset_t both, before;
    if (shared.reasons == 0)
        return;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &both, &before); /* libuv restores what kills */
    uv_signal_stop(&shared.interrupt);
    uv_signal_stop(&shared.terminate);
    note_signals(true);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int dm_loop_wait(double ms, struct dm_error *err)
{
    uv_loop_t *loop = dm_loop(err);
    if (!loop)
        return err->status;
    double end = dm_loop_now() + ms;
    catch_signals();
    uv_run(loop, UV_RUN_NOWAIT);
    while (!shared.stirred) {
        double left = end - dm_loop_now();
        if (left <= 0)
            break;
        uv_update_time(loop);
        uv_timer_start(&shared.wake, on_wake, (uint64_t)ceil(left), 0);
        uv_run(loop, UV_RUN_ONCE);
    }
    uv_timer_stop(&shared.wake);
    leave_signals();
    bool stirred = shared.stirred;
    shared.stirred = false;
    return stirred;
}

void dm_loop_finish(void)
{
    if (!shared.ready)
        return;
    dm_loop_watch(-1);
    uv_close((uv_handle_t *)&shared.wake, NULL);
    uv_close((uv_handle_t *)&shared.interrupt, NULL);
    uv_close((uv_handle_t *)&shared.terminate, NULL);
    uv_run(&shared.loop, UV_RUN_DEFAULT);
    uv_loop_close(&shared.loop);
    shared.ready = false;
}
