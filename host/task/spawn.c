#include "task/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child tells its parent: until it runs its program it works in the parent's memory. */
struct shared {
    const struct dm_spawn *s;
    pid_t parent;
    volatile int error;      /* errno of what failed */
    volatile bool in_folder; /* that was the change of the folder */
};

static void reset_signals(void)
{
    struct sigaction as_usual = {.sa_handler = SIG_DFL};
    for (int i = 1; i < NSIG; i++)
        if (i != SIGKILL && i != SIGSTOP)
            sigaction(i, &as_usual, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Puts the descriptors in their places, above all of them first: one may stand in another's. */
static bool place_descriptors(const int *fd)
{
    int from[DM_SPAWN_FDS], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < DM_SPAWN_FDS; i++) {
        int given = i <= STDERR_FILENO && fd[i] < 0 ? null : fd[i];
        from[i] = given < 0 ? -1 : fcntl(given, F_DUPFD_CLOEXEC, DM_SPAWN_FDS);
        if (from[i] < 0 && (given >= 0 || i <= STDERR_FILENO))
            return false;
    }
    for (int i = 0; i < DM_SPAWN_FDS; i++)
        if (from[i] >= 0 && dup2(from[i], i) < 0)
            return false;
    close_range(fd[3] < 0 ? 3 : DM_SPAWN_FDS, ~0U, CLOSE_RANGE_CLOEXEC);
    return true;
}

static _Noreturn void run_child(struct shared *shared)
{
    const struct dm_spawn *s = shared->s;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != shared->parent)
        _exit(127);
    shared->in_folder = s->cwd && chdir(s->cwd);
    if (!shared->in_folder && place_descriptors(s->fd)) {
        reset_signals();
        execvpe(s->argv[0], s->argv, s->env);
    }
    shared->error = errno;
    _exit(127);
}

static int fail_spawn(const struct shared *shared, struct dm_error *err)
{
    const struct dm_spawn *s = shared->s;
    errno = shared->error;
    if (shared->in_folder)
        return dm_fail_errno(err, DM_EUSAGE, "cannot run %s in the folder %s", s->argv[0], s->cwd);
    return dm_fail_errno(err, DM_EUSAGE, "cannot run %s", s->argv[0]);
}

int dm_spawn(const struct dm_spawn *s, pid_t *pid, struct dm_error *err)
{
    struct shared shared = {.s = s, .parent = getpid()};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* no handler may run in the child */
    pid_t child = vfork();
    if (child == 0)
        run_child(&shared);
    int saved = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    if (child < 0)
        return dm_fail_errno(err, DM_EIO, "cannot start a process");
    if (shared.error) {
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            ;
        return fail_spawn(&shared, err);
    }
    *pid = child;
    return DM_OK;
}
