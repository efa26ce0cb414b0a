/* The log of a task: a file of bounded size, with a bounded number of earlier ones beside it. */
#ifndef DM_TASK_LOG_H
#define DM_TASK_LOG_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dm_log {
    char *path;
    int fd;
    uint64_t bytes, max_bytes;
    uint32_t backups;
    char trouble[256]; /* the first thing that went wrong; "" for nothing */
};

/* Opens the log, and makes its folder. Beyond max_bytes it becomes PATH.1, what was
 * that PATH.2, up to `backups`. One that is there already is put aside, or with `append`
 * gone on with. DM_EUSAGE when that can not be. dm_log_close in any case. */
int dm_log_open(struct dm_log *log, const char *path, uint64_t max_bytes, uint32_t backups,
                bool append, struct dm_error *err);

/* Adds bytes. What can not be written is left out, and `trouble` says why. */
void dm_log_write(struct dm_log *log, const char *p, size_t n);

/* Closes the file, frees the path; `trouble` stays. */
void dm_log_close(struct dm_log *log);

#endif
