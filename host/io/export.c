/* Files that operators and tasks write, readable by owner and group as DataMate's are. */
#include "io/export.h"

#include "base/buf.h"
#include "base/write.h"
#include "io/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0640, FOLDER_MODE = 0770, PATH_BYTES = 4096, SYNCED_ALONE = 16 };

/* Writes and closes what was opened; a file that is not whole is removed. */
static int fill(int fd, const char *path, const char *p, size_t n, bool sync, struct dm_error *err)
{
    int rc = dm_write(fd, p, n) ? DM_OK : DM_EIO;
    if (rc == DM_OK && (fchmod(fd, FILE_MODE) || (sync && fdatasync(fd))))
        rc = DM_EIO;
    if (rc < 0)
        dm_fail_errno(err, DM_EIO, "cannot write %s", path);
    if (close(fd) && rc == DM_OK)
        rc = dm_fail_errno(err, DM_EIO, "cannot write %s", path);
    if (rc < 0)
        unlink(path);
    return rc;
}

/* The name that a file has until it is whole: hidden, in its folder. */
static bool unfinished_name(const char *path, char *buf, size_t n)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    int k = snprintf(buf, n, "%.*s.%s.part", (int)(name - path), path, name);
    return k > 0 && (size_t)k < n;
}

static int write_file(const char *path, const char *p, size_t n, bool sync, struct dm_error *err)
{
    char part[PATH_BYTES];
    if (!unfinished_name(path, part, sizeof part))
        return dm_fail(err, DM_EUSAGE, "the path %s is too long", path);
    const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC;
    int rc = DM_OK, fd = open(part, flags, FILE_MODE);
    if (fd < 0 && errno == ENOENT) {
        rc = dm_folder_make_parents(path, err);
        if (rc < 0)
            return rc;
        fd = open(part, flags, FILE_MODE);
    }
    if (fd < 0)
        return dm_fail_errno(err, DM_EIO, "cannot open %s", path);
    rc = fill(fd, part, p, n, sync, err);
    if (rc == DM_OK && rename(part, path)) {
        rc = dm_fail_errno(err, DM_EIO, "cannot rename %s to %s", part, path);
        unlink(part);
    }
    return rc;
}

/* Names a file that has none. Kernels before 6.10 let only root do it by its descriptor alone. */
static bool give_name(int fd, const char *path)
{
    char self[sizeof "/proc/self/fd/" + 3 * sizeof(int)];
    if (linkat(fd, "", AT_FDCWD, path, AT_EMPTY_PATH) == 0)
        return true;
    if (errno != ENOENT)
        return false;
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0;
}

/* The same in place of a file that has the name, for which it needs two. */
static bool take_name(int fd, const char *path)
{
    char part[PATH_BYTES];
    if (give_name(fd, path))
        return true;
    return errno == EEXIST && unfinished_name(path, part, sizeof part) && give_name(fd, part) &&
           rename(part, path) == 0;
}

/* Writes a file that has no name until it is whole, which costs less than to give it two. Returns
 * false where that is not possible: the file system may know no such files.
 */
static bool write_nameless(const char *path, const char *p, size_t n)
{
    char folder[PATH_BYTES];
    const char *slash = strrchr(path, '/');
    int k = snprintf(folder, sizeof folder, "%.*s.", slash ? (int)(slash - path) + 1 : 0, path);
    if (k < 0 || (size_t)k >= sizeof folder)
        return false;
    int fd = open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return false;
    bool named = dm_write(fd, p, n) && fchmod(fd, FILE_MODE) == 0 && take_name(fd, path);
    return close(fd) == 0 && named;
}

int dm_export_write(const char *path, const char *p, size_t n, struct dm_error *err)
{
    return write_nameless(path, p, n) ? DM_OK : write_file(path, p, n, false, err);
}

int dm_export_replace(const char *path, const char *p, size_t n, struct dm_error *err)
{
    int rc = write_file(path, p, n, true, err);
    return rc ? rc : dm_folder_sync_parent(path, err);
}

int dm_export_stage(const char *folder, const char *p, size_t n, struct dm_buf *name,
                    struct dm_error *err)
{
    char path[PATH_BYTES];
    if (snprintf(path, sizeof path, "%s/.XXXXXX", folder) >= (int)sizeof path)
        return dm_fail(err, DM_EUSAGE, "the path %s is too long", folder);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        return dm_fail_errno(err, DM_EIO, "cannot make a file in %s", folder);
    int rc = fill(fd, path, p, n, false, err);
    if (rc == DM_OK && !dm_buf_puts(name, strrchr(path, '/') + 1))
        rc = dm_fail_memory(err);
    return rc;
}

