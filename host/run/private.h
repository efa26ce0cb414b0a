/* A folder of this process alone, in TMPDIR or /tmp, for files that nobody needs when it has ended.
 * One whose owner was killed is removed by who makes the next one on the machine. */
#ifndef DM_RUN_PRIVATE_H
#define DM_RUN_PRIVATE_H

#include "base/error.h"

struct dm_private {
    char path[256]; /* "": there is none */
    int lock;       /* descriptor of the file in it that tells that its owner lives */
};

/* Makes a folder of a name that nobody has, in TMPDIR. DM_EIO with a message; dm_private_close in
 * any case. */
int dm_private_open(struct dm_private *p, struct dm_error *err);

/* Removes it with what is in it, if there is one. */
void dm_private_close(struct dm_private *p);

#endif
