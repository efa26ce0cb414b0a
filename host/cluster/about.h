/* What a process is made of that could make its bytes differ from another's: worker hosts that are
 * not made of the same are refused. */
#ifndef DM_CLUSTER_ABOUT_H
#define DM_CLUSTER_ABOUT_H

#include "base/buf.h"

/* Appends a line for each part of this process: its name, a blank, its version. False when memory
 * is short. */
bool dm_about(struct dm_buf *out);

/* Compares what two processes say. Returns true when it is the same; else `why` (of size n) says
 * what differs: "its zstd is 1.5.4, ours 1.5.5". */
bool dm_about_equal(const char *theirs, const char *ours, char *why, size_t n);

#endif
