#include "engine/self.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

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
    struct rlimit limit;
    if (!bytes || getrlimit(RLIMIT_DATA, &limit))
        return;
    limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
    setrlimit(RLIMIT_DATA, &limit);
#else
    (void)bytes;
#endif
}
