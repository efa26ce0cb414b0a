#include "io/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

const char *dm_folder_temporary(void)
{
    const char *folder = getenv("TMPDIR");
    return folder && *folder ? folder : "/tmp";
}

int dm_folder_make_parents(const char *path, struct dm_error *err)
{
    char part[PATH_BYTES];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        size_t n = (size_t)(slash - path);
        if (n >= sizeof part)
            return dm_fail(err, DM_EUSAGE, "the path %s is too long", path);
        memcpy(part, path, n);
        part[n] = 0;
        if (mkdir(part, 0777) && errno != EEXIST)
            return dm_fail_errno(err, DM_EIO, "cannot make the folder %s", part);
    }
    return DM_OK;
}

int dm_folder_sync_parent(const char *path, struct dm_error *err)
{
    char folder[PATH_BYTES] = ".";
    const char *slash = strrchr(path, '/');
    if (slash && slash > path)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd)) {
        int rc = dm_fail_errno(err, DM_EIO, "cannot sync the folder %s", folder);
        if (fd >= 0)
            close(fd);
        return rc;
    }
    close(fd);
    return DM_OK;
}

void dm_folder_remove(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *e;
    while (dir && (e = readdir(dir)))
        if (e->d_name[0] != '.' && unlinkat(fd, e->d_name, 0) && errno == EISDIR)
            dm_folder_remove(fd, e->d_name);
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
    unlinkat(parent, name, AT_REMOVEDIR);
}
