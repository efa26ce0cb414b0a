#include "base/home.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

static int home = AT_FDCWD;

void dm_home_keep(void)
{
    int fd = home == AT_FDCWD ? open(".", O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    home = fd >= 0 ? fd : home;
}

int dm_home(void)
{
    return home;
}

bool dm_home_return(void)
{
    return home == AT_FDCWD || fchdir(home) == 0 || (errno != EBADF && errno != ENOTDIR);
}

void dm_home_in_thread(void)
{
    if (home != AT_FDCWD && unshare(CLONE_FS) == 0)
        dm_home_return();
}
