/* Files that operators write, readable by owner and group as DataMate's are. */
#include "base/error.h"
#include "run/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { FILE_MODE = 0640 };

static int write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno != EINTR)
            return DM_EIO;
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
    return DM_OK;
}

int dm_export_write(const char *path, const char *p, size_t n, struct dm_error *err)
{
    int status = dm_folder_make_parents(path, err);
    if (status < 0)
        return status;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return dm_fail_errno(err, DM_EIO, "cannot open %s", path);
    status = write_all(fd, p, n);
    if (close(fd) || status < 0)
        return dm_fail_errno(err, DM_EIO, "cannot write %s", path);
    return DM_OK;
}
