/* A thread that writes to files for a worker, one stretch of memory at a time, while the worker
 * reads on: rows that nobody changed go out straight from the block that they were read into. */
#ifndef DM_IO_WRITER_H
#define DM_IO_WRITER_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dm_writer;

/* NULL when memory is short or no thread can be made. Free with dm_writer_destroy. */
struct dm_writer *dm_writer_create(void);

/* Waits for what is being written, ends the thread and frees; NULL is fine. */
void dm_writer_destroy(struct dm_writer *w);

/* Waits for the last stretch, then begins to write n bytes at p to fd at `offset`. Memory and
 * descriptor must stay as they are until the next call for this writer. Returns the last stretch's
 * error. */
int dm_writer_start(struct dm_writer *w, int fd, const char *p, size_t n, uint64_t offset,
                    struct dm_error *err);

/* Waits for the last stretch and returns its error. */
int dm_writer_wait(struct dm_writer *w, struct dm_error *err);

/* Whether bytes in the n at p may be on their way. */
bool dm_writer_uses(const struct dm_writer *w, const char *p, size_t n);

/* Writes n bytes at p to fd at `offset`, here and now. */
int dm_write_all(int fd, const char *p, size_t n, uint64_t offset, struct dm_error *err);

#endif
