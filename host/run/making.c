#include "run/making.h"

#include "base/home.h"
#include "run/worker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WRONG_PIPELINE = 2 };

static struct {
    struct dm_board *board; /* of a worker */
    int fd;
    timer_t timer;
    bool has_timer;
    char text[1024]; /* for people, of any other process */
} making;

void dm_making_in_worker(struct dm_board *board, int fd)
{
    making.board = board;
    making.fd = fd;
    board->op = -1;
}

static void on_late(int sig)
{
    (void)sig;
    if (making.board)
        _exit(DM_EXIT_SLOW);
    (void)!write(STDERR_FILENO, making.text, strlen(making.text));
    _exit(WRONG_PIPELINE);
}

/* Ends the process after a while, but for 0. The clock is one that nobody sets. */
static void set_timer(double ms)
{
    struct sigaction a = {.sa_handler = on_late};
    struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGVTALRM};
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(ms / 1e3)}};
    at.it_value.tv_nsec = (long)((ms - (double)at.it_value.tv_sec * 1e3) * 1e6);
    if (!making.has_timer) {
        sigaction(SIGVTALRM, &a, NULL);
        making.has_timer = timer_create(CLOCK_MONOTONIC, &event, &making.timer) == 0;
    }
    if (making.has_timer)
        timer_settime(making.timer, 0, &at, NULL);
}

void dm_making_begin(int op, double ms, const char *name)
{
    snprintf(making.text, sizeof making.text,
             "dmhost: operator %d, \"%.200s\", can not be made: " DM_SLOW_WHAT
             "\n  next    " DM_SLOW_NEXT "\n",
             op + 1, name);
    if (making.board)
        making.board->op = op;
    dm_home_keep();
    set_timer(ms);
}

void dm_making_end(void)
{
    struct stat st;
    set_timer(0);
    dm_home_return();
    if (!making.board)
        return;
    if (fstat(making.fd, &st) || !S_ISSOCK(st.st_mode))
        _exit(DM_EXIT_CLOSED);
    making.board->op = -1;
}
