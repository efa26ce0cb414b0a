/* The run directory: one run at a time, and what is left of the last. What Lua calls of this stands
 * in lua/dm_ffi_export.h. */
#include "io/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = 4096 };

/* Whether a run makes files or folders of that name in its directory. */
static bool is_of_run(const char *name)
{
    static const char *const names[] = {
        "asked",        "cancel",        "delivery.json", "dropped",    "dropped.jsonl",
        "files.jsonl",  "finished",      "hosts",         "inputs",     "journal",
        "ledger.jsonl", "log",           "operator.json", "out.jsonl",  "plan.json",
        "profile.json", "rejects.jsonl", "rows",          "rows.jsonl", "run.json",
        "status.json"};
    static const char fresh[] = ".new";
    size_t n = strlen(name), digits = strspn(name, "0123456789");
    if (strncmp(name, "spill-", 6) == 0 || strncmp(name, "stdin-", 6) == 0 ||
        strncmp(name, "pass-", 5) == 0)
        return true;
    if (digits >= 5) /* rows of a shard, or of an input */
        return strcmp(name + digits, ".jsonl") == 0 || strcmp(name + digits, ".rows") == 0;
    if (n > strlen(fresh) && strcmp(name + n - strlen(fresh), fresh) == 0)
        n -= strlen(fresh);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == n && memcmp(name, names[i], n) == 0)
            return true;
    return false;
}

/* Removes what an earlier run left in the folder, and its passes; were one of its names a link, or
 * a pipe, the run would write who knows where. What others have put there stays. */
static int clear(const char *folder, struct dm_error *err)
{
    DIR *dir = opendir(folder);
    struct dirent *e;
    int rc = DM_OK;
    if (!dir)
        return dm_fail_errno(err, DM_EIO, "cannot read %s", folder);
    while (rc == DM_OK && (e = readdir(dir))) {
        if (e->d_type == DT_DIR && strncmp(e->d_name, "pass-", 5) == 0)
            dm_folder_remove(dirfd(dir), e->d_name);
        if (e->d_type == DT_DIR || !is_of_run(e->d_name))
            continue;
        if (unlinkat(dirfd(dir), e->d_name, 0) && errno != EISDIR) /* of an unknown type */
            rc = dm_fail_errno(err, DM_EIO, "cannot remove %s/%s", folder, e->d_name);
    }
    closedir(dir);
    return rc;
}

int dm_folder_begin(const char *folder, int resume, int force, struct dm_error *err)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/journal", folder);
    struct stat st;
    if (resume)
        return DM_OK;
    if (stat(path, &st) == 0 && st.st_size > 0 && !force)
        return dm_fail(err, DM_EUSAGE,
                       "%s holds an earlier run\ngo on with --resume, or start again with --force",
                       folder);
    return clear(folder, err);
}

/* Locks against a second run. The system takes a moment to end a killed one, which is waited for.
 */
static int take_lock(int fd, const char *path, struct dm_error *err)
{
    enum { TRIES = 60, WAIT_US = 50 * 1000 };
    for (int i = 0; i < TRIES; i++) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0)
            return DM_OK;
        if (errno != EWOULDBLOCK)
            return dm_fail_errno(err, DM_EIO, "cannot lock %s", path);
        usleep(WAIT_US);
    }
    return dm_fail(err, DM_EUSAGE,
                   "another run is writing to this output (%s is locked)\n"
                   "wait for its end, or choose another output with -o",
                   path);
}

int dm_folder_lock(const char *folder, struct dm_error *err)
{
    char path[PATH_BYTES];
    if ((size_t)snprintf(path, sizeof path, "%s/lock", folder) >= sizeof path)
        return dm_fail(err, DM_EUSAGE, "the path %s is too long", folder);
    int rc = dm_folder_make_parents(path, err);
    if (rc)
        return rc;
    int lock = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (lock < 0)
        return dm_fail_errno(err, DM_EIO, "cannot open %s", path);
    rc = take_lock(lock, path, err);
    if (rc) {
        close(lock);
        return rc;
    }
    return lock;
}

void dm_folder_unlock(int lock)
{
    close(lock);
}

int dm_run_is_locked(const char *folder)
{
    char path[PATH_BYTES];
    if ((size_t)snprintf(path, sizeof path, "%s/lock", folder) >= sizeof path)
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    bool locked = flock(fd, LOCK_SH | LOCK_NB) && errno == EWOULDBLOCK;
    close(fd);
    return locked;
}

void dm_pause(double ms)
{
    usleep((useconds_t)(ms * 1000));
}
