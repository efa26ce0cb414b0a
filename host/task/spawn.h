/* Starting a program in a session and process group of its own, so that it and all it starts can be
 * signalled together. vfork and not fork: the time does not grow with the memory of the host. */
#ifndef DM_TASK_SPAWN_H
#define DM_TASK_SPAWN_H

#include "base/error.h"

#include <sys/types.h>

enum { DM_SPAWN_FDS = 5 };

struct dm_spawn {
    char **argv;          /* ends with NULL; argv[0] is looked for as execvp does */
    char **env;           /* ends with NULL */
    const char *cwd;      /* NULL: that of this process */
    int fd[DM_SPAWN_FDS]; /* what becomes its descriptors 0 to 4; < 0: /dev/null, from 3 on none */
};

/* Starts it. It is killed when the thread that calls this ends, however that comes about. DM_EUSAGE
 * when there is no such program or folder, DM_EIO when the system refuses a process. */
int dm_spawn(const struct dm_spawn *s, pid_t *pid, struct dm_error *err);

#endif
