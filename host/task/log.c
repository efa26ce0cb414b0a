#include "task/log.h"

#include "base/write.h"
#include "io/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NUMBER_BYTES = 16 };

static void note(struct dm_log *log, const char *what)
{
    if (!*log->trouble)
        snprintf(log->trouble, sizeof log->trouble, "%s: %s", what, strerror(errno));
}

/* PATH.number, or PATH itself for 0, into `name`, which has room for it. */
static const char *numbered(const struct dm_log *log, uint32_t number, char *name, size_t n)
{
    snprintf(name, n, number ? "%s.%u" : "%s", log->path, number);
    return name;
}

/* PATH becomes PATH.1, PATH.1 becomes PATH.2, and so on; the last one goes. */
static int put_aside(struct dm_log *log)
{
    size_t n = strlen(log->path) + NUMBER_BYTES;
    char *from = malloc(n), *to = malloc(n);
    int rc = from && to ? 0 : -1;
    for (uint32_t i = log->backups; rc == 0 && i > 0; i--)
        if (rename(numbered(log, i - 1, from, n), numbered(log, i, to, n)) && errno != ENOENT)
            rc = -1;
    if (rc == 0 && log->backups == 0 && unlink(log->path) && errno != ENOENT)
        rc = -1;
    int saved = errno;
    free(from);
    free(to);
    errno = saved;
    return rc;
}

static int open_file(struct dm_log *log)
{
    log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    return log->fd < 0 ? -1 : 0;
}

int dm_log_open(struct dm_log *log, const char *path, uint64_t max_bytes, uint32_t backups,
                bool append, struct dm_error *err)
{
    *log =
        (struct dm_log){.path = strdup(path), .fd = -1, .max_bytes = max_bytes, .backups = backups};
    if (!log->path)
        return dm_fail_memory(err);
    int rc = dm_folder_make_parents(path, err);
    if (rc)
        return rc;
    struct stat st;
    bool there = stat(path, &st) == 0;
    if (there && !S_ISREG(st.st_mode)) /* such as /dev/stderr */
        log->max_bytes = UINT64_MAX;
    if ((there && !append && S_ISREG(st.st_mode) && put_aside(log)) || open_file(log))
        return dm_fail_errno(err, DM_EUSAGE, "cannot write the log %s", path);
    log->bytes = there && append && S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
    return DM_OK;
}

static void begin_anew(struct dm_log *log)
{
    close(log->fd);
    log->fd = -1;
    if (put_aside(log) || open_file(log))
        note(log, "the log can not be begun anew");
    log->bytes = 0;
}

void dm_log_write(struct dm_log *log, const char *p, size_t n)
{
    if (log->bytes && log->bytes + n > log->max_bytes)
        begin_anew(log);
    if (log->fd >= 0 && dm_write(log->fd, p, n))
        log->bytes += n;
    else if (log->fd >= 0)
        note(log, "the log can not be written");
}

void dm_log_close(struct dm_log *log)
{
    if (log->fd >= 0 && close(log->fd))
        note(log, "the log can not be written");
    free(log->path);
    log->path = NULL;
    log->fd = -1;
}
