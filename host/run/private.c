#include "run/private.h"

#include "io/folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "dmhost-private-"

/* Removes a folder of ours whose owner has gone: its lock is free then. One that has no lock yet is
 * being made. */
static void remove_stale(int at, const char *name)
{
    char path[512];
    struct stat st;
    snprintf(path, sizeof path, "%s/owner", name);
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode) ||
        st.st_uid != geteuid())
        return;
    int lock = openat(at, path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (lock < 0)
        return;
    if (flock(lock, LOCK_EX | LOCK_NB) == 0)
        dm_folder_remove(at, name);
    close(lock);
}

static void remove_all_stale(void)
{
    DIR *dir = opendir(dm_folder_temporary());
    struct dirent *e;
    while (dir && (e = readdir(dir)))
        if (strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0)
            remove_stale(dirfd(dir), e->d_name);
    if (dir)
        closedir(dir);
}

/* The lock has its name only when it is held, lest another process takes it for a dead one's. */
static int take_lock(struct dm_private *p, struct dm_error *err)
{
    char made[300], held[300];
    snprintf(made, sizeof made, "%s/made", p->path);
    snprintf(held, sizeof held, "%s/owner", p->path);
    p->lock = open(made, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (p->lock < 0 || flock(p->lock, LOCK_EX | LOCK_NB) || rename(made, held))
        return dm_fail_errno(err, DM_EIO, "cannot make %s", held);
    return DM_OK;
}

int dm_private_open(struct dm_private *p, struct dm_error *err)
{
    remove_all_stale();
    p->lock = -1;
    int n = snprintf(p->path, sizeof p->path, "%s/" PREFIX "XXXXXX", dm_folder_temporary());
    if ((size_t)n >= sizeof p->path || !mkdtemp(p->path)) {
        p->path[0] = 0;
        return dm_fail_errno(err, DM_EIO, "cannot make a folder in %s", dm_folder_temporary());
    }
    return take_lock(p, err);
}

void dm_private_close(struct dm_private *p)
{
    if (!p->path[0])
        return;
    dm_folder_remove(AT_FDCWD, p->path);
    if (p->lock >= 0)
        close(p->lock);
    *p = (struct dm_private){.lock = -1};
}
