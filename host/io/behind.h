/* Writes to files in a thread of its own while its owner goes on. What would have to wait for the
 * thread is written by the owner instead, so that busy processors lose nothing. */
#ifndef DM_IO_BEHIND_H
#define DM_IO_BEHIND_H

#include "base/buf.h"
#include "base/error.h"

struct dm_behind;

/* NULL when there can be no such thread. */
struct dm_behind *dm_behind_create(void);

/* Waits for what is being written and ends the thread; NULL is fine. */
void dm_behind_destroy(struct dm_behind *b);

/* Writes n bytes at `from` of a buffer to `offset` of a file. The buffer's memory may be kept for
 * that: then *buf is given other memory, empty. The file must stay open until dm_behind_wait. An
 * error may be that of an earlier write. */
int dm_behind_write(struct dm_behind *b, int fd, uint64_t offset, struct dm_buf *buf, size_t from,
                    size_t n, struct dm_error *err);

/* Waits until all is written. Returns the first error since the last wait. */
int dm_behind_wait(struct dm_behind *b, struct dm_error *err);

#endif