int dm_export_taken(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* Not every file system can refuse to replace: there it is looked first. */
static int rename_unless_taken(const char *from, const char *to)
{
    int rc = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    if (rc == 0 || (errno != EINVAL && errno != ENOSYS))
        return rc;
    if (dm_export_taken(to)) {
        errno = EEXIST;
        return -1;
    }
    return rename(from, to);
}

int dm_export_name(const char *from, const char *to, struct dm_error *err)
{
    if (rename_unless_taken(from, to) == 0)
        return 0;
    if (errno == EEXIST)
        return 1;
    if (errno == ENOENT && !dm_export_taken(from))
        return 2;
    return dm_fail_errno(err, DM_EIO, "cannot rename %s to %s", from, to);
}

int dm_export_folder(const char *path, struct dm_error *err)
{
    int rc = dm_folder_make_parents(path, err);
    if (rc < 0)
        return rc;
    bool there = mkdir(path, FOLDER_MODE) && errno == EEXIST;
    if (chmod(path, FOLDER_MODE) && !there)
        return dm_fail_errno(err, DM_EIO, "cannot make the folder %s", path);
    return there;
}

int dm_export_real(const char *path, struct dm_buf *out, struct dm_error *err)
{
    char real[PATH_MAX];
    return dm_buf_puts(out, realpath(path, real) ? real : path) ? DM_OK : dm_fail_memory(err);
}

/* Syncs a file of a folder; one that has gone meanwhile is none. */
static int sync_entry(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? DM_OK : DM_EIO;
    int rc = fsync(fd) ? DM_EIO : DM_OK;
    close(fd);
    return rc;
}

/* Few files are synced one by one, since others may write much to the same file system. */
static int sync_folder(DIR *dir)
{
    struct dirent *e;
    int n = 0, rc = DM_OK;
    while (rc == DM_OK && n <= SYNCED_ALONE && (e = readdir(dir)))
        if (e->d_type == DT_REG && n++ < SYNCED_ALONE)
            rc = sync_entry(dirfd(dir), e->d_name);
    if (rc == DM_OK)
        rc = n > SYNCED_ALONE ? syncfs(dirfd(dir)) : fsync(dirfd(dir));
    return rc ? DM_EIO : DM_OK;
}

int dm_export_sync(const char *folder, struct dm_error *err)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return dm_fail_errno(err, DM_EIO, "cannot open the folder %s", folder);
    int rc = sync_folder(dir) ? dm_fail_errno(err, DM_EIO, "cannot sync %s", folder) : DM_OK;
    closedir(dir);
    return rc;
}

int dm_export_sync_names(const char *folder, struct dm_error *err)
{
    char path[PATH_BYTES];
    if (snprintf(path, sizeof path, "%s/.", folder) >= (int)sizeof path)
        return dm_fail(err, DM_EUSAGE, "the path %s is too long", folder);
    return dm_folder_sync_parent(path, err);
}

int dm_export_clear(const char *folder, struct dm_error *err)
{
    DIR *dir = opendir(folder);
    struct dirent *e;
    int rc = DM_OK;
    if (!dir)
        return errno == ENOENT ? DM_OK : dm_fail_errno(err, DM_EIO, "cannot read %s", folder);
    while (rc == DM_OK && (e = readdir(dir)))
        if (e->d_type != DT_DIR && unlinkat(dirfd(dir), e->d_name, 0))
            rc = dm_fail_errno(err, DM_EIO, "cannot remove %s/%s", folder, e->d_name);
    closedir(dir);
    if (rc == DM_OK && rmdir(folder) && errno != ENOTEMPTY && errno != EEXIST)
        rc = dm_fail_errno(err, DM_EIO, "cannot remove %s", folder);
    return rc;
}

/* The folders that are still to be listed, each ended by NUL; `at` is the next. */
struct folders {
    struct dm_buf list;
    size_t at;
};

static bool list_entry(const char *path, struct folders *f, struct dm_buf *out)
{
    struct stat st, target;
    const char *name = strrchr(path, '/') + 1;
    if (lstat(path, &st))
        return true;
    if (S_ISDIR(st.st_mode))
        return dm_buf_add(&f->list, path, strlen(path) + 1);
    if (*name == '.' || stat(path, &target) || !S_ISREG(target.st_mode))
        return true;
    return dm_buf_printf(out, "%lld %lld.%06ld %s", (long long)target.st_size,
                         (long long)target.st_mtim.tv_sec, target.st_mtim.tv_nsec / 1000, path) &&
           dm_buf_putc(out, 0);
}

/* Lists one folder. One that can not be read has nothing in it, unless it is the first. */
static int list_folder(const char *folder, struct folders *f, struct dm_buf *out,
                       struct dm_error *err)
{
    char path[PATH_BYTES];
    struct dirent *e;
    DIR *dir = opendir(folder);
    bool ok = true;
    if (!dir)
        return f->at ? DM_OK : dm_fail_errno(err, DM_EIO, "cannot read %s", folder);
    while (ok && (e = readdir(dir))) {
        bool self = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
        int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (!self && n > 0 && (size_t)n < sizeof path)
            ok = list_entry(path, f, out);
    }
    closedir(dir);
    return ok ? DM_OK : dm_fail_memory(err);
}

int dm_export_list(const char *folder, struct dm_buf *out, struct dm_error *err)
{
    char path[PATH_BYTES];
    struct folders f = {0};
    int rc = list_folder(folder, &f, out, err);
    while (rc == DM_OK && f.at < f.list.n) {
        snprintf(path, sizeof path, "%s", f.list.p + f.at);
        f.at += strlen(path) + 1;
        rc = list_folder(path, &f, out, err);
    }
    dm_buf_finish(&f.list);
    return rc;
}
