#include "engine/self.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

int dm_self_path(char *path, size_t n, struct dm_error *err)
{
    ssize_t length = readlink(DM_SELF, path, n - 1);
    if (length < 0)
        return dm_fail_errno(err, DM_EIO, "cannot find the binary that runs");
    path[length] = 0;
    if (access(path, X_OK))
        return dm_fail(err, DM_EUSAGE,
                       "the binary that runs has been removed or replaced (%s)\n"
                       "start the run again",
                       path);
    return DM_OK;
}

int dm_self_follow_parent(struct dm_error *err)
{
    pid_t parent = getppid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        return dm_fail(err, DM_EIO, "who started this process has gone");
    return DM_OK;
}

void dm_self_limit_memory(uint64_t bytes)
{
/* the sanitizers reserve far more address space than they use */
#if !defined(__SANITIZE_ADDRESS__)
    struct rlimit limit = {.rlim_cur = bytes, .rlim_max = bytes};
    if (bytes)
        setrlimit(RLIMIT_DATA, &limit);
#else
    (void)bytes;
#endif
}
