/* This process as a child of another dmhost: the binary that is started again, and the bounds that
 * a child gives itself. */
#ifndef DM_ENGINE_SELF_H
#define DM_ENGINE_SELF_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/* The inode that runs now, even if the file has been replaced since. */
#define DM_SELF "/proc/self/exe"

/* The path of the binary, for a process on another machine that sees the same file system; at most
 * n bytes with the final NUL. DM_EUSAGE when its file is gone. */
int dm_self_path(char *path, size_t n, struct dm_error *err);

/* Has this process killed when the one that started it ends. DM_EIO when that has happened already.
 */
int dm_self_follow_parent(struct dm_error *err);

/* Makes a group of this process and what it will start, all of which is killed when the one that
 * started it ends; a process that is stopped then, when it goes on. Errors as above. */
int dm_self_lead_group(struct dm_error *err);

/* Lets memory run short beyond so many bytes; 0: no bound. Not under AddressSanitizer. */
void dm_self_limit_memory(uint64_t bytes);

#endif
