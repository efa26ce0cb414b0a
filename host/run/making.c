#include "run/making.h"

#include "base/home.h"
#include "run/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WRONG_PIPELINE = 2, WATCHED = 64 };

static struct {
    struct dm_board *board; /* of a worker */
    int fd;
    timer_t timer;
    bool has_timer;
    char who[320];                /* for people, of any other process */
    int voice;                    /* standard error, should an operator close that; 0: none */
    bool is_watched[WATCHED];     /* descriptors, but for standard input and connections */
    struct stat watched[WATCHED]; /* what they were */
} making;

void dm_making_in_worker(struct dm_board *board, int fd)
{
    making.board = board;
    making.fd = fd;
    board->op = -1;
}

/* One that libcurl keeps from an operator made before: it closes those whose other end has gone. */
static bool is_connection(int fd)
{
    struct sockaddr_storage at;
    socklen_t n = sizeof at;
    return fd > STDERR_FILENO && getsockname(fd, (struct sockaddr *)&at, &n) == 0 &&
           (at.ss_family == AF_INET || at.ss_family == AF_INET6);
}

void dm_making_watch(int on)
{
    memset(making.is_watched, 0, sizeof making.is_watched);
    if (!on)
        return;
    dm_home_keep();
    if (!making.board && !making.voice)
        making.voice = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, WATCHED);
    for (int fd = STDOUT_FILENO; fd < WATCHED; fd++)
        making.is_watched[fd] = fstat(fd, &making.watched[fd]) == 0 && !is_connection(fd);
}

static bool is_the_same(int fd)
{
    struct stat st;
    const struct stat *was = &making.watched[fd];
    return fstat(fd, &st) == 0 && st.st_dev == was->st_dev && st.st_ino == was->st_ino;
}

/* Whether what was watched is closed, or another file by now. */
static bool has_closed(void)
{
    struct stat st;
    for (int fd = STDOUT_FILENO; fd < WATCHED; fd++)
        if (making.is_watched[fd] && !is_the_same(fd))
            return true;
    return making.board && (fstat(making.fd, &st) || !S_ISSOCK(st.st_mode));
}

/* What is wrong and what to do about it, as they stand behind the operator's name. */
static void say(int fd, const char *what)
{
    (void)!write(fd, making.who, strlen(making.who));
    (void)!write(fd, what, strlen(what));
}

static void on_late(int sig)
{
    (void)sig;
    if (making.board)
        _exit(DM_EXIT_SLOW);
    say(STDERR_FILENO, DM_SLOW_WHAT "\n  next    " DM_SLOW_NEXT "\n");
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
    snprintf(making.who, sizeof making.who,
             "dmhost: operator %d, \"%.200s\", can not be made: ", op + 1, name);
    if (making.board)
        making.board->op = op;
    dm_home_keep();
    set_timer(ms);
}

void dm_making_end(void)
{
    set_timer(0);
    dm_home_return();
    if (has_closed()) {
        if (making.board)
            _exit(DM_EXIT_CLOSED);
        say(making.voice > 0 && fcntl(making.voice, F_GETFD) >= 0 ? making.voice : STDERR_FILENO,
            DM_CLOSED_WHAT "\n  next    " DM_CLOSED_NEXT "\n");
        _exit(WRONG_PIPELINE);
    }
    if (making.board)
        making.board->op = -1;
}
