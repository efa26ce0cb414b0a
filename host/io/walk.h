/* All that a folder holds to its depths. Symbolic links are followed; names that begin with a dot
 * are left out. Memory grows with the depth of folders, not with the number of them or of files. */
#ifndef DM_IO_WALK_H
#define DM_IO_WALK_H

#include "base/error.h"

enum dm_walk_kind {
    DM_WALK_FILE,
    DM_WALK_OTHER,      /* a pipe, a socket, a device */
    DM_WALK_BROKEN,     /* a symbolic link that leads nowhere */
    DM_WALK_LOOP,       /* a symbolic link that leads back to a folder around it */
    DM_WALK_UNREADABLE, /* a folder that can not be read, as errno says */
};

/* Called for each path that is no folder to be walked through, in no order. An answer other than
 * DM_OK ends the walk. */
typedef int dm_walk_visit(void *arg, const char *path, enum dm_walk_kind kind,
                          struct dm_error *err);

/* Walks through a folder, whose path is the beginning of all paths. DM_EIO: it can not be read. */
int dm_walk(const char *root, dm_walk_visit *visit, void *arg, struct dm_error *err);

#endif
